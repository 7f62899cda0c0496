#include "core/http/server/request_check.h"

#include <gtest/gtest.h>

#include <string>

namespace skerry::http {
namespace {

RequestHead Head(std::string method = "GET", std::string authority = "a.example",
                 std::string path = "/") {
  return {std::move(method), "https", std::move(authority), std::move(path), {}};
}

// The status of the objection; 0 for none.
int Objected(const RequestHead& head) {
  const auto problem = Objection(head, "https", 100);
  return problem ? problem->status : 0;
}

TEST(RequestCheckTest, OrdinaryRequestsPass) {
  EXPECT_EQ(0, Objected(Head()));
  EXPECT_EQ(0, Objected(Head("PURGE", "A.example:8443", "/x?y=%20")));
  EXPECT_EQ(0, Objected(Head("GET", "[::1]:443", "/\xc3\xa4")));
  EXPECT_EQ(0, Objected(Head("OPTIONS", "a", "*")));
}

TEST(RequestCheckTest, AuthoritiesHaveNoUserinfoAndOnePort) {
  for (const char* authority : {"", "user@a", "user:pw@a", "a:1:2", "a:x", "a b", "a/b", "a?b",
                                "a,b", ":80", "[::1", "a:99999", "a\\b"}) {
    EXPECT_EQ(400, Objected(Head("GET", authority))) << authority;
  }
}

TEST(RequestCheckTest, TraceAndConnectAreNotOffered) {
  EXPECT_EQ(405, Objected(Head("TRACE")));
  EXPECT_EQ(405, Objected({"CONNECT", "", "a:443", "", {}}));
  EXPECT_EQ(400, Objected(Head("G T")));
  EXPECT_EQ(400, Objected(Head("")));
}

TEST(RequestCheckTest, PathsBeginWithASlashAndAreEscaped) {
  for (const char* path : {"", "x", "*", "/a b", "/a#b", "/a\x7f", "/a\tb", "http://a/"}) {
    EXPECT_EQ(400, Objected(Head("GET", "a", path))) << path;
  }
  EXPECT_EQ(0, Objected(Head("GET", "a", "/" + std::string(99, 'x'))));
  EXPECT_EQ(414, Objected(Head("GET", "a", "/" + std::string(100, 'x'))));
}

TEST(RequestCheckTest, AnotherSchemeIsMisdirected) {
  EXPECT_EQ(421, Objected({"GET", "http", "a", "/", {}}));
}

H1RequestHead H1(std::string method, std::string target, Fields fields) {
  H1RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  head.fields = std::move(fields);
  return head;
}

TEST(RequestCheckTest, FormsOfTargets) {
  RequestHead head;
  EXPECT_FALSE(FromH1(H1("GET", "/x?y", {{"host", "a"}, {"b", "c"}}), "https", &head));
  EXPECT_EQ((RequestHead{"GET", "https", "a", "/x?y", {{"b", "c"}}}), head);
  EXPECT_FALSE(FromH1(H1("GET", "HTTPS://A", {{"host", "a"}}), "https", &head));
  EXPECT_EQ((RequestHead{"GET", "https", "A", "/", {}}), head);
  EXPECT_FALSE(FromH1(H1("GET", "https://a?q", {{"host", "a"}}), "https", &head));
  EXPECT_EQ("/?q", head.path);
  EXPECT_FALSE(FromH1(H1("OPTIONS", "https://a", {{"host", "a"}}), "https", &head));
  EXPECT_EQ("*", head.path);
  EXPECT_TRUE(FromH1(H1("GET", "x/y", {{"host", "a"}}), "https", &head));
}

TEST(RequestCheckTest, HostStandsOnceAndAgreesWithTheTarget) {
  RequestHead head;
  EXPECT_TRUE(FromH1(H1("GET", "/", {}), "https", &head));
  EXPECT_TRUE(FromH1(H1("GET", "/", {{"host", "a"}, {"host", "a"}}), "https", &head));
  EXPECT_TRUE(FromH1(H1("GET", "https://b/", {{"host", "a"}}), "https", &head));
}

TEST(RequestCheckTest, ExpectationsAreTakenOut) {
  Fields fields = {{"a", "b"}, {"expect", "100-Continue"}};
  EXPECT_EQ(Expectation::kContinue, TakeExpectation(fields));
  EXPECT_EQ((Fields{{"a", "b"}}), fields);
  EXPECT_EQ(Expectation::kNone, TakeExpectation(fields));
  Fields other = {{"expect", "100-continue, x"}};
  EXPECT_EQ(Expectation::kUnknown, TakeExpectation(other));
}

TEST(RequestCheckTest, CookiesBecomeOne) {
  Fields fields = {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}, {"cookie", "c=3"}};
  JoinCookies(fields);
  EXPECT_EQ("a=1; b=2; c=3", fields.Combined("cookie"));
  EXPECT_EQ(2u, fields.size());
}

TEST(RequestCheckTest, EveryFlawHasItsStatus) {
  EXPECT_EQ(400, ProblemOf(H1Flaw::kFraming).status);
  EXPECT_EQ(414, ProblemOf(H1Flaw::kTargetTooLong).status);
  EXPECT_EQ(431, ProblemOf(H1Flaw::kHeadTooLong).status);
  EXPECT_EQ(431, ProblemOf(H1Flaw::kTooManyFields).status);
  EXPECT_EQ(501, ProblemOf(H1Flaw::kTransferCoding).status);
  EXPECT_EQ(505, ProblemOf(H1Flaw::kVersion).status);
}

}  // namespace
}  // namespace skerry::http
