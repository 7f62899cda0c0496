#include "core/cache/representation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/random.h"

namespace skerry::cache {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

VaryNames Names(std::vector<std::string> names) {
  return {.names = std::move(names), .any = false};
}

const VaryNames kEncoding = Names({"accept-encoding"});
const VaryNames kLanguage = Names({"accept-language"});
const VaryNames kAccept = Names({"accept"});
const VaryNames kDictionary = Names({"accept-encoding", "available-dictionary"});

http::Fields Codings(const char* list) { return {{"accept-encoding", list}}; }
http::Fields Languages(const char* list) { return {{"accept-language", list}}; }
http::Fields In(const char* coding) { return {{"content-encoding", coding}}; }
http::Fields Speaking(const char* language) { return {{"content-language", language}}; }

// Would an answer to `stored` be used for `request`?
bool Matches(const VaryNames& names, const http::Fields& stored, const http::Fields& response,
             const http::Fields& request) {
  return MatchesVariant(names, VariantText(names, stored), response, request);
}

// The variants of one object as a cache keeps them: a new one takes the place of the
// same representation and learns from it.
class Variants {
 public:
  explicit Variants(VaryNames names) : names_(std::move(names)) {}

  bool Has(const http::Fields& request) const {
    return std::any_of(kept_.begin(), kept_.end(), [&](const auto& kept) {
      return MatchesVariant(names_, kept.second.text, kept.second.response, request);
    });
  }
  void Put(const http::Fields& request, const http::Fields& response) {
    Kept& kept = kept_[RepresentationHash(names_, response, request)];
    const std::string text = VariantText(names_, request);
    kept.text = kept.text.empty() ? text : MergeVariantTexts(names_, response, kept.text, text);
    kept.response = response;
  }
  size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    std::string text;
    http::Fields response;
  };
  VaryNames names_;
  std::map<uint64_t, Kept> kept_;
};

// ---- Accept-Encoding

TEST(RepresentationTest, WhatIsNotThereForManyIsNotThereForFewer) {
  EXPECT_TRUE(Matches(kEncoding, Codings("br, gzip"), In("gzip"), Codings("gzip")));
  EXPECT_TRUE(Matches(kEncoding, Codings("br, gzip"), {}, Codings("br")));
  EXPECT_TRUE(Matches(kEncoding, Codings("br, gzip"), {}, {}));
}

TEST(RepresentationTest, ACodingTheClientCannotTakeIsNeverGiven) {
  EXPECT_FALSE(Matches(kEncoding, Codings("br, gzip"), In("br"), Codings("gzip")));
  EXPECT_FALSE(Matches(kEncoding, Codings("br, gzip"), In("br"), {}));
}

TEST(RepresentationTest, ACodingThatWasNeverOfferedMayExist) {
  EXPECT_FALSE(Matches(kEncoding, Codings("gzip"), In("gzip"), Codings("br, gzip")));
  EXPECT_FALSE(Matches(kEncoding, {}, {}, Codings("gzip")));
}

TEST(RepresentationTest, ACodingThatIsNotPreferredNeedNotHaveBeenOffered) {
  EXPECT_TRUE(Matches(kEncoding, Codings("br, gzip"), In("br"), Codings("br, zstd, gzip")));
  EXPECT_TRUE(Matches(kEncoding, Codings("zstd"), In("zstd"), Codings("zstd, gzip")));
  EXPECT_FALSE(Matches(kEncoding, Codings("br, gzip"), In("gzip"), Codings("br, zstd, gzip")));
  EXPECT_FALSE(Matches(kEncoding, Codings("br"), In("br"), Codings("br, better")));
}

TEST(RepresentationTest, WeightsAreComparedAsTheyAre) {
  EXPECT_FALSE(
      Matches(kEncoding, Codings("br;q=0.1, gzip"), In("gzip"), Codings("gzip;q=0.1, br")));
  EXPECT_TRUE(Matches(kEncoding, Codings("br;q=0.1, gzip"), In("gzip"), Codings("br;q=0.1, gzip")));
}

