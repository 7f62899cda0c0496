#include "core/http/body.h"

#include <gtest/gtest.h>

namespace skerry::http {
namespace {

using State = BodySource::State;

TEST(MemoryBodyTest, GivesItsBytesAndSaysWhichAreTheLast) {
  MemoryBody body("abcde");
  EXPECT_EQ(body.length(), 5u);
  EXPECT_EQ(body.Peek(3).bytes, "abc");
  EXPECT_FALSE(body.Peek(3).last);
  EXPECT_TRUE(body.Peek(5).last);
  body.Consume(3);
  EXPECT_EQ(body.Peek(9).bytes, "de");
  body.Consume(2);
  EXPECT_EQ(body.Peek(9).state, State::kEnd);
}

class BodyPipeTest : public ::testing::Test {
 protected:
  BodyPipeTest() {
    pipe_.WakeWith([this] { ++wakes_; });
  }
  BodyPipe::Feed& feed() { return *pipe_.feed(); }

  BodyPipe pipe_{std::nullopt};
  int wakes_ = 0;
};

TEST_F(BodyPipeTest, WaitsUntilBytesArriveAndWakesOnce) {
  EXPECT_EQ(pipe_.Peek(10).state, State::kWait);
  feed().Push("ab");
  feed().Push("cd");
  EXPECT_EQ(wakes_, 1);
  EXPECT_EQ(pipe_.Peek(10).bytes, "ab");
}

TEST_F(BodyPipeTest, PeekingTwiceGivesTheSameBytes) {
  feed().Push("abc");
  EXPECT_EQ(pipe_.Peek(2).bytes, "ab");
  EXPECT_EQ(pipe_.Peek(2).bytes, "ab");
}

TEST_F(BodyPipeTest, ConsumedBytesLeaveTheBufferAndAreTold) {
  size_t told = 0;
  feed().on_consumed = [&](size_t count) { told += count; };
  feed().Push("abc");
  feed().Push("de");
  pipe_.Consume(2);
  EXPECT_EQ(feed().buffered(), 3u);
  EXPECT_EQ(pipe_.Peek(10).bytes, "c");
  pipe_.Consume(1);
  EXPECT_EQ(pipe_.Peek(10).bytes, "de");
  EXPECT_EQ(told, 3u);
}

TEST_F(BodyPipeTest, TheLastPieceIsMarkedWhenThereAreNoTrailers) {
  feed().Push("abc");
  feed().End();
  EXPECT_FALSE(pipe_.Peek(2).last);
  EXPECT_TRUE(pipe_.Peek(3).last);
}

TEST_F(BodyPipeTest, TrailersAreKnownAtTheEndOnly) {
  feed().Push("abc");
  feed().End({{"digest", "x"}});
  EXPECT_FALSE(pipe_.Peek(3).last);
  EXPECT_EQ(pipe_.trailers(), nullptr);
  pipe_.Consume(3);
  EXPECT_EQ(pipe_.Peek(3).state, State::kEnd);
  ASSERT_NE(pipe_.trailers(), nullptr);
  EXPECT_EQ(pipe_.trailers()->Find("digest"), "x");
}

TEST_F(BodyPipeTest, EndWakesAWaitingReader) {
  EXPECT_EQ(pipe_.Peek(1).state, State::kWait);
  feed().End();
  EXPECT_EQ(wakes_, 1);
  EXPECT_EQ(pipe_.Peek(1).state, State::kEnd);
}

TEST_F(BodyPipeTest, AFailureIsSeenBeforeBufferedBytes) {
  feed().Push("abc");
  feed().Fail();
  EXPECT_EQ(pipe_.Peek(3).state, State::kFailed);
}

TEST_F(BodyPipeTest, NothingCountsAfterTheEnd) {
  feed().End();
  feed().Push("late");
  feed().Fail();
  EXPECT_EQ(pipe_.Peek(3).state, State::kEnd);
}

TEST(BodyPipeOwnerTest, TheFeedMayOutliveItsPipe) {
  bool woken = false;
  std::shared_ptr<BodyPipe::Feed> feed;
  {
    BodyPipe pipe(3);
    pipe.WakeWith([&] { woken = true; });
    EXPECT_EQ(pipe.Peek(1).state, State::kWait);
    feed = pipe.feed();
  }
  feed->Push("abc");
  EXPECT_FALSE(woken);
}

}  // namespace
}  // namespace skerry::http
