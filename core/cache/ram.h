// The RAM tier: bodies and headers of the entries asked for most.
//
// Keeps at most `capacity` bytes, counting keys, headers and bodies. A newcomer is
// admitted only if it has been asked for more often than all it would push out
// together (size-aware W-TinyLFU), so one scan of the site does not empty the cache.
// Room that nobody has yet is for what was asked for twice, or is not on the disk, too.
// Hits 4 to 26 of 100 requests more than LRU of the same size on made-up traces;
// what it costs in bytes is in docs/why/ram-policy.md.
//
// Owner: the process, one instance. Thread: any; each shard has its own mutex, no
// call holds two and nothing is called while one is held.
// Invariant: bytes() <= capacity() between calls.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/cache/entry.h"

namespace skerry::cache {

// kRefused is normal: see admission above. kTooLarge: larger than a shard lets one be.
enum class Offered : uint8_t { kStored, kRefused, kTooLarge };
std::string_view Name(Offered offered);

class Ram {
 public:
  struct Options {
    ByteCount capacity = 512_MiB;
    size_t shards = 16;            // a power of two; fewer are made where four of the
                                   // largest objects would not fit one
    ByteCount largest_object = 0;  // 0: capacity / 64, at least 1 MiB
    size_t variants_per_key = 16;  // beyond that the oldest goes, counted
  };
  explicit Ram(Options options);
  ~Ram();

  // The variants kept under this key, newest first; counts as a use of the key.
  // Whether one is fresh is the caller's question.
  std::vector<EntryPtr> Find(const Key& key);

  // Find into `found`, whose room is used again; a key without any counts no use.
  void FindKept(const Key& key, std::vector<EntryPtr>& found);

  // Was the key asked for before the Find that has just missed it, as far as the sketch of
  // uses remembers? What it forgets or mistakes costs a place on the disk, no more.
  bool AskedBefore(const Key& key) const;

  // Find for an onlooker: no use is counted and nobody's place changes.
  std::vector<EntryPtr> Peek(const Key& key) const;

  // Offers an entry. One with the same key and variant goes in any case; the new one
  // gets its place unless it is too large. `on_disk`: the disk tier has taken it, too.
  // REQUIRES: entry->in_memory().
  Offered Offer(EntryPtr entry, bool on_disk = false);

  // Puts `fresh` where `old` is; false if `old` is no longer there (a newer fill or a
  // purge was faster) and nothing changed, or `fresh` is too large and `old` is gone.
  // REQUIRES: the same key, fresh->in_memory().
  bool Replace(const EntryPtr& old, EntryPtr fresh);
  // All variants of the key; answers how many there were.
  size_t Remove(const Key& key);
  bool Remove(const EntryPtr& entry);  // that entry alone, if it is still there

  // For somebody who looks at all entries bit by bit: some from `place` on, which moves
  // on, at least `some` of them unless it is the end. False: that was all. Whoever stays
  // in from the first call to the last is seen; counts no use.
  struct Place {
    size_t shard = 0;
    size_t bucket = 0;
  };
  bool Walk(Place& place, size_t some, std::vector<EntryPtr>& seen) const;

  // Called after the lock is released with every entry pushed out whose key had been
  // found since it was offered (Replace keeps that): the disk tier's second chance.
  // Thread: the caller of Offer or Replace. To be set before other threads use the tier.
  void OnEvict(std::function<void(EntryPtr)> evicted);

  ByteCount capacity() const;
  ByteCount bytes() const;
  size_t objects() const;
  uint64_t variants_capped() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skerry::cache
