#include "core/cache/ram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/base/random.h"
#include "core/cache/request_trace.h"

namespace skerry::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Key KeyOf(std::string path) { return Key::Of("https://a/" + std::move(path)); }

// `size`: of the body with the 24 bytes in front of it, so that round ones stay what they are.
EntryPtr Make(std::string path, ByteCount size = 1024, std::string foo = {}) {
  const std::shared_ptr<Entry> entry =
      MakeTraceEntry(KeyOf(std::move(path)), size - std::min<ByteCount>(size, 24));
  if (!foo.empty()) {
    const http::Fields request{{"foo", std::move(foo)}};
    entry->head.vary = VaryNames{.names = {"foo"}, .any = false};
    entry->head.variant_text = VariantText(entry->head.vary, request);
    entry->head.variant_hash = VariantHash(entry->head.vary, request);
  }
  return entry;
}

// One shard of a mebibyte, so that contests are easy to arrange.
Ram::Options Small() {
  return {.capacity = 1_MiB, .shards = 1, .largest_object = 256_KiB, .variants_per_key = 3};
}

void Ask(Ram& ram, const std::string& path, int times) {
  for (int i = 0; i < times; ++i) ram.Find(KeyOf(path));
}

// Offers entries of 10 KiB that were asked for `uses` times each; 110 fill the tier.
void Fill(Ram& ram, int uses, int count = 110) {
  for (int i = 0; i < count; ++i) {
    const std::string path = "fill-" + std::to_string(i);
    Ask(ram, path, uses);
    ram.Offer(Make(path, 10_KiB));
  }
}

// Of what a web server sends: one object in three has Vary and tags, one in four has fields
// that are not for clients.
std::shared_ptr<Entry> MakeUsual(size_t number) {
  auto entry = std::make_shared<Entry>();
  StoredHead& head = entry->head;
  const Key key =
      Key::Of("https://example.com/images/" + std::to_string(1'000'000 + number) + ".jpg");
  head.key = key;  // without room for more
  http::Fields fields{{"server", "nginx"},
                      {"date", "Sat, 21 Nov 2026 12:00:00 GMT"},
                      {"content-type", "image/jpeg"},
                      {"etag", "\"654b6ee1-4000\""},
                      {"cache-control", "public, max-age=3600"}};
  if (number % 3 == 0) {
    fields.Add("vary", "accept-encoding");
    head.vary = VaryNames{.names = {"accept-encoding"}, .any = false};
    head.variant_text = VariantText(head.vary, {{"accept-encoding", "br, gzip"}});
    head.tags = {1, 2, 3};
  }
  fields.ShrinkToFit();
  head.fields = head.client_fields = std::make_shared<const http::Fields>(fields);
  if (number % 4 == 0) {
    fields.Remove("server");
    head.client_fields = std::make_shared<const http::Fields>(fields);
  }
  entry->body_size = 1000;
  entry->chunks.push_back(Chunk::Copy(std::string(1000, 'x')));
  return entry;
}

size_t AllocatedBytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// The daemons' allocator rounds otherwise than this program's, but not by much.
TEST(RamTest, CountsWhatItTakes) {
  constexpr size_t kObjects = 5000;
  Ram ram({.capacity = 1_GiB, .shards = 1});
  const size_t before = AllocatedBytes();
  if (before == 0) GTEST_SKIP() << "a sanitizer's allocator says nothing";
  for (size_t i = 0; i < kObjects; ++i) ram.Offer(MakeUsual(i));
  ASSERT_EQ(ram.objects(), kObjects);
  const double bodies = 1000.0 * kObjects;
  const double beside = static_cast<double>(AllocatedBytes() - before) - bodies;
  const double counted = static_cast<double>(ram.bytes()) - bodies;
  EXPECT_NEAR(counted / beside, 1, 0.1) << beside / kObjects << " bytes an object";
}

