#include "core/cache/purge/scope_table.h"

#include <gtest/gtest.h>

#include <map>

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

TEST(ScopeTableTest, AGenerationNeverFalls) {
  ScopeTable table;
  table.Raise(5, 0, {9, 0});
  table.Raise(5, 0, {3, 4});
  EXPECT_EQ(table.Find(5).hard, 9u);
  EXPECT_EQ(table.Find(5).soft, 4u);
}

}  // namespace
}  // namespace skerry::cache
