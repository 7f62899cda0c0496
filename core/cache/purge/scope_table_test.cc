#include "core/cache/purge/scope_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "core/base/random.h"

namespace skerry::cache {
namespace {

TEST(ScopeTableTest, AgreesWithAMap) {
  SeededRandom random(1);
  ScopeTable table;
  std::map<uint64_t, Gens> expected;
  for (uint64_t gen = 1; gen <= 20'000; ++gen) {
    // Few distinct low bits: many collisions of slots.
    const uint64_t hash = 1 + (random.Below(5000) << 20);
    const Gens gens = random.Below(2) == 0 ? Gens{gen, 0} : Gens{0, gen};
    table.Raise(hash, hash + 1, gens);
    expected[hash].Raise(gens);
  }
  EXPECT_EQ(table.size(), expected.size());
  for (const auto& [hash, gens] : expected) {
    EXPECT_EQ(table.Find(hash).hard, gens.hard);
    EXPECT_EQ(table.Find(hash).soft, gens.soft);
    EXPECT_TRUE(table.Find(hash + 1).empty());
  }
  table.ForEach([&](const ScopeTable::Slot& slot) { EXPECT_EQ(slot.wider, slot.hash + 1); });
}

TEST(ScopeTableTest, WhatIsRaisedBesideReadersIsFoundWholeOrNotYet) {
  constexpr uint64_t kScopes = 50'000;
  ScopeTable table(kScopes);
  std::atomic<bool> over{false};
  std::thread reader([&] {
    SeededRandom random(1);
    while (!over) {
      const uint64_t hash = 1 + random.Below(kScopes);
      const Gens found = table.Find(hash);
      // Another's would have another number.
      ASSERT_TRUE(found.hard == 0 || found.hard == hash);
    }
  });
  for (uint64_t hash = 1; hash <= kScopes; ++hash) table.Raise(hash, 0, {hash, 0});
  over = true;
  reader.join();
  EXPECT_EQ(table.size(), kScopes);
}

TEST(ScopeTableTest, ALargeTableGrowsWithAllThatIsInIt) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;
  ScopeTable table;
  for (uint64_t i = 1; i <= 200'000; ++i) table.Raise(i * kSpread, i, {i, 0});
  ScopeTable larger = table.Larger(500'000);
  EXPECT_TRUE(larger.HasRoom(500'000));
  EXPECT_EQ(larger.size(), 200'000u);
  for (uint64_t i = 1; i <= 200'000; ++i) EXPECT_EQ(larger.Find(i * kSpread).hard, i);
}

TEST(ScopeTableTest, AGenerationNeverFalls) {
  ScopeTable table;
  table.Raise(5, 0, {9, 0});
  table.Raise(5, 0, {3, 4});
  EXPECT_EQ(table.Find(5).hard, 9u);
  EXPECT_EQ(table.Find(5).soft, 4u);
}

}  // namespace
}  // namespace skerry::cache
