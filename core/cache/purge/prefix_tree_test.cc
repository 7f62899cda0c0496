#include "core/cache/purge/prefix_tree.h"

#include <gtest/gtest.h>

#include <map>

#include "core/base/random.h"

namespace skerry::cache {
namespace {

TEST(PrefixTreeTest, MatchesEveryPrefixOfTheText) {
  PrefixTree tree;
  tree.Raise("h/a", 0, {1, 0});
  tree.Raise("h/abc", 0, {2, 0});
  EXPECT_EQ(tree.Match("h/").hard, 0u);
  EXPECT_EQ(tree.Match("h/a").hard, 1u);
  EXPECT_EQ(tree.Match("h/abd").hard, 1u);
  EXPECT_EQ(tree.Match("h/abcd").hard, 2u);
}

TEST(PrefixTreeTest, TheEmptyPrefixMatchesEverything) {
  PrefixTree tree;
  tree.Raise("", 0, {3, 0});
  EXPECT_EQ(tree.Match("").hard, 3u);
  EXPECT_EQ(tree.Match("x").hard, 3u);
}

TEST(PrefixTreeTest, AgreesWithTryingEachPrefix) {
  SeededRandom random(2);
  const auto word = [&] {
    std::string text;
    for (uint64_t left = random.Below(8); left > 0; --left) {
      text += static_cast<char>("ab\xff/"[random.Below(4)]);
    }
    return text;
  };
  PrefixTree tree;
  std::map<std::string, Gens> expected;
  for (uint64_t gen = 1; gen <= 500; ++gen) {
    const std::string prefix = word();
    const Gens gens = random.Below(2) == 0 ? Gens{gen, 0} : Gens{0, gen};
    tree.Raise(prefix, gen, gens);
    expected[prefix].Raise(gens);
  }
  EXPECT_EQ(tree.size(), expected.size());
  for (int i = 0; i < 2000; ++i) {
    const std::string text = word() + word();
    Gens gens;
    for (const auto& [prefix, its] : expected) {
      if (text.starts_with(prefix)) gens.Raise(its);
    }
    EXPECT_EQ(tree.Match(text).hard, gens.hard) << text;
    EXPECT_EQ(tree.Match(text).soft, gens.soft) << text;
  }
  for (const PrefixTree::Prefix& prefix : tree.All()) {
    EXPECT_EQ(prefix.gens.newest(), expected.at(prefix.text).newest());
    expected.erase(prefix.text);
  }
  EXPECT_TRUE(expected.empty());
}

}  // namespace
}  // namespace skerry::cache
