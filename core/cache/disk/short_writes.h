// The file system for RocksDB, with writes that are short.
//
// write(2) of a megabyte holds its processor for 1 to 4 ms: a kernel that does not preempt itself
// (PREEMPT_NONE, which servers have) runs no other thread before a folio of the page cache is
// filled, whatever the priority of who waits, and folios are as large as the write. A worker that
// wakes meanwhile would answer its hits that much later.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <memory>
#include <string>

namespace skerry::cache::disk {

// Thread: any.
class ShortWrites : public rocksdb::FileSystemWrapper {
 public:
  static constexpr size_t kLongest = 16 << 10;

  explicit ShortWrites(std::shared_ptr<rocksdb::FileSystem> below)
      : FileSystemWrapper(std::move(below)) {}
  const char* Name() const override { return "ShortWrites"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;

  // Over the default file system; lives as long as the process.
  static rocksdb::Env* Env();
};

}  // namespace skerry::cache::disk
