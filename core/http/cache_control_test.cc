#include "core/http/cache_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

CacheControl Parse(std::string_view text) { return ParseCacheControl(text); }
RequestCacheControl Ask(std::string_view text) { return ParseRequestCacheControl(text); }

TEST(CacheControlTest, ReadsEveryDirectiveOfAResponse) {
  const CacheControl control = Parse(
      "public, private, no-cache, no-store, max-age=1, s-maxage=2, must-revalidate, "
      "proxy-revalidate, must-understand, immutable, stale-while-revalidate=3, "
      "stale-if-error=4, no-transform");
  EXPECT_TRUE(control.is_public);
  EXPECT_TRUE(control.is_private.whole());
  EXPECT_TRUE(control.no_cache.whole());
  EXPECT_TRUE(control.no_store);
  EXPECT_EQ(control.max_age, Seconds(1));
  EXPECT_EQ(control.s_maxage, Seconds(2));
  EXPECT_TRUE(control.must_revalidate);
  EXPECT_TRUE(control.proxy_revalidate);
  EXPECT_TRUE(control.must_understand);
  EXPECT_TRUE(control.immutable);
  EXPECT_EQ(control.stale_while_revalidate, Seconds(3));
  EXPECT_EQ(control.stale_if_error, Seconds(4));
  EXPECT_TRUE(control.no_transform);
  EXPECT_THAT(control.unknown, IsEmpty());
}

TEST(CacheControlTest, NothingIsSetWithoutAField) {
  EXPECT_EQ(ParseCacheControl(Fields{}), CacheControl{});
  EXPECT_EQ(Parse(" , ,\t,"), CacheControl{});
}

TEST(CacheControlTest, NamesAreInAnyCase) {
  EXPECT_EQ(Parse("MaX-aGe=3600, NO-STORE").max_age, Seconds(3600));
  EXPECT_TRUE(Parse("MaX-aGe=3600, NO-STORE").no_store);
}

TEST(CacheControlTest, LinesAreOneList) {
  const Fields fields{{"cache-control", "max-age=5"}, {"cache-control", "no-store"}};
  EXPECT_EQ(ParseCacheControl(fields).max_age, Seconds(5));
  EXPECT_TRUE(ParseCacheControl(fields).no_store);
}

TEST(CacheControlTest, AQuotedStringHidesWhatItContains) {
  EXPECT_EQ(Parse("extension=\"max-age=3600\", max-age=1").max_age, Seconds(1));
  EXPECT_EQ(Parse("max-age=1, extension=\"max-age=3600\"").max_age, Seconds(1));
  EXPECT_EQ(Parse("extension=\"a, max-age=3600\"").max_age, std::nullopt);
  EXPECT_EQ(Parse("extension=\"\\\", max-age=3600\"").max_age, std::nullopt);
}

TEST(CacheControlTest, AnOpenQuoteHidesNothing) {
  EXPECT_TRUE(Parse("extension=\"a, no-store").no_store);
}

TEST(CacheControlTest, SingleQuotesAreNotQuotes) {
  EXPECT_EQ(Parse("max-age='3600'").max_age, Seconds(0));
}

TEST(CacheControlTest, QuotedDeltasAndLeadingZerosCount) {
  EXPECT_EQ(Parse("max-age=\"3600\"").max_age, Seconds(3600));
  EXPECT_EQ(Parse("max-age=003600").max_age, Seconds(3600));
}

TEST(CacheControlTest, AnInvalidMaxAgeIsZero) {
  for (const char* text : {"max-age", "max-age=", "max-age=-1", "max-age=3600.0", "max-age=3600.5",
                           "max-age=a3600", "max-age=3600a", "max-age =3600", "max-age= 3600",
                           "max-age=\"3600", "max-age=\"36\"00", "max-age=3 600"}) {
    EXPECT_EQ(Parse(text).max_age, Seconds(0)) << text;
  }
  EXPECT_EQ(Parse("s-maxage=x").s_maxage, Seconds(0));
}

TEST(CacheControlTest, AnInvalidStaleWindowIsNone) {
  EXPECT_EQ(Parse("stale-while-revalidate=x").stale_while_revalidate, std::nullopt);
  EXPECT_EQ(Parse("stale-while-revalidate").stale_while_revalidate, std::nullopt);
  EXPECT_EQ(Parse("stale-if-error=-1").stale_if_error, std::nullopt);
}

TEST(CacheControlTest, DeltasSaturate) {
  EXPECT_EQ(Parse("max-age=2147483648").max_age, kMaxDelta);
  EXPECT_EQ(Parse("max-age=99999999999").max_age, kMaxDelta);
}

TEST(CacheControlTest, OfDuplicatesTheSmallestCounts) {
  EXPECT_EQ(Parse("max-age=1800, max-age=1").max_age, Seconds(1));
  EXPECT_EQ(Parse("max-age=1, max-age=1800").max_age, Seconds(1));
  EXPECT_EQ(Parse("max-age=1800, max-age=x").max_age, Seconds(0));
}

TEST(CacheControlTest, PrivateAndNoCacheMayNameFields) {
  const CacheControl control = Parse("private=\"Set-Cookie, , X-a\", no-cache=foo");
  EXPECT_FALSE(control.is_private.whole());
  EXPECT_THAT(control.is_private.fields, ElementsAre("set-cookie", "x-a"));
  EXPECT_THAT(control.no_cache.fields, ElementsAre("foo"));
}

TEST(CacheControlTest, TheWholeResponseBeatsNamedFields) {
  EXPECT_TRUE(Parse("private, private=\"a\"").is_private.whole());
  EXPECT_TRUE(Parse("private=\"a\", private").is_private.whole());
  EXPECT_THAT(Parse("no-cache=\"a\", no-cache=\"b,a\"").no_cache.fields, ElementsAre("a", "b"));
}

