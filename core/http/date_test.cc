#include "core/http/date.h"

#include <gtest/gtest.h>

namespace skerry::http {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

constexpr WallTime kNow = WallTime(sys_days(year(2026) / 7 / 20).time_since_epoch());
// 1994-11-06 08:49:37, the example of RFC 9110.
constexpr WallTime kExample = WallTime(Seconds(784'111'777));

std::optional<WallTime> Parse(std::string_view text) { return ParseDate(text, kNow); }

TEST(DateTest, ReadsTheThreeFormats) {
  EXPECT_EQ(Parse("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
  EXPECT_EQ(Parse("Sunday, 06-Nov-94 08:49:37 GMT"), kExample);
  EXPECT_EQ(Parse("Sun Nov  6 08:49:37 1994"), kExample);
}

TEST(DateTest, LettersMayBeInAnyCase) {
  EXPECT_EQ(Parse("SUN, 06 nOV 1994 08:49:37 gmt"), kExample);
  EXPECT_EQ(Parse("sunDAY, 06-NOV-94 08:49:37 Gmt"), kExample);
  EXPECT_EQ(Parse("sun NOV  6 08:49:37 1994"), kExample);
}

TEST(DateTest, ReachesBeyondThirtyTwoBits) {
  EXPECT_EQ(Parse("Tue, 19 Jan 2038 14:14:08 GMT"), WallTime(Seconds(2'147'523'248)));
  EXPECT_EQ(Parse("Sun, 21 Nov 2286 04:46:39 GMT"), WallTime(Seconds(10'000'039'599)));
  EXPECT_EQ(Parse("Fri, 31 Dec 9999 23:59:59 GMT"), WallTime(Seconds(253'402'300'799)));
}

TEST(DateTest, TwoDigitYearsMoreThanFiftyYearsAheadLieInThePast) {
  EXPECT_EQ(Parse("Thursday, 18-Aug-50 02:01:18 GMT"), Parse("Thu, 18 Aug 2050 02:01:18 GMT"));
  EXPECT_EQ(Parse("Friday, 01-Jan-76 00:00:00 GMT"), Parse("Wed, 01 Jan 2076 00:00:00 GMT"));
  EXPECT_EQ(Parse("Saturday, 01-Jan-77 00:00:00 GMT"), Parse("Sat, 01 Jan 1977 00:00:00 GMT"));
  EXPECT_EQ(Parse("Saturday, 01-Jan-00 00:00:00 GMT"), Parse("Sat, 01 Jan 2000 00:00:00 GMT"));
}

TEST(DateTest, TheCenturyFollowsTheClock) {
  const WallTime late(sys_days(year(2090) / 1 / 1).time_since_epoch());
  EXPECT_EQ(ParseDate("Friday, 01-Jan-10 00:00:00 GMT", late),
            Parse("Wed, 01 Jan 2110 00:00:00 GMT"));
}

TEST(DateTest, RefusesWhatIsAlmostADate) {
  for (std::string_view text : {
           "Thu, 18 Aug 2050 02:01:18 UTC",
           "Thu, 18 Aug 2050 02:01:18 AEST",
           "Thu, 18 Aug 50 02:01:18 GMT",
           "Thu 18 Aug 2050 02:01:18 GMT",
           "Thu, 18  Aug  2050 02:01:18 GMT",
           "Thu, 18-Aug-2050 02:01:18 GMT",
           "Thu, 18 Aug 2050 02.01.18 GMT",
           "Thu, 18 Aug 2050 2:01:18 GMT",
           "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:19 GMT",
           "Thu, 18 Aug 2050 02:01:18",
           "Thu, 18 Aug 2050 02:01:18 GMT ",
           " Thu, 18 Aug 2050 02:01:18 GMT",
           "Thu,18 Aug 2050 02:01:18 GMT",
           "Thx, 18 Aug 2050 02:01:18 GMT",
           "Thursday, 18 Aug 2050 02:01:18 GMT",
           "Thu, 18-Aug-50 02:01:18 GMT",
           "Thu, 18 Avg 2050 02:01:18 GMT",
           "Thu, 8 Aug 2050 02:01:18 GMT",
           "Thu, 00 Aug 2050 02:01:18 GMT",
           "Thu, 31 Jun 2050 02:01:18 GMT",
           "Tue, 29 Feb 2050 02:01:18 GMT",
           "Thu, 18 Aug 2050 24:00:00 GMT",
           "Thu, 18 Aug 2050 02:60:18 GMT",
           "Thu, 18 Aug 2050 02:01:61 GMT",
           "Thu, 18 Aug -050 02:01:18 GMT",
           "Thu Aug 8 02:01:18 2050",
           "Thu Aug 18 02:01:18 50",
           "Thu Aug 18 02:01:18 2050 GMT",
           "0",
           "-1",
           "",
           "Thu",
           "Thu,",
       }) {
    EXPECT_EQ(Parse(text), std::nullopt) << text;
  }
}

TEST(DateTest, LeapDaysAndLeapSecondsExist) {
  EXPECT_EQ(Parse("Thu, 29 Feb 2024 00:00:00 GMT"),
            WallTime(sys_days(year(2024) / 2 / 29).time_since_epoch()));
  EXPECT_EQ(Parse("Sat, 31 Dec 2016 23:59:60 GMT"),
            WallTime(sys_days(year(2017) / 1 / 1).time_since_epoch()));
}

TEST(DateTest, FormatsTheFixdateAndCutsPartsOfASecond) {
  EXPECT_EQ(FormatDate(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(FormatDate(kExample + Millis(999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(FormatDate(WallTime(Millis(-1))), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(DateTest, FormatKeepsToFourDigitYears) {
  EXPECT_EQ(FormatDate(WallTime(Seconds(253'402'300'800))), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(FormatDate(WallTime(Seconds(-99'999'999'999))), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(DateTest, EveryDayFormatsToWhatItIsParsedFrom) {
  for (WallTime day = kExample; day < kNow + std::chrono::years(500); day += Seconds(8'640'061)) {
    EXPECT_EQ(Parse(FormatDate(day)), day) << FormatDate(day);
  }
}

}  // namespace
}  // namespace skerry::http
