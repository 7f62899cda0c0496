#include "core/gateway/early_hints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(EarlyHintsTest, TakesWhatABrowserCanUseBeforeThePage) {
  const http::Fields stored{{"link", "</app.css>; rel=preload; as=style, </next>; rel=next"},
                            {"content-type", "text/html"},
                            {"link", "<https://fonts.example>; rel=\"preconnect\"; crossorigin"},
                            {"link", "</a,b;c.js>; REL=ModulePreload; title=\"x, y; rel=next\""}};
  EXPECT_EQ(EarlyHints(stored),
            (http::Fields{{"link", "</app.css>; rel=preload; as=style"},
                          {"link", "<https://fonts.example>; rel=\"preconnect\"; crossorigin"},
                          {"link", "</a,b;c.js>; REL=ModulePreload; title=\"x, y; rel=next\""}}));
}

TEST(EarlyHintsTest, LeavesOutWhatItCannotRead) {
  for (const char* odd :
       {"", ",", "x; rel=preload", "<a; rel=preload", "<>; rel=preload", "</a>", "</a>; rel",
        "</a>; rel=next; rel=preload", "</a>; rel=preloads", "</a>; title=\"rel=preload"}) {
    EXPECT_THAT(EarlyHints({{"link", odd}}), IsEmpty()) << odd;
  }
}

TEST(EarlyHintsTest, IsBounded) {
  http::Fields many;
  for (int i = 0; i < 100; ++i) many.Add("link", "</" + std::to_string(i) + ">; rel=preload");
  EXPECT_THAT(EarlyHints(many), SizeIs(16));
  EXPECT_THAT(EarlyHints({{"link", "</" + std::string(5000, 'a') + ">; rel=preload"}}), IsEmpty());
}

class HintedPageTest : public testing::Test {
 protected:
  HintedPageTest() {
    at_.Fill("/",
             {{"cache-control", "max-age=60"},
              {"etag", "\"1\""},
              {"link", "</app.css>; rel=preload; as=style"}},
             "page");
  }
  const http::Fields navigation_{{"sec-fetch-mode", "navigate"}};
  GatewayHarness at_;
};

TEST_F(HintedPageTest, AreSentWhileThePageIsValidated) {
  at_.loop.Advance(Seconds(61));
  const auto stream = at_.Ask("/", navigation_);
  EXPECT_FALSE(stream->answered);
  ASSERT_THAT(stream->interim, SizeIs(1));
  EXPECT_EQ(stream->interim[0].status, 103);
  EXPECT_EQ(stream->interim[0].fields,
            (http::Fields{{"link", "</app.css>; rel=preload; as=style"}}));
  at_.Head(304, {{"etag", "\"1\""}});
  EXPECT_EQ(stream->body, "page");
  EXPECT_THAT(stream->interim, SizeIs(1));
}

TEST_F(HintedPageTest, AreSentOfAFreshPageToo) {
  EXPECT_THAT(at_.Ask("/", navigation_)->interim, SizeIs(1));
}

TEST_F(HintedPageTest, AreForNavigationsAlone) {
  EXPECT_THAT(at_.Ask("/")->interim, IsEmpty());
  EXPECT_THAT(at_.Ask("/", {{"sec-fetch-mode", "cors"}})->interim, IsEmpty());
  EXPECT_THAT(at_.Ask("/", navigation_, "HEAD")->interim, IsEmpty());
}

TEST_F(HintedPageTest, AreForHttp2Alone) {
  at_.protocol = http::Protocol::kHttp1;
  EXPECT_THAT(at_.Ask("/", navigation_)->interim, IsEmpty());
}

TEST_F(HintedPageTest, AreNotSentOfWhatWasPurged) {
  at_.Purge(OneUrl("https://example.com/"));
  EXPECT_THAT(at_.Ask("/", navigation_)->interim, IsEmpty());
}

TEST(EarlyHintsOffTest, NothingIsSentWhereTheyAreOff) {
  Route route;
  route.early_hints = false;
  GatewayHarness at(route);
  at.Fill("/", {{"cache-control", "max-age=60"}, {"link", "</a>; rel=preload"}}, "page");
  EXPECT_THAT(at.Ask("/", {{"sec-fetch-mode", "navigate"}})->interim, IsEmpty());
}

}  // namespace
}  // namespace skerry::gateway
