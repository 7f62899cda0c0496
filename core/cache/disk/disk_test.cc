// The disk tier through its public interface, on a real directory.
#include "core/cache/disk/disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>

#include "core/cache/disk/disk_harness.h"
#include "core/cache/disk/format.h"

namespace skerry::cache::disk {
namespace {

constexpr char kUrl[] = "https://example.com/app.js";

class DiskTest : public testing::Test {
 protected:
  void Open() {
    disk_.reset();
    Result<std::unique_ptr<Disk>> disk = Disk::Open(Options());
    ASSERT_TRUE(disk) << disk.error().ToString();
    disk_ = *std::move(disk);
    ASSERT_TRUE(Eventually([&] { return disk_->stats().index_loaded; }));
  }
  void SetUp() override { Open(); }

  Disk::Options Options() {
    Disk::Options options;
    options.directory = directory_.store();
    options.budget = 64_MiB;
    options.clock = &clock_;
    options.metrics = &metrics_;
    options.purge_head = [this] { return head_; };
    options.still_valid = [this](const StoredHead& head) { return head.key.text != purged_; };
    return options;
  }

  EntryPtr Put(const std::string& url, size_t size, uint64_t version = 0) {
    EntryPtr entry =
        MakeEntry({.url = url, .body = BodyOf(url, version, size), .version = version});
    EXPECT_TRUE(Offer(*disk_, entry));
    EXPECT_TRUE(Eventually([&] {
      const auto rows = disk_->Find(entry->head.key.hash);
      return !rows.empty() && rows.front().size == size && Get(*disk_, url) &&
             Version(url) == version;
    }));
    return entry;
  }
  uint64_t Version(const std::string& url) {
    const Result<EntryPtr> entry = Get(*disk_, url);
    if (!entry) return ~uint64_t{0};
    return std::stoull(std::string(*(*entry)->head.fields->Find("x-version")));
  }
  bool Has(const std::string& url) { return !disk_->Find(Key::Of(url).hash).empty(); }
  std::string Body(const std::string& url) {
    const Result<EntryPtr> entry = Get(*disk_, url);
    if (!entry) return "(miss)";
    return ReadBody(*disk_, *entry).value_or("(chunk missing)");
  }
  bool Flushed() {
    clock_.Advance(Seconds(2));
    return Eventually([&] { return disk_->stats().unflushed == 0; });
  }

