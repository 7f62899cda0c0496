// What methods do to the cache: HEAD updates it, unsafe ones invalidate (RFC 9111 4.3.5,
// 4.4; RFC 9875; RFC 9110 9.3).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

Route Rfc() {
  Route route;
  route.policy = cache::Policy::Rfc();
  return route;
}

class MethodTest : public testing::Test {
 protected:
  // Stored, and by now stale.
  void Stale(const std::string& path, http::Fields fields, std::string_view body) {
    fields.Set("cache-control", "max-age=60");
    at_.Fill(path, std::move(fields), body);
    at_.loop.Advance(70s);
  }
  const http::RequestHead& Sent() { return at_.origin->asked.back()->request; }
  bool IsHit(const std::string& path) {
    const size_t before = at_.asked();
    const auto stream = at_.Ask(path);
    const bool hit = at_.asked() == before;
    at_.Leave(stream);
    return hit;
  }

  GatewayHarness at_;
};

const http::Fields kFresh = {{"cache-control", "max-age=60"}, {"etag", "\"v1\""}};

// --- HEAD

TEST_F(MethodTest, AHeadOnAStaleCopyGoesUpstreamAsAHeadWithItsValidators) {
  Stale("/a", {{"etag", "\"v1\""}}, "body");
  at_.Ask("/a", {}, "HEAD");
  EXPECT_EQ(Sent().method, "HEAD");
  EXPECT_EQ(Sent().fields.Find("if-none-match"), "\"v1\"");
}

TEST_F(MethodTest, A304ToAHeadFreshensTheStoredGet) {
  Stale("/a", {{"etag", "\"v1\""}}, "body");
  const auto head = at_.Ask("/a", {}, "HEAD");
  at_.Head(304, {{"cache-control", "max-age=60"}});
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(at_.Ask("/a")->body, "body");
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(MethodTest, A200ToAHeadUpdatesTheFieldsOfTheStoredGetAndKeepsTheOthers) {
  Stale("/a", {{"etag", "\"v1\""}, {"x-old", "1"}, {"x-both", "1"}}, "body");
  const auto head = at_.Ask("/a", {}, "HEAD");
  at_.Head(200, {{"cache-control", "max-age=90"},
                 {"etag", "\"v1\""},
                 {"content-length", "4"},
                 {"x-both", "2"}});
  EXPECT_EQ(head->Field("x-old"), "1");
  EXPECT_THAT(head->Field("cache-status"), HasSubstr("fwd=stale; fwd-status=200"));
  at_.loop.Advance(80s);
  const auto get = at_.Ask("/a");
  EXPECT_EQ(get->body, "body");
  EXPECT_EQ(get->Field("x-both"), "2");
  EXPECT_EQ(get->Field("x-old"), "1");
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(MethodTest, A200ToAHeadIsNotAboutAStoredErrorOrRedirect) {
  for (const int status : {404, 301}) {
    const std::string path = "/" + std::to_string(status);
    at_.Ask(path);
    at_.Answer(status, {{"cache-control", "max-age=60"}, {"etag", "\"v1\""}}, "gone");
    at_.loop.Advance(70s);
    const auto head = at_.Ask(path, {}, "HEAD");
    at_.Head(200, {{"cache-control", "max-age=60"}, {"etag", "\"v1\""}});
    EXPECT_EQ(head->status, 200);
    EXPECT_FALSE(IsHit(path));
    EXPECT_FALSE(Sent().fields.Has("if-none-match"));
  }
}

TEST_F(MethodTest, AHeadThatNamesAnotherTagDateOrLengthInvalidatesTheStoredGet) {
  const http::Fields stored = {{"etag", "\"v1\""},
                               {"last-modified", "Tue, 14 Nov 2023 22:00:00 GMT"}};
  const http::Fields others[] = {{{"etag", "\"v2\""}},
                                 {{"last-modified", "Tue, 14 Nov 2023 22:10:00 GMT"}},
                                 {{"etag", "\"v1\""}, {"content-length", "5"}}};
  for (const http::Fields& other : others) {
    Stale("/a", stored, "body");
    const auto head = at_.Ask("/a", {}, "HEAD");
    at_.Head(200, other);
    at_.End();
    EXPECT_EQ(head->status, 200);
    at_.Ask("/a");
    EXPECT_FALSE(Sent().fields.Has("if-none-match")) << other.begin()->name;
    at_.Answer(200, {{"cache-control", "no-store"}}, "new");
  }
}

TEST_F(MethodTest, TwoHeadsShareOneFetchAndAGetDoesNotJoinThem) {
  Stale("/a", {{"etag", "\"v1\""}}, "body");
  const auto first = at_.Ask("/a", {}, "HEAD");
  const auto second = at_.Ask("/a", {}, "HEAD");
  const auto get = at_.Ask("/a");
  ASSERT_EQ(at_.asked(), 3u);  // the stored one, a HEAD, a GET
  at_.Head(404, {{"cache-control", "max-age=60"}}, 1);
  at_.End(1);
  EXPECT_EQ(first->status, 404);
  EXPECT_EQ(second->status, 404);
  EXPECT_FALSE(get->answered);
  at_.Answer(200, kFresh, "new", 2);
  EXPECT_EQ(get->body, "new");
}

// Or whoever sends one when a page expires would have the origin asked by everybody.
TEST_F(MethodTest, GetsShareAFetchWhateverAHeadWasAnswered) {
  Stale("/a", {{"etag", "\"v1\""}}, "body");
  at_.Ask("/a", {}, "HEAD");
  at_.Head(405, {{"cache-control", "no-store"}});
  at_.End();
  const auto first = at_.Ask("/a");
  const auto second = at_.Ask("/a");
  ASSERT_EQ(at_.asked(), 3u);
  EXPECT_EQ(Sent().fields.Find("if-none-match"), "\"v1\"");
  at_.Head(304, kFresh);
  EXPECT_EQ(first->body, "body");
  EXPECT_EQ(second->body, "body");
}

TEST_F(MethodTest, AHeadIsNeverStoredAsAGet) {
  const auto head = at_.Ask("/a", {}, "HEAD");
  at_.Head(200, {{"cache-control", "max-age=60"}, {"content-length", "4"}});
  at_.End();
  EXPECT_EQ(head->Field("content-length"), "4");
  EXPECT_FALSE(IsHit("/a"));
}

// --- unsafe methods

TEST_F(MethodTest, EveryUnsafeOrUnknownMethodInvalidatesAndNoSafeOneDoes) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "BREW"}) {
    at_.Fill("/a", kFresh, "old");
    at_.Ask("/a", {}, method);
    at_.Answer(200, {}, "");
    EXPECT_FALSE(IsHit("/a")) << method;
  }
  at_.Fill("/a", kFresh, "old");
  at_.Ask("/a", {}, "OPTIONS");
  at_.Answer(200, {}, "");
  at_.Ask("/a", {}, "HEAD");
  EXPECT_TRUE(IsHit("/a"));
}

