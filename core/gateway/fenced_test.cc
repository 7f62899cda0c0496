// A node that may have missed purges: it asks upstream before it serves, and a crowd of
// clients does not become a crowd of fetches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

const http::Fields kTagged{{"cache-control", "max-age=600"}, {"etag", "\"1\""}};

class FencedTest : public testing::Test {
 protected:
  void Fence() { at_.fence = cache::Fence::kPartition; }
  std::vector<std::shared_ptr<FakeStream>> Crowd(const std::string& path, int size) {
    std::vector<std::shared_ptr<FakeStream>> crowd;
    for (int i = 0; i < size; ++i) crowd.push_back(at_.Ask(path));
    return crowd;
  }
  static bool AllHave(const std::vector<std::shared_ptr<FakeStream>>& crowd,
                      const std::string& body) {
    return std::all_of(crowd.begin(), crowd.end(),
                       [&](const auto& stream) { return stream->ended && stream->body == body; });
  }

  GatewayHarness at_;
};

TEST_F(FencedTest, ACrowdSharesTheFetchThatBeginsBehindIt) {
  at_.Fill("/a", kTagged, "page");
  Fence();
  const auto first = at_.Ask("/a");
  const auto crowd = Crowd("/a", 100);
  ASSERT_EQ(at_.asked(), 2u);  // the one that stored it, and the first one's
  at_.Head(304, {}, 1);
  EXPECT_EQ(first->body, "page");
  EXPECT_FALSE(crowd.front()->answered);
  ASSERT_EQ(at_.asked(), 3u);
  at_.Head(304, {}, 2);
  EXPECT_TRUE(AllHave(crowd, "page"));
  EXPECT_THAT(crowd.back()->Field("cache-status"), HasSubstr("collapsed"));
  EXPECT_EQ(at_.asked(), 3u);
}

TEST_F(FencedTest, NobodySharesWhatBeganBeforeHeAsked) {
  Fence();
  const auto first = at_.Ask("/a");
  const auto second = at_.Ask("/a");
  at_.Answer(200, kTagged, "begun before a purge", 0);
  EXPECT_EQ(first->body, "begun before a purge");
  EXPECT_FALSE(second->answered);
  const auto third = at_.Ask("/a");  // the second one's fetch has begun
  at_.Answer(200, kTagged, "begun behind it", 1);
  EXPECT_EQ(second->body, "begun behind it");
  EXPECT_FALSE(third->answered);
}

TEST_F(FencedTest, ASlowFetchIsNotWaitedForLongerThanAQuarterOfASecond) {
  Fence();
  const auto first = at_.Ask("/a");
  const auto crowd = Crowd("/a", 10);
  at_.loop.Advance(249ms);
  EXPECT_EQ(at_.asked(), 1u);
  at_.loop.Advance(1ms);
  ASSERT_EQ(at_.asked(), 2u);
  at_.Answer(200, kTagged, "quick", 1);
  EXPECT_TRUE(AllHave(crowd, "quick"));
  EXPECT_FALSE(first->answered);
}

TEST_F(FencedTest, AFailedFetchLetsTheNextBegin) {
  Fence();
  at_.Ask("/a");
  const auto second = at_.Ask("/a");
  at_.Fail({Code::kReset, Side::kUpstream, false, "gone"}, 0);
  ASSERT_EQ(at_.asked(), 2u);
  at_.Answer(200, kTagged, "page", 1);
  EXPECT_EQ(second->body, "page");
}

TEST_F(FencedTest, WhatNobodyWaitsForAnyMoreIsNotBegun) {
  Fence();
  at_.Ask("/a");
  const auto second = at_.Ask("/a");
  at_.Leave(second);
  at_.loop.Advance(1s);
  EXPECT_EQ(at_.asked(), 1u);
  EXPECT_EQ(at_.shared.fills.size(), 0u);
}

TEST_F(FencedTest, APurgeThatComesWhileAFillGathersDoesNotCoverIt) {
  Fence();
  at_.Ask("/a");
  const auto second = at_.Ask("/a");
  at_.Purge(OneUrl("https://example.com/a"));
  at_.loop.Advance(250ms);
  at_.Answer(200, kTagged, "new", 1);
  EXPECT_EQ(second->body, "new");
  at_.fence = cache::Fence::kNone;
  EXPECT_THAT(at_.Ask("/a")->Field("cache-status"), HasSubstr("hit"));
}

TEST_F(FencedTest, WhoWouldWaitTooLongForATurnIsTold) {
  at_.shared.pace.SetRate(1);
  Fence();
  for (int i = 0; i < 7; ++i) at_.Ask("/" + std::to_string(i));
  const auto late = at_.Ask("/late");
  EXPECT_EQ(late->status, 503);
}

// The purge service is away for ten minutes; the origin takes 80 ms for an answer.
TEST_F(FencedTest, TenMinutesOfAbsenceStayWithinTheBudget) {
  constexpr int kPages = 40;
  constexpr uint32_t kBudget = 50;
  for (int page = 0; page < kPages; ++page) at_.Fill("/" + std::to_string(page), kTagged, "page");
  at_.shared.pace.SetRate(kBudget);
  Fence();
  const size_t before = at_.asked();
  size_t answered_by_origin = before;
  std::vector<std::shared_ptr<FakeStream>> waiting;
  size_t served = 0, others = 0;
  for (int tick = 0; tick < 10 * 60 * 25; ++tick) {
    const size_t due = at_.asked();
    for (int i = 0; i < 4; ++i) {
      waiting.push_back(at_.Ask('/' + std::to_string((tick * 7 + i * i) % kPages)));
    }
    at_.loop.Advance(40ms);
    for (; answered_by_origin < due; ++answered_by_origin) {
      at_.Head(304, {}, static_cast<int>(answered_by_origin));
    }
    std::erase_if(waiting, [&](const std::shared_ptr<FakeStream>& stream) {
      if (!stream->answered) return false;
      ++(stream->body == "page" ? served : others);
      at_.Leave(stream);
      return true;
    });
  }
  EXPECT_LE(at_.asked() - before, 600 * kBudget + kBudget / 10);
  EXPECT_EQ(others, 0u);
  EXPECT_GE(served, 10u * 60 * 100 - 500);
  EXPECT_LT(waiting.size(), 500u);
  at_.fence = cache::Fence::kNone;
  EXPECT_THAT(at_.Ask("/1")->Field("cache-status"), HasSubstr("hit"));
}

TEST_F(FencedTest, RefreshesAfterABigSoftPurgeStayWithinTheBudgetAndEverybodyIsServed) {
  constexpr int kPages = 200;
  for (int page = 0; page < kPages; ++page) {
    at_.Fill("/" + std::to_string(page),
             {{"cache-control", "max-age=600, stale-while-revalidate=600"}, {"cache-tag", "all"}},
             "old");
  }
  at_.shared.pace.SetRate(20);
  const size_t before = at_.asked();
  cache::Selectors all;
  all.tags = {"all"};
  at_.Purge(all, cache::PurgeMode::kSoft);
  for (int tick = 0; tick < 50; ++tick) {
    for (int i = 0; i < 40; ++i) {
      const auto page = at_.Ask('/' + std::to_string(tick % 5 * 40 + i));
      EXPECT_EQ(page->body, "old");
      at_.Leave(page);
    }
    at_.loop.Advance(100ms);
  }
  EXPECT_GE(at_.asked() - before, 90u);
  EXPECT_LE(at_.asked() - before, 5u * 20 + 2);
}

}  // namespace
}  // namespace skerry::gateway
