#include "core/cache/fill/fill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cache/fill/table.h"
#include "core/cache/purge/scopes.h"
#include "core/net/fake_loop.h"

namespace skerry::cache {
namespace {

class FillTest : public testing::Test {
 protected:
  Fill::Options OptionsOf(const Key& key) {
    Fill::Options options;
    options.key = key;
    options.stamp = generations_.Now();
    options.keep_bytes = kept_;
    options.window_bytes = 300'000;
    options.lag_bytes = 600'000;
    return options;
  }

  std::shared_ptr<Fill> Make() {
    auto fill = std::make_shared<Fill>(OptionsOf(Key::Of("https://example.com/a")));
    fill->SetWriter(
        loop_, [this] { ++rooms_; }, [this] { ++deserted_; });
    return fill;
  }

  Answer Head(std::optional<uint64_t> length = {}, Storable storable = Storable::kYes) {
    Answer answer;
    answer.head.key = Key::Of("https://example.com/a");
    answer.head.status = 200;
    answer.head.fields = std::make_shared<const http::Fields>();
    answer.storable = storable;
    answer.length = length;
    return answer;
  }

  std::string ReadAll(const Fill& fill, uint64_t from = 0) {
    std::string all;
    for (Fill::Got got = fill.ReadAt(from); got.read == Fill::Read::kBytes;
         got = fill.ReadAt(from + all.size())) {
      all.append(got.bytes.view());
    }
    return all;
  }

