#include "core/gateway/rules/field_rule.h"

#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

const http::Fields kBrowser = {{"accept", "text/html"},
                               {"cookie", "theme=dark; session=abc=="},
                               {"cookie", "wp_logged_in_7=x"},
                               {"x-preview", "yes"}};

bool Field(std::string_view text) { return FieldTest::Parse(text)->Holds(kBrowser); }
bool Cookie(std::string_view text) { return CookieTest::Parse(text)->Holds(kBrowser); }

TEST(FieldTestTest, ANameAloneAsksWhetherItIsThere) {
  EXPECT_TRUE(Field("Cookie"));
  EXPECT_FALSE(Field("Authorization"));
}

TEST(FieldTestTest, AValueIsComparedWithStars) {
  EXPECT_TRUE(Field("X-Preview: yes"));
  EXPECT_TRUE(Field("x-preview:y*"));
  EXPECT_FALSE(Field("X-Preview: no"));
}

TEST(CookieTestTest, LooksAtNamesOfWholeCookiesInEveryLine) {
  EXPECT_TRUE(Cookie("session"));
  EXPECT_TRUE(Cookie("wp_logged_in_*"));
  EXPECT_FALSE(Cookie("sess"));
  EXPECT_FALSE(Cookie("dark"));
}

TEST(CookieTestTest, AValueMayHoldEqualSigns) {
  EXPECT_TRUE(Cookie("session=abc=="));
  EXPECT_TRUE(Cookie("theme=d*"));
  EXPECT_FALSE(Cookie("theme=light"));
}

TEST(FindCookieTest, GivesTheFirstOfAName) {
  EXPECT_EQ(FindCookie({{"cookie", "a=1; a=2;;b ; c=3"}}, "a"), "1");
  EXPECT_EQ(FindCookie({{"cookie", "a=1; a=2;;b ; c=3"}}, "c"), "3");
  EXPECT_FALSE(FindCookie({{"cookie", "a=1"}}, "b"));
}

TEST(FieldLineTest, SplitsAtTheFirstColon) {
  const auto line = FieldLine::Parse("X-When:  10:30 ");
  EXPECT_EQ(line->name, "x-when");
  EXPECT_EQ(line->value, "10:30");
}

TEST(FieldLineTest, RefusesWhatIsNoFieldAndWhatBelongsToTheConnection) {
  for (const char* text : {"no colon", "bad name: x", ": x", "Content-Length: 3", "Host: a",
                           "Transfer-Encoding: chunked", "Skerry-Scheme: https"}) {
    EXPECT_FALSE(FieldLine::Parse(text)) << text;
  }
  EXPECT_FALSE(FieldLine::Parse("X-Split: a\r\nX-More: b"));
}

TEST(BypassOnTest, NamesTheTestThatHolds) {
  BypassOn on;
  on.fields = {*FieldTest::Parse("Authorization")};
  on.cookies = {*CookieTest::Parse("session")};
  EXPECT_EQ(on.Cause(kBrowser), "cookie session");
  EXPECT_EQ(on.Cause({{"authorization", "Basic x"}}), "Authorization");
  EXPECT_EQ(on.Cause({{"cookie", "other=1"}}), "");
}

}  // namespace
}  // namespace skerry::gateway
