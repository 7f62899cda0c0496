// Stores on a scratch directory, a pool of one thread and a loop that stands still:
// what tests of requests need.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/metrics.h"
#include "core/base/thread.h"
#include "core/net/fake_loop.h"
#include "origin-shield/activation/activator.h"
#include "origin-shield/activation/settle.h"
#include "origin-shield/requests/upload.h"
#include "origin-shield/respond/pieces.h"
#include "origin-shield/store/blobs.h"
#include "origin-shield/store/build_release.h"
#include "origin-shield/store/releases.h"
#include "origin-shield/store/scratch.h"

namespace skerry::shield {

inline constexpr const char* kToken = "secret-token";

class StoreFixture {
 public:
  explicit StoreFixture(ByteCount largest_blob = 1_MiB) {
    blobs = std::move(*BlobStore::Open({scratch.path() + "/blobs", largest_blob, &metrics}));
    releases = std::move(*Releases::Open({scratch.path() + "/records", blobs.get()}));
    pieces = std::make_unique<Pieces>(*blobs, pool, 64_MiB);
    Activator::Options options;
    options.releases = releases.get();
    options.generations = &generations;
    options.pool = &pool;
    options.node = "shield-1";
    activator = std::make_unique<Activator>(loop, options, nullptr);
    uploads.tokens = std::make_shared<daemon::Tokens>(std::vector<std::string>{kToken});
    uploads.blobs = blobs.get();
    uploads.pieces = pieces.get();
    uploads.releases = releases.get();
    uploads.activator = activator.get();
    uploads.pool = &pool;
  }
  ~StoreFixture() {
    activator->Stop();
    Settle();
  }

  void Settle() { shield::Settle(pool, loop); }
  void Put(const std::string& bytes) {
    auto writer = blobs->Begin(Sha256(bytes));
    SKERRY_CHECK((*writer)->Append(bytes).has_value() && (*writer)->Finish().has_value());
    SKERRY_CHECK(releases->OnBlob(Sha256(bytes)).has_value());
  }
  // Registers, with these blobs, and answers the id.
  std::string Push(asset::Manifest manifest, const std::vector<std::string>& bytes) {
    const auto registered = releases->Register("demo", manifest.ToJson());
    SKERRY_CHECK(registered.has_value());
    for (const std::string& blob : bytes) Put(blob);
    return registered->release;
  }
  void Activate(const std::string& id) {
    SKERRY_CHECK(releases->Activate("demo", id, releases->last_seq() + 1).has_value());
  }

  Scratch scratch;
  Metrics metrics;
  net::FakeLoop loop;
  cache::Generations generations;
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<Releases> releases;
  std::unique_ptr<Pieces> pieces;
  std::unique_ptr<Activator> activator;
  Uploads uploads;
  Pool pool{"store", 1};  // first to go: its tasks use all of the above
};

}  // namespace skerry::shield
