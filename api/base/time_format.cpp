#include "base/time_format.h"

#include <fmt/format.h>

#include <array>

#include "base/strings.h"

namespace repopulse {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// The number that exactly these digits make; nothing else is accepted (no sign, no space).
std::optional<int> Digits(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

struct Parts {
  year_month_day date;
  std::chrono::hh_mm_ss<seconds> time;
};

Parts Split(TimePoint time) {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto day = std::chrono::floor<days>(whole);
  return {year_month_day{day}, std::chrono::hh_mm_ss<seconds>{whole - day}};
}

std::optional<seconds> ParseTimeOfDay(std::string_view text) {  // "08:45:17"
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hour = Digits(text.substr(0, 2));
  const auto minute = Digits(text.substr(3, 2));
  const auto second = Digits(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return hours{*hour} + minutes{*minute} + seconds{*second};
}

// "Z" or "+hh:mm"; what has to be subtracted to be UTC.
std::optional<seconds> ParseOffset(std::string_view text) {
  if (text == "Z" || text == "z") return seconds{0};
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hour = Digits(text.substr(1, 2));
  const auto minute = Digits(text.substr(4, 2));
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  const seconds offset = hours{*hour} + minutes{*minute};
  return text[0] == '-' ? -offset : offset;
}

}  // namespace

std::string FormatRfc3339(TimePoint time) {
  const Parts p = Split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", int(p.date.year()), unsigned(p.date.month()),
                     unsigned(p.date.day()), p.time.hours().count(), p.time.minutes().count(),
                     p.time.seconds().count());
}

std::string FormatHttpDate(TimePoint time) {
  const Parts p = Split(time);
  const std::chrono::weekday weekday{sys_days{p.date}};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[weekday.c_encoding()],
                     unsigned(p.date.day()), kMonths[unsigned(p.date.month()) - 1], int(p.date.year()),
                     p.time.hours().count(), p.time.minutes().count(), p.time.seconds().count());
}

std::string FormatDay(sys_days day) {
  const year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()));
}

std::optional<sys_days> ParseDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = Digits(text.substr(0, 4));
  const auto month = Digits(text.substr(5, 2));
  const auto day = Digits(text.substr(8, 2));
  if (!year || !month || !day || *year < 1970) return std::nullopt;
  const year_month_day date{std::chrono::year{*year}, std::chrono::month{unsigned(*month)},
                            std::chrono::day{unsigned(*day)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date};
}

std::optional<TimePoint> ParseRfc3339(std::string_view text) {
  if (text.size() < 20 || (text[10] != 'T' && text[10] != 't')) return std::nullopt;
  const auto day = ParseDay(text.substr(0, 10));
  const auto time = ParseTimeOfDay(text.substr(11, 8));
  if (!day || !time) return std::nullopt;
  text.remove_prefix(19);
  std::chrono::microseconds fraction{0};
  if (text[0] == '.') {
    const size_t end = text.find_first_not_of("0123456789", 1);
    if (end == std::string_view::npos || end == 1 || end > 10) return std::nullopt;
    std::string six(text.substr(1, end - 1));
    six.resize(6, '0');
    fraction = std::chrono::microseconds{*Digits(six)};
    text.remove_prefix(end);
  }
  const auto offset = ParseOffset(text);
  if (!offset) return std::nullopt;
  return TimePoint{*day} + *time + fraction - *offset;
}

std::optional<TimePoint> ParseHttpDate(std::string_view text) {
  const auto words = SplitWords(text);  // "Tue, 07 May 2024 08:45:17 GMT"
  if (words.size() != 6 || words[5] != "GMT") return std::nullopt;
  unsigned month = 0;
  while (month < kMonths.size() && kMonths[month] != words[2]) ++month;
  if (month == kMonths.size() || words[1].size() != 2 || words[3].size() != 4) return std::nullopt;
  const auto day = ParseDay(fmt::format("{}-{:02}-{}", words[3], month + 1, words[1]));
  const auto time = ParseTimeOfDay(words[4]);
  if (!day || !time) return std::nullopt;
  return TimePoint{*day} + *time;
}

}  // namespace repopulse