TEST_F(MethodTest, OnlySuccessAndRedirectsInvalidate) {
  at_.Fill("/a", kFresh, "old");
  for (const int status : {400, 403, 404, 500, 503}) {
    at_.Ask("/a", {}, "POST");
    at_.Answer(status, {}, "");
    EXPECT_TRUE(IsHit("/a")) << status;
  }
  at_.Ask("/a", {}, "POST");
  at_.Answer(303, {{"location", "/elsewhere"}}, "");
  EXPECT_FALSE(IsHit("/a"));
}

TEST_F(MethodTest, LocationAndContentLocationInvalidateOnTheSameOriginOnly) {
  for (const std::string name : {"location", "content-location"}) {
    at_.Fill("/" + name, kFresh, "list");
    for (const char* foreign : {"https://other.example/", "http://example.com/"}) {
      at_.Ask("/items", {}, "POST");
      at_.Answer(201, {{name, foreign + name}}, "");
      EXPECT_TRUE(IsHit("/" + name)) << foreign;
    }
    at_.Ask("/items", {}, "POST");
    at_.Answer(201, {{name, "https://example.com/" + name}}, "");
    EXPECT_FALSE(IsHit("/" + name));
  }
}

TEST_F(MethodTest, AllVariantsOfTheTargetGo) {
  const http::Fields varies = {{"cache-control", "max-age=60"}, {"vary", "accept-language"}};
  for (const char* language : {"de", "fr"}) {
    at_.Ask("/a", {{"accept-language", language}});
    at_.Answer(200, varies, language);
  }
  at_.Ask("/a", {}, "PUT");
  at_.Answer(204, {}, "");
  for (const char* language : {"de", "fr"}) {
    EXPECT_FALSE(at_.Ask("/a", {{"accept-language", language}})->answered);
  }
}

TEST_F(MethodTest, AFetchThatBeganBeforeTheChangeIsNotStored) {
  const auto before = at_.Ask("/a");
  at_.Ask("/a", {}, "POST");
  at_.Answer(204, {}, "", 1);
  at_.Answer(200, kFresh, "old", 0);
  EXPECT_EQ(before->body, "old");
  EXPECT_FALSE(IsHit("/a"));
}

// --- cache groups (RFC 9875)

TEST_F(MethodTest, AnUnsafeAnswerInvalidatesTheGroupsItNames) {
  at_.Fill("/one", {{"cache-control", "max-age=60"}, {"cache-groups", "\"shop\", \"a\""}}, "1");
  at_.Fill("/two", {{"cache-control", "max-age=60"}, {"cache-groups", "\"blog\""}}, "2");
  at_.Ask("/edit", {}, "POST");
  at_.Answer(200, {{"cache-group-invalidation", "\"none\", \"shop\";x=1"}}, "");
  EXPECT_FALSE(IsHit("/one"));
  EXPECT_TRUE(IsHit("/two"));
}

