// Which bytes a hashed path stands for. Browsers keep such files for good, so a path
// that was once served is never bound to anything else while they may have it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/digest.h"
#include "origin-shield/store/release.h"

namespace skerry::shield {

// The value of a record in Table::kPath.
struct Binding {
  Sha256Digest sha256;
  WallTime named;       // when a release that names it was last registered
  bool served = false;  // such a release was complete: somebody may have the bytes
  bool operator==(const Binding&) const = default;

  std::string Encode() const;
  // Nothing for bytes that Encode does not write.
  static std::optional<Binding> Decode(std::string_view bytes);
};

// Every path of the release that is named by its bytes, and their digest.
std::vector<std::pair<std::string_view, Sha256Digest>> HashedPaths(const Release& release);

}  // namespace skerry::shield