TEST(RepresentationTest, AnswersThatAreTheSameShareWhatTheyKnow) {
  Variants variants(kEncoding);
  variants.Put(Codings("br"), {});
  variants.Put(Codings("gzip"), {});
  EXPECT_EQ(variants.size(), 1u);
  EXPECT_TRUE(variants.Has(Codings("br, gzip")));
  EXPECT_FALSE(variants.Has(Codings("zstd")));
}

// ---- Available-Dictionary

constexpr const char* kOne = ":AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
constexpr const char* kTwo = ":BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=:";

http::Fields With(const char* dictionary) {
  return {{"accept-encoding", "br, gzip, dcz"}, {"available-dictionary", dictionary}};
}
http::Fields Listing(const char* coding, const char* dictionary) {
  return {{"content-encoding", coding},
          {"skerry-variants", std::string("codings=(br dcz), dictionaries=(") + dictionary + ")"}};
}

TEST(RepresentationTest, AnUnknownDictionaryIsAsGoodAsNone) {
  const http::Fields br = Listing("br", kOne);
  EXPECT_TRUE(Matches(kDictionary, Codings("br, gzip"), br, With(kTwo)));
  EXPECT_TRUE(Matches(kDictionary, With(kTwo), br, Codings("br, gzip")));
  EXPECT_TRUE(Matches(kDictionary, Codings("br, gzip"), In("br"), With(kTwo)));
}

TEST(RepresentationTest, ADictionaryThatExistsIsAskedFor) {
  EXPECT_FALSE(Matches(kDictionary, Codings("br, gzip"), Listing("br", kOne), With(kOne)));
  // Asked for, and the answer was still br: it is the better one.
  EXPECT_TRUE(Matches(kDictionary, With(kOne), Listing("br", kOne), With(kOne)));
}

TEST(RepresentationTest, ADeltaIsForItsDictionaryAlone) {
  const http::Fields delta = Listing("dcz", kOne);
  EXPECT_TRUE(Matches(kDictionary, With(kOne), delta, With(kOne)));
  EXPECT_FALSE(Matches(kDictionary, With(kOne), delta, With(kTwo)));
  EXPECT_FALSE(Matches(kDictionary, With(kOne), delta, Codings("br, gzip")));
  EXPECT_FALSE(Matches(kDictionary, With(kOne), delta, Codings("br, gzip, dcz")));
}

TEST(RepresentationTest, AThousandDictionariesAreAsManyVariantsAsThereAreDeltas) {
  Variants variants(kDictionary);
  variants.Put(With(kOne), Listing("dcz", kOne));
  for (int i = 0; i < 1000; ++i) {
    std::string unknown = kTwo;
    unknown.replace(1, 4, std::to_string(1000 + i));
    if (!variants.Has(With(unknown.c_str()))) {
      variants.Put(With(unknown.c_str()), Listing("br", kOne));
    }
  }
  EXPECT_EQ(variants.size(), 2u);
}

// ---- Accept

const http::Fields kAvif{{"content-type", "image/avif"}};
const http::Fields kJpeg{{"content-type", "image/jpeg"}};

http::Fields Accepting(const char* list) { return {{"accept", list}}; }

TEST(RepresentationTest, ImagesAreKeptByFormat) {
  const http::Fields both = Accepting("image/avif,image/webp,*/*");
  EXPECT_TRUE(Matches(kAccept, both, kAvif, Accepting("text/html,image/avif,image/webp;q=0.9")));
  EXPECT_TRUE(Matches(kAccept, both, kAvif, Accepting("image/avif")));
  EXPECT_FALSE(Matches(kAccept, both, kAvif, Accepting("image/webp,*/*")));
  EXPECT_TRUE(Matches(kAccept, both, kJpeg, Accepting("*/*;q=0.1")));
  EXPECT_FALSE(Matches(kAccept, both, kJpeg, Accepting("image/png")));
  EXPECT_FALSE(Matches(kAccept, Accepting("*/*"), kJpeg, both));
}

TEST(RepresentationTest, OtherNegotiationByTypeIsLeftAlone) {
  const http::Fields json{{"content-type", "application/json"}};
  EXPECT_FALSE(Matches(kAccept, Accepting("application/json"), json, Accepting("*/*")));
}

// ---- Accept-Language

