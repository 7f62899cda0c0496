// When what was appended is written to a file: after a second without more, and never
// later than nine seconds after it came. So a kill costs ten seconds of inserts at
// most, and steady traffic makes one file per nine seconds or per memtable.
#pragma once

#include <optional>

#include "core/base/clock.h"

namespace skerry::cache::disk {

inline constexpr Millis kFlushAfterIdle{1000};
inline constexpr Millis kFlushAfter{9000};

inline bool FlushDue(std::optional<SteadyTime> oldest_unflushed,
                     std::optional<SteadyTime> last_append, SteadyTime now) {
  if (!oldest_unflushed) return false;
  return now - *oldest_unflushed >= kFlushAfter ||
         (last_append && now - *last_append >= kFlushAfterIdle);
}

}  // namespace skerry::cache::disk
