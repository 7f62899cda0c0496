// What store.cc knows of RocksDB. Private to this room, and the only file that includes
// RocksDB's headers apart from it.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/cache/disk/body_log.h"
#include "core/cache/disk/store.h"

namespace skerry::cache::disk {

// Counts bytes by RocksDB's events: its properties also count files that are dropped
// but not unlinked yet, and evicting by those evicts too much. A flushed file counts
// from when its memtable has gone, so that nothing is counted twice.
class ByteLedger : public rocksdb::EventListener {
 public:
  void OnTableFileCreated(const rocksdb::TableFileCreationInfo& info) override;
  void OnTableFileDeleted(const rocksdb::TableFileDeletionInfo& info) override;
  void OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo& info) override;
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override;

  // A file that was there when the store was opened.
  void Found(const std::string& path, ByteCount bytes);
  // The store was closed: nothing is left.
  void Clear();

  ByteCount files() const { return files_bytes_.load(std::memory_order_relaxed); }
  ByteCount written() const { return written_.load(std::memory_order_relaxed); }
  std::atomic<ByteCount> memtables{0};

  bool failed() const { return failed_.load(std::memory_order_acquire); }
  // `resumable`: RocksDB itself can go on when the cause has passed.
  void Failed(const Error& error, bool resumable);
  // A file of bodies: RocksDB knows nothing of it.
  void BodiesFailed(const Error& error);
  void Works() { failed_.store(false, std::memory_order_release); }
  Error last_error() const;
  bool resumable() const;
  void OnChange(std::function<void()> changed);
  void Changed();

 private:
  mutable Mutex mutex_;
  std::optional<Error> last_error_ SKERRY_GUARDED_BY(mutex_);
  bool resumable_ SKERRY_GUARDED_BY(mutex_) = false;
  std::unordered_map<std::string, ByteCount> files_ SKERRY_GUARDED_BY(mutex_);
  std::unordered_map<std::string, ByteCount> flushing_ SKERRY_GUARDED_BY(mutex_);
  Mutex changed_mutex_;  // held while changed_ runs, so that it can be taken away
  std::function<void()> changed_ SKERRY_GUARDED_BY(changed_mutex_);
  std::atomic<ByteCount> files_bytes_{0};
  std::atomic<ByteCount> written_{0};
  std::atomic<bool> failed_{false};
};

struct Engine {
  explicit Engine(Store::Options o);

  Status Open();
  void Close();
  Status Reopen(const std::function<Status()>& between);

  // Held by every call that uses `db`; `db` is null while the store is closed.
  using Use = std::shared_lock<std::shared_mutex>;
  Use Enter();
  // Not if that would have to wait.
  Use TryEnter();
  static tl::unexpected<Error> Closed();
  rocksdb::Env* env() const;
  // Remembers a failed write.
  Status Wrote(const rocksdb::Status& status);

  const Store::Options options;
  const ByteCount segment_bytes;
  std::shared_mutex mutex;
  std::atomic<bool> reopening{false};
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  rocksdb::ColumnFamilyHandle* ctl = nullptr;
  const std::shared_ptr<ByteLedger> ledger = std::make_shared<ByteLedger>();
  std::atomic<ByteCount> other_files{0};
  // What files and free space were together, and free space alone, when last looked at.
  std::atomic<ByteCount> reachable{~ByteCount{0}};
  std::atomic<ByteCount> free_bytes{~ByteCount{0}};
  const std::unique_ptr<BodyLog> bodies;
};

// The Error of a RocksDB status that is not ok.
Error ErrorOf(const rocksdb::Status& status);

}  // namespace skerry::cache::disk