TEST(RepresentationTest, AStoredLanguageThatIsPreferredToAllOthersMatches) {
  const http::Fields both = Languages("en, de");
  EXPECT_TRUE(Matches(kLanguage, both, Speaking("De"), Languages("fr;q=0.5, de;q=1.0")));
  EXPECT_TRUE(Matches(kLanguage, both, Speaking("de"), Languages("de")));
  for (const char* other : {"fr, de", "fr, de;q=0.5", "de-at", "*", "de;q=0", ""}) {
    EXPECT_FALSE(Matches(kLanguage, both, Speaking("de"), Languages(other))) << other;
  }
  EXPECT_FALSE(Matches(kLanguage, both, Speaking("de"), {}));
  EXPECT_FALSE(Matches(kLanguage, both, Speaking("de, en"), Languages("de")));
  EXPECT_FALSE(Matches(kLanguage, both, {}, Languages("de")));
}

TEST(RepresentationTest, APreferredLanguageDoesNotExcuseOtherNames) {
  const VaryNames names = Names({"accept-language", "foo"});
  const http::Fields stored{{"accept-language", "en, de"}, {"foo", "1"}};
  EXPECT_TRUE(Matches(names, stored, Speaking("de"), {{"accept-language", "de"}, {"foo", "1"}}));
  EXPECT_FALSE(Matches(names, stored, Speaking("de"), {{"accept-language", "de"}, {"foo", "2"}}));
}

TEST(RepresentationTest, ALanguageThatWasPassedOverDoesNotExist) {
  const http::Fields french_first = Languages("fr, en;q=0.5");
  EXPECT_TRUE(Matches(kLanguage, french_first, Speaking("en"), Languages("fr;q=0.9, en;q=0.8")));
  EXPECT_TRUE(Matches(kLanguage, french_first, Speaking("en"), Languages("en")));
  EXPECT_FALSE(Matches(kLanguage, french_first, Speaking("en"), Languages("de, en;q=0.5")));
  // Equally wanted: the other may exist.
  EXPECT_FALSE(Matches(kLanguage, Languages("fr, en"), Speaking("en"), Languages("fr, en;q=0.5")));
}

TEST(RepresentationTest, ARegionThatWasAnsweredByItsLanguageDoesNotExist) {
  EXPECT_TRUE(Matches(kLanguage, Languages("en-gb"), Speaking("en"), Languages("en-gb, en;q=0.9")));
  EXPECT_FALSE(Matches(kLanguage, Languages("en-gb"), Speaking("en"), Languages("en-us")));
}

TEST(RepresentationTest, WhatEverybodyGetsIsLearntAsSuch) {
  EXPECT_TRUE(Matches(kLanguage, Languages("ja, ko"), Speaking("en"), Languages("ko")));
  EXPECT_TRUE(Matches(kLanguage, Languages("ja"), Speaking("en"), {}));
  EXPECT_FALSE(Matches(kLanguage, Languages("ja"), Speaking("en"), Languages("ko")));
  EXPECT_FALSE(Matches(kLanguage, Languages("en"), Speaking("en"), {}));
}

// ---- Many spellings

// An origin with three languages and two codings that obeys the fields it gets.
http::Fields Origin(const http::Fields& request) {
  std::string best = "en";
  uint16_t quality = 0;
  const std::vector<std::string> has = {"en", "de", "fr"};
  const std::string list = request.Combined("accept-language").value_or("");
  for (const std::string& tag : has) {
    for (size_t at = list.find(tag); at != list.npos; at = list.find(tag, at + 1)) {
      const size_t weight = list.find_first_of(",;", at);
      uint16_t q = 1000;
      if (weight != list.npos && list[weight] == ';') {
        q = static_cast<uint16_t>((list[weight + 5] - '0') * 100);
      }
      if (q > quality) {
        quality = q;
        best = tag;
      }
    }
  }
  http::Fields response{{"content-language", best}};
  const std::string codings = request.Combined("accept-encoding").value_or("");
  if (codings.find("gzip") != codings.npos) response.Add("content-encoding", "gzip");
  return response;
}

