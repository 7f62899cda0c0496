// What a shield has deployed of a site, as former releases for deltas.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "pipeline/ship/former.h"
#include "pipeline/ship/shield_client.h"

namespace skerry::pipeline {

struct Deployed {
  std::vector<FormerRelease> releases = {};  // the active one first, then by when they were active
  std::vector<std::string> ids = {};         // of the same
};

// The last `most` releases that were active, none for a site that nothing was pushed for: their
// manifests are fetched now, the bytes of a file when they are read. A shield that does not
// answer is an error, tried again as ShieldAddress says: a build that went on without it would
// give other bytes for the same input, and visitors would pay for what nobody noticed; who pushes
// the release needs the shield a minute later anyway. After one such failure every other read
// fails at once. The releases hold the connection; threads: any.
Result<Deployed> OpenDeployed(const ShieldAddress& shield, size_t most);

}  // namespace skerry::pipeline
