#include "purge-api/log/rocks_log.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "purge-api/log/receipt_json.h"

namespace skerry::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RocksLogTest : public ::testing::Test {
 protected:
  RocksLogTest()
      : directory_(std::filesystem::path(::testing::TempDir()) /
                   ("log-" + Random::Secure().Hex(8))) {
    Open();
  }
  ~RocksLogTest() override {
    log_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Open() {
    log_.reset();
    RocksLogOptions options;
    options.directory = directory_;
    options.keep_records = keep_;
    auto log = OpenRocksLog(options);
    ASSERT_TRUE(log) << log.error().ToString();
    log_ = std::move(*log);
  }
  static Draft Tag(std::string tag, std::string key = "") {
    Draft draft;
    draft.record.selectors.tags = {tag};
    draft.key = std::move(key);
    draft.digest = tag;
    draft.at = WallTime(Millis(1'700'000'000'123));
    return draft;
  }
  static Draft Activation(std::string site, std::string release) {
    Draft draft = Tag("t");
    draft.record.kind = cache::RecordKind::kActivation;
    draft.record.site = std::move(site);
    draft.record.release = std::move(release);
    return draft;
  }
  std::vector<Written> Append(const std::vector<Draft>& drafts) {
    Result<std::vector<Written>> written = log_->Append(drafts);
    EXPECT_TRUE(written);
    return written ? *written : std::vector<Written>();
  }
  std::vector<std::string> TagsAfter(cache::Seq after, size_t bytes = 1 << 20) {
    std::vector<std::string> tags;
    const auto records = log_->Read(after, bytes);
    EXPECT_TRUE(records);
    for (const std::string& text : *records) {
      tags.push_back(cache::RecordFromJson(text)->selectors.tags.at(0));
    }
    return tags;
  }

  std::filesystem::path directory_;
  uint64_t keep_ = 1'000'000;
  std::unique_ptr<Log> log_;
};

TEST_F(RocksLogTest, RecordsHaveOneOrderAndSurviveARestart) {
  const auto first = Append({Tag("a"), Tag("b")});
  Append({Tag("c")});
  EXPECT_EQ(first[0].seq, 1u);
  EXPECT_EQ(first[1].seq, 2u);
  const std::string id = log_->opened().id;
  Open();
  EXPECT_EQ(log_->opened().id, id);
  EXPECT_EQ(log_->opened().head, 3u);
  EXPECT_THAT(TagsAfter(0), ElementsAre("a", "b", "c"));
  EXPECT_THAT(TagsAfter(2), ElementsAre("c"));
  EXPECT_THAT(TagsAfter(3), IsEmpty());
  EXPECT_EQ(Append({Tag("d")})[0].seq, 4u);
}

TEST_F(RocksLogTest, ReadsAsMuchAsFitsButOneAtLeast) {
  Append({Tag("a"), Tag("b"), Tag("c")});
  EXPECT_THAT(TagsAfter(0, 1), ElementsAre("a"));
}

TEST_F(RocksLogTest, AKeyIsWrittenOnceAlsoAfterARestartAndInsideOneBatch) {
  const auto first = Append({Tag("a", "key"), Tag("a", "key"), Tag("b", "key")});
  EXPECT_EQ(first[0].outcome, Written::Outcome::kNew);
  EXPECT_EQ(first[1].outcome, Written::Outcome::kRepeated);
  EXPECT_EQ(first[1].id, first[0].id);
  EXPECT_EQ(first[2].outcome, Written::Outcome::kMismatch);
  Open();
  const auto again = Append({Tag("a", "key"), Tag("b", "key")});
  EXPECT_EQ(again[0].outcome, Written::Outcome::kRepeated);
  EXPECT_EQ(again[0].id, first[0].id);
  EXPECT_EQ(again[1].outcome, Written::Outcome::kMismatch);
  EXPECT_THAT(TagsAfter(0), ElementsAre("a"));
}

TEST_F(RocksLogTest, OpenRecordsAreOpenAgainAfterARestartUntilTheirReceiptIsWritten) {
  Draft immutable = Tag("a");
  immutable.record.immutable = true;
  Append({immutable, Tag("b"), Activation("shop", "r1")});
  Receipt receipt{true, {{"edge", {NodeState::kApplied, 2, WallTime(Millis(1'000))}}}};
  ASSERT_TRUE(log_->PutReceipts({{2, receipt}}));
  Open();
  EXPECT_THAT(log_->opened().open, ElementsAre(std::pair(cache::Seq{1}, Needs::kNotice),
                                               std::pair(cache::Seq{3}, Needs::kActivation)));
}

TEST_F(RocksLogTest, FindsAReceiptByTheIdOfItsRecord) {
  const std::string id = Append({Tag("a")})[0].id;
  ASSERT_TRUE(log_->Find(id));
  EXPECT_FALSE(log_->Find(id)->receipt);
  const Receipt receipt{true, {{"edge", {NodeState::kFenced, 0, WallTime(Millis(1'234))}}}};
  ASSERT_TRUE(log_->PutReceipts({{1, receipt}}));
  const Result<Found> found = log_->Find(id);
  ASSERT_TRUE(found && found->receipt);
  EXPECT_EQ(found->receipt->nodes, receipt.nodes);
  EXPECT_TRUE(found->receipt->complete);
}

TEST_F(RocksLogTest, AnUnknownIdIsNotFound) {
  const std::string id = Append({Tag("a")})[0].id;
  for (const std::string& other : {id + "0", id + "x", "x" + id, std::string("1"), std::string()}) {
    const auto found = log_->Find(other);
    ASSERT_FALSE(found) << other;
    EXPECT_EQ(found.error().code, Code::kNotFound);
  }
}

TEST_F(RocksLogTest, RemembersTheNewestReleaseOfEachSite) {
  Append({Activation("a", "r1"), Activation("b", "r1"), Activation("a", "r2")});
  Open();
  const auto releases = log_->Releases();
  ASSERT_TRUE(releases);
  ASSERT_THAT(*releases, SizeIs(2));
  EXPECT_EQ(cache::RecordFromJson((*releases)[0])->release, "r2");
  EXPECT_EQ(cache::RecordFromJson((*releases)[1])->site, "b");
}

TEST_F(RocksLogTest, MembersSurviveARestart) {
  const std::vector<Member> members = {{"edge", "01", true, false},
                                       {"shield", "02", false, true},
                                       {"edge", "03", false, false, false, true},
                                       {"edge", "04", false, false, true}};
  ASSERT_TRUE(log_->PutMembers(members));
  Open();
  EXPECT_EQ(log_->opened().members, members);
}

TEST_F(RocksLogTest, OldRecordsAndTheirKeysAreDropped) {
  keep_ = 10;
  Open();
  const std::string id = Append({Tag("t0", "key")})[0].id;
  std::vector<Draft> many;
  for (int i = 1; i < 1100; ++i) many.push_back(Tag("t" + std::to_string(i)));
  Append(many);
  EXPECT_THAT(TagsAfter(0), IsEmpty());
  EXPECT_THAT(TagsAfter(1090), SizeIs(10));
  EXPECT_FALSE(log_->Find(id));
  EXPECT_EQ(Append({Tag("t0", "key")})[0].outcome, Written::Outcome::kNew);
  Open();
  EXPECT_EQ(log_->opened().head, 1101u);
}

TEST_F(RocksLogTest, LooksBackFromTheNewestInPages) {
  for (int i = 1; i <= 5; ++i) Append({Tag("t" + std::to_string(i))});
  EXPECT_TRUE(log_->PutReceipts({{4, Receipt{true, {}}}}));
  Open();
  const auto first = log_->List({.most = 2});
  ASSERT_TRUE(first);
  ASSERT_THAT(first->found, SizeIs(2));
  EXPECT_THAT(first->found[0].record.selectors.tags, ElementsAre("t5"));
  EXPECT_FALSE(first->found[0].complete);
  EXPECT_TRUE(first->found[1].complete);
  EXPECT_EQ(first->found[0].at, "2023-11-14T22:13:20.123Z");
  const auto rest = log_->List({.before = first->next, .most = 10});
  ASSERT_TRUE(rest);
  EXPECT_THAT(rest->found, SizeIs(3));
  EXPECT_EQ(rest->next, 0u);
  EXPECT_THAT(log_->List({.tag = "t2"})->found, SizeIs(1));
}

TEST_F(RocksLogTest, TheLockOfAnotherProcessIsRefusedAndNamed) {
  RocksLogOptions options;
  options.directory = directory_;
  const auto second = OpenRocksLog(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kRefused);
  EXPECT_THAT(second.error().context, HasSubstr(directory_.string()));
}

TEST(ReceiptJsonTest, ReadsWhatItWrites) {
  const Receipt receipt{
      false,
      {{"edge \"1\"", {NodeState::kPending, 3, WallTime(Millis(1'700'000'000'123))}},
       {"shield", {NodeState::kUnreachable, 0, WallTime(Millis(0))}}}};
  const std::string text = ToJson("x-1", 1, receipt);
  EXPECT_THAT(text, HasSubstr(R"("at":"2023-11-14T22:13:20.123Z")"));
  const auto read = ReceiptFromJson(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->nodes, receipt.nodes);
  EXPECT_FALSE(read->complete);
  EXPECT_FALSE(ReceiptFromJson("{}"));
  EXPECT_FALSE(ReceiptFromJson(R"({"state":"complete","nodes":{"a":{"state":"gone"}}})"));
}

}  // namespace
}  // namespace skerry::purge