  net::FakeLoop loop_;
  Generations generations_;
  uint64_t kept_ = 16_MiB;
  int rooms_ = 0;
  int deserted_ = 0;
};

TEST_F(FillTest, AReaderHasBytesWhileTheRestStillArrives) {
  const auto fill = Make();
  int wakes = 0;
  const auto seat = fill->Sit(loop_, [&] { ++wakes; });
  fill->OnAnswer(Head(), true, nullptr);
  fill->Append("hello, ");
  loop_.RunPosted();
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(ReadAll(*fill), "hello, ");
  EXPECT_EQ(fill->ReadAt(7).read, Fill::Read::kWait);
  fill->Append("world");
  fill->Finish({});
  EXPECT_EQ(ReadAll(*fill), "hello, world");
  EXPECT_EQ(fill->ReadAt(12).read, Fill::Read::kEnd);
}

TEST_F(FillTest, ABodyOfUnknownLengthIsKeptWithoutTheRoomItDidNotNeed) {
  for (const bool known : {false, true}) {
    const auto fill = Make();
    fill->OnAnswer(known ? Head(5) : Head(), true, nullptr);
    fill->Append("hello");
    const Chunk arrived = fill->ReadAt(0).bytes;
    fill->Finish({});
    const auto body = fill->WholeBody();
    ASSERT_TRUE(body);
    EXPECT_EQ(body->front().view(), "hello");
    EXPECT_EQ(body->front().data() == arrived.data(), known);
  }
}

TEST_F(FillTest, NobodyIsWokenAfterHavingLeft) {
  const auto fill = Make();
  int wakes = 0;
  auto seat = fill->Sit(loop_, [&] { ++wakes; });
  fill->OnAnswer(Head(), true, nullptr);
  seat.reset();
  loop_.RunPosted();
  EXPECT_EQ(wakes, 0);
}

TEST_F(FillTest, TheLastReaderToLeaveIsReportedToTheWriter) {
  const auto fill = Make();
  auto first = fill->Sit(loop_, [] {});
  auto second = fill->Sit(loop_, [] {});
  first.reset();
  loop_.RunPosted();
  EXPECT_EQ(deserted_, 0);
  second.reset();
  loop_.RunPosted();
  EXPECT_EQ(deserted_, 1);
}

TEST_F(FillTest, BytesAreTheSameHoweverTheyWereCut) {
  const auto fill = Make();
  std::string body;
  for (size_t i = 0; body.size() < 3 * kChunkBytes + 77; ++i) {
    const std::string piece(1 + i * 7919 % 40'000, static_cast<char>('a' + i % 26));
    body += piece;
  }
  fill->OnAnswer(Head(body.size()), true, nullptr);
  for (size_t at = 0; at < body.size(); at += 12'345) {
    fill->Append(std::string_view(body).substr(at, 12'345));
  }
  fill->Finish({});
  EXPECT_EQ(ReadAll(*fill), body);
  const auto chunks = fill->WholeBody();
  ASSERT_TRUE(chunks);
  std::string joined;
  for (const Chunk& chunk : *chunks) joined.append(chunk.view());
  EXPECT_EQ(joined, body);
  EXPECT_EQ(chunks->front().size(), kChunkBytes);
}

TEST_F(FillTest, UpstreamPausesForTheFastestReaderAndGoesOnAsItReads) {
  kept_ = 0;
  const auto fill = Make();
  const auto seat = fill->Sit(loop_, [] {});
  fill->OnAnswer(Head(), true, nullptr);
  fill->Append(std::string(299'000, 'x'));
  EXPECT_FALSE(fill->WaitsForRoom());
  fill->Append(std::string(2'000, 'x'));
  EXPECT_TRUE(fill->WaitsForRoom());
  fill->Advance(*seat, 500);
  loop_.RunPosted();
  EXPECT_EQ(rooms_, 0);
  fill->Advance(*seat, 100'000);
  loop_.RunPosted();
  EXPECT_EQ(rooms_, 1);
}

TEST_F(FillTest, ASmallBodyThatIsStoredNeverWaitsForItsReaders) {
  const auto fill = Make();
  const auto seat = fill->Sit(loop_, [] {});
  fill->OnAnswer(Head(1'000'000), true, nullptr);
  fill->Append(std::string(1'000'000, 'x'));
  EXPECT_FALSE(fill->WaitsForRoom());
}

TEST_F(FillTest, ALargeBodyIsHeldOnlyInAWindow) {
  kept_ = 0;
  const auto fill = Make();
  const auto seat = fill->Sit(loop_, [] {});
  fill->OnAnswer(Head(), true, nullptr);
  for (uint64_t sent = 0; sent < 4'000'000; sent += 100'000) {
    fill->Append(std::string(100'000, 'x'));
    fill->Advance(*seat, sent + 100'000);
  }
  EXPECT_EQ(fill->ReadAt(0).read, Fill::Read::kDropped);
  EXPECT_EQ(fill->ReadAt(3'999'999).read, Fill::Read::kBytes);
}

TEST_F(FillTest, ALaggardLosesItsBytesRatherThanHoldingAllOfThem) {
  kept_ = 0;
  const auto fill = Make();
  const auto slow = fill->Sit(loop_, [] {});
  const auto fast = fill->Sit(loop_, [] {});
  fill->OnAnswer(Head(), true, nullptr);
  for (uint64_t sent = 0; sent < 4'000'000; sent += 100'000) {
    fill->Append(std::string(100'000, 'x'));
    fill->Advance(*fast, sent + 100'000);
  }
  EXPECT_EQ(fill->ReadAt(0).read, Fill::Read::kDropped);
}

// A disk tier's part of which the test says how much is written.
class SlowDisk : public DiskFill {
 public:
  struct State {
    size_t written = 0;
    bool abandoned = false;
  };
  explicit SlowDisk(State& state) : state_(state) {}
  void Append(Chunk) override {}
  std::optional<uint64_t> PositionOf(size_t index) const override {
    return index < state_.written ? std::optional<uint64_t>(index) : std::nullopt;
  }
  uint64_t fill_id() const override { return 1; }
  void Commit(uint64_t, http::Fields, std::function<bool()>) override {}
  bool abandoned() const override { return state_.abandoned; }

 private:
  State& state_;
};

TEST_F(FillTest, UpstreamWaitsForTheDiskWhereASlowReaderWouldLoseItsBytes) {
  kept_ = 0;
  SlowDisk::State disk;
  const auto fill = Make();
  const auto slow = fill->Sit(loop_, [] {});
  const auto fast = fill->Sit(loop_, [] {});
  fill->OnAnswer(Head(), true, std::make_unique<SlowDisk>(disk));
  uint64_t size = 0;
  for (; size < 4'000'000 && !fill->WaitsForRoom(); size += 50'000) {
    fill->Append(std::string(50'000, 'x'));
    fill->Advance(*fast, size + 50'000);
  }
  EXPECT_LT(size, 600'000u);
  EXPECT_EQ(fill->ReadAt(0).read, Fill::Read::kBytes);
  loop_.Advance(Millis(50));
  EXPECT_EQ(rooms_, 0);
  disk.written = 100;
  loop_.Advance(Millis(50));
  EXPECT_EQ(rooms_, 1);
  EXPECT_FALSE(fill->WaitsForRoom());
}

TEST_F(FillTest, UpstreamDoesNotWaitForADiskThatNobodyNeeds) {
  kept_ = 0;
  SlowDisk::State disk;
  const auto fill = Make();
  const auto only = fill->Sit(loop_, [] {});
  fill->OnAnswer(Head(), true, std::make_unique<SlowDisk>(disk));
  const auto stream = [&](uint64_t from, uint64_t to) {
    for (uint64_t sent = from; sent < to; sent += 50'000) {
      fill->Append(std::string(50'000, 'x'));
      fill->Advance(*only, sent + 50'000);
      EXPECT_FALSE(fill->WaitsForRoom());
    }
  };
  stream(0, 2'000'000);
  disk.abandoned = true;
  const auto slow = fill->Sit(loop_, [] {});
  stream(2'000'000, 4'000'000);
}

TEST_F(FillTest, NobodyJoinsForABeginningThatTheDiskHasGivenUp) {
  kept_ = 0;
  SlowDisk::State disk{.written = 100};
  const auto fill = Make();
  const auto seat = fill->Sit(loop_, [] {});
  fill->OnAnswer(Head(), true, std::make_unique<SlowDisk>(disk));
  fill->Append(std::string(4'000'000, 'x'));
  fill->Advance(*seat, 4'000'000);
  ASSERT_EQ(fill->ReadAt(0).read, Fill::Read::kDropped);
  EXPECT_EQ(fill->MayJoin(generations_, /*fenced=*/false), Joined::kJoined);
  disk.abandoned = true;
  EXPECT_EQ(fill->MayJoin(generations_, /*fenced=*/false), Joined::kEnded);
}

TEST_F(FillTest, AFailureInTheMiddleIsNeverAnEnd) {
  const auto fill = Make();
  const auto seat = fill->Sit(loop_, [] {});
  fill->OnAnswer(Head(10), true, nullptr);
  fill->Append("01234");
  fill->Fail({Code::kReset, Side::kUpstream, true, "gone"});
  EXPECT_EQ(ReadAll(*fill), "01234");
  EXPECT_EQ(fill->ReadAt(5).read, Fill::Read::kFailed);
  EXPECT_EQ(fill->MayJoin(generations_, /*fenced=*/false), Joined::kEnded);
}

TEST_F(FillTest, APrivateAnswerIsNotSharedWithThoseWhoWaited) {
  const auto fill = Make();
  EXPECT_EQ(fill->MayJoin(generations_, /*fenced=*/false), Joined::kJoined);
  fill->OnAnswer(Head({}, Storable::kPrivate), /*shared=*/false, nullptr);
  EXPECT_EQ(fill->MayJoin(generations_, /*fenced=*/false), Joined::kPrivate);
  EXPECT_EQ(fill->MayStay(generations_, {}), Joined::kPrivate);
}

TEST_F(FillTest, AWaiterOfAnotherVariantLooksAgain) {
  const auto fill = Make();
  Answer answer = Head();
  answer.head.vary = VaryNames{.names = {"accept-language"}, .any = false};
  answer.head.variant_text = VariantText(answer.head.vary, {{"accept-language", "de"}});
  fill->OnAnswer(std::move(answer), true, nullptr);
  EXPECT_EQ(fill->MayStay(generations_, {{"accept-language", "de"}}), Joined::kJoined);
  EXPECT_EQ(fill->MayStay(generations_, {{"accept-language", "fr"}}), Joined::kOtherVariant);
}

TEST_F(FillTest, AFillFromBeforeAPurgeIsNeitherJoinedNorStored) {
  const auto fill = Make();
  Record record;
  record.seq = generations_.head() + 1;
  record.selectors.urls = {"https://example.com/a"};
  generations_.Apply(record);
  EXPECT_EQ(fill->MayJoin(generations_, /*fenced=*/false), Joined::kPurged);
  fill->OnAnswer(Head(), true, nullptr);
  EXPECT_FALSE(fill->MayStore(generations_));
}

TEST_F(FillTest, TagsThatCameWithTheHeadAreCheckedForThoseWhoJoinedBefore) {
  const auto fill = Make();
  Record record;
  record.seq = generations_.head() + 1;
  record.selectors.tags = {"product-7"};
  generations_.Apply(record);
  EXPECT_EQ(fill->MayJoin(generations_, /*fenced=*/false),
            Joined::kJoined);  // the tag is not known yet
  Answer answer = Head();
  answer.head.tags = {TagHash("product-7")};
  fill->OnAnswer(std::move(answer), true, nullptr);
  EXPECT_EQ(fill->MayStay(generations_, {}), Joined::kPurged);
  EXPECT_FALSE(fill->MayStore(generations_));
}

TEST_F(FillTest, OneFillAKeyUntilItIsRemoved) {
  FillTable table;
  const Fill::Options options = OptionsOf(Key::Of("https://example.com/a"));
  const FillTable::Place first = table.Join(options, 0, generations_);
  const FillTable::Place second = table.Join(options, 0, generations_);
  EXPECT_TRUE(first.initiator);
  EXPECT_FALSE(second.initiator);
  EXPECT_EQ(first.fill, second.fill);
  EXPECT_TRUE(table.Join(options, 17, generations_).initiator);  // another variant's place
  table.Remove(first.fill, 0);
  EXPECT_TRUE(table.Join(options, 0, generations_).initiator);
}

TEST_F(FillTest, APurgeMakesTheNextRequestFetchAnew) {
  FillTable table;
  const Key key = Key::Of("https://example.com/a");
  const FillTable::Place before = table.Join(OptionsOf(key), 0, generations_);
  generations_.InvalidateLocally(key.url());
  const FillTable::Place after = table.Join(OptionsOf(key), 0, generations_);
  EXPECT_TRUE(after.initiator);
  table.Remove(before.fill, 0);  // has lost its place: nothing to remove
  EXPECT_FALSE(table.Join(OptionsOf(key), 0, generations_).initiator);
}

TEST(UnshareableKeysTest, AreForgottenInTimeAndBoundedInNumber) {
  FakeClock clock;
  UnshareableKeys keys(2, Seconds(10));
  const Key a = Key::Of("https://example.com/a");
  keys.Add(a, Storable::kPrivate, clock.Steady());
  EXPECT_TRUE(keys.Why(a, clock.Steady()));
  clock.Advance(Seconds(11));
  EXPECT_FALSE(keys.Why(a, clock.Steady()));
  keys.Add(Key::Of("https://example.com/b"), Storable::kPrivate, clock.Steady());
  keys.Add(Key::Of("https://example.com/c"), Storable::kPrivate, clock.Steady());
  EXPECT_LE(keys.size(), 2u);
}

TEST(UnshareableKeysTest, TheReasonIsThatOfTheLastAnswer) {
  FakeClock clock;
  UnshareableKeys keys;
  const Key a = Key::Of("https://example.com/a");
  EXPECT_EQ(keys.Why(a, clock.Steady()), std::nullopt);
  keys.Add(a, Storable::kPrivate, clock.Steady());
  keys.Add(a, Storable::kSetCookie, clock.Steady());
  EXPECT_EQ(keys.Why(a, clock.Steady()), Storable::kSetCookie);
  keys.Remove(a);
  EXPECT_EQ(keys.Why(a, clock.Steady()), std::nullopt);
}

}  // namespace
}  // namespace skerry::cache
