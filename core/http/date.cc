#include "core/http/date.h"

#include <algorithm>
#include <cstdio>

#include "core/http/message.h"

namespace skerry::http {
namespace {

constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
constexpr int kNone = -1;

// Takes a date apart from the front; the first mismatch makes it fail for good.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  void Literal(std::string_view wanted) {
    if (!ok_ || !EqualsIgnoreCase(rest_.substr(0, wanted.size()), wanted)) {
      ok_ = false;
      return;
    }
    rest_.remove_prefix(wanted.size());
  }

  int Digits(size_t count) {
    if (!ok_ || rest_.size() < count) return Fail();
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return Fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  // asctime's day: two digits, or a space and one.
  int PaddedDay() {
    if (ok_ && rest_.starts_with(' ')) {
      rest_.remove_prefix(1);
      return Digits(1);
    }
    return Digits(2);
  }

  unsigned Month() {
    for (size_t i = 0; ok_ && i < std::size(kMonths); ++i) {
      if (!EqualsIgnoreCase(rest_.substr(0, 3), kMonths[i])) continue;
      rest_.remove_prefix(3);
      return static_cast<unsigned>(i + 1);
    }
    ok_ = false;
    return 0;
  }

  // The name of a day, whole or its first `letters`, up to the separator.
  void DayName(size_t letters) {
    for (std::string_view day : kDays) {
      const std::string_view name = day.substr(0, letters);
      if (!ok_ || !EqualsIgnoreCase(rest_.substr(0, name.size()), name)) continue;
      rest_.remove_prefix(name.size());
      return;
    }
    ok_ = false;
  }

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  int Fail() {
    ok_ = false;
    return kNone;
  }

  std::string_view rest_;
  bool ok_ = true;
};

struct Parts {
  int year = 0;
  unsigned month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void TimeOfDay(Cursor& cursor, Parts& parts) {
  parts.hour = cursor.Digits(2);
  cursor.Literal(":");
  parts.minute = cursor.Digits(2);
  cursor.Literal(":");
  parts.second = cursor.Digits(2);
}

std::optional<WallTime> ToTime(const Parts& parts) {
  const std::chrono::year_month_day date{std::chrono::year(parts.year),
                                         std::chrono::month(parts.month),
                                         std::chrono::day(static_cast<unsigned>(parts.day))};
  if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  return WallTime(std::chrono::sys_days(date).time_since_epoch()) + std::chrono::hours(parts.hour) +
         std::chrono::minutes(parts.minute) + Seconds(parts.second);
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<WallTime> ParseFixdate(std::string_view text) {
  Cursor cursor(text);
  Parts parts;
  cursor.DayName(3);
  cursor.Literal(", ");
  parts.day = cursor.Digits(2);
  cursor.Literal(" ");
  parts.month = cursor.Month();
  cursor.Literal(" ");
  parts.year = cursor.Digits(4);
  cursor.Literal(" ");
  TimeOfDay(cursor, parts);
  cursor.Literal(" GMT");
  return cursor.AtEnd() ? ToTime(parts) : std::nullopt;
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<WallTime> ParseRfc850(std::string_view text, WallTime now) {
  Cursor cursor(text);
  Parts parts;
  cursor.DayName(std::string_view::npos);
  cursor.Literal(", ");
  parts.day = cursor.Digits(2);
  cursor.Literal("-");
  parts.month = cursor.Month();
  cursor.Literal("-");
  const int two_digits = cursor.Digits(2);
  cursor.Literal(" ");
  TimeOfDay(cursor, parts);
  cursor.Literal(" GMT");
  if (!cursor.AtEnd()) return std::nullopt;
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const int this_year = static_cast<int>(today.year());
  parts.year = this_year - this_year % 100 + two_digits + 100;
  while (parts.year > this_year + 50) parts.year -= 100;
  return ToTime(parts);
}

// "Sun Nov  6 08:49:37 1994"
std::optional<WallTime> ParseAsctime(std::string_view text) {
  Cursor cursor(text);
  Parts parts;
  cursor.DayName(3);
  cursor.Literal(" ");
  parts.month = cursor.Month();
  cursor.Literal(" ");
  parts.day = cursor.PaddedDay();
  cursor.Literal(" ");
  TimeOfDay(cursor, parts);
  cursor.Literal(" ");
  parts.year = cursor.Digits(4);
  return cursor.AtEnd() ? ToTime(parts) : std::nullopt;
}

}  // namespace

std::optional<WallTime> ParseDate(std::string_view text, WallTime now) {
  if (text.size() < 4) return std::nullopt;
  if (text[3] == ',') return ParseFixdate(text);
  if (text[3] == ' ') return ParseAsctime(text);
  return ParseRfc850(text, now);
}

std::string FormatDate(WallTime time) {
  using std::chrono::sys_days;
  using std::chrono::year;
  constexpr auto kFirst = sys_days(year(0) / 1 / 1);
  constexpr auto kLast = sys_days(year(9999) / 12 / 31) + Seconds(86'399);
  const auto seconds =
      std::clamp<std::chrono::sys_seconds>(std::chrono::floor<Seconds>(time), kFirst, kLast);
  const auto midnight = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(seconds - midnight);
  const std::string_view day = kDays[std::chrono::weekday(midnight).c_encoding()];
  const std::string_view month = kMonths[static_cast<unsigned>(date.month()) - 1];
  char text[64];
  const int length = std::snprintf(
      text, sizeof text, "%.3s, %02u %.3s %04d %02d:%02d:%02d GMT", day.data(),
      static_cast<unsigned>(date.day()), month.data(), static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return std::string(text, static_cast<size_t>(length));
}

}  // namespace skerry::http
