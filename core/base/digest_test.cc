#include "core/base/digest.h"

#include <gtest/gtest.h>

namespace skerry {
namespace {

// FIPS 180-4's example.
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256Test, IsThatOfTheStandard) { EXPECT_EQ(Sha256("abc").Hex(), kAbc); }

TEST(Sha256Test, AStreamGivesWhatTheWholeGives) {
  Sha256Stream stream;
  stream.Update("a");
  stream.Update("");
  stream.Update("bc");
  EXPECT_EQ(stream.Finish(), Sha256("abc"));
}

TEST(Sha256Test, ReadsItsOwnTextAndNoOther) {
  EXPECT_EQ(Sha256Digest::FromHex(kAbc), Sha256("abc"));
  std::string upper(kAbc);
  upper[0] = 'B';
  EXPECT_EQ(Sha256Digest::FromHex(upper), std::nullopt);
  EXPECT_EQ(Sha256Digest::FromHex(std::string_view(kAbc).substr(1)), std::nullopt);
  EXPECT_EQ(Sha256Digest::FromHex(std::string(kAbc) + "0"), std::nullopt);
}

TEST(Xxh3Test, SeedsKeepRolesApart) {
  EXPECT_EQ(Xxh3("bytes", 1), Xxh3("bytes", 1));
  EXPECT_NE(Xxh3("bytes", 1), Xxh3("bytes", 2));
}

// What is on disk was hashed by another build, perhaps with other vector
// instructions: values of the xxHash specification's empty input.
TEST(Xxh3Test, IsTheSameOnEveryMachine) {
  EXPECT_EQ(Xxh3(""), 0x2d06800538d394c2u);
  EXPECT_EQ(Xxh3_128("").high, 0x99aa06d3014798d8u);
  EXPECT_EQ(Xxh3_128("").low, 0x6001c324468d497fu);
}

TEST(Base64Test, ReadsWhatItWritesForEveryLength) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(FromBase64(ToBase64(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 37));
  }
  EXPECT_EQ(ToBase64("a"), "YQ==");
}

TEST(Base64Test, RefusesWhatIsNotCanonical) {
  for (const char* text : {"YQ", "YQ=", "YR==", "Y Q==", "YQ==\n", "YQ=a", "====", "_w=="}) {
    EXPECT_EQ(FromBase64(text), std::nullopt) << text;
  }
}

TEST(HexTest, IsLowerCase) { EXPECT_EQ(ToHex(std::string_view("\x00\xaf", 2)), "00af"); }

TEST(SecretEqualsTest, ComparesWholeStrings) {
  EXPECT_TRUE(SecretEquals("token", "token"));
  EXPECT_FALSE(SecretEquals("token", "Token"));
  EXPECT_FALSE(SecretEquals("token", "token2"));
  EXPECT_FALSE(SecretEquals("", "token"));
  EXPECT_TRUE(SecretEquals("", ""));
}

}  // namespace
}  // namespace skerry