TEST(RamTest, FindsWhatWasOffered) {
  Ram ram(Small());
  const EntryPtr entry = Make("a");
  EXPECT_THAT(ram.Find(KeyOf("a")), IsEmpty());
  EXPECT_EQ(ram.Offer(entry), Offered::kStored);
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(entry));
  EXPECT_THAT(ram.Find(KeyOf("b")), IsEmpty());
  EXPECT_EQ(ram.objects(), 1u);
  EXPECT_EQ(ram.bytes(), entry->MemorySize());
}

TEST(RamTest, AnOnlookerCountsAsNoUse) {
  const auto survives = [](bool used) {
    Ram ram(Small());
    const EntryPtr entry = Make("a", 10_KiB);
    std::vector<EntryPtr> evicted;
    ram.OnEvict([&](EntryPtr gone) { evicted.push_back(std::move(gone)); });
    ram.Offer(entry);
    for (int i = 0; i < 10; ++i) {
      const auto found = used ? ram.Find(KeyOf("a")) : ram.Peek(KeyOf("a"));
      EXPECT_THAT(found, ElementsAre(entry));
    }
    Fill(ram, 3);
    return !ram.Peek(KeyOf("a")).empty();
  };
  EXPECT_TRUE(survives(true));
  EXPECT_FALSE(survives(false));
}

TEST(RamTest, RemembersThatAKeyWasAskedForWhetherItIsKeptOrNot) {
  Ram ram(Small());
  EXPECT_FALSE(ram.AskedBefore(KeyOf("a")));
  ram.Find(KeyOf("a"));
  EXPECT_FALSE(ram.AskedBefore(KeyOf("a"))) << "this is the first time";
  ram.Find(KeyOf("a"));
  EXPECT_TRUE(ram.AskedBefore(KeyOf("a")));
  ram.Peek(KeyOf("b"));
  ram.Peek(KeyOf("b"));
  EXPECT_FALSE(ram.AskedBefore(KeyOf("b")));
}

TEST(RamTest, KeepsVariantsOfAKeySideBySideNewestFirst) {
  Ram ram(Small());
  const EntryPtr one = Make("a", 1000, "1");
  const EntryPtr two = Make("a", 1000, "2");
  ram.Offer(one);
  ram.Offer(two);
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(two, one));
}

TEST(RamTest, AnOfferReplacesItsOwnVariantOnly) {
  Ram ram(Small());
  const EntryPtr other = Make("a", 1000, "2");
  const EntryPtr fresh = Make("a", 500, "1");
  ram.Offer(Make("a", 1000, "1"));
  ram.Offer(other);
  ram.Offer(fresh);
  EXPECT_THAT(ram.Find(KeyOf("a")), UnorderedElementsAre(other, fresh));
  EXPECT_EQ(ram.bytes(), other->MemorySize() + fresh->MemorySize());
}

TEST(RamTest, BeyondTheCapTheOldestVariantGoesAndIsCounted) {
  Ram ram(Small());
  std::vector<EntryPtr> variants;
  for (const char* foo : {"1", "2", "3", "4"}) {
    variants.push_back(Make("a", 1000, foo));
    ram.Offer(variants.back());
  }
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(variants[3], variants[2], variants[1]));
  EXPECT_EQ(ram.variants_capped(), 1u);
  EXPECT_EQ(ram.objects(), 3u);
}

TEST(RamTest, WhatIsTooLargeIsNotStored) {
  Ram ram(Small());
  EXPECT_EQ(ram.Offer(Make("a", 256_KiB)), Offered::kTooLarge);
  EXPECT_EQ(ram.objects(), 0u);
  EXPECT_EQ(ram.bytes(), 0u);
}

TEST(RamTest, ATooLargeSuccessorStillEndsItsPredecessor) {
  Ram ram(Small());
  ram.Offer(Make("a"));
  EXPECT_EQ(ram.Offer(Make("a", 300_KiB)), Offered::kTooLarge);
  EXPECT_THAT(ram.Find(KeyOf("a")), IsEmpty());
}

