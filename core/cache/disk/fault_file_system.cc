#include "core/cache/disk/fault_file_system.h"

#include <utility>

#include "core/cache/disk/engine.h"

namespace skerry::cache::disk {
namespace {

class FaultFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultFile(FaultFileSystem& system, std::string name,
            std::unique_ptr<rocksdb::FSWritableFile>&& file)
      : FSWritableFileOwnerWrapper(std::move(file)), system_(system), name_(std::move(name)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (rocksdb::IOStatus spent = system_.Spend(name_, data.size()); !spent.ok()) return spent;
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    if (rocksdb::IOStatus spent = system_.Spend(name_, 0); !spent.ok()) return spent;
    return FSWritableFileOwnerWrapper::Sync(options, debug);
  }

 private:
  FaultFileSystem& system_;
  const std::string name_;
};

}  // namespace

FaultFileSystem::FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

void FaultFileSystem::FailWrites(Fault fault, std::string suffix) {
  MutexLock lock(mutex_);
  fault_ = fault;
  suffix_ = std::move(suffix);
}

rocksdb::IOStatus FaultFileSystem::Spend(const std::string& name, ByteCount bytes) {
  {
    MutexLock lock(mutex_);
    const bool meant = fault_ != Fault::kNone && name.ends_with(suffix_);
    if (meant && fault_ == Fault::kDamage) return rocksdb::IOStatus::Corruption("told to");
    if (meant) return rocksdb::IOStatus::IOError("told to");
  }
  // The text log is not what a full disk is tested with.
  if (name.ends_with("LOG")) return {};
  if (used_.fetch_add(bytes) + bytes <= capacity_) return {};
  used_.fetch_sub(bytes);
  return rocksdb::IOStatus::NoSpace("told to");
}

Status FaultFileSystem::Before(const std::string& path, ByteCount bytes) {
  const rocksdb::IOStatus spent = Spend(path, bytes);
  if (spent.ok()) return {};
  return Fail(ErrorOf(spent));
}

rocksdb::IOStatus FaultFileSystem::NewWritableFile(const std::string& name,
                                                   const rocksdb::FileOptions& options,
                                                   std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                   rocksdb::IODebugContext* debug) {
  if (rocksdb::IOStatus spent = Spend(name, 0); !spent.ok()) return spent;
  std::unique_ptr<rocksdb::FSWritableFile> real;
  rocksdb::IOStatus made = FileSystemWrapper::NewWritableFile(name, options, &real, debug);
  if (made.ok()) *file = std::make_unique<FaultFile>(*this, name, std::move(real));
  return made;
}

rocksdb::IOStatus FaultFileSystem::DeleteFile(const std::string& name,
                                              const rocksdb::IOOptions& options,
                                              rocksdb::IODebugContext* debug) {
  uint64_t bytes = 0;
  if (!name.ends_with("LOG") && GetFileSize(name, options, &bytes, debug).ok()) {
    used_.fetch_sub(std::min<ByteCount>(bytes, used_));
  }
  return FileSystemWrapper::DeleteFile(name, options, debug);
}

rocksdb::IOStatus FaultFileSystem::GetFreeSpace(const std::string&, const rocksdb::IOOptions&,
                                                uint64_t* free, rocksdb::IODebugContext*) {
  const ByteCount capacity = capacity_, used = used_;
  *free = capacity > used ? capacity - used : 0;
  return {};
}

}  // namespace skerry::cache::disk
