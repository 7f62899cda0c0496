// Two clients of different speed share a fetch whose body neither memory nor disk holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

constexpr size_t kSize = 12 << 20;
constexpr size_t kPiece = 1 << 18;

class SlowReaderTest : public testing::Test {
 protected:
  SlowReaderTest() {
    at_.shared.keep_bytes = 1_MiB;
    for (size_t i = 0; i < kSize / 8; ++i) {
      const std::string number = std::to_string(10'000'000 + i);
      whole_ += number;
    }
  }

  // One takes 300 KB and then nothing while the other has all.
  void Share(http::Fields fields, http::Fields ask = {}) {
    fast_ = at_.Ask("/a");
    slow_ = at_.Ask("/a", std::move(ask));
    ASSERT_EQ(at_.asked(), 1u);
    fields.Add("content-length", std::to_string(kSize));
    at_.Head(200, fields);
    at_.Body(std::string_view(whole_).substr(0, 300'000));
    slow_->slow = true;
    for (size_t from = 300'000; from < kSize; from += kPiece) {
      at_.Body(std::string_view(whole_).substr(from, kPiece), 0);
    }
    at_.End(0);
    EXPECT_TRUE(fast_->ended);
    EXPECT_EQ(fast_->body.size(), kSize);
    slow_->Take();
    at_.loop.RunPosted();
  }
  std::string Asked(std::string_view name) const {
    return std::string(at_.origin->asked.back()->request.fields.Find(name).value_or(""));
  }
  // Upstream's answer for what was asked for.
  void AnswerRest(const std::string& etag, size_t from, size_t until) {
    const std::string range = "bytes " + std::to_string(from) + "-" + std::to_string(until - 1);
    at_.Head(206, {{"etag", etag}, {"content-range", range + "/" + std::to_string(kSize)}});
    const FakeOrigin::Asked& asked = *at_.origin->asked.back();
    for (; from < until && asked.events != nullptr; from += kPiece) {
      at_.Body(std::string_view(whole_).substr(from, std::min(kPiece, until - from)));
    }
    if (asked.events != nullptr) at_.End();
  }

  GatewayHarness at_;
  std::string whole_;
  std::shared_ptr<FakeStream> fast_, slow_;
};

const http::Fields kTagged = {{"cache-control", "max-age=60"}, {"etag", "\"v1\""}};

TEST_F(SlowReaderTest, TheRestIsFetchedForItAlone) {
  Share(kTagged);
  ASSERT_EQ(at_.asked(), 2u);
  EXPECT_EQ(Asked("range"), "bytes=" + std::to_string(slow_->body.size()) + "-");
  EXPECT_EQ(Asked("if-match"), "\"v1\"");
  EXPECT_FALSE(slow_->broken);
  AnswerRest("\"v1\"", slow_->body.size(), kSize);
  EXPECT_TRUE(slow_->ended);
  EXPECT_TRUE(slow_->body == whole_);
}

TEST_F(SlowReaderTest, ARangeIsFetchedToItsOwnEnd) {
  Share(kTagged, {{"range", "bytes=0-9999999"}});
  ASSERT_EQ(at_.asked(), 2u);
  EXPECT_EQ(Asked("range"), "bytes=" + std::to_string(slow_->body.size()) + "-9999999");
  AnswerRest("\"v1\"", slow_->body.size(), 10'000'000);
  EXPECT_TRUE(slow_->ended);
  EXPECT_TRUE(slow_->body == whole_.substr(0, 10'000'000));
}

TEST_F(SlowReaderTest, AnotherRepresentationIsNotPutBehindTheFirst) {
  Share(kTagged);
  AnswerRest("\"v2\"", slow_->body.size(), kSize);
  EXPECT_TRUE(slow_->broken);
  EXPECT_LT(slow_->body.size(), kSize);
}

TEST_F(SlowReaderTest, AnAnswerThatIsNotThatPartIsNoRest) {
  Share(kTagged);
  AnswerRest("\"v1\"", slow_->body.size() + 1, kSize);
  EXPECT_TRUE(slow_->broken);
}

TEST_F(SlowReaderTest, WhereUpstreamHasSomethingElseByNowThereIsNoRest) {
  Share(kTagged);
  at_.Answer(412, {}, "changed");
  at_.loop.RunPosted();
  EXPECT_TRUE(slow_->broken);
}

TEST_F(SlowReaderTest, ARestThatEndsTooSoonIsNoEnd) {
  Share(kTagged);
  AnswerRest("\"v1\"", slow_->body.size(), kSize - 1);
  EXPECT_TRUE(slow_->broken);
  EXPECT_FALSE(slow_->ended);
}

TEST_F(SlowReaderTest, WithoutAStrongTagNothingIsAskedFor) {
  Share({{"cache-control", "max-age=60"}, {"etag", "W/\"v1\""}});
  EXPECT_EQ(at_.asked(), 1u);
  EXPECT_TRUE(slow_->broken);
}

}  // namespace
}  // namespace skerry::gateway