TEST(RamTest, ANewcomerAskedForLessOftenIsRefused) {
  Ram ram(Small());
  Fill(ram, 3);
  Ask(ram, "new", 2);
  EXPECT_EQ(ram.Offer(Make("new", 60_KiB)), Offered::kRefused);
  EXPECT_THAT(ram.Find(KeyOf("new")), IsEmpty());
}

TEST(RamTest, ANewcomerAskedForMoreOftenThanAllItPushesOutIsStored) {
  Ram ram(Small());
  Fill(ram, 1);
  // Five or six of 10 KiB must go for one of 60 KiB.
  Ask(ram, "new", 5);
  EXPECT_EQ(ram.Offer(Make("new", 60_KiB)), Offered::kRefused);
  Ask(ram, "new", 2);
  EXPECT_EQ(ram.Offer(Make("new", 60_KiB)), Offered::kStored);
}

TEST(RamTest, OneStrongEntryDoesNotShieldTheWeakOnesBehindIt) {
  Ram ram(Small());
  Ask(ram, "strong", 15);
  ram.Offer(Make("strong", 100_KiB));
  Fill(ram, 1, 84);  // as many as fit without a contest
  Ask(ram, "new", 8);
  EXPECT_EQ(ram.Offer(Make("new", 60_KiB)), Offered::kRefused);
  EXPECT_EQ(ram.Offer(Make("new", 60_KiB)), Offered::kStored);
  EXPECT_EQ(ram.Find(KeyOf("strong")).size(), 1u);
}

// Ten of 10 KiB, all of them on the disk too: twice what the window holds.
size_t KeptOfTen(int uses_before, int uses_after) {
  Ram ram(Small());
  for (int i = 0; i < 10; ++i) {
    const std::string path = "also-on-disk-" + std::to_string(i);
    Ask(ram, path, uses_before);
    EXPECT_EQ(ram.Offer(Make(path, 10_KiB), /*on_disk=*/true), Offered::kStored);
    Ask(ram, path, uses_after);
  }
  return ram.objects();
}

TEST(RamTest, WhatTheDiskHasTooAndWasAskedForOnceIsKeptInTheWindowOnly) {
  EXPECT_LE(KeptOfTen(1, 0), 5u);
  EXPECT_GE(KeptOfTen(1, 0), 4u);
}

TEST(RamTest, ALargeTierThatHasRoomKeepsAMebibyteOfItAShard) {
  Ram ram({.capacity = 200_MiB, .shards = 1});
  const auto offer = [&](std::string path, int uses, bool on_disk) {
    Ask(ram, path, uses);
    EXPECT_EQ(ram.Offer(Make(std::move(path), 100_KiB), on_disk), Offered::kStored);
  };
  for (int i = 0; i < 40; ++i) offer("also-on-disk-" + std::to_string(i), 1, true);
  EXPECT_GE(ram.objects(), 10u);
  EXPECT_LE(ram.objects(), 12u);
  for (int i = 0; i < 20; ++i) offer("wanted-" + std::to_string(i), 2, true);
  for (int i = 0; i < 20; ++i) offer("in-memory-only-" + std::to_string(i), 1, false);
  EXPECT_EQ(ram.objects(), 40u);
}

// However few objects a tier holds yet, keys must not be taken for each other because of it.
TEST(RamTest, ManyWhoAskOnceFillNoneOfTheRoomOfALargeTier) {
  Ram ram({.capacity = 200_MiB, .shards = 1});
  for (int i = 0; i < 10'000; ++i) {
    const std::string path = "also-on-disk-" + std::to_string(i);
    Ask(ram, path, 1);
    ram.Offer(Make(path, 10_KiB), /*on_disk=*/true);
  }
  EXPECT_LE(ram.objects(), 130u);
}