TEST(RepresentationTest, ThreeHundredSpellingsAreNoMoreVariantsThanRepresentations) {
  SeededRandom random(3);
  const VaryNames names = Names({"accept-encoding", "accept-language"});
  Variants variants(names);
  std::vector<std::string> tags = {"en", "de", "fr", "ja", "ko", "nl", "pl", "sv"};
  const std::vector<std::string> codings = {"br", "zstd", "gzip"};
  std::set<std::string> spellings;
  int asked = 0;
  for (int round = 0; round < 3000; ++round) {
    http::Fields request;
    std::string list;
    std::swap(tags[random.Below(tags.size())], tags[random.Below(tags.size())]);
    for (size_t i = 0; i < tags.size(); ++i) {
      if (random.Below(2) == 0) continue;
      list += (list.empty() ? "" : ", ") + tags[i] + ";q=0." + std::to_string(9 - i);
    }
    if (!list.empty()) request.Add("accept-language", list);
    std::string accepted;
    for (const std::string& coding : codings) {
      if (random.Below(2) == 0) accepted += (accepted.empty() ? "" : ", ") + coding;
    }
    if (!accepted.empty()) request.Add("accept-encoding", accepted);
    spellings.insert(list + "|" + accepted);
    if (variants.Has(request)) continue;
    variants.Put(request, Origin(request));
    ++asked;
  }
  EXPECT_GT(spellings.size(), 300u);
  EXPECT_LE(variants.size(), 6u);
  // Most of them need no question once the origin is known.
  EXPECT_LT(asked, 150);
}

TEST(RepresentationTest, EveryStoredAnswerIsFoundUnderOneOfTheHashesOfItsRequest) {
  const std::vector<std::pair<http::Fields, http::Fields>> answers = {
      {Codings("br, gzip"), In("br")},
      {Codings("br, gzip"), {}},
      {With(kOne), Listing("dcz", kOne)},
      {With(kOne), Listing("br", kOne)},
      {Languages("de-at, en;q=0.5"), Speaking("de")},
      {Languages("de, en;q=0.5"), {}},
      {Accepting("image/webp,*/*"), kJpeg},
      {Accepting("application/json"), {{"content-type", "application/json"}}}};
  for (const VaryNames& names : {kEncoding, kDictionary, kLanguage, kAccept}) {
    for (const auto& [request, response] : answers) {
      EXPECT_THAT(RepresentationHashes(names, request),
                  Contains(RepresentationHash(names, response, request)));
    }
  }
}

TEST(RepresentationTest, TheHashesAreFewAndTheMostWantedCodingComesFirst) {
  const std::vector<uint64_t> hashes = RepresentationHashes(kEncoding, Codings("gzip, zstd, br"));
  EXPECT_EQ(hashes.front(), RepresentationHash(kEncoding, In("br"), {}));
  const VaryNames all = Names({"accept", "accept-encoding", "accept-language", "x"});
  EXPECT_LE(RepresentationHashes(all, {{"accept-encoding", "br, gzip, zstd"},
                                       {"accept-language", "a-b-c-d, e-f-g-h, i-j"}})
                .size(),
            64u);
}

TEST(RepresentationTest, WithoutVaryThereIsOnePlaceAndWithAStarNone) {
  EXPECT_EQ(RepresentationHash({}, {}, Codings("br")), 0u);
  EXPECT_THAT(RepresentationHashes({}, Codings("br")), ElementsAre(0u));
  EXPECT_THAT(RepresentationHashes({.names = {}, .any = true}, {}), IsEmpty());
  EXPECT_THAT(RepresentationHashes(kEncoding, {}), Not(Contains(0u)));
}

TEST(RepresentationTest, WhatIsKnownOfAbsentLanguagesIsBounded) {
  Variants variants(kLanguage);
  std::string text = VariantText(kLanguage, Languages("aa"));
  for (int i = 0; i < 500; ++i) {
    const std::string tag = "x" + std::to_string(i);
    text = MergeVariantTexts(kLanguage, Speaking("en"), text,
                             VariantText(kLanguage, Languages(tag.c_str())));
  }
  EXPECT_LT(text.size(), 1024u);
}

}  // namespace
}  // namespace skerry::cache