TEST(CacheControlTest, FieldNamesThatCannotBeReadMeanTheWholeResponse) {
  for (const char* text : {"private=\"\"", "private=\"a b\"", "private=", "private=\"a",
                           "private x", "private=\"a\"b"}) {
    EXPECT_TRUE(Parse(text).is_private.whole()) << text;
  }
}

TEST(CacheControlTest, WhatForbidsCountsWithAnyArgument) {
  EXPECT_TRUE(Parse("no-store=1").no_store);
  EXPECT_TRUE(Parse("no-store x").no_store);
  EXPECT_TRUE(Parse("must-revalidate=\"\"").must_revalidate);
}

TEST(CacheControlTest, WhatAllowsDoesNotCountWhenMalformed) {
  EXPECT_FALSE(Parse("public=1").is_public);
  EXPECT_FALSE(Parse("must-understand x").must_understand);
  EXPECT_FALSE(Parse("immutable=").immutable);
}

TEST(CacheControlTest, UnknownDirectivesAreKept) {
  EXPECT_THAT(
      Parse("Foo, bar=\"a\\\"b\", max-age=1, ba z").unknown,
      ElementsAre(Directive{"foo"}, Directive{"bar", "a\"b"}, Directive{"ba", std::nullopt, true}));
}

TEST(RequestCacheControlTest, ReadsEveryDirective) {
  const RequestCacheControl control =
      Ask("max-age=1, max-stale=2, min-fresh=3, no-cache, no-store, only-if-cached, no-transform");
  EXPECT_EQ(control.max_age, Seconds(1));
  EXPECT_EQ(control.max_stale, Seconds(2));
  EXPECT_EQ(control.min_fresh, Seconds(3));
  EXPECT_TRUE(control.no_cache);
  EXPECT_TRUE(control.no_store);
  EXPECT_TRUE(control.only_if_cached);
  EXPECT_TRUE(control.no_transform);
}

TEST(RequestCacheControlTest, UnknownDirectivesAreIgnored) {
  EXPECT_EQ(Ask("nothing-to-see-here"), RequestCacheControl{});
}

TEST(RequestCacheControlTest, BareMaxStaleIsAny) {
  EXPECT_EQ(Ask("max-stale").max_stale, kMaxDelta);
  EXPECT_EQ(Ask("max-stale=x").max_stale, std::nullopt);
  EXPECT_EQ(Ask("max-stale, max-stale=5").max_stale, Seconds(5));
}

TEST(RequestCacheControlTest, OfDuplicatesTheStrictestCounts) {
  EXPECT_EQ(Ask("max-age=9, max-age=3").max_age, Seconds(3));
  EXPECT_EQ(Ask("max-age=9, max-age=x").max_age, Seconds(0));
  EXPECT_EQ(Ask("min-fresh=9, min-fresh=3").min_fresh, Seconds(9));
}

TEST(RequestCacheControlTest, PragmaCountsOnlyWithoutCacheControl) {
  EXPECT_TRUE(ParseRequestCacheControl(Fields{{"pragma", "foo, No-Cache"}}).no_cache);
  EXPECT_FALSE(ParseRequestCacheControl(Fields{{"pragma", "foo"}}).no_cache);
  EXPECT_FALSE(
      ParseRequestCacheControl(Fields{{"pragma", "no-cache"}, {"cache-control", ""}}).no_cache);
}

TEST(TargetedCacheControlTest, ReadsADictionary) {
  const auto control = ParseTargetedCacheControl(
      "max-age=60, s-maxage=7, no-store;x=1, private=\"a, B\", no-cache=foo, public, foobar");
  ASSERT_TRUE(control);
  EXPECT_EQ(control->max_age, Seconds(60));
  EXPECT_EQ(control->s_maxage, Seconds(7));
  EXPECT_TRUE(control->no_store);
  EXPECT_THAT(control->is_private.fields, ElementsAre("a", "b"));
  EXPECT_THAT(control->no_cache.fields, ElementsAre("foo"));
  EXPECT_TRUE(control->is_public);
  EXPECT_THAT(control->unknown, ElementsAre(Directive{"foobar"}));
}

TEST(TargetedCacheControlTest, DeltasAreClampedAtBothEnds) {
  EXPECT_EQ(ParseTargetedCacheControl("max-age=-5")->max_age, Seconds(0));
  EXPECT_EQ(ParseTargetedCacheControl("max-age=99999999999")->max_age, kMaxDelta);
}

TEST(TargetedCacheControlTest, AnInvalidFieldIsRefusedAsAWhole) {
  for (const char* text :
       {"", "max-age=10000, &&&&&", "max-age=\"10000\"", "max-age", "max-age=1.5", "max-age =100",
        "max-age= 100", "MaX-aGe=3600", "no-store=1", "private=5", "public=\"x\"", "max-age=1,",
        "max-age=(1)"}) {
    EXPECT_FALSE(ParseTargetedCacheControl(text)) << text;
  }
}

TEST(TargetedCacheControlTest, FalseMeansAbsent) {
  const auto control = ParseTargetedCacheControl("no-store=?0, private=?0");
  ASSERT_TRUE(control);
  EXPECT_FALSE(control->no_store);
  EXPECT_FALSE(control->is_private.present);
}

TEST(TargetedCacheControlTest, OfDuplicatesTheLastCountsAsInAnyDictionary) {
  EXPECT_EQ(ParseTargetedCacheControl("max-age=1, max-age=9")->max_age, Seconds(9));
}

}  // namespace
}  // namespace skerry::http
