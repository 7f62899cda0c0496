#include "core/daemon/file_limit.h"

#include <sys/resource.h>

namespace skerry::daemon {

uint64_t RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  const bool done = limit.rlim_cur == limit.rlim_max || setrlimit(RLIMIT_NOFILE, &raised) == 0;
  return done ? limit.rlim_max : limit.rlim_cur;
}

}  // namespace skerry::daemon