TEST(RamTest, WhatTheDiskHasTooIsKeptIfItIsAskedForAgain) {
  EXPECT_EQ(KeptOfTen(2, 0), 10u);
  EXPECT_EQ(KeptOfTen(0, 1), 10u);
}

TEST(RamTest, WhatTheDiskHasTooContendsAsOthersDoOnceTheTierIsFull) {
  Ram ram(Small());
  Fill(ram, 0);
  Ask(ram, "also-on-disk", 1);
  ram.Offer(Make("also-on-disk", 10_KiB), /*on_disk=*/true);
  for (int i = 0; i < 5; ++i) ram.Offer(Make("next-" + std::to_string(i), 10_KiB));
  EXPECT_EQ(ram.Peek(KeyOf("also-on-disk")).size(), 1u);
}

TEST(RamTest, HitsMoreObjectsThanLruOfTheSameSize) {
  const std::vector<TraceRequest> trace = MakeTrace({.requests = 200'000, .objects = 12'000});
  const ByteCount capacity = Footprint(trace) * 3 / 100;
  const HitRatio lru = LruHitRatio(trace, capacity);
  const HitRatio ram = RamHitRatio(trace, capacity);
  EXPECT_GT(ram.objects, lru.objects + 0.10);
  EXPECT_GT(ram.bytes, lru.bytes);
}

TEST(RamTest, HitsMoreObjectsThanLruWhileDeploysReplaceThem) {
  const std::vector<TraceRequest> trace =
      MakeTrace({.requests = 200'000, .objects = 12'000, .replaced_every = 2000});
  const ByteCount capacity = Footprint(trace) * 3 / 100;
  EXPECT_GT(RamHitRatio(trace, capacity).objects, LruHitRatio(trace, capacity).objects + 0.03);
}

TEST(RamTest, OneScanDoesNotEmptyTheTier) {
  Ram ram(Small());
  Fill(ram, 8);
  const size_t before = ram.objects();
  for (int i = 0; i < 2000; ++i) {
    const std::string path = "scan-" + std::to_string(i);
    ram.Find(KeyOf(path));
    ram.Offer(Make(path, 10_KiB));
  }
  size_t left = 0;
  for (int i = 0; i < 110; ++i) left += !ram.Find(KeyOf("fill-" + std::to_string(i))).empty();
  EXPECT_GE(left + 6, before);  // the window's are not protected
}

TEST(RamTest, YesterdaysFavouritesGiveWay) {
  Ram ram(Small());
  Fill(ram, 15);
  // Nothing old is asked for again while a new set is, often enough for the counters to fade.
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 80; ++i) {
      const std::string path = "today-" + std::to_string(i);
      if (ram.Find(KeyOf(path)).empty()) ram.Offer(Make(path, 10_KiB));
    }
  }
  size_t today = 0;
  for (int i = 0; i < 80; ++i) today += !ram.Find(KeyOf("today-" + std::to_string(i))).empty();
  EXPECT_GE(today, 75u);
}

TEST(RamTest, ReplacePutsTheFreshWhereTheOldIs) {
  Ram ram(Small());
  const EntryPtr old = Make("a");
  const EntryPtr fresh = Make("a", 2000);
  ram.Offer(old);
  EXPECT_TRUE(ram.Replace(old, fresh));
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(fresh));
  EXPECT_EQ(ram.bytes(), fresh->MemorySize());
}

TEST(RamTest, ReplaceDoesNothingOnceTheOldIsGone) {
  Ram ram(Small());
  const EntryPtr old = Make("a");
  const EntryPtr newer = Make("a");
  EXPECT_FALSE(ram.Replace(old, Make("a")));
  ram.Offer(old);
  ram.Offer(newer);
  EXPECT_FALSE(ram.Replace(old, Make("a")));
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(newer));
}