TEST_F(MethodTest, GroupInvalidationIsNotBelievedOnSafeMethodsErrorsOrWhatIsNoList) {
  at_.Fill("/one", {{"cache-control", "max-age=60"}, {"cache-groups", "\"shop\""}}, "1");
  at_.Ask("/edit");
  at_.Answer(200, {{"cache-group-invalidation", "\"shop\""}}, "");
  at_.Ask("/edit", {}, "POST");
  at_.Answer(500, {{"cache-group-invalidation", "\"shop\""}}, "");
  at_.Ask("/edit", {}, "POST");
  at_.Answer(200, {{"cache-group-invalidation", "shop, \"shop\""}}, "");
  EXPECT_TRUE(IsHit("/one"));
}

TEST_F(MethodTest, AGroupIsOfOneOriginAndDoesNotCascade) {
  at_.Fill("/one", {{"cache-control", "max-age=60"}, {"cache-groups", "\"a\", \"b\""}}, "1");
  at_.Fill("/two", {{"cache-control", "max-age=60"}, {"cache-groups", "\"b\""}}, "2");
  at_.AskOn("other.example", "/edit", "POST");
  at_.Answer(200, {{"cache-group-invalidation", "\"a\""}}, "");
  EXPECT_TRUE(IsHit("/one"));
  at_.Ask("/edit", {}, "POST");
  at_.Answer(200, {{"cache-group-invalidation", "\"a\""}}, "");
  EXPECT_FALSE(IsHit("/one"));
  EXPECT_TRUE(IsHit("/two"));
}

// --- POST (RFC 9110 9.3.3)

const http::Fields kItsOwn = {{"cache-control", "max-age=60"}, {"content-location", "/a"}};

TEST(PostTest, UnderProfileRfcTheAnswerThatNamesItsUrlServesLaterGets) {
  GatewayHarness at(Rfc());
  at.Fill("/a", kFresh, "old");
  const auto post = at.Ask("/a", {}, "POST");
  at.Answer(200, kItsOwn, "new");
  EXPECT_EQ(post->body, "new");
  const auto get = at.Ask("/a");
  EXPECT_EQ(get->body, "new");
  EXPECT_THAT(get->Field("cache-status"), HasSubstr("hit"));
  EXPECT_EQ(at.asked(), 2u);
}

TEST(PostTest, WithoutItsUrlOrExplicitFreshnessOrByDefaultItDoesNot) {
  const http::Fields wrong[] = {{{"cache-control", "max-age=60"}},
                                {{"cache-control", "max-age=60"}, {"content-location", "/b"}},
                                {{"content-location", "/a"}, {"etag", "\"1\""}}};
  for (const http::Fields& fields : wrong) {
    GatewayHarness at(Rfc());
    at.Ask("/a", {}, "POST");
    at.Answer(200, fields, "new");
    EXPECT_FALSE(at.Ask("/a")->answered);
  }
  GatewayHarness careful;
  careful.Ask("/a", {}, "POST");
  careful.Answer(200, kItsOwn, "new");
  EXPECT_FALSE(careful.Ask("/a")->answered);
}

TEST(PostTest, AnotherChangeMeanwhileKeepsItsAnswerOut) {
  GatewayHarness at(Rfc());
  at.Ask("/a", {}, "POST");
  at.Ask("/a", {}, "DELETE");
  at.Answer(204, {}, "", 1);
  at.Answer(200, kItsOwn, "old", 0);
  EXPECT_FALSE(at.Ask("/a")->answered);
}

TEST(PostTest, APostIsNeverAnsweredFromTheCache) {
  GatewayHarness at(Rfc());
  at.Ask("/a", {}, "POST");
  at.Answer(200, kItsOwn, "stored");
  EXPECT_FALSE(at.Ask("/a", {}, "POST")->answered);
}

// --- a body on a GET

TEST_F(MethodTest, ABodyOnAGetReachesNoOriginEvenWhereTheClientIsFetchedForAlone) {
  const auto ask = [&] {
    return at_.Ask("/a", {{"content-length", "5"}, {"cookie", "id=1"}}, "GET", false);
  };
  const auto first = ask();
  at_.Events(first).OnBody("hello");
  at_.Answer(200, {{"cache-control", "private"}}, "anonymous");
  const auto second = ask();  // known not to be shareable
  at_.Events(second).OnBody("hello");
  at_.Events(second).OnBodyEnd({});
  ASSERT_EQ(at_.asked(), 3u);
  for (const auto& body : at_.origin->bodies) EXPECT_EQ(body, nullptr);
  EXPECT_EQ(second->consumed, 5u);
}

TEST_F(MethodTest, ABodyOnAnAuthorizedGetReachesNoOrigin) {
  at_.Ask("/a", {{"content-length", "5"}, {"authorization", "Basic x"}}, "GET", false);
  EXPECT_EQ(at_.origin->bodies[0], nullptr);
}

}  // namespace
}  // namespace skerry::gateway
