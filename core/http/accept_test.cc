#include "core/http/accept.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::http {
namespace {

using ::testing::ElementsAre;
using enum Coding;

AcceptedCodings Codings(std::string_view value) {
  return ParseAcceptEncoding(Fields{{"accept-encoding", std::string(value)}});
}
std::vector<LanguageRange> Languages(std::string_view value) {
  return ParseAcceptLanguage(Fields{{"accept-language", std::string(value)}});
}

TEST(QualityTest, HasThreeDigitsAtMost) {
  EXPECT_EQ(ParseQuality("1"), 1000);
  EXPECT_EQ(ParseQuality("1.000"), 1000);
  EXPECT_EQ(ParseQuality("0"), 0);
  EXPECT_EQ(ParseQuality("0."), 0);
  EXPECT_EQ(ParseQuality("0.5"), 500);
  EXPECT_EQ(ParseQuality("0.123"), 123);
  for (const char* text : {"", "2", "1.001", "0.1234", ".5", "-1", "0,5", "0.x", "01", "1e0"}) {
    EXPECT_EQ(ParseQuality(text), std::nullopt) << text;
  }
}

TEST(AcceptEncodingTest, WhatBrowsersSendIsASetOfKnownCodings) {
  EXPECT_EQ(Codings("gzip, deflate, br, zstd").set(), (CodingSet{kIdentity, kGzip, kBr, kZstd}));
  EXPECT_EQ(Codings("gzip, deflate, br, zstd, dcb, dcz").set(),
            (CodingSet{kIdentity, kGzip, kBr, kZstd, kDcz}));
}

TEST(AcceptEncodingTest, NoFieldAndAnEmptyOneMeanIdentity) {
  EXPECT_EQ(ParseAcceptEncoding(Fields{}).set(), CodingSet{kIdentity});
  EXPECT_EQ(Codings("").set(), CodingSet{kIdentity});
}

TEST(AcceptEncodingTest, QualityZeroRefuses) {
  EXPECT_EQ(Codings("br;q=0, gzip").set(), (CodingSet{kIdentity, kGzip}));
  EXPECT_EQ(Codings("gzip, identity;q=0").set(), CodingSet{kGzip});
  EXPECT_EQ(Codings("gzip, *;q=0").set(), CodingSet{kGzip});
  EXPECT_EQ(Codings("*;q=0").set(), CodingSet{});
  EXPECT_EQ(Codings("*;q=0, identity;q=0.1").set(), CodingSet{kIdentity});
}

TEST(AcceptEncodingTest, AStarIsEveryCodingButTheOneThatNeedsADictionary) {
  EXPECT_EQ(Codings("*").set(), (CodingSet{kIdentity, kGzip, kBr, kZstd}));
  EXPECT_EQ(Codings("*, br;q=0").set(), (CodingSet{kIdentity, kGzip, kZstd}));
}

TEST(AcceptEncodingTest, NamesAreInAnyCaseAndXGzipIsGzip) {
  EXPECT_EQ(Codings("X-GZip ; Q=0.5").of(kGzip), 500);
  EXPECT_EQ(Codings("BR").of(kBr), 1000);
}

TEST(AcceptEncodingTest, LinesCountTogetherAndTheFirstOfANameCounts) {
  const Fields lines{{"accept-encoding", "gzip;q=0.5"}, {"accept-encoding", "br, gzip"}};
  EXPECT_EQ(ParseAcceptEncoding(lines).set(), (CodingSet{kIdentity, kGzip, kBr}));
  EXPECT_EQ(ParseAcceptEncoding(lines).of(kGzip), 500);
}

TEST(AcceptEncodingTest, MalformedMembersAreIgnored) {
  EXPECT_EQ(Codings("gzip;q=5, br;q=x, ;q=1, zstd").set(), (CodingSet{kIdentity, kZstd}));
}

TEST(AcceptEncodingTest, TheBestIsTheMostWantedThenTheFirstOffered) {
  EXPECT_EQ(Codings("gzip, br").Best({kBr, kGzip, kIdentity}), kBr);
  EXPECT_EQ(Codings("gzip, br;q=0.9").Best({kBr, kGzip, kIdentity}), kGzip);
  EXPECT_EQ(Codings("zstd").Best({kBr, kGzip, kIdentity}), kIdentity);
  EXPECT_EQ(Codings("identity, gzip;q=0.5").Best({kGzip, kIdentity}), kIdentity);
  EXPECT_EQ(Codings("*;q=0").Best({kGzip, kIdentity}), std::nullopt);
}

TEST(AcceptTest, ReadsRangesWithTheirQuality) {
  const Fields request{{"accept", "text/HTML;level=1;q=0.7, image/*, */*;q=0.1"}};
  EXPECT_THAT(ParseAccept(request),
              ElementsAre(MediaRange{"text", "html", 700}, MediaRange{"image", "*", 1000},
                          MediaRange{"*", "*", 100}));
}

TEST(AcceptTest, LeavesMalformedMembersOut) {
  const Fields request{{"accept", "text, */html, a/b/c, te xt/html, text/plain;q=9, a/b"}};
  EXPECT_THAT(ParseAccept(request), ElementsAre(MediaRange{"a", "b", 1000}));
}

TEST(AcceptTest, AQuotedParameterHidesItsComma) {
  const Fields request{{"accept", "a/b;x=\"1,c/d\\\",\", e/f"}};
  EXPECT_THAT(ParseAccept(request),
              ElementsAre(MediaRange{"a", "b", 1000}, MediaRange{"e", "f", 1000}));
}

TEST(AcceptTest, ImageFormatsMustBeNamed) {
  const auto formats = [](std::string value) {
    return AcceptedImageFormats(Fields{{"accept", std::move(value)}});
  };
  EXPECT_EQ(formats("image/avif,image/webp,image/apng,*/*;q=0.8"), (ImageFormats{true, true}));
  EXPECT_EQ(formats("image/*, */*"), ImageFormats{});
  EXPECT_EQ(formats("image/avif;q=0, image/WebP"), (ImageFormats{false, true}));
  EXPECT_EQ(AcceptedImageFormats(Fields{}), ImageFormats{});
}

TEST(AcceptLanguageTest, OrderCaseAndBlanksMakeNoDifference) {
  EXPECT_EQ(Languages("en, de"), Languages("DE ,En"));
  EXPECT_EQ(FormatLanguages(Languages("fr;q=0.25,en-GB ; q=0.8, de,*;q=0")),
            "de,en-gb;q=0.8,fr;q=0.25,*;q=0");
  EXPECT_NE(Languages("en;q=0.5, de"), Languages("en, de;q=0.5"));
}

TEST(AcceptLanguageTest, ATagStandsOnceWithItsHighestQuality) {
  EXPECT_THAT(Languages("en;q=0.1, EN;q=0.9, e n"), ElementsAre(LanguageRange{"en", 900}));
}

TEST(AcceptLanguageTest, TheLongestRangeDecides) {
  const auto ranges = Languages("en;q=0.5, en-GB, *;q=0.1, de;q=0");
  EXPECT_EQ(LanguageQuality(ranges, "en-gb"), 1000);
  EXPECT_EQ(LanguageQuality(ranges, "EN-US"), 500);
  EXPECT_EQ(LanguageQuality(ranges, "english"), 100);
  EXPECT_EQ(LanguageQuality(ranges, "de-AT"), 0);
  EXPECT_EQ(LanguageQuality(Languages("en"), "fr"), 0);
}

}  // namespace
}  // namespace skerry::http