TEST(RamTest, ReplaceByAnotherVariantLeavesOneOfEach) {
  Ram ram(Small());
  const EntryPtr one = Make("a", 1000, "1");
  const EntryPtr two = Make("a", 1000, "2");
  const EntryPtr fresh = Make("a", 1000, "2");
  ram.Offer(one);
  ram.Offer(two);
  EXPECT_TRUE(ram.Replace(one, fresh));
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(fresh));
}

TEST(RamTest, ReplaceByWhatIsTooLargeEndsTheOld) {
  Ram ram(Small());
  const EntryPtr old = Make("a");
  ram.Offer(old);
  EXPECT_FALSE(ram.Replace(old, Make("a", 300_KiB)));
  EXPECT_THAT(ram.Find(KeyOf("a")), IsEmpty());
}

TEST(RamTest, GrowingInPlacePushesOthersOut) {
  Ram ram(Small());
  Ask(ram, "a", 2);
  const EntryPtr old = Make("a", 1000);
  ram.Offer(old);
  Fill(ram, 1);
  const EntryPtr fresh = Make("a", 200_KiB);
  EXPECT_TRUE(ram.Replace(old, fresh));
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(fresh));
  EXPECT_LE(ram.bytes(), ram.capacity());
}

TEST(RamTest, WhatHasItsPlaceKeepsItWhenItGrowsOutOfTheWindow) {
  Ram ram(Small());
  Fill(ram, 3);
  const EntryPtr old = Make("a", 1000);
  const EntryPtr fresh = Make("a", 60_KiB);
  ram.Offer(old);
  EXPECT_TRUE(ram.Replace(old, fresh));
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(fresh));
}

TEST(RamTest, WhatGrowsDoesNotPushItselfOut) {
  Ram ram(Small());
  const EntryPtr old = Make("a", 60_KiB);
  const EntryPtr fresh = Make("a", 250_KiB);
  ram.Offer(old);
  // The others are protected: it is alone on probation.
  Fill(ram, 0, 74);
  for (int i = 0; i < 74; ++i) Ask(ram, "fill-" + std::to_string(i), 1);
  EXPECT_TRUE(ram.Replace(old, fresh));
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(fresh));
}

TEST(RamTest, WhatReplacesIsTheNewest) {
  Ram ram(Small());
  const EntryPtr one = Make("a", 1000, "1");
  const EntryPtr two = Make("a", 1000, "2");
  const EntryPtr fresh = Make("a", 1000, "1");
  ram.Offer(one);
  ram.Offer(two);
  ram.Replace(one, fresh);
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(fresh, two));
}

TEST(RamTest, ManyMoreKeysDoNotTurnVariantsRound) {
  Ram ram(Small());
  const EntryPtr one = Make("a", 100, "1");
  const EntryPtr two = Make("a", 100, "2");
  ram.Offer(one);
  ram.Offer(two);
  for (int i = 0; i < 300; ++i) ram.Offer(Make(std::to_string(i), 100));
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(two, one));
}

TEST(RamTest, TheSameRepresentationHasOnePlaceWhateverItsRequestOffered) {
  Ram ram(Small());
  const std::shared_ptr<Entry> one = MakeTraceEntry(KeyOf("a"), 10);
  const std::shared_ptr<Entry> two = MakeTraceEntry(KeyOf("a"), 10);
  one->head.variant_text = "accept-encoding: gzip\n";
  two->head.variant_text = "accept-encoding: br, gzip\n";
  one->head.variant_hash = two->head.variant_hash = 7;
  ram.Offer(one);
  ram.Offer(two);
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(two));
}

TEST(RamTest, RemoveOfAKeyTakesAllVariants) {
  Ram ram(Small());
  ram.Offer(Make("a", 1000, "1"));
  ram.Offer(Make("a", 1000, "2"));
  ram.Offer(Make("b"));
  EXPECT_EQ(ram.Remove(KeyOf("a")), 2u);
  EXPECT_EQ(ram.Remove(KeyOf("a")), 0u);
  EXPECT_THAT(ram.Find(KeyOf("a")), IsEmpty());
  EXPECT_EQ(ram.objects(), 1u);
}

