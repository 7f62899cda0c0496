#include "core/cache/disk/short_writes.h"

#include <algorithm>
#include <utility>

namespace skerry::cache::disk {
namespace {

class ShortWritesFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    for (size_t at = 0; at < data.size(); at += ShortWrites::kLongest) {
      const size_t size = std::min(ShortWrites::kLongest, data.size() - at);
      rocksdb::IOStatus written =
          FSWritableFileOwnerWrapper::Append({data.data() + at, size}, options, debug);
      if (!written.ok()) return written;
    }
    return {};
  }
  // The checksum is of all; blocks and records have their own.
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
};

}  // namespace

rocksdb::IOStatus ShortWrites::NewWritableFile(const std::string& name,
                                               const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSWritableFile>* file,
                                               rocksdb::IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSWritableFile> real;
  rocksdb::IOStatus made = FileSystemWrapper::NewWritableFile(name, options, &real, debug);
  if (made.ok()) *file = std::make_unique<ShortWritesFile>(std::move(real));
  return made;
}

rocksdb::Env* ShortWrites::Env() {
  static rocksdb::Env* const env =
      rocksdb::NewCompositeEnv(std::make_shared<ShortWrites>(rocksdb::FileSystem::Default()))
          .release();
  return env;
}

}  // namespace skerry::cache::disk
