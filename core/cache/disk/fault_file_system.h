// A file system that fails when told to, and that can be as small as wanted.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "core/base/bytes.h"
#include "core/base/thread.h"
#include "core/cache/disk/segment.h"

namespace skerry::cache::disk {

// Thread: any.
class FaultFileSystem : public rocksdb::FileSystemWrapper, public BodyFaults {
 public:
  FaultFileSystem();
  const char* Name() const override { return "FaultFileSystem"; }

  enum class Fault : uint8_t { kNone, kIo, kDamage };
  // What writing to files whose name ends so answers from now on; "" is all of them.
  void FailWrites(Fault fault, std::string suffix = {});
  // How many bytes there may be; files keep what they have.
  void SetCapacity(ByteCount capacity) { capacity_ = capacity; }
  ByteCount used() const { return used_; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                                 uint64_t* free, rocksdb::IODebugContext* debug) override;

  Status Before(const std::string& path, ByteCount bytes) override;
  void Removed(ByteCount bytes) override { used_.fetch_sub(std::min<ByteCount>(bytes, used_)); }

  // For its files: may `bytes` be written there?
  rocksdb::IOStatus Spend(const std::string& name, ByteCount bytes);

 private:
  mutable Mutex mutex_;
  Fault fault_ SKERRY_GUARDED_BY(mutex_) = Fault::kNone;
  std::string suffix_ SKERRY_GUARDED_BY(mutex_);
  std::atomic<ByteCount> capacity_{~ByteCount{0}};
  std::atomic<ByteCount> used_{0};
};

}  // namespace skerry::cache::disk