TEST(RamTest, RemoveOfAnEntryTakesThatOneAlone) {
  Ram ram(Small());
  const EntryPtr one = Make("a", 1000, "1");
  const EntryPtr two = Make("a", 1000, "2");
  ram.Offer(one);
  ram.Offer(two);
  EXPECT_TRUE(ram.Remove(one));
  EXPECT_FALSE(ram.Remove(one));
  EXPECT_FALSE(ram.Remove(Make("a", 1000, "2")));
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(two));
}

TEST(RamTest, WhatWasFoundIsHandedOverWhenPushedOut) {
  Ram ram(Small());
  std::vector<std::string> evicted;
  ram.OnEvict([&](EntryPtr entry) { evicted.push_back(entry->head.key.text); });
  ram.Offer(Make("found", 100_KiB));
  ram.Offer(Make("not-found", 100_KiB));
  Ask(ram, "found", 1);
  for (int i = 0; i < 7; ++i) {
    const std::string path = "later-" + std::to_string(i);
    ram.Offer(Make(path, 100_KiB));
    Ask(ram, path, 1);
  }
  Ask(ram, "new", 3);
  EXPECT_EQ(ram.Offer(Make("new", 250_KiB)), Offered::kStored);
  EXPECT_THAT(ram.Find(KeyOf("found")), IsEmpty());
  EXPECT_THAT(ram.Find(KeyOf("not-found")), IsEmpty());
  EXPECT_THAT(evicted, ElementsAre("https://a/found"));
}

// Makes "a" of 100 KiB the next to go, and pushes it out.
void PushOut(Ram& ram) {
  for (int i = 0; i < 9; ++i) {
    const std::string path = "later-" + std::to_string(i);
    ram.Offer(Make(path, 95_KiB));
    Ask(ram, path, 2);
  }
  Ask(ram, "new", 6);
  EXPECT_EQ(ram.Offer(Make("new", 95_KiB)), Offered::kStored);
  EXPECT_THAT(ram.Find(KeyOf("a")), IsEmpty());
}

TEST(RamTest, ANewOfferWasNotFoundYet) {
  Ram ram(Small());
  int evicted = 0;
  ram.OnEvict([&](EntryPtr entry) { evicted += entry->head.key == KeyOf("a"); });
  ram.Offer(Make("a", 100_KiB));
  Ask(ram, "a", 1);
  ram.Offer(Make("a", 100_KiB));
  PushOut(ram);
  EXPECT_EQ(evicted, 0);
}

TEST(RamTest, WhatReplacesOneThatWasFoundIsHandedOver) {
  Ram ram(Small());
  int evicted = 0;
  ram.OnEvict([&](EntryPtr entry) { evicted += entry->head.key == KeyOf("a"); });
  const EntryPtr old = Make("a", 100_KiB);
  ram.Offer(old);
  Ask(ram, "a", 1);
  ram.Replace(old, Make("a", 100_KiB));
  PushOut(ram);
  EXPECT_EQ(evicted, 1);
}

TEST(RamTest, AVariantThatGoesBecauseOfTheCapIsNotHandedOver) {
  Ram ram(Small());
  std::vector<EntryPtr> evicted;
  ram.OnEvict([&](EntryPtr entry) { evicted.push_back(entry); });
  const EntryPtr oldest = Make("a", 10, "1");
  ram.Offer(oldest);
  for (const char* foo : {"2", "3"}) ram.Offer(Make("a", 10, foo));
  Ask(ram, "a", 1);
  ram.Offer(Make("a", 10, "4"));
  EXPECT_THAT(evicted, IsEmpty());
}

