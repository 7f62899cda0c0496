#include "core/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Url_(std::string_view text) {
  const Result<Url> url = ParseUrl(text);
  return url ? url->ToString() : "refused";
}
std::string Target_(std::string_view text) {
  const Result<Target> target = ParseTarget(text);
  return target ? target->ToString() : "refused";
}

TEST(UrlTest, SchemeAndHostBecomeLowerCase) {
  EXPECT_EQ(Url_("HTTPS://Example.COM/A"), "https://example.com/A");
}

TEST(UrlTest, TheDefaultPortGoes) {
  EXPECT_EQ(Url_("http://a:80/"), "http://a/");
  EXPECT_EQ(Url_("https://a:443/"), "https://a/");
  EXPECT_EQ(Url_("https://a:80/"), "https://a:80/");
  EXPECT_EQ(Url_("https://a:/"), "https://a/");
  EXPECT_EQ(ParseUrl("https://a")->authority.port, 443);
}

TEST(UrlTest, AnEmptyPathIsTheRoot) {
  EXPECT_EQ(Url_("http://a"), "http://a/");
  EXPECT_EQ(Url_("http://a?x"), "http://a/?x");
}

TEST(UrlTest, TheFragmentGoes) { EXPECT_EQ(Url_("http://a/b?c#d/../e"), "http://a/b?c"); }

TEST(UrlTest, AddressesMayStandInBrackets) {
  EXPECT_EQ(Url_("http://[::1]:8080/"), "http://[::1]:8080/");
  EXPECT_EQ(Url_("http://[2001:DB8::7]/"), "http://[2001:db8::7]/");
  EXPECT_EQ(Url_("http://127.0.0.1:8080/"), "http://127.0.0.1:8080/");
}

TEST(UrlTest, RefusesWhatIsNoAbsoluteHttpUrl) {
  for (const char* text : {"",
                           "/",
                           "a/b",
                           "ftp://a/",
                           "http:/a",
                           "http:a",
                           "http://",
                           "http:///a",
                           "http://user@a/",
                           "http://u:p@a/",
                           "http://a b/",
                           "http://a:0/",
                           "http://a:65536/",
                           "http://a:x/",
                           "http://a:-1/",
                           "http://a%41/",
                           "http://[::1/",
                           "http://[]/",
                           "http://[::1]x/",
                           "http://[zz:]/",
                           "http://\xc3\xa9/",
                           "http://a\\b/",
                           "://a/",
                           "http//a",
                           "1http://a/"}) {
    EXPECT_EQ(Url_(text), "refused") << text;
  }
}

TEST(UrlTest, ErrorsNameTheCause) {
  EXPECT_THAT(ParseUrl("gopher://a/").error().context, HasSubstr("http:// or https://"));
  EXPECT_THAT(ParseUrl("http://a:99999/").error().context, HasSubstr("port"));
  EXPECT_EQ(ParseUrl("http://a/%zz").error().code, Code::kInvalid);
}

TEST(UrlTest, OriginIsSchemeHostAndPort) {
  const Url url = *ParseUrl("https://a/x");
  EXPECT_TRUE(url.SameOrigin(*ParseUrl("https://A:443/y?z")));
  EXPECT_FALSE(url.SameOrigin(*ParseUrl("http://a/x")));
  EXPECT_FALSE(url.SameOrigin(*ParseUrl("https://a:8443/x")));
  EXPECT_FALSE(url.SameOrigin(*ParseUrl("https://b/x")));
}

TEST(TargetTest, TripletsBecomeUpperCaseAndUnreservedOnesAreDecoded) {
  EXPECT_EQ(Target_("/%7euser/%41%2d%2E%5f?%61=%2f"), "/~user/A-._?a=%2F");
  EXPECT_EQ(Target_("/a%2fb"), "/a%2Fb");
  EXPECT_EQ(Target_("/%00%25%c3%a9"), "/%00%25%C3%A9");
}

TEST(TargetTest, DecodingHappensOnce) { EXPECT_EQ(Target_("/%2541"), "/%2541"); }

TEST(TargetTest, ReservedCharactersStayAsTheyAre) {
  EXPECT_EQ(Target_("/a;b,c:d@e!$&'()*+=?/?:@"), "/a;b,c:d@e!$&'()*+=?/?:@");
  EXPECT_EQ(Target_("/%3b%3B;"), "/%3B%3B;");
  EXPECT_EQ(Target_("/a|b\"c\xc3\xa9"), "/a|b\"c\xc3\xa9");
}