  TempDirectory directory_;
  FakeClock clock_;
  Metrics metrics_;
  Seq head_ = 0;
  std::string purged_;
  std::unique_ptr<Disk> disk_;
};

TEST_F(DiskTest, ASmallResponseComesBackWholeWithItsHead) {
  const EntryPtr stored = Put(kUrl, 16'000);
  const Result<EntryPtr> read = Get(*disk_, kUrl);
  ASSERT_TRUE(read);
  const StoredHead& head = (*read)->head;
  EXPECT_EQ(head.key.text, kUrl);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(*head.fields, *stored->head.fields);
  EXPECT_EQ(*head.client_fields, *stored->head.client_fields);
  EXPECT_EQ(head.response_time, stored->head.response_time);
  EXPECT_EQ(head.request_time, stored->head.request_time);
  EXPECT_EQ(head.lifetimes, stored->head.lifetimes);
  EXPECT_EQ(head.tags, stored->head.tags);
  EXPECT_TRUE((*read)->in_memory());
  EXPECT_EQ(Body(kUrl), BodyOf(kUrl, 0, 16'000));
}

TEST_F(DiskTest, ALargeResponseIsReadChunkByChunk) {
  for (const size_t size : {kChunkBytes, kChunkBytes + 1, 5 * kChunkBytes, 3'000'000ul}) {
    const std::string url = "https://example.com/" + std::to_string(size);
    Put(url, size);
    const Result<EntryPtr> read = Get(*disk_, url);
    ASSERT_TRUE(read);
    EXPECT_EQ((*read)->chunks.size(), 1u);
    EXPECT_EQ((*read)->extents.positions.size(), (size + kChunkBytes - 1) / kChunkBytes);
    EXPECT_EQ(Body(url), BodyOf(url, 0, size));
  }
}

TEST_F(DiskTest, AnEmptyBodyIsStored) {
  Put(kUrl, 0);
  EXPECT_EQ(Body(kUrl), "");
}

TEST_F(DiskTest, TrailersKnownOnlyAtTheEndComeBack) {
  const EntryPtr entry = MakeEntry({.url = kUrl, .body = "x"});
  auto with = std::make_shared<Entry>();
  with->head = entry->head;
  with->body_size = 1;
  with->chunks = entry->chunks;
  with->trailers = {{"server-timing", "a;dur=1"}};
  ASSERT_TRUE(Offer(*disk_, with));
  ASSERT_TRUE(Settled(*disk_, 1));
  const Result<EntryPtr> read = Get(*disk_, kUrl);
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)->trailers, with->trailers);
}

TEST_F(DiskTest, VariantsOfAKeyLieBesideEachOtherNewestFirst) {
  for (const char* coding : {"br", "gzip"}) {
    ASSERT_TRUE(Offer(*disk_, MakeEntry({.url = kUrl, .body = coding, .variant = coding})));
  }
  ASSERT_TRUE(Settled(*disk_, 2));
  const std::vector<DiskRow> rows = disk_->Find(Key::Of(kUrl).hash);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_GT(rows[0].position, rows[1].position);
  EXPECT_EQ(InternedVary(rows[0].vary).names, std::vector<std::string>{"accept-encoding"});
  EXPECT_EQ((*Load(*disk_, rows[0], Key::Of(kUrl)))->chunks.front().view(), "gzip");
  EXPECT_EQ((*Load(*disk_, rows[1], Key::Of(kUrl)))->chunks.front().view(), "br");
}

TEST_F(DiskTest, ANewerResponseReplacesTheOneOfItsVariant) {
  Put(kUrl, 100, 1);
  Put(kUrl, 200, 2);
  EXPECT_EQ(disk_->Find(Key::Of(kUrl).hash).size(), 1u);
  EXPECT_EQ(disk_->stats().objects, 1u);
  EXPECT_EQ(Body(kUrl), BodyOf(kUrl, 2, 200));
}

TEST_F(DiskTest, ChunksCanBeReadBackBeforeTheCommit) {
  const EntryPtr entry = MakeEntry({.url = kUrl, .body = BodyOf(kUrl, 0, kChunkBytes + 5)});
  const std::unique_ptr<DiskFill> fill = disk_->Begin(entry->head, {}, true);
  ASSERT_NE(fill, nullptr);
  EXPECT_FALSE(fill->PositionOf(0).has_value());
  fill->Append(entry->chunks[0]);
  ASSERT_TRUE(Eventually([&] { return fill->PositionOf(0).has_value(); }));
  auto half = std::make_shared<Entry>();
  half->extents = {fill->fill_id(), {*fill->PositionOf(0), *fill->PositionOf(0)}};
  half->chunks = {Chunk()};
  EXPECT_FALSE(ReadBody(*disk_, half)) << "chunk 0 is not chunk 1";
  EXPECT_TRUE(disk_->Find(entry->head.key.hash).empty()) << "found before its commit";
}

TEST_F(DiskTest, AFillThatIsDroppedOrCutShortIsForgotten) {
  const EntryPtr entry = MakeEntry({.url = kUrl, .body = BodyOf(kUrl, 0, kChunkBytes + 5)});
  {
    const std::unique_ptr<DiskFill> fill = disk_->Begin(entry->head, {}, true);
    fill->Append(entry->chunks[0]);
  }
  const std::unique_ptr<DiskFill> cut = disk_->Begin(entry->head, {}, true);
  cut->Append(entry->chunks[0]);
  cut->Commit(entry->body_size, {}, nullptr);
  EXPECT_TRUE(Eventually([&] { return cut->abandoned(); }));
  EXPECT_FALSE(Has(kUrl));
}

TEST_F(DiskTest, ACommitAsksWhetherItIsStillValid) {
  const EntryPtr entry = MakeEntry({.url = kUrl, .body = "old"});
  ASSERT_TRUE(Offer(*disk_, entry, true, [] { return false; }));
  Put("https://example.com/later", 10);
  EXPECT_FALSE(Has(kUrl));
}

TEST_F(DiskTest, StoreKeepsAnEntryFromMemoryAndOnlyMarksOneThatIsThere) {
  const EntryPtr entry = MakeEntry({.url = kUrl, .body = BodyOf(kUrl, 0, 600'000)});
  disk_->Store(entry);
  ASSERT_TRUE(Settled(*disk_, 1));
  EXPECT_EQ(Body(kUrl), BodyOf(kUrl, 0, 600'000));
  const DiskRow row = disk_->Find(entry->head.key.hash).front();
  auto known = std::make_shared<Entry>();
  known->head = entry->head;
  known->body_size = entry->body_size;
  known->chunks = entry->chunks;
  known->extents = {row.fill_id, {row.position}};
  disk_->Store(known);
  Put("https://example.com/later", 10);
  EXPECT_EQ(disk_->Find(entry->head.key.hash).front().position, row.position);
}

TEST_F(DiskTest, StoreDoesNotReplaceWhatWasFetchedLater) {
  disk_->Store(MakeEntry({.url = kUrl, .body = "new", .seq = 9}));
  ASSERT_TRUE(Settled(*disk_, 1));
  disk_->Store(MakeEntry({.url = kUrl, .body = "old", .seq = 5}));
  Put("https://example.com/later", 10);
  EXPECT_EQ(Body(kUrl), "new");
}

TEST_F(DiskTest, ARefreshBringsANewHeadAndKeepsTheOtherChunks) {
  Put(kUrl, 2 * kChunkBytes + 7);
  const DiskRow old = disk_->Find(Key::Of(kUrl).hash).front();
  const EntryPtr read = *Get(*disk_, kUrl);
  auto updated = std::make_shared<Entry>();
  updated->head = read->head;
  http::Fields fields = *read->head.fields;
  fields.Set("x-version", "1");
  updated->head.fields = std::make_shared<const http::Fields>(fields);
  updated->body_size = read->body_size;
  updated->chunks = read->chunks;
  updated->extents = read->extents;
  disk_->Refresh(old, updated);
  ASSERT_TRUE(Eventually([&] { return Version(kUrl) == 1; }));
  const EntryPtr fresh = *Get(*disk_, kUrl);
  EXPECT_NE(fresh->extents.positions[0], old.position);
  EXPECT_EQ(fresh->extents.positions[1], read->extents.positions[1]);
  EXPECT_EQ(Body(kUrl), BodyOf(kUrl, 0, 2 * kChunkBytes + 7));
  EXPECT_EQ(disk_->stats().objects, 1u);
}

TEST_F(DiskTest, ARefreshOfARowThatWasReplacedChangesNothing) {
  Put(kUrl, 100, 1);
  const DiskRow old = disk_->Find(Key::Of(kUrl).hash).front();
  const EntryPtr stale = *Get(*disk_, kUrl);
  Put(kUrl, 100, 2);
  disk_->Refresh(old, stale);
  Put("https://example.com/later", 10);
  EXPECT_EQ(Version(kUrl), 2u);
}

TEST_F(DiskTest, ARefreshFromAnotherFillIsIgnored) {
  Put(kUrl, 2 * kChunkBytes, 1);
  const EntryPtr other = *Get(*disk_, kUrl);
  Put(kUrl, 2 * kChunkBytes, 2);
  disk_->Refresh(disk_->Find(Key::Of(kUrl).hash).front(), other);
  Put("https://example.com/later", 10);
  EXPECT_EQ(Body(kUrl), BodyOf(kUrl, 2, 2 * kChunkBytes));
}

TEST_F(DiskTest, ForgottenKeysAndRowsAreGoneAtOnceAndAfterReopening) {
  Put(kUrl, 100);
  Put("https://example.com/b", 100);
  Put("https://example.com/c", 100);
  ASSERT_TRUE(Flushed());
  disk_->Forget(Key::Of(kUrl).hash);
  disk_->Forget(disk_->Find(Key::Of("https://example.com/b").hash).front());
  EXPECT_FALSE(Has(kUrl));
  EXPECT_FALSE(Has("https://example.com/b"));
  Open();
  EXPECT_FALSE(Has(kUrl));
  EXPECT_FALSE(Has("https://example.com/b"));
  EXPECT_TRUE(Has("https://example.com/c"));
}

TEST_F(DiskTest, EverythingIsThereAfterReopening) {
  Put(kUrl, 3 * kChunkBytes);
  ASSERT_TRUE(Offer(*disk_, MakeEntry({.url = kUrl, .body = "br", .variant = "br", .seq = 7})));
  ASSERT_TRUE(Settled(*disk_, 2));
  Open();
  EXPECT_EQ(disk_->stats().objects, 2u);
  const std::vector<DiskRow> rows = disk_->Find(Key::Of(kUrl).hash);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(InternedVary(rows[0].vary).names, std::vector<std::string>{"accept-encoding"});
  EXPECT_EQ(rows[0].seq, 7u);
  EXPECT_EQ(*ReadBody(*disk_, *Load(*disk_, rows[1], Key::Of(kUrl))),
            BodyOf(kUrl, 0, 3 * kChunkBytes));
}

TEST_F(DiskTest, PositionsAndFillIdsAreNeverGivenOutAgain) {
  Put(kUrl, 100);
  const DiskRow before = disk_->Find(Key::Of(kUrl).hash).front();
  Open();
  Put(kUrl, 100, 1);
  const DiskRow after = disk_->Find(Key::Of(kUrl).hash).front();
  EXPECT_GE(after.fill_id, before.position + 999'000);
}

TEST_F(DiskTest, LocalStampsOfAnEarlierProcessCountNothing) {
  auto entry = std::make_shared<Entry>();
  entry->head = MakeEntry({.url = kUrl})->head;
  entry->head.stamp = {4, 99};
  ASSERT_TRUE(Offer(*disk_, entry));
  ASSERT_TRUE(Settled(*disk_, 1));
  EXPECT_EQ((*Get(*disk_, kUrl))->head.stamp.local, 99u);
  Open();
  EXPECT_EQ((*Get(*disk_, kUrl))->head.stamp.local, 0u);
  EXPECT_EQ((*Get(*disk_, kUrl))->head.stamp.seq, 4u);
}

TEST_F(DiskTest, ARowReadUnderAnotherKeyIsAMissAndForgotten) {
  Put(kUrl, 100);
  const DiskRow row = disk_->Find(Key::Of(kUrl).hash).front();
  EXPECT_EQ(Load(*disk_, row, Key::Of("https://example.com/other")).error().code, Code::kNotFound);
  EXPECT_EQ(disk_->stats().corrupt, 1u);
  EXPECT_FALSE(Has(kUrl));
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr("skerry_store_corrupt_total 1"));
}

TEST_F(DiskTest, AnOnlookerGetsTheEntryAndForgetsNothing) {
  Put(kUrl, 1000);
  const DiskRow row = disk_->Find(Key::Of(kUrl).hash).front();
  const Result<EntryPtr> entry = Peek(*disk_, row, Key::Of(kUrl));
  ASSERT_TRUE(entry);
  EXPECT_EQ((*entry)->head.key.text, kUrl);
  EXPECT_FALSE(Peek(*disk_, row, Key::Of("https://example.com/other")));
  EXPECT_TRUE(Has(kUrl));
}

TEST_F(DiskTest, UnflushedBytesReachZeroAfterASecondOfIdleness) {
  EXPECT_EQ(disk_->stats().unflushed, 0u);
  Put(kUrl, 100'000);
  EXPECT_GE(disk_->stats().unflushed, 100'000u);
  EXPECT_THAT(metrics_.Text(), testing::Not(testing::HasSubstr("skerry_store_unflushed_bytes 0")));
  clock_.Advance(Millis(1100));
  EXPECT_TRUE(Eventually([&] { return disk_->stats().unflushed == 0; }));
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr("skerry_store_unflushed_bytes 0"));
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr("skerry_disk_objects 1"));
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr("skerry_disk_bytes "));
  EXPECT_EQ(Body(kUrl), BodyOf(kUrl, 0, 100'000));
}

TEST_F(DiskTest, TheRegistryMayBeReadWhenTheTierIsGone) {
  disk_.reset();
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr("skerry_disk_bytes 0"));
}

TEST_F(DiskTest, OldestSeqCoversWhatIsStoredAndWhatIsUnderWay) {
  head_ = 50;
  EXPECT_EQ(disk_->stats().oldest_seq, 50u) << "nothing stored: all may be forgotten";
  ASSERT_TRUE(Offer(*disk_, MakeEntry({.url = kUrl, .body = "a", .seq = 20})));
  ASSERT_TRUE(Settled(*disk_, 1));
  EXPECT_EQ(disk_->stats().oldest_seq, 20u);
  const auto fill = disk_->Begin(MakeEntry({.url = "https://b/", .seq = 10})->head, {}, true);
  EXPECT_EQ(disk_->stats().oldest_seq, 10u);
}

TEST_F(DiskTest, TooLargeResponsesAreRefusedOrAbandonedWhenTheyTurnOutSo) {
  const StoredHead head = MakeEntry({.url = kUrl})->head;
  EXPECT_EQ(disk_->Begin(head, 8_MiB + 1, true), nullptr);
  const std::unique_ptr<DiskFill> fill = disk_->Begin(head, std::nullopt, true);
  ASSERT_NE(fill, nullptr);
  const Chunk chunk = Chunk::Copy(std::string(kChunkBytes, 'x'));
  for (int i = 0; i < 32; ++i) {
    fill->Append(chunk);
    ASSERT_TRUE(Eventually([&] { return fill->PositionOf(i).has_value(); }));
  }
  EXPECT_FALSE(fill->abandoned());
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr(R"(refused_total{reason="too_large"} 1)"));
  fill->Append(chunk);
  EXPECT_TRUE(fill->abandoned());
  fill->Append(chunk);
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr(R"(refused_total{reason="too_large"} 2)"));
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr(R"(refused_total{reason="slow"} 0)"));
}

TEST_F(DiskTest, AFullQueueAbandonsTheFillInsteadOfWaiting) {
  const std::unique_ptr<DiskFill> fill =
      disk_->Begin(MakeEntry({.url = kUrl})->head, std::nullopt, true);
  // `valid` runs on the appender: while it waits, nothing leaves the queue.
  std::mutex gate;
  gate.lock();
  ASSERT_TRUE(Offer(*disk_, MakeEntry({.url = "https://b/", .body = "b"}), true, [&] {
    std::lock_guard wait(gate);
    return true;
  }));
  const Chunk chunk = Chunk::Copy(std::string(kChunkBytes, 'x'));
  for (int i = 0; i < 31; ++i) fill->Append(chunk);
  EXPECT_FALSE(fill->abandoned());
  fill->Append(chunk);
  EXPECT_TRUE(fill->abandoned());
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr(R"(refused_total{reason="slow"} 1)"));
  EXPECT_EQ(disk_->Begin(MakeEntry({.url = kUrl})->head, std::nullopt, true), nullptr);
  EXPECT_THAT(metrics_.Text(), testing::HasSubstr(R"(refused_total{reason="slow"} 2)"));
  gate.unlock();
  EXPECT_TRUE(Settled(*disk_, 1));
}

TEST_F(DiskTest, ControlFactsAreDurableAndAllOrNone) {
  EXPECT_EQ(disk_->control().Get("log_id").error().code, Code::kNotFound);
  ASSERT_TRUE(disk_->control().Put({{"log_id", "L1"}, {"applied", "17"}}));
  Open();
  EXPECT_EQ(*disk_->control().Get("log_id"), "L1");
  EXPECT_EQ(*disk_->control().Get("applied"), "17");
}

TEST_F(DiskTest, ASecondOwnerOfTheDirectoryIsRefusedByName) {
  const Result<std::unique_ptr<Disk>> second = Disk::Open(Options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kRefused);
  EXPECT_THAT(second.error().context, testing::HasSubstr(directory_.store()));
}

TEST_F(DiskTest, AFillMayOutliveTheTier) {
  const EntryPtr entry = MakeEntry({.url = kUrl, .body = "late"});
  std::unique_ptr<DiskFill> fill = disk_->Begin(entry->head, 4, true);
  Open();
  fill->Append(entry->chunks[0]);
  fill->Commit(4, {}, nullptr);
  EXPECT_TRUE(fill->abandoned());
  EXPECT_FALSE(Has(kUrl));
}

TEST_F(DiskTest, ChunksMayOutliveTheTier) {
  Put(kUrl, 200'000);
  ASSERT_TRUE(Flushed());
  const EntryPtr entry = *Get(*disk_, kUrl);
  disk_.reset();
  EXPECT_EQ(entry->chunks.front().view(), BodyOf(kUrl, 0, 200'000));
}

TEST_F(DiskTest, AStoreOfANewerFormatIsRefusedAndLeftAlone) {
  Put(kUrl, 100);
  disk_.reset();
  const std::string file = directory_.store() + "/FORMAT";
  std::string newer;
  {
    std::ifstream in(file);
    std::getline(in, newer);
  }
  EXPECT_THAT(newer, testing::StartsWith("skerry-disk 2 "));
  std::ofstream(file) << EncodeFormatFile(3);
  const Result<std::unique_ptr<Disk>> opened = Disk::Open(Options());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kInvalid);
  EXPECT_TRUE(std::filesystem::exists(directory_.store() + "/CURRENT"));
}

TEST_F(DiskTest, AStoreOfVersionOneKeepsItsFactsAndBeginsAnewOtherwise) {
  Put(kUrl, 100);
  ASSERT_TRUE(disk_->control().Put({{"log_id", "L1"}}));
  disk_.reset();
  {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const char* name : {"default", "meta", "ctl"})
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, directory_.store(), families, &handles, &db).ok());
    rocksdb::ColumnFamilyHandle* body = nullptr;
    ASSERT_TRUE(db->CreateColumnFamily({}, "body", &body).ok());
    ASSERT_TRUE(db->Put({}, body, "12345678", "a chunk").ok());
    handles.push_back(body);
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  std::ofstream(directory_.store() + "/FORMAT") << EncodeFormatFile(1);
  for (const auto& entry : std::filesystem::directory_iterator(directory_.store())) {
    if (entry.path().extension() == ".seg") std::filesystem::remove(entry.path());
  }
  for (int open = 0; open < 2; ++open) {
    Open();
    EXPECT_EQ(disk_->stats().objects, 0u);
    EXPECT_EQ(disk_->control().Get("log_id"), "L1");
    Put(kUrl, 100);
    disk_->Forget(Key::Of(kUrl).hash);
  }
  std::ifstream in(directory_.store() + "/FORMAT");
  std::string stated;
  std::getline(in, stated);
  EXPECT_EQ(stated + "\n", EncodeFormatFile(2));
}

}  // namespace
}  // namespace skerry::cache::disk