TEST(RamTest, WhatIsRemovedOrReplacedIsNotHandedOver) {
  Ram ram(Small());
  int evicted = 0;
  ram.OnEvict([&](EntryPtr) { ++evicted; });
  const EntryPtr entry = Make("a");
  ram.Offer(entry);
  Ask(ram, "a", 1);
  ram.Replace(entry, Make("a"));
  ram.Offer(Make("a"));
  Ask(ram, "a", 1);
  ram.Offer(Make("a", 300_KiB));
  ram.Offer(Make("a"));
  Ask(ram, "a", 1);
  ram.Remove(KeyOf("a"));
  EXPECT_EQ(evicted, 0);
}

TEST(RamTest, TheEvictionCallMayUseTheTier) {
  Ram ram(Small());
  ram.OnEvict([&](EntryPtr entry) { ram.Remove(entry->head.key); });
  Fill(ram, 1);
  for (int i = 0; i < 110; ++i) Ask(ram, "fill-" + std::to_string(i), 1);
  Ask(ram, "new", 15);
  EXPECT_EQ(ram.Offer(Make("new", 20_KiB)), Offered::kStored);
}

TEST(RamTest, KeysWhoseHashesCollideAreKeptApart) {
  Ram ram(Small());
  auto entry = std::make_shared<Entry>();
  entry->head.key = {.text = "https://a/other", .hash = KeyOf("a").hash};
  entry->head.fields = std::make_shared<const http::Fields>();
  const EntryPtr own = Make("a");
  ram.Offer(own);
  ram.Offer(entry);
  EXPECT_THAT(ram.Find(KeyOf("a")), ElementsAre(own));
  EXPECT_THAT(ram.Find(entry->head.key), ElementsAre(EntryPtr(entry)));
  EXPECT_EQ(ram.Remove(KeyOf("a")), 1u);
  EXPECT_THAT(ram.Find(entry->head.key), ElementsAre(EntryPtr(entry)));
}

TEST(RamTest, ASmallTierHasFewerShardsButItsWholeCapacity) {
  Ram ram({.capacity = 2_MiB, .shards = 16});
  EXPECT_EQ(ram.Offer(Make("a", 1000_KiB)), Offered::kStored);
  EXPECT_EQ(ram.capacity(), 2_MiB);
}

TEST(RamTest, NamesAreDistinct) {
  EXPECT_EQ(Name(Offered::kStored), "stored");
  EXPECT_EQ(Name(Offered::kRefused), "refused");
  EXPECT_EQ(Name(Offered::kTooLarge), "too-large");
}

// Everything at once, against a model that knows only what may be there.
TEST(RamTest, HoldsItsInvariantsUnderRandomOperations) {
  Ram ram({.capacity = 4_MiB, .shards = 4, .largest_object = 256_KiB, .variants_per_key = 3});
  SeededRandom random(11);
  std::unordered_map<std::string, std::vector<EntryPtr>> offered;
  for (int step = 0; step < 60000; ++step) {
    const std::string path = std::to_string(random.Below(random.Below(2000) + 1));
    std::vector<EntryPtr> found = ram.Find(KeyOf(path));
    ASSERT_LE(found.size(), 3u);
    for (const EntryPtr& entry : found) {
      const auto& known = offered[path];
      ASSERT_NE(std::find(known.begin(), known.end(), entry), known.end());
    }
    const ByteCount size = random.Below(8) == 0 ? random.Below(300_KiB) : random.Below(20_KiB);
    EntryPtr fresh = Make(path, size, std::to_string(random.Below(5)));
    switch (random.Below(8)) {
      case 0:
        ram.Remove(KeyOf(path));
        offered.erase(path);
        break;
      case 1:
        if (found.empty()) break;
        ram.Remove(found[0]);
        std::erase(offered[path], found[0]);
        break;
      case 2:
      case 3:
        if (found.empty()) break;
        offered[path].push_back(fresh);
        ram.Replace(found.back(), fresh);
        std::erase(offered[path], found.back());
        break;
      default: offered[path].push_back(fresh); ram.Offer(fresh);
    }
    ASSERT_LE(ram.bytes(), ram.capacity());
  }
  EXPECT_GT(ram.bytes(), ram.capacity() / 2);
}