TEST(TargetTest, DotSegmentsGo) {
  EXPECT_EQ(Target_("/a/b/c/./../../g"), "/a/g");
  EXPECT_EQ(Target_("/."), "/");
  EXPECT_EQ(Target_("/.."), "/");
  EXPECT_EQ(Target_("/../../a"), "/a");
  EXPECT_EQ(Target_("/a/.."), "/");
  EXPECT_EQ(Target_("/a/b/.."), "/a/");
  EXPECT_EQ(Target_("/a/b/."), "/a/b/");
  EXPECT_EQ(Target_("/a/.../b..c"), "/a/.../b..c");
}

TEST(TargetTest, CodedDotsAreDots) {
  EXPECT_EQ(Target_("/a/%2e%2E/b"), "/b");
  EXPECT_EQ(Target_("/a/.%2e/b/%2e"), "/b/");
}

TEST(TargetTest, DotsInTheQueryStay) { EXPECT_EQ(Target_("/a?/../b"), "/a?/../b"); }

TEST(TargetTest, SlashesAreNotMerged) {
  EXPECT_EQ(Target_("//a//b/"), "//a//b/");
  EXPECT_EQ(Target_("/a//../b"), "/a/b");
}

TEST(TargetTest, ANormalTargetIsOneThatStaysAsItIs) {
  for (std::string_view text : {"/", "/a/b.js", "/a?", "/a?x=1&y=/../", "//a//b/", "/~a/:@!"}) {
    EXPECT_TRUE(IsNormalTarget(text)) << text;
    EXPECT_EQ(Target_(text), text);
  }
  for (std::string_view text : {"", "*", "a", "/./a", "/a/..", "/%41", "/?%41", "/a b", "/?a b",
                                "/a#b", "/?a#b", "http://a/"}) {
    EXPECT_FALSE(IsNormalTarget(text)) << text;
  }
}

TEST(TargetTest, AnEmptyQueryIsNotAnAbsentOne) {
  EXPECT_EQ(Target_("/a?"), "/a?");
  EXPECT_EQ(ParseTarget("/a")->query, std::nullopt);
  EXPECT_EQ(ParseTarget("/a?")->query, "");
}

TEST(TargetTest, RefusesBrokenTripletsAndControlBytes) {
  for (std::string_view text :
       {std::string_view("/%"), std::string_view("/%4"), std::string_view("/%4g"),
        std::string_view("/%%41"), std::string_view("/?%"), std::string_view("/a b"),
        std::string_view("/a\tb"), std::string_view("/a\r\nb"), std::string_view("/a\0b", 4),
        std::string_view("/\x7f"), std::string_view("/a#b"), std::string_view("*"),
        std::string_view(""), std::string_view("a"), std::string_view("http://a/")}) {
    EXPECT_EQ(Target_(text), "refused") << text;
  }
}

TEST(TargetTest, NormalisingTwiceChangesNothing) {
  for (const char* text : {"/%7e/%2e%2e/a/%2F..", "/a//../..//b/./", "/.%2e?x=%41", "/%25%32%65"}) {
    const std::string once = Target_(text);
    EXPECT_EQ(Target_(once), once) << text;
  }
}

// RFC 3986 5.4, for base http://a/b/c/d;p?q.
TEST(ResolveTest, FollowsTheExamplesOfTheStandard) {
  const Url base = *ParseUrl("http://a/b/c/d;p?q");
  const std::pair<const char*, const char*> kExamples[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {";x", "http://a/b/c/;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"https://h:8443/i", "https://h:8443/i"},
      {"a:b", "refused"},
      {"http:g", "refused"},
      {"mailto:x@y", "refused"},
      {"g h", "refused"},
      {"//u@h/", "refused"},
  };
  for (const auto& [reference, wanted] : kExamples) {
    const Result<Url> url = Resolve(base, reference);
    EXPECT_EQ(url ? url->ToString() : "refused", wanted) << reference;
  }
}

TEST(QueryTest, SplitsWithoutDecoding) {
  EXPECT_THAT(SplitQuery("a=1&b&c=&=d&e=f=g&&%26=x"),
              ElementsAre(QueryPart{"a", "1"}, QueryPart{"b", std::nullopt}, QueryPart{"c", ""},
                          QueryPart{"", "d"}, QueryPart{"e", "f=g"}, QueryPart{"", std::nullopt},
                          QueryPart{"%26", "x"}));
}

TEST(QueryTest, JoiningGivesTheQueryBack) {
  for (const char* query : {"", "a", "a=1&b=2", "&", "&&a=&", "=", "a==&=b"}) {
    EXPECT_EQ(JoinQuery(SplitQuery(query)), query);
  }
}

}  // namespace
}  // namespace skerry::http
