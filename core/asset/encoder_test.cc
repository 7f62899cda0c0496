#include "core/asset/encoder.h"

#include <gtest/gtest.h>

#include "core/asset/decoder.h"
#include "core/base/bytes.h"
#include "core/base/random.h"

namespace skerry::asset {
namespace {

constexpr Recipe kStreams[] = {kFastBrotli,           kFastGzip,          kFastZstd,
                               {Coding::kBrotli, 11}, {Coding::kGzip, 9}, {Coding::kZstd, 19}};

// Words drawn by a seed: compresses like text, and spans blocks of every coder.
std::string Text(size_t size, uint64_t seed = 1) {
  static constexpr std::string_view kWords[] = {"light ",  "house ", "rock ",   "tide ",  "fog ",
                                                "keeper ", "lamp ",  "signal ", "storm ", "\n"};
  SeededRandom random(seed);
  std::string text;
  while (text.size() < size) {
    text += kWords[random.Below(std::size(kWords))];
    if (random.Below(16) == 0) text += std::to_string(random.Below(100000));
  }
  text.resize(size);
  return text;
}

std::string Streamed(const Recipe& recipe, std::string_view bytes, size_t piece) {
  auto encoder = Encoder::Make(recipe);
  EXPECT_TRUE(encoder.has_value());
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    EXPECT_TRUE((*encoder)->Append(bytes.substr(at, piece), out).has_value());
  }
  EXPECT_TRUE((*encoder)->Finish(out).has_value());
  return out;
}

class StreamTest : public testing::TestWithParam<Recipe> {};
INSTANTIATE_TEST_SUITE_P(Recipes, StreamTest, testing::ValuesIn(kStreams),
                         [](const auto& info) { return Name(info.param); });

TEST_P(StreamTest, DecodesToWhatWasGiven) {
  for (const size_t size : {0, 1, 100, 70'000, 600'000}) {
    const std::string text = Text(size);
    EXPECT_EQ(Decode(GetParam().coding, Streamed(GetParam(), text, 1 << 20), 1_MiB), text);
  }
}

TEST_P(StreamTest, BytesDoNotDependOnHowTheBodyWasCut) {
  const bool slow = GetParam().level > 9;
  const std::string text = Text(slow ? 300'000 : 1'500'000);
  const std::string whole = Streamed(GetParam(), text, text.size());
  for (const size_t piece : {1000, 16384, 131072, 131073, 262144}) {
    EXPECT_EQ(Streamed(GetParam(), text, piece), whole) << piece;
  }
}

TEST_P(StreamTest, FlushLetsADecoderSeeAllThatWasGiven) {
  auto encoder = Encoder::Make(GetParam());
  std::string out;
  ASSERT_TRUE((*encoder)->Append(Text(5000), out).has_value());
  const size_t before = out.size();
  ASSERT_TRUE((*encoder)->Flush(out).has_value());
  EXPECT_GT(out.size(), before + 100);
  ASSERT_TRUE((*encoder)->Finish(out).has_value());
  EXPECT_EQ(Decode(GetParam().coding, out, 1_MiB), Text(5000));
}

TEST(EncoderTest, RefusesRecipesItDoesNotHave) {
  for (const Recipe& recipe : {Recipe{Coding::kGzip, 12}, Recipe{Coding::kBrotli, 12},
                               Recipe{Coding::kZstd, 0}, kBestDcz, Recipe{}}) {
    const auto encoder = Encoder::Make(recipe);
    ASSERT_FALSE(encoder.has_value());
    EXPECT_EQ(encoder.error().code, Code::kInvalid);
  }
  EXPECT_FALSE(Compress(Recipe{Coding::kBrotli, 99}, "x").has_value());
}

TEST(CompressTest, EveryBestRecipeDecodesToItsInput) {
  for (const Recipe& recipe : {kBestBrotli, kBestGzip, kBestZstd}) {
    for (const size_t size : {0, 1, 5000, 300'000}) {
      const auto coded = Compress(recipe, Text(size));
      ASSERT_TRUE(coded.has_value());
      EXPECT_EQ(Decode(recipe.coding, *coded, 1_MiB), Text(size)) << Name(recipe);
    }
  }
}

TEST(CompressTest, BestIsSmallerThanFast) {
  const std::string text = Text(200'000);
  EXPECT_LT(Compress(kBestBrotli, text)->size(), Compress(kFastBrotli, text)->size());
  EXPECT_LT(Compress(kBestGzip, text)->size(), Compress(kFastGzip, text)->size());
  EXPECT_LT(Compress(kBestZstd, text)->size(), Compress(kFastZstd, text)->size());
}

TEST(CompressTest, CanonicalNamesTheLibrary) {
  EXPECT_EQ(Canonical(kBestBrotli).substr(0, 12), "br11 brotli-");
  EXPECT_EQ(Canonical(kBestGzip).substr(0, 18), "gzip12 libdeflate-");
  EXPECT_EQ(Canonical(kBestDcz).substr(0, 11), "dcz19 zstd-");
}

TEST(DczTest, BeginsWithMagicAndDictionaryAndIsSmall) {
  const std::string before = Text(100'000);
  std::string after = before;
  after.replace(5000, 10, "changed!!!");
  const auto coded = CompressDcz(19, before, after);
  ASSERT_TRUE(coded.has_value());
  EXPECT_EQ(coded->substr(0, 8), std::string_view("\x5e\x2a\x4d\x18\x20\0\0\0", 8));
  EXPECT_EQ(coded->substr(8, 32), Sha256(before).raw());
  EXPECT_LT(coded->size(), 200u);
  EXPECT_EQ(DecodeDcz(before, *coded, 1_MiB), after);
}

TEST(DczTest, AnotherDictionaryIsNoticed) {
  const auto coded = CompressDcz(19, Text(1000), Text(2000));
  const auto decoded = DecodeDcz(Text(1001), *coded, 1_MiB);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, Code::kCorrupt);
}

TEST(DczTest, RefusesAPairThatNeedsALargerWindowThanClientsKeep) {
  const auto coded = CompressDcz(1, Text(1000), std::string(9_MiB, 'x'));
  ASSERT_FALSE(coded.has_value());
  EXPECT_EQ(coded.error().code, Code::kLimit);
}

class DecodeTest : public testing::TestWithParam<Recipe> {};
INSTANTIATE_TEST_SUITE_P(Recipes, DecodeTest, testing::Values(kBestBrotli, kBestGzip, kBestZstd),
                         [](const auto& info) { return Name(info.param); });

TEST_P(DecodeTest, StopsABombAtTheLimit) {
  const auto coded = Compress(GetParam(), std::string(4_MiB, 'a'));
  const auto decoded = Decode(GetParam().coding, *coded, 1_MiB);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, Code::kLimit);
}

TEST_P(DecodeTest, CutOrExtendedStreamsAreCorrupt) {
  const std::string coded = *Compress(GetParam(), Text(5000));
  for (const std::string& damaged :
       {coded.substr(0, coded.size() - 1), coded.substr(0, 5), coded + "x", std::string()}) {
    const auto decoded = Decode(GetParam().coding, damaged, 1_MiB);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().code, Code::kCorrupt);
  }
}

TEST(CodingTest, NamesAndSuffixesAreThoseOfTheContract) {
  for (const Coding coding : {Coding::kGzip, Coding::kBrotli, Coding::kZstd, Coding::kDcz}) {
    EXPECT_EQ(CodingOf(Name(coding)), coding);
  }
  EXPECT_EQ(CodingOf("x-gzip"), std::nullopt);
  EXPECT_EQ(FileSuffix(Coding::kZstd), ".zst");
  EXPECT_EQ(DczSuffix(Sha256("abc")), ".ba7816bf8f01cfea.dcz");
  EXPECT_EQ(Name(kBestGzip), "gzip12");
  EXPECT_EQ(Name(Recipe{}), "");
}

}  // namespace
}  // namespace skerry::asset
