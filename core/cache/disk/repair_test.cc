// A disk that fails or is full: what is stored is served, nothing else is tried, and
// the store comes back by itself.
#include "core/cache/disk/repair.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/cache/disk/disk_harness.h"
#include "core/cache/disk/fault_file_system.h"
#include "core/cache/disk/open.h"

namespace skerry::cache::disk {
namespace {

using Fault = FaultFileSystem::Fault;

class RepairTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override {
    faults_->FailWrites(Fault::kNone);
    faults_->SetCapacity(~ByteCount{0});
    disk_.reset();
  }
  void Open() {
    disk_.reset();
    Disk::Options options;
    options.directory = directory_.store();
    options.budget = 64_MiB;
    options.clock = &clock_;
    Result<std::unique_ptr<Disk>> disk = OpenDisk(options, env_.get(), faults_.get());
    ASSERT_TRUE(disk) << disk.error().ToString();
    disk_ = *std::move(disk);
    ASSERT_TRUE(Eventually([&] { return disk_->stats().index_loaded; }));
  }

  bool Put(const std::string& url, size_t size) {
    if (!Offer(*disk_, MakeEntry({.url = url, .body = BodyOf(url, 0, size)}))) return false;
    return Eventually([&] { return Has(url) || disk_->stats().failing; }) && Has(url);
  }
  bool Has(const std::string& url) { return !disk_->Find(Key::Of(url).hash).empty(); }
  bool ReadsWhole(const std::string& url, size_t size) {
    const Result<EntryPtr> entry = Get(*disk_, url);
    return entry && ReadBody(*disk_, *entry).value_or("") == BodyOf(url, 0, size);
  }
  void Flush() {
    clock_.Advance(Seconds(2));
    ASSERT_TRUE(Eventually([&] { return disk_->stats().unflushed == 0; }));
  }
  bool Fails() {
    return Eventually([&] { return disk_->stats().failing; });
  }
  // Lets time pass until it writes again; false after 25 s of it. RocksDB's own
  // threads pause in real time after an error, so it must not pass much faster.
  bool Recovers() {
    const SteadyTime end = clock_.Steady() + Seconds(25);
    int looks = 0;
    return Eventually([&] {
             if (disk_->stats().failing && ++looks % 50 == 0) clock_.Advance(Millis(250));
             return !disk_->stats().failing || clock_.Steady() > end;
           }) &&
           !disk_->stats().failing && Eventually([&] { return disk_->stats().index_loaded; });
  }

