#include "pipeline/base/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::pipeline {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class ProgressTest : public testing::Test {
 protected:
  Progress Make(bool colour = false) {
    return {{[this](std::string_view text) { Write(text); }, [this] { return columns_; }, colour},
            clock_};
  }
  void Write(std::string_view text) {
    ++writes_;
    shown_ = text.substr(1, text.size() - std::string_view("\r\x1b[K").size());
  }

  FakeClock clock_;
  size_t columns_ = 80;
  size_t writes_ = 0;
  std::string shown_;  // without the carriage return and the wipe of the rest
};

TEST_F(ProgressTest, ShowsTheShareOfTheCost) {
  Progress progress = Make();
  progress.Begin("derive", 1000);
  clock_.Advance(Seconds(1));
  progress.Done(400);
  EXPECT_EQ(shown_, "derive      [############..................]  40 %");
}

TEST_F(ProgressTest, TellsTheTimeLeftAtThePaceSoFar) {
  Progress progress = Make();
  progress.Begin("derive", 1000);
  clock_.Advance(Seconds(10));
  progress.Done(250);  // one large picture of four, in ten seconds
  EXPECT_THAT(shown_, EndsWith(" 25 %  about 30 s left"));
  clock_.Advance(Seconds(590));
  progress.Done(250);
  EXPECT_THAT(shown_, EndsWith(" 50 %  about 10 min left"));
}

TEST_F(ProgressTest, CountsCostNotPieces) {
  Progress progress = Make();
  progress.Begin("derive", 1000);
  for (int i = 0; i < 90; ++i) progress.Done(1);
  clock_.Advance(Seconds(9));
  progress.Done(10);
  EXPECT_THAT(shown_, EndsWith(" 10 %  about 81 s left"));
}

TEST_F(ProgressTest, WhatIsSkippedDoesNotMakeTheRestLookFast) {
  Progress progress = Make();
  progress.Begin("derive", 1000);
  progress.Skip(900);
  clock_.Advance(Seconds(10));
  progress.Done(50);
  EXPECT_THAT(shown_, EndsWith(" 50 %  about 10 s left"));
}

TEST_F(ProgressTest, MoreWorkThanWasSaidMovesTheBarBack) {
  Progress progress = Make();
  progress.Begin("derive", 100);
  progress.Add(100);
  clock_.Advance(Seconds(1));
  progress.Done(50);
  EXPECT_THAT(shown_, EndsWith(" 25 %"));
}

TEST_F(ProgressTest, SaysNoTimeBeforeThePaceIsKnown) {
  Progress progress = Make();
  progress.Begin("derive", 100);
  clock_.Advance(Millis(1900));
  progress.Done(50);
  EXPECT_THAT(shown_, Not(HasSubstr("left")));
}

TEST_F(ProgressTest, IsNeverWiderThanTheTerminal) {
  for (columns_ = 1; columns_ < 120; ++columns_) {
    Progress progress = Make();
    progress.Begin("fingerprint", 100);
    clock_.Advance(Seconds(10));
    progress.Done(50);
    EXPECT_LT(shown_.size(), std::max<size_t>(columns_, 2)) << columns_;
    EXPECT_EQ(shown_.find('[') != std::string::npos, columns_ >= 43) << columns_ << shown_;
  }
}

TEST_F(ProgressTest, IsDrawnAtMostTenTimesASecond) {
  Progress progress = Make();
  progress.Begin("derive", 1000);
  for (int i = 0; i < 500; ++i) {
    clock_.Advance(Millis(2));
    progress.Done(1);
  }
  EXPECT_LE(writes_, 11u);
  EXPECT_GE(writes_, 10u);
}

TEST_F(ProgressTest, TheEndIsAlwaysDrawnAndWiped) {
  {
    Progress progress = Make();
    progress.Begin("derive", 2);
    progress.Done(2);
    EXPECT_THAT(shown_, EndsWith("100 %"));
  }
  EXPECT_EQ(shown_, "");
}

TEST_F(ProgressTest, HasColourOnlyWhereItIsWanted) {
  Progress plain = Make();
  plain.Begin("derive", 2);
  EXPECT_THAT(shown_, Not(HasSubstr("\x1b")));
  Progress coloured = Make(true);
  coloured.Begin("derive", 2);
  EXPECT_THAT(shown_, HasSubstr("\x1b[32m"));
}

TEST_F(ProgressTest, DrawsNothingWhereThereIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  {
    Progress progress(file);
    progress.Begin("derive", 2);
    progress.Done(2);
  }
  EXPECT_EQ(std::ftell(file), 0);
  std::fclose(file);
}

}  // namespace
}  // namespace skerry::pipeline