TEST(RamTest, BytesAreThoseOfTheEntriesThatCanBeFound) {
  Ram ram(Small());
  SeededRandom random(12);
  for (int i = 0; i < 3000; ++i) {
    const std::string path = std::to_string(random.Below(300));
    if (ram.Find(KeyOf(path)).empty()) ram.Offer(Make(path, random.Below(30_KiB)));
  }
  ByteCount bytes = 0;
  size_t objects = 0;
  for (int i = 0; i < 300; ++i) {
    for (const EntryPtr& entry : ram.Find(KeyOf(std::to_string(i)))) {
      bytes += entry->MemorySize();
      ++objects;
    }
  }
  EXPECT_EQ(ram.bytes(), bytes);
  EXPECT_EQ(ram.objects(), objects);
}

TEST(RamTest, EqualHistoriesGiveEqualContents) {
  const auto play = [] {
    Ram ram(Small());
    SeededRandom random(13);
    std::string kept;
    for (int i = 0; i < 5000; ++i) {
      const std::string path = std::to_string(random.Below(random.Below(400) + 1));
      if (ram.Find(KeyOf(path)).empty()) ram.Offer(Make(path, 100 + random.Below(40_KiB)));
    }
    for (int i = 0; i < 400; ++i) kept += ram.Find(KeyOf(std::to_string(i))).empty() ? '0' : '1';
    return kept;
  };
  EXPECT_EQ(play(), play());
}

TEST(RamTest, ManyThreadsMayUseItAtOnce) {
  Ram ram({.capacity = 2_MiB, .shards = 4, .largest_object = 64_KiB, .variants_per_key = 3});
  std::atomic<int> evicted{0};
  ram.OnEvict([&](EntryPtr entry) { evicted += entry->in_memory(); });
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&ram, thread] {
      SeededRandom random(thread);
      for (int i = 0; i < 4000; ++i) {
        const std::string path = std::to_string(random.Below(200));
        const std::vector<EntryPtr> found = ram.Find(KeyOf(path));
        const EntryPtr fresh = Make(path, random.Below(40_KiB), std::to_string(random.Below(4)));
        const uint64_t what = random.Below(10);
        if (what == 0) {
          ram.Remove(KeyOf(path));
        } else if (what == 1 && !found.empty()) {
          ram.Replace(found[0], fresh);
        } else if (what == 2 && !found.empty()) {
          ram.Remove(found[0]);
        } else {
          ram.Offer(fresh);
        }
        EXPECT_LE(ram.bytes(), ram.capacity());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(ram.objects(), 0u);
  EXPECT_GT(evicted, 0);
}

TEST(RamTest, AWalkSeesEverybodyWhoStaysAndMovesNobody) {
  Ram ram({.capacity = 64_MiB, .shards = 4});
  std::vector<std::string> expected;
  for (int i = 0; i < 1000; ++i) {
    expected.push_back(std::to_string(i));
    ram.Offer(Make(expected.back()));
  }
  std::vector<EntryPtr> seen;
  Ram::Place place;
  int calls = 1;
  // Its tables grow three times while it goes on.
  for (; ram.Walk(place, 100, seen); ++calls) {
    for (int i = 0; i < 1000; ++i) ram.Offer(Make("new-" + std::to_string(calls * 1000 + i)));
  }
  EXPECT_GT(calls, 5);
  std::unordered_map<std::string, int> found;
  for (const EntryPtr& entry : seen) ++found[std::string(entry->head.key.url())];
  for (const std::string& path : expected) EXPECT_GE(found[std::string(KeyOf(path).url())], 1);
}

}  // namespace
}  // namespace skerry::cache