  std::shared_ptr<FaultFileSystem> faults_ = std::make_shared<FaultFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(faults_);
  TempDirectory directory_;
  FakeClock clock_;
  std::unique_ptr<Disk> disk_;
};

TEST_F(RepairTest, AWriteErrorStopsAdmissionAloneAndPassesByItself) {
  ASSERT_TRUE(Put("https://a/", 100'000));
  Flush();
  faults_->FailWrites(Fault::kIo);
  EXPECT_FALSE(disk_->control().Put({{"applied", "1"}}));
  ASSERT_TRUE(Fails());
  EXPECT_FALSE(Put("https://b/", 1000));
  EXPECT_EQ(disk_->Begin(MakeEntry({.url = "https://b/"})->head, 1, true), nullptr);
  EXPECT_TRUE(ReadsWhole("https://a/", 100'000));
  faults_->FailWrites(Fault::kNone);
  EXPECT_TRUE(Recovers());
  EXPECT_TRUE(Put("https://c/", 1000));
  EXPECT_TRUE(disk_->control().Put({{"applied", "2"}}));
  EXPECT_TRUE(ReadsWhole("https://a/", 100'000));
  Open();
  EXPECT_TRUE(ReadsWhole("https://a/", 100'000));
  EXPECT_TRUE(ReadsWhole("https://c/", 1000));
}

TEST_F(RepairTest, AFlushWithoutRoomIsResumedAndLosesNothing) {
  ASSERT_TRUE(Put("https://a/", 100'000));
  faults_->SetCapacity(faults_->used());
  clock_.Advance(Seconds(2));
  ASSERT_TRUE(Fails());
  EXPECT_TRUE(ReadsWhole("https://a/", 100'000));
  faults_->SetCapacity(~ByteCount{0});
  ASSERT_TRUE(Recovers());
  Flush();
  Open();
  EXPECT_TRUE(ReadsWhole("https://a/", 100'000));
}

TEST_F(RepairTest, WhatIsForgottenMeanwhileIsGoneForGood) {
  ASSERT_TRUE(Put("https://a/", 1000));
  Flush();
  faults_->FailWrites(Fault::kIo);
  EXPECT_FALSE(disk_->control().Put({{"applied", "1"}}));
  ASSERT_TRUE(Fails());
  disk_->Forget(Key::Of("https://a/").hash);
  EXPECT_FALSE(Has("https://a/"));
  faults_->FailWrites(Fault::kNone);
  ASSERT_TRUE(Recovers());
  ASSERT_TRUE(Put("https://b/", 1000));
  Open();
  EXPECT_FALSE(Has("https://a/"));
  EXPECT_TRUE(Has("https://b/"));
}

TEST_F(RepairTest, AFailedWriteOfBodiesIsFollowedByAnotherFileAndLosesNothing) {
  ASSERT_TRUE(Put("https://before/", 300'000));
  faults_->FailWrites(Fault::kIo, ".seg");
  ASSERT_TRUE(Offer(*disk_, MakeEntry({.url = "https://failed/", .body = "x"})));
  ASSERT_TRUE(Fails());
  EXPECT_TRUE(ReadsWhole("https://before/", 300'000));
  EXPECT_FALSE(Has("https://failed/"));
  faults_->FailWrites(Fault::kNone);
  ASSERT_TRUE(Recovers());
  EXPECT_TRUE(Put("https://after/", 1000));
  Open();
  EXPECT_TRUE(ReadsWhole("https://before/", 300'000));
  EXPECT_TRUE(ReadsWhole("https://after/", 1000));
  EXPECT_EQ(disk_->stats().corrupt, 0u);
}

TEST_F(RepairTest, WhileNothingCanBeWrittenTheStoreStaysOpenForReading) {
  ASSERT_TRUE(Put("https://a/", 300'000));
  Flush();
  faults_->FailWrites(Fault::kIo);
  EXPECT_FALSE(disk_->control().Put({{"applied", "1"}}));
  ASSERT_TRUE(Fails());
  for (int minute = 0; minute < 5; ++minute) {
    clock_.Advance(Seconds(60));
    EXPECT_TRUE(ReadsWhole("https://a/", 300'000));
  }
}

TEST_F(RepairTest, DamageFoundByAWriteLeadsToAReopenThatKeepsWhatWasWritten) {
  ASSERT_TRUE(Put("https://flushed/", 300'000));
  Flush();
  ASSERT_TRUE(Put("https://young/", 1000));
  faults_->FailWrites(Fault::kDamage, ".log");
  clock_.Advance(Seconds(2));
  ASSERT_TRUE(Fails());
  faults_->FailWrites(Fault::kNone);
  ASSERT_TRUE(Recovers());
  ASSERT_TRUE(Eventually([&] { return disk_->stats().index_loaded; }));
  EXPECT_TRUE(ReadsWhole("https://flushed/", 300'000));
  EXPECT_TRUE(ReadsWhole("https://young/", 1000));
  EXPECT_TRUE(Put("https://later/", 1000));
  EXPECT_EQ(disk_->stats().corrupt, 0u);
}

TEST_F(RepairTest, ANearlyFullFileSystemMakesTheCacheSmallerNotFail) {
  faults_->SetCapacity(40_MiB);
  for (int i = 0; i < 400; ++i) {
    const std::string url = "https://filler/" + std::to_string(i);
    const EntryPtr entry = MakeEntry({.url = url, .body = BodyOf(url, 0, 200'000)});
    ASSERT_TRUE(Eventually([&] {
      clock_.Advance(Millis(20));
      return Offer(*disk_, entry);
    }));
  }
  EXPECT_FALSE(disk_->stats().failing);
  EXPECT_LE(faults_->used(), 40_MiB);
}

TEST_F(RepairTest, AFullDiskIsServedFromAndWrittenToAgainWhenThereIsRoom) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(Put("https://a/" + std::to_string(i), 200'000));
  }
  Flush();
  // Somebody else has taken all the rest.
  faults_->SetCapacity(faults_->used() + 100'000);
  ASSERT_TRUE(Put("https://b/", 200'000) || Fails());
  clock_.Advance(Seconds(2));
  ASSERT_TRUE(Fails());
  EXPECT_TRUE(ReadsWhole("https://a/99", 200'000));
  EXPECT_EQ(disk_->Begin(MakeEntry({.url = "https://c/"})->head, 1, true), nullptr);
  faults_->SetCapacity(~ByteCount{0});
  ASSERT_TRUE(Recovers());
  EXPECT_TRUE(Put("https://c/", 200'000));
  EXPECT_TRUE(ReadsWhole("https://a/99", 200'000));
}

}  // namespace
}  // namespace skerry::cache::disk
