#include "core/cache/disk/short_writes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace skerry::cache::disk {
namespace {

// Remembers the sizes of writes, and fails the one it is told to.
class Below : public rocksdb::FileSystemWrapper {
 public:
  Below() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "Below"; }

  class File : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(Below& below, std::unique_ptr<rocksdb::FSWritableFile>&& file)
        : FSWritableFileOwnerWrapper(std::move(file)), below_(below) {}
    using FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
      if (below_.sizes.size() == below_.fails_at) return rocksdb::IOStatus::NoSpace("told to");
      below_.sizes.push_back(data.size());
      below_.bytes += data.ToString();
      return {};
    }

   private:
    Below& below_;
  };

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSWritableFile> real;
    rocksdb::IOStatus made = FileSystemWrapper::NewWritableFile(name, options, &real, debug);
    if (made.ok()) *file = std::make_unique<File>(*this, std::move(real));
    return made;
  }

  std::vector<size_t> sizes;
  std::string bytes;
  size_t fails_at = ~size_t{0};
};

struct Written {
  explicit Written(size_t fails_at = ~size_t{0}) {
    below->fails_at = fails_at;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    ShortWrites system(below);
    const std::string name = testing::TempDir() + "/short_writes";
    EXPECT_TRUE(system.NewWritableFile(name, {}, &file, nullptr).ok());
    for (size_t i = 0; i < 100'000; ++i) text += static_cast<char>(i * 7 % 251);
    status = file->Append(text, {}, {}, nullptr);
  }
  std::shared_ptr<Below> below = std::make_shared<Below>();
  std::string text;
  rocksdb::IOStatus status;
};

TEST(ShortWritesTest, ALongWriteBecomesShortOnesOfTheSameBytes) {
  const Written written;
  EXPECT_TRUE(written.status.ok());
  EXPECT_EQ(written.below->bytes, written.text);
  EXPECT_EQ(*std::max_element(written.below->sizes.begin(), written.below->sizes.end()),
            ShortWrites::kLongest);
}

TEST(ShortWritesTest, WhatCannotBeWrittenIsSaid) {
  const Written written(3);
  EXPECT_TRUE(written.status.IsNoSpace());
  EXPECT_EQ(written.below->sizes.size(), 3u);
}

}  // namespace
}  // namespace skerry::cache::disk
