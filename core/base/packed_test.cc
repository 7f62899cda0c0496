#include "core/base/packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace skerry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PackedTest, TakesOnePointerAndNoMoreWhileItIsEmpty) {
  EXPECT_EQ(sizeof(Packed<uint64_t>), sizeof(void*));
  EXPECT_EQ(Packed<uint64_t>().HeapSize(), 0u);
  EXPECT_EQ(Packed<uint64_t>(std::vector<uint64_t>()).HeapSize(), 0u);
  EXPECT_EQ((Packed<uint64_t>{1, 2}).HeapSize(), 24u);
  EXPECT_EQ((Packed<char>{'a', 'b'}).HeapSize(), 6u);
  EXPECT_THAT(Packed<uint64_t>(), IsEmpty());
}

TEST(PackedTest, HasTheItemsItWasGiven) {
  const Packed<uint64_t> items = std::vector<uint64_t>{3, 1, 2};
  EXPECT_THAT(items, ElementsAre(3, 1, 2));
  EXPECT_EQ(items.size(), 3u);
  EXPECT_EQ(items[1], 1u);
}

TEST(PackedTest, CopiesAreApart) {
  Packed<uint64_t> one{1, 2};
  Packed<uint64_t> other = one;
  EXPECT_NE(one.data(), other.data());
  one = {7};
  EXPECT_THAT(other, ElementsAre(1, 2));
  const Packed<uint64_t>& same = other;
  other = same;
  EXPECT_THAT(other, ElementsAre(1, 2));
  one = std::move(other);
  EXPECT_THAT(one, ElementsAre(1, 2));
}

TEST(PackedTest, EqualAreThoseOfEqualItems) {
  EXPECT_EQ((Packed<uint64_t>{1, 2}), (Packed<uint64_t>{1, 2}));
  EXPECT_FALSE((Packed<uint64_t>{1, 2}) == (Packed<uint64_t>{1}));
  EXPECT_FALSE((Packed<uint64_t>{1}) == Packed<uint64_t>());
  EXPECT_EQ(Packed<uint64_t>(), Packed<uint64_t>());
}

TEST(PackedTextTest, IsTheTextItWasGiven) {
  EXPECT_EQ(sizeof(PackedText), sizeof(void*));
  PackedText text = "abc";
  EXPECT_EQ(text, "abc");
  EXPECT_EQ(text, std::string("abc"));
  EXPECT_EQ(text, PackedText(std::string_view("abcd").substr(0, 3)));
  EXPECT_FALSE(text == "abd");
  text = std::string(70'000, 'x');
  EXPECT_EQ(text, std::string(70'000, 'x'));
  EXPECT_EQ(text.HeapSize(), 70'004u);
  text = "";
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.HeapSize(), 0u);
}

TEST(SeldomTest, IsThereOnlyIfItDiffersFromNothing) {
  using List = std::vector<std::string>;
  Seldom<List> list;
  EXPECT_EQ(sizeof(list), sizeof(void*));
  EXPECT_FALSE(list.there());
  EXPECT_TRUE(list->empty());
  list = List{"a"};
  EXPECT_TRUE(list.there());
  const Seldom<List> copy = list;
  list = List();
  EXPECT_FALSE(list.there());
  EXPECT_THAT(copy.get(), ElementsAre("a"));
  EXPECT_EQ(copy, Seldom<List>(List{"a"}));
  EXPECT_FALSE(copy == list);
}

}  // namespace
}  // namespace skerry
