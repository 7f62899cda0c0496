// The RocksDB instance of one directory: its options, its column families, the count
// of its bytes and its errors. RocksDB's own headers are included by engine.h alone.
//
// and the log of bodies beside it, in the same directory (body_log.h).
//
//   meta  a row for each stored response, WAL, not synced
//   ctl   small durable facts, WAL, synced
//
// Thread: any. Reopen waits for the calls that are under way; calls that come
// meanwhile are answered kUnavailable.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/cache/disk/body_log.h"

namespace rocksdb {
class Env;
}

namespace skerry::cache::disk {

struct Engine;

class Store {
 public:
  struct Options {
    std::string directory;
    ByteCount budget = 8_GiB;
    rocksdb::Env* env = nullptr;  // null: RocksDB's own
    BodyFaults* faults = nullptr;
  };
  // kCorrupt: damaged beyond opening. kIo, kFull: try again.
  static Result<std::unique_ptr<Store>> Open(Options options);
  ~Store();
  // For good; later calls are answered kUnavailable.
  void Close();

  BodyLog& bodies();
  // Flushes the bodies and syncs the log of the rows: what was committed before is found
  // again after a power cut.
  Status FlushBodies();

  // A row to be written, or removed if there is no value. All of them or none.
  struct MetaChange {
    std::string row_key;
    std::optional<std::string> row;
  };
  Status WriteMeta(const std::vector<MetaChange>& changes);
  // `wait` false: kUnavailable for what is not in memory.
  Result<std::string> GetMeta(std::string_view row_key, bool wait = true);
  // Every row whose key begins with `prefix`, in order, until `each` answers false.
  Status ScanMeta(std::string_view prefix,
                  const std::function<bool(std::string_view, std::string_view)>& each);

  Result<std::string> GetControl(std::string_view name);
  Status PutControl(const std::vector<std::pair<std::string, std::string>>& values);

  // Files and memory that is about to become files, as last counted: bodies as they are
  // written, tables by events, memtables by Measure, logs and free space by MeasureFiles
  // (reads the directory).
  ByteCount used() const;
  void Measure();
  void MeasureFiles();
  // What may be used: the budget, or less where the file system itself is nearly
  // full. Never below a quarter of the budget.
  ByteCount limit() const;
  // The file system has no room for what is in memory.
  bool cramped() const;
  ByteCount segment_bytes() const;
  // Bytes ever written: bodies, and tables by flushes and compactions.
  ByteCount written() const;

  // A write or a background job has failed since the last good Resume or Reopen.
  bool failed() const;
  // Of the failure: its text, and whether it was for want of space or found damage.
  std::string last_error() const;
  bool out_of_space() const;
  bool damaged() const;
  // Resume may help; otherwise only Reopen does.
  bool resumable() const;
  bool is_open() const;
  // Can a small file be made, synced and removed in the directory? Blocks.
  bool CanWrite() const;
  // Tries to write again. Blocks.
  Status Resume();
  // Closes and opens: what was not in a file is lost. On an error the store stays
  // closed, reads answer kUnavailable, and Reopen can be tried again.
  Status Reopen();
  // Closes, lets `clear` take the files away, and opens an empty store.
  Status StartOver(const std::function<Status()>& clear);
  std::vector<std::pair<std::string, std::string>> AllControl();
  // Called from any thread when a file was filled or made, or an error was seen.
  void OnChange(std::function<void()> changed);

 private:
  explicit Store(Options options);
  std::unique_ptr<Engine> engine_;
};

}  // namespace skerry::cache::disk
