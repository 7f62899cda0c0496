// Pieces of blobs in memory: the shield's side of a hit. The edge is the tier that
// keeps what is hot; here the least recently used piece goes.
//
// Whatever is in here was verified when it was read (blobs.h). Reads run on a pool and
// post their result to the loop that asked; a piece that several ask for at once is
// read once. Owner: the process, one instance; outlives the loops' use of it.
// Thread: any. Invariant: bytes() <= capacity between calls.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/net/loop.h"
#include "origin-shield/store/blobs.h"

namespace skerry::shield {

class Pieces {
 public:
  // `blobs` and `pool` outlive this.
  Pieces(BlobStore& blobs, Pool& pool, ByteCount capacity)
      : blobs_(blobs), pool_(pool), capacity_(capacity) {}

  // Null when it is not in memory; counts as a use.
  std::shared_ptr<const Chunk> Find(const Sha256Digest& name, uint64_t index);
  // `done` runs on `loop`, after this call. Errors are those of BlobStore::Read.
  using Done = std::function<void(Result<Chunk>)>;
  void Load(const Sha256Digest& name, ByteCount size, uint64_t index, net::Loop& loop, Done done);

  ByteCount bytes() const;

 private:
  using Place = std::pair<Sha256Digest, uint64_t>;
  struct Held {
    Place place;
    std::shared_ptr<const Chunk> chunk;
  };
  struct Waiter {
    net::Loop* loop;
    Done done;
  };
  void Read(const Place& place, ByteCount size);
  void Keep(const Place& place, const Chunk& chunk) SKERRY_REQUIRES(mutex_);

  BlobStore& blobs_;
  Pool& pool_;
  const ByteCount capacity_;
  mutable Mutex mutex_;  // lock order: last; nothing is called while it is held
  std::list<Held> recent_ SKERRY_GUARDED_BY(mutex_);  // the most recently used first
  std::map<Place, std::list<Held>::iterator> held_ SKERRY_GUARDED_BY(mutex_);
  std::map<Place, std::vector<Waiter>> loading_ SKERRY_GUARDED_BY(mutex_);
  ByteCount bytes_ SKERRY_GUARDED_BY(mutex_) = 0;
};

}  // namespace skerry::shield
