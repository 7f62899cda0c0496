#include "core/base/ascii.h"

#include <gtest/gtest.h>

namespace skerry {
namespace {

TEST(AsciiTest, OnlyItsOwnLettersHaveACase) {
  EXPECT_EQ(AsciiLower("Content-TYPE: \xc3\x9c@[`{Z"), "content-type: \xc3\x9c@[`{z");
  EXPECT_TRUE(EqualsIgnoreCase("GZip", "gzIP"));
  EXPECT_FALSE(EqualsIgnoreCase("@", "`"));
  EXPECT_FALSE(EqualsIgnoreCase("\xc3\x9c", "\xc3\xbc"));
}

TEST(AsciiTest, TextsOfDifferentLengthDiffer) {
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
  EXPECT_FALSE(EqualsIgnoreCase("ab", "a"));
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
}

TEST(AsciiTest, OnlyHexadecimalDigitsHaveAValue) {
  int digits = 0;
  for (int c = -128; c < 128; ++c) digits += HexValue(static_cast<char>(c)) >= 0;
  EXPECT_EQ(digits, 22);
  EXPECT_EQ(HexValue('0'), 0);
  EXPECT_EQ(HexValue('a'), 10);
  EXPECT_EQ(HexValue('F'), 15);
}

}  // namespace
}  // namespace skerry
