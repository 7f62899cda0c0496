// Files that are not what was written: every read is the right bytes or a miss.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/random.h"
#include "core/cache/disk/disk_harness.h"

namespace skerry::cache::disk {
namespace {

namespace fs = std::filesystem;

class DamageTest : public testing::Test {
 protected:
  static constexpr size_t kSizes[] = {0, 900, 5000, 30'000, 200'000, 262'144, 700'000};

  static std::string UrlOf(size_t size) { return "https://example.com/" + std::to_string(size); }

  void Open(const fs::path& directory) {
    Disk::Options options;
    options.directory = directory.string();
    options.budget = 64_MiB;
    options.clock = &clock_;
    Result<std::unique_ptr<Disk>> disk = Disk::Open(options);
    ASSERT_TRUE(disk) << disk.error().ToString();
    disk_ = *std::move(disk);
    ASSERT_TRUE(Eventually([&] { return disk_->stats().index_loaded; }));
  }

  // A store with a response of each size, closed.
  void Build() {
    Open(whole());
    for (const size_t size : kSizes) {
      ASSERT_TRUE(Offer(*disk_, MakeEntry({.url = UrlOf(size), .body = BodyOf("", size, size)})));
    }
    ASSERT_TRUE(Settled(*disk_, std::size(kSizes)));
    ASSERT_TRUE(disk_->control().Put({{"log_id", "L1"}}));
    disk_.reset();
  }
  fs::path whole() const { return directory_.path() / "whole"; }
  fs::path copy() const { return directory_.path() / "copy"; }
  void Copy() {
    disk_.reset();
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      if (entry.path() != whole()) fs::remove_all(entry.path());
    }
    fs::copy(whole(), copy());
  }

  // How many of the responses are there; none of them with wrong bytes.
  size_t ReadAll() {
    size_t found = 0;
    for (const size_t size : kSizes) {
      const Result<EntryPtr> entry = Get(*disk_, UrlOf(size));
      if (!entry) continue;
      const Result<std::string> body = ReadBody(*disk_, *entry);
      if (!body) continue;
      EXPECT_EQ(*body, BodyOf("", size, size));
      EXPECT_EQ((*entry)->head.key.text, UrlOf(size));
      ++found;
    }
    return found;
  }
  std::vector<fs::path> Files(const fs::path& directory) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(directory)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
  }

  TempDirectory directory_;
  FakeClock clock_;
  std::unique_ptr<Disk> disk_;
};

std::string Contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Flip(const fs::path& path, size_t at, uint8_t bit) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ (1 << bit));
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

TEST_F(DamageTest, AFlippedBitAnywhereIsAMissAndNeverAWrongByte) {
  Build();
  SeededRandom random(1);
  size_t found = 0;
  for (int trial = 0; trial < 60; ++trial) {
    Copy();
    const std::vector<fs::path> files = Files(copy());
    const fs::path file = files[random.Below(files.size())];
    const size_t size = fs::file_size(file);
    if (size == 0) continue;
    const size_t at = random.Below(size);
    SCOPED_TRACE(file.filename().string() + " at " + std::to_string(at));
    Flip(file, at, static_cast<uint8_t>(random.Below(8)));
    Open(copy());
    found += ReadAll();
  }
  EXPECT_GT(found, 60u) << "hardly anything was there to be wrong";
}

TEST_F(DamageTest, AFlippedBitOfABodyIsCountedAndTheResponseForgotten) {
  Build();
  for (const size_t size : {5000ul, 200'000ul, 700'000ul}) {
    Copy();
    // The middle of the last chunk, wherever it lies.
    const std::string body = BodyOf("", size, size);
    const std::string part = body.substr(body.size() - 2000, 100);
    bool flipped = false;
    for (const fs::path& file : Files(copy())) {
      const size_t at = Contents(file).find(part);
      if (at == std::string::npos) continue;
      Flip(file, at + 50, 3);
      flipped = true;
    }
    ASSERT_TRUE(flipped);
    Open(copy());
    // Small responses share a block of 4 KiB with the damage.
    EXPECT_GE(ReadAll(), std::size(kSizes) - 3);
    EXPECT_GE(disk_->stats().corrupt, 1u);
    EXPECT_EQ(disk_->stats().objects + disk_->stats().corrupt, std::size(kSizes));
    EXPECT_TRUE(disk_->Find(Key::Of(UrlOf(size)).hash).empty());
  }
}

