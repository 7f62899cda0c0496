#include "core/cache/purge/change.h"

#include <gtest/gtest.h>

namespace skerry::cache {
namespace {

std::vector<Change> Several() {
  Change urls;
  urls.seq = 7;
  for (uint64_t i = 1; i <= 1000; ++i) urls.scopes.push_back({i * 977, i < 900 ? 5u : 6u});
  Change others;
  others.seq = 8;
  others.mode = PurgeMode::kSoft;
  others.all = true;
  others.prefixes = {{"a.example/x", 5}, {"", 0}};
  Change nothing;
  nothing.seq = 9;
  return {urls, others, nothing};
}

TEST(ChangeTest, WhatIsWrittenIsReadBack) {
  EXPECT_EQ(DecodeChanges(EncodeChanges(Several())), Several());
  EXPECT_EQ(DecodeChanges(EncodeChanges({})), std::vector<Change>());
}

TEST(ChangeTest, AUrlCostsEightBytes) {
  EXPECT_LT(EncodeChanges({Several().front()}).size(), 8 * 1000 + 100);
}

TEST(ChangeTest, AnyDamageIsSeen) {
  const std::string whole = EncodeChanges(Several());
  for (size_t at = 0; at < whole.size(); at += 97) {
    std::string damaged = whole;
    damaged[at] ^= 1;
    EXPECT_FALSE(DecodeChanges(damaged)) << at;
    EXPECT_FALSE(DecodeChanges(whole.substr(0, at))) << at;
  }
}

}  // namespace
}  // namespace skerry::cache
