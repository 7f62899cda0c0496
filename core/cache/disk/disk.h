// The disk tier: bodies in an append-ordered log inside RocksDB, found through an
// index in memory. RocksDB stays inside this room. docs/disk-format.md draws it.
//
// A miss never touches the disk. A hit of a small object is one Get: chunk 0
// carries key, variant, fields and the first bytes. Everything read is checked
// (key, length, XXH3 seeded with fill id and chunk number): what does not match is
// a miss, is counted and forgotten, never an error to a client.
//
// Thread: any. Reads run on the disk pool and post their result to the loop given;
// all writes go through one appender thread. Nothing here blocks a caller.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/metrics.h"
#include "core/base/result.h"
#include "core/cache/entry.h"
#include "core/cache/purge/control_store.h"
#include "core/net/loop.h"

namespace skerry::cache {

// One stored response as the index knows it.
struct DiskRow {
  Hash128 key;
  VaryId vary = 0;
  uint64_t variant_hash = 0;
  uint64_t fill_id = 0;   // unique for ever: names this very fill
  uint64_t position = 0;  // of chunk 0
  uint64_t size = 0;      // of the body
  Seq seq = 0;            // its stamp
};

// A response on its way to the disk. Owner: a fill. Thread: the fill's loop; the
// work is done by the appender. Destroying it before Commit forgets everything.
class DiskFill {
 public:
  virtual ~DiskFill() = default;
  // The next piece of the body; REQUIRES: kChunkBytes, or the last one. Never waits:
  // when the appender's queue is full the fill is abandoned.
  virtual void Append(Chunk chunk) = 0;
  // The position of chunk `index` once it can be read back; nothing before.
  virtual std::optional<uint64_t> PositionOf(size_t index) const = 0;
  virtual uint64_t fill_id() const = 0;
  // Makes it findable. `valid` is asked on the appender at that moment (a purge
  // may have been faster); false forgets it.
  virtual void Commit(uint64_t body_size, http::Fields trailers, std::function<bool()> valid) = 0;
  // It fell behind the log's horizon, or a write failed: it is no longer stored.
  virtual bool abandoned() const = 0;
};

class Disk {
 public:
  struct Options {
    std::string directory;
    ByteCount budget = 8_GiB;
    ByteCount largest_object = 0;  // 0: budget / 8
    size_t read_threads = 2;
    Metrics* metrics = nullptr;
    const Clock* clock = &Clock::Real();
    // The purge log's position, for restamping what is re-appended.
    std::function<Seq()> purge_head = [] { return Seq{0}; };
    // May this still be used? Asked before a reinsertion. kHard says no.
    std::function<bool(const StoredHead&)> still_valid = [](const StoredHead&) { return true; };
  };
  // Opens or creates the store; loads the index while serving. A store of a newer
  // format is refused; one that is damaged beyond opening is moved aside
  // (directory.broken-N) and a new one begun, and the log says so. The lock of
  // another process is Code::kRefused and names the directory.
  static Result<std::unique_ptr<Disk>> Open(Options options);
  virtual ~Disk() = default;  // flushes

  // The rows of this key, newest first. In memory only.
  virtual std::vector<DiskRow> Find(const Hash128& key) const = 0;
  using OnEntry = std::function<void(Result<EntryPtr>)>;
  // Chunk 0: the entry, with its first chunk in memory and the others at extents.
  // kNotFound when it is gone or did not verify (already forgotten then).
  virtual void Load(const DiskRow& row, const Key& key, net::Loop& loop, OnEntry done) = 0;
  // The same for an onlooker: it counts as no hit, and damage is not acted upon.
  virtual void Peek(const DiskRow& row, const Key& key, net::Loop& loop, OnEntry done) = 0;
  using OnChunk = std::function<void(Result<Chunk>)>;
  // Chunk `index` (from 1) of an entry that Load gave. The caller holds `pin` while
  // it goes on reading, so that eviction drops around it.
  virtual void ReadChunk(const Extents& extents, size_t index, net::Loop& loop, OnChunk done) = 0;

  // Keeps the positions of these extents readable until the pin is dropped (bounded:
  // beyond the bound pins are ignored and a later read may be kNotFound).
  virtual std::shared_ptr<void> Pin(const Extents& extents) = 0;

  // For somebody who looks at all that is stored, part by part: the head and the size of
  // every response of this part of 65,536. Blocks for a read each; counts as no hit.
  virtual void Look(uint16_t part,
                    const std::function<void(const StoredHead&, uint64_t)>& each) = 0;

  // A place for a response whose head is known. Null when admission refuses it: too
  // large, above 80 % full and not asked for twice, disk failing.
  virtual std::unique_ptr<DiskFill> Begin(const StoredHead& head, std::optional<uint64_t> length,
                                          bool seen_before) = 0;
  // Stores an entry that is wholly in memory (evicted from RAM after a hit). Replaces a
  // row of the same key and variant, but not one with a later stamp. An entry whose
  // extents are those of the row is there already and only counts as hit: one that was
  // changed since goes through Refresh, or has no extents.
  virtual void Store(EntryPtr entry) = 0;
  // A 304 has updated `old`'s head: chunk 0 is appended anew, other chunks stay. Only
  // if `old` is still there; forgets it when its variant has changed or nothing can be
  // written. REQUIRES: chunk 0 of `updated` is in memory. One of several chunks that was
  // not read from `old` (its extents say so) is stored whole instead, if it is in memory.
  virtual void Refresh(const DiskRow& old, EntryPtr updated) = 0;

  // Forgets rows at once (index) and durably behind (meta).
  virtual void Forget(const Hash128& key) = 0;
  virtual void Forget(const DiskRow& row) = 0;

  virtual ControlStore& control() = 0;

  // Flushes and lets go of the directory, so that another process can open it: from now
  // on nothing is found, loaded or stored here, and what is put into control() is kept
  // in memory only. Blocks for as long as the flush takes. Thread: any but a loop's.
  virtual void Close() = 0;

  struct Stats {
    ByteCount bytes = 0;      // files and memtables
    ByteCount unflushed = 0;  // skerry_store_unflushed_bytes: body bytes not yet in a file
    ByteCount written = 0;    // to tables since it was opened: what write amplification counts
    uint64_t objects = 0;
    uint64_t corrupt = 0;
    Seq oldest_seq = 0;  // of any stored object, for forgetting generations
    bool index_loaded = false;
    bool failing = false;  // not admitting: disk full, write errors, or closed
  };
  virtual Stats stats() const = 0;
};

}  // namespace skerry::cache
