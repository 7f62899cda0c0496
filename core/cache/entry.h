// A stored response: everything but the question whether it may be used now.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/packed.h"
#include "core/cache/freshness.h"
#include "core/cache/key.h"
#include "core/cache/vary.h"
#include "core/http/message.h"

namespace skerry::cache {

// A position in the purge log. 0: before the first record.
using Seq = uint64_t;

// When a fetch began, in the two orders that can invalidate it: the purge log (in
// this node's own numbers: Generations::Now), and this process's own count of
// invalidations by unsafe methods (RFC 9111 4.4).
struct Stamp {
  Seq seq = 0;
  uint64_t local = 0;  // not stored: 0 for what was read from disk
  auto operator<=>(const Stamp&) const = default;
};

// The part that is small and always in memory together. Immutable once shared.
struct StoredHead {
  Key key;
  SharedVary vary;
  int status = 0;
  PackedText variant_text;    // VariantText of the request it answered, merged with
                              // those of the same representation before it
  uint64_t variant_hash = 0;  // RepresentationHash: one variant each
  std::shared_ptr<const http::Fields> fields;         // end-to-end, as received
  std::shared_ptr<const http::Fields> client_fields;  // what clients are sent of them
  WallTime request_time;
  WallTime response_time;
  Seconds initial_age{0};
  Packed<uint64_t> tags;  // TagHash of each (purge/scopes.h)
  Stamp stamp;            // read before upstream was contacted
  [[no_unique_address]] Lifetimes lifetimes;
  bool content_hashed = false;  // named by its bytes: fenced nodes may go on serving it

  std::optional<std::string_view> etag() const { return fields->Find("etag"); }
  std::optional<std::string_view> last_modified() const { return fields->Find("last-modified"); }
};

// Where a body's chunks lie in the disk tier; empty for one that is only in memory.
struct Extents {
  uint64_t fill_id = 0;             // seeds the checksums
  std::vector<uint64_t> positions;  // one a chunk, in order
  bool empty() const { return positions.empty(); }
};

// A body's chunks in order. One, as most bodies have, needs no memory beside the object.
class Chunks {
 public:
  using value_type = Chunk;
  using const_iterator = const Chunk*;
  using iterator = const_iterator;

  Chunks() = default;
  Chunks(std::vector<Chunk> chunks);
  Chunks(std::initializer_list<Chunk> chunks) : Chunks(std::vector<Chunk>(chunks)) {}

  void push_back(Chunk chunk);
  const Chunk* begin() const {
    const Chunk* only = std::get_if<Chunk>(&chunks_);
    return only != nullptr ? only : std::get_if<std::vector<Chunk>>(&chunks_)->data();
  }
  const Chunk* end() const { return begin() + size(); }
  size_t size() const {
    const auto* many = std::get_if<std::vector<Chunk>>(&chunks_);
    return many != nullptr ? many->size() : 1;
  }
  bool empty() const { return size() == 0; }
  const Chunk& operator[](size_t i) const { return begin()[i]; }
  const Chunk& front() const { return *begin(); }
  const Chunk& back() const { return begin()[size() - 1]; }
  // What it has allocated beside what the chunks have.
  ByteCount HeapSize() const;
  operator std::vector<Chunk>() const { return {begin(), end()}; }

 private:
  std::variant<std::vector<Chunk>, Chunk> chunks_;
};

// Bodies are chunks of kChunkBytes, the last one shorter.
inline constexpr size_t kChunkBytes = 256 * 1024;

// Immutable, shared by RAM tier, fills and streams. `chunks` holds the whole body,
// or (just read from disk) the first chunk alone, the rest being at `extents`.
// Thread: any.
struct Entry {
  StoredHead head;
  uint64_t body_size = 0;
  Chunks chunks;
  Extents extents;
  http::Fields trailers;
  // When generations were last compared; written and read by purge/generations.cc only.
  mutable std::atomic<uint64_t> validated_at{0};
  // Nothing up to here names it; written by purge/generations.cc only.
  mutable std::atomic<Seq> cleared_to{0};
  // Hits after which a smaller coding of the body is worth its work; 0: never. Counted
  // down by gateway/upgrade.h only.
  mutable std::atomic<uint32_t> hits_to_upgrade{0};

  bool in_memory() const { return chunks.size() * kChunkBytes >= body_size; }
  // The stamp it is judged by: that of its fetch, or where it was last found unpurged.
  Stamp stamp() const {
    return {std::max(head.stamp.seq, cleared_to.load(std::memory_order_relaxed)), head.stamp.local};
  }
  // Bytes of memory that it takes in the RAM tier, its place there and the allocator's
  // rounding included; a multiple of kMemoryUnit.
  ByteCount MemorySize() const;
};
inline constexpr ByteCount kMemoryUnit = 16;
using EntryPtr = std::shared_ptr<const Entry>;

// Of these entries of one key, the one this request can use: names and values of
// Vary match, and of several the newest by Date, of equal ones the first (RFC 9111
// 4, 4.1). One without Vary is no match while one with Vary is as new or newer: the
// resource varies. Null if none.
EntryPtr SelectVariant(const std::vector<EntryPtr>& variants, const http::Fields& request);

}  // namespace skerry::cache
