#include "core/gateway/upgrade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/asset/decoder.h"
#include "core/asset/encoder.h"

namespace skerry::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const cache::Key kKey = cache::MakeKey({"https", "example.com", "/a.css", "", false});

std::string Text(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) {
    text += ".class-" + std::to_string(i * 7919 % 1000) + " { margin: " + std::to_string(i % 17) +
            "px; color: #" + std::to_string(100 + i % 900) + "; }\n";
  }
  return text;
}

std::shared_ptr<cache::Entry> Coded(const std::string& text, const std::string& etag) {
  auto entry = std::make_shared<cache::Entry>();
  entry->head.key = kKey;
  const http::Fields fields{{"content-encoding", "br"}, {"etag", etag}};
  entry->head.fields = std::make_shared<const http::Fields>(fields);
  entry->head.client_fields = entry->head.fields;
  const std::string body = *asset::Compress(asset::kFastBrotli, text);
  entry->body_size = body.size();
  entry->chunks = {Chunk::Copy(body)};
  return entry;
}

class UpgradesTest : public testing::Test {
 protected:
  Upgrades::Options Options() {
    Upgrades::Options options;
    options.hits = 3;
    options.processor_share = 1;
    options.ram = &ram_;
    options.metrics = &metrics_;
    return options;
  }
  uint64_t Count(Upgraded result) {
    return metrics_.GetCounter("skerry_upgrades_total", "", {{"result", std::string(Name(result))}})
        .value();
  }
  void Hit(Upgrades& upgrades, const cache::EntryPtr& entry, int times) {
    for (int i = 0; i < times; ++i) upgrades.OnHit(entry);
  }

  Metrics metrics_;
  cache::Ram ram_{{.capacity = 64_MiB, .shards = 1}};
};

TEST_F(UpgradesTest, AHotObjectTakesItsPlaceSmallerUnderATagOfItsOwn) {
  Upgrades upgrades(Options());
  const std::string text = Text(3000);
  const auto entry = Coded(text, "\"v1~br5.77\"");
  upgrades.Watch(*entry);
  ram_.Offer(entry);
  Hit(upgrades, entry, 3);
  upgrades.Finish();
  const auto found = ram_.Find(kKey);
  ASSERT_EQ(found.size(), 1u);
  const cache::Entry& smaller = *found[0];
  EXPECT_LT(smaller.body_size, entry->body_size);
  EXPECT_EQ(*smaller.head.etag(), "\"v1~br11\"");
  EXPECT_EQ(*smaller.head.client_fields->Find("etag"), "\"v1~br11\"");
  std::string body;
  for (const Chunk& chunk : smaller.chunks) body += chunk.view();
  EXPECT_EQ(*asset::Decode(asset::Coding::kBrotli, body, 1 << 20), text);
  EXPECT_EQ(Count(Upgraded::kDone), 1u);
  EXPECT_GT(metrics_.GetCounter("skerry_upgrade_cpu_microseconds_total", "").value(), 0u);
}

TEST_F(UpgradesTest, WhatIsNotAskedForOftenStays) {
  Upgrades upgrades(Options());
  const auto entry = Coded(Text(100), "\"v1~br5.77\"");
  upgrades.Watch(*entry);
  ram_.Offer(entry);
  Hit(upgrades, entry, 2);
  upgrades.Finish();
  EXPECT_THAT(ram_.Find(kKey), ElementsAre(entry));
}

TEST_F(UpgradesTest, OnlyWhatWasCompressedInPassingIsWatched) {
  Upgrades upgrades(Options());
  for (const char* etag : {"\"v1~br11\"", "\"v1\"", "\"v1~gzip6.77\""}) {
    const auto entry = Coded(Text(100), etag);
    upgrades.Watch(*entry);
    EXPECT_EQ(entry->hits_to_upgrade, 0u) << etag;
  }
}

TEST_F(UpgradesTest, WhatWasPurgedMeanwhileIsNotPutBack) {
  Upgrades upgrades(Options());
  const auto entry = Coded(Text(1000), "\"v1~br5.77\"");
  upgrades.Watch(*entry);
  Hit(upgrades, entry, 3);
  upgrades.Finish();
  EXPECT_TRUE(ram_.Find(kKey).empty());
  EXPECT_EQ(Count(Upgraded::kGone), 1u);
}

TEST_F(UpgradesTest, WhatExpandsBeyondTheLimitIsLeftAlone) {
  Upgrades::Options options = Options();
  options.largest = 1000;
  Upgrades upgrades(options);
  const auto entry = Coded(Text(1000), "\"v1~br5.77\"");
  upgrades.Watch(*entry);
  ram_.Offer(entry);
  Hit(upgrades, entry, 3);
  upgrades.Finish();
  EXPECT_THAT(ram_.Find(kKey), ElementsAre(entry));
  EXPECT_EQ(Count(Upgraded::kTooLarge), 1u);
}

// An origin may send anything under a tag that looks like ours.
TEST_F(UpgradesTest, ABombStopsAtTheLimit) {
  Upgrades upgrades(Options());
  const auto entry = Coded(std::string(size_t{64} << 20, 'x'), "\"v1~br5.77\"");
  ASSERT_LT(entry->body_size, 10'000u);
  ram_.Offer(entry);
  upgrades.Watch(*entry);
  Hit(upgrades, entry, 3);
  upgrades.Finish();
  EXPECT_EQ(Count(Upgraded::kTooLarge), 1u);
  EXPECT_THAT(ram_.Find(kKey), ElementsAre(entry));
}

TEST_F(UpgradesTest, TheQueueIsBounded) {
  Upgrades::Options options = Options();
  options.queue = 1;
  options.processor_share = 0.0001;  // rests, in effect, for ever after the first
  Upgrades upgrades(options);
  std::vector<cache::EntryPtr> entries;
  for (int i = 0; i < 5; ++i) {
    entries.push_back(Coded(Text(400), "\"v1~br5.77\""));
    upgrades.Watch(*entries.back());
    Hit(upgrades, entries.back(), 3);
  }
  EXPECT_GE(Count(Upgraded::kFull), 3u);
}

TEST(UpgradeTest, RestsInProportionToItsWork) {
  EXPECT_EQ(RestAfter(Micros(1000), 0.1), Micros(9000));
  EXPECT_EQ(RestAfter(Micros(1000), 1), Micros(0));
}

TEST(UpgradeTest, WhatGainsNothingOrIsDamagedIsNull) {
  Upgraded result = Upgraded::kDone;
  const auto small = Coded("x", "\"v1~br5.77\"");
  EXPECT_EQ(Upgrade(*small, asset::kBestBrotli, 1_MiB, &result), nullptr);
  EXPECT_EQ(result, Upgraded::kNoGain);
  const auto damaged = Coded(Text(100), "\"v1~br5.77\"");
  damaged->chunks = {Chunk::Copy("not brotli")};
  EXPECT_EQ(Upgrade(*damaged, asset::kBestBrotli, 1_MiB, &result), nullptr);
  EXPECT_EQ(result, Upgraded::kUnreadable);
}

}  // namespace
}  // namespace skerry::gateway