TEST_F(DamageTest, AMissingFileCostsResponsesAtMost) {
  Build();
  Copy();
  const size_t count = Files(copy()).size();
  for (size_t i = 0; i < count; ++i) {
    Copy();
    const fs::path file = Files(copy())[i];
    SCOPED_TRACE(file.filename().string());
    fs::remove(file);
    Open(copy());
    ReadAll();
    ASSERT_TRUE(Offer(*disk_, MakeEntry({.url = "https://new/", .body = "new"})));
    ASSERT_TRUE(Eventually([&] { return Get(*disk_, "https://new/").has_value(); }));
  }
}

TEST_F(DamageTest, ATornTailCostsResponsesAtMost) {
  Build();
  Copy();
  const size_t count = Files(copy()).size();
  for (size_t i = 0; i < count; ++i) {
    for (const bool zeroed : {false, true}) {
      Copy();
      const fs::path file = Files(copy())[i];
      const size_t size = fs::file_size(file);
      SCOPED_TRACE(file.filename().string() + (zeroed ? " zeroed" : " cut"));
      fs::resize_file(file, size - std::min<size_t>(size, 3000));
      if (zeroed) fs::resize_file(file, size);
      Open(copy());
      ReadAll();
    }
  }
}

TEST_F(DamageTest, AStoreThatCannotBeOpenedIsMovedAsideAndOnlyTheLastOneKept) {
  Build();
  for (int round = 0; round < 3; ++round) {
    Copy();
    std::ofstream(copy() / "CURRENT") << "MANIFEST-777777\n";
    std::ofstream(directory_.path() / "copy.broken-7") << "of earlier";
    Open(copy());
    EXPECT_EQ(ReadAll(), 0u);
    EXPECT_TRUE(fs::exists(directory_.path() / "copy.broken-8" / "MANIFEST-000005"));
    EXPECT_FALSE(fs::exists(directory_.path() / "copy.broken-7"));
  }
}

TEST_F(DamageTest, ACopyWithoutACloseHoldsAllThatWasWritten) {
  Open(whole());
  ASSERT_TRUE(Offer(*disk_, MakeEntry({.url = UrlOf(900), .body = BodyOf("", 900, 900)})));
  ASSERT_TRUE(Settled(*disk_, 1));
  clock_.Advance(Seconds(2));
  ASSERT_TRUE(Eventually([&] { return disk_->stats().unflushed == 0; }));
  ASSERT_TRUE(Offer(*disk_, MakeEntry({.url = UrlOf(5000), .body = BodyOf("", 5000, 5000)})));
  ASSERT_TRUE(Settled(*disk_, 2));
  fs::copy(whole(), copy());
  disk_.reset();
  Open(copy());
  EXPECT_EQ(ReadAll(), 2u);
  EXPECT_EQ(disk_->stats().corrupt, 0u);
}

TEST_F(DamageTest, ARowWhoseBodyIsNotThereIsDroppedUnread) {
  Build();
  for (const size_t kept : {size_t{0}, size_t{20'000}, size_t{500'000}}) {
    Copy();
    for (const fs::path& file : Files(copy())) {
      if (file.extension() == ".seg") fs::resize_file(file, kept);
    }
    Open(copy());
    const uint64_t objects = disk_->stats().objects;
    EXPECT_LT(objects, std::size(kSizes));
    EXPECT_EQ(ReadAll(), objects) << "none that is in the index is missing";
    EXPECT_EQ(disk_->stats().corrupt, 0u) << "and none was read to find out";
  }
}

TEST_F(DamageTest, ASegmentWithoutItsTableIsReadFromItsChunks) {
  Build();
  Copy();
  size_t cut = 0;
  for (const fs::path& file : Files(copy())) {
    if (file.extension() != ".seg") continue;
    fs::resize_file(file, fs::file_size(file) - 5);
    ++cut;
  }
  ASSERT_GT(cut, 0u);
  Open(copy());
  EXPECT_EQ(ReadAll(), std::size(kSizes));
  EXPECT_EQ(disk_->stats().corrupt, 0u);
}

}  // namespace
}  // namespace skerry::cache::disk
