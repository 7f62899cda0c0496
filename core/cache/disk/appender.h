// The one writer: every body chunk, every row of meta and every change of the index
// for what is stored goes through its thread, in the order it was asked for.
//
// Body before metadata before index: chunks are in the log before the row that names
// them is written, and the row before anybody can find it. The queue is bounded in bytes: a fill
// that finds it full is abandoned, so no producer ever waits (RocksDB's own stalls hold up this
// thread alone). Small things are gathered for some milliseconds and written together.
// Deletions always get in; while writing fails they are kept and done later.
//
// Nothing here waits for eviction: a brake in this thread would deadlock with bodies
// that eviction stores anew.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include "core/base/clock.h"
#include "core/base/thread.h"
#include "core/cache/disk/fill.h"
#include "core/cache/disk/index.h"
#include "core/cache/disk/positions.h"
#include "core/cache/disk/store.h"

namespace skerry::cache::disk {

// Owner: the disk tier. Thread: any, unless said otherwise.
class Appender {
 public:
  struct Parts {
    Store& store;
    Index& index;
    Positions& positions;
    const Clock& clock;
    ByteCount queue_bytes;  // at most this much waits
  };
  explicit Appender(Parts parts);
  ~Appender();

  // The next chunk of a fill. The fill is abandoned if the queue is full.
  void Append(const std::shared_ptr<Fill>& fill, Chunk chunk);
  // The same, but waits for room. Thread: one that may block, not the appender's.
  void AppendWaiting(const std::shared_ptr<Fill>& fill, Chunk chunk);
  // Makes it findable, if it was wholly written, `valid` (may be empty) agrees and
  // the horizon has not reached it.
  void Commit(const std::shared_ptr<Fill>& fill, uint64_t body_size, http::Fields trailers,
              std::function<bool()> valid);
  // Removes the rows' metadata, unless a newer response has taken their place.
  void Delete(std::vector<DiskRow> rows);
  // Removes every row of the key from meta that is not in the index: for a key
  // forgotten while the index was still being loaded.
  void DeleteKey(const Hash128& key);
  // Until all that was asked for before is done. Thread: as AppendWaiting.
  void Drain();
  // Does what is queued and ends the thread; later calls abandon and drop.
  void Stop();

  ByteCount queued_bytes() const { return queued_.load(std::memory_order_relaxed); }
  ByteCount queue_limit() const { return parts_.queue_bytes; }

  // When something was last appended, and when the oldest chunk that no Flush has
  // begun for was; for the flush rules. Nothing: no such chunk.
  std::optional<SteadyTime> last_append() const;
  std::optional<SteadyTime> oldest_unflushed() const;
  // A flush of everything appended until now begins.
  void FlushBegins();

 private:
  struct AppendOp {
    std::shared_ptr<Fill> fill;
    Chunk chunk;
  };
  struct CommitOp {
    std::shared_ptr<Fill> fill;
    uint64_t body_size;
    http::Fields trailers;
    std::function<bool()> valid;
  };
  struct DeleteOp {
    std::vector<DiskRow> rows;
  };
  struct DeleteKeyOp {
    Hash128 key;
  };
  struct DrainOp {
    std::function<void()> done;
  };
  using Op = std::variant<AppendOp, CommitOp, DeleteOp, DeleteKeyOp, DrainOp>;
  struct Queued {
    Op op;
    ByteCount bytes;
  };
  struct Batch;

  bool Push(Op op, ByteCount bytes);
  void Work();
  std::vector<Queued> Take();
  void Process(std::vector<Queued>& ops);
  void Refuse(std::vector<Queued>& ops);
  void Collect(AppendOp& op, Batch& batch);
  void CollectEmptyBody(CommitOp& op, Batch& batch);
  bool WriteBodies(Batch& batch);
  bool WriteRows(Batch& batch);
  void Settle(CommitOp& op, Batch& batch);
  void Settle(DeleteOp& op, Batch& batch);
  void Settle(DeleteKeyOp& op, Batch& batch);

  Parts parts_;
  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::deque<Queued> queue_ SKERRY_GUARDED_BY(mutex_);
  bool stopping_ SKERRY_GUARDED_BY(mutex_) = false;
  ByteCount gathered_ SKERRY_GUARDED_BY(mutex_) = 0;  // bytes of the queue
  bool enough_ SKERRY_GUARDED_BY(mutex_) = false;     // no more is waited for
  std::atomic<ByteCount> queued_{0};                  // until processed
  std::vector<Queued> deferred_;                      // the thread's own: deletions that failed
  static constexpr int64_t kNever = -1;
  std::atomic<int64_t> last_append_us_{kNever};
  std::atomic<int64_t> oldest_unflushed_us_{kNever};
  std::thread thread_;
};

}  // namespace skerry::cache::disk
