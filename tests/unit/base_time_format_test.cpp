#include <gtest/gtest.h>

#include "base/time_format.h"

namespace repopulse {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

TimePoint FromEpoch(int64_t s, int64_t us = 0) { return TimePoint{seconds{s}} + microseconds{us}; }

TEST(Rfc3339, FormatsWholeSecondsInUtcAndCutsFractions) {
  EXPECT_EQ(FormatRfc3339(FromEpoch(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339(FromEpoch(1'715'071'517)), "2024-05-07T08:45:17Z");
  EXPECT_EQ(FormatRfc3339(FromEpoch(1'715'071'517, 999'999)), "2024-05-07T08:45:17Z");
  EXPECT_EQ(FormatRfc3339(FromEpoch(951'782'400)), "2000-02-29T00:00:00Z");
}

TEST(Rfc3339, ParsesWhatItFormats) {
  for (const int64_t second : {0LL, 951'782'399LL, 951'868'800LL, 1'715'071'517LL, 253'402'300'799LL}) {
    EXPECT_EQ(ParseRfc3339(FormatRfc3339(FromEpoch(second))), FromEpoch(second)) << second;
  }
}

TEST(Rfc3339, ParsesLeapDaysOnlyInLeapYears) {
  EXPECT_EQ(ParseRfc3339("2024-02-29T00:00:00Z"), FromEpoch(1'709'164'800));
  EXPECT_EQ(ParseRfc3339("2000-02-29T00:00:00Z"), FromEpoch(951'782'400));
  EXPECT_FALSE(ParseRfc3339("2023-02-29T00:00:00Z"));
  EXPECT_FALSE(ParseRfc3339("2100-02-29T00:00:00Z"));
}

TEST(Rfc3339, SubtractsOffsets) {
  const TimePoint utc = FromEpoch(1'715'071'517);
  EXPECT_EQ(ParseRfc3339("2024-05-07T10:45:17+02:00"), utc);
  EXPECT_EQ(ParseRfc3339("2024-05-06T22:15:17-10:30"), utc);
  EXPECT_EQ(ParseRfc3339("2024-05-07t08:45:17z"), utc);
  EXPECT_EQ(ParseRfc3339("2024-05-07T08:45:17+00:00"), utc);
}

TEST(Rfc3339, KeepsMicrosecondsOfAFraction) {
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:00.5Z"), FromEpoch(0, 500'000));
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:00.000001Z"), FromEpoch(0, 1));
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:00.123456789Z"), FromEpoch(0, 123'456));
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:00.25+01:00"), FromEpoch(-3600, 250'000));
}

TEST(Rfc3339, RefusesWhatIsNotATime) {
  for (const char* bad : {"",
                          "2024-05-07",
                          "2024-05-07T08:45:17",
                          "2024-05-07 08:45:17Z",
                          "2024-05-07T08:45Z",
                          "2024-5-07T08:45:17Z",
                          "2024-13-01T00:00:00Z",
                          "2024-00-01T00:00:00Z",
                          "2024-01-32T00:00:00Z",
                          "2024-01-00T00:00:00Z",
                          "2024-01-01T24:00:00Z",
                          "2024-01-01T00:60:00Z",
                          "2024-01-01T00:00:61Z",
                          "1969-12-31T23:59:59Z",
                          "2024-01-01T00:00:00.Z",
                          "2024-01-01T00:00:00.1234567890Z",
                          "2024-01-01T00:00:00+2:00",
                          "2024-01-01T00:00:00+0200",
                          "2024-01-01T00:00:00+24:00",
                          "2024-01-01T00:00:00Zjunk",
                          "2024-01-01T+1:00:00Z",
                          "2024-01-01T00:00:00",
                          "-024-01-01T00:00:00Z",
                          "2024-01-01T00:00: 1Z",
                          "20240101T000000Z      "}) {
    EXPECT_FALSE(ParseRfc3339(bad)) << bad;
  }
}

TEST(HttpDate, IsRfc9110sFixedForm) {
  EXPECT_EQ(FormatHttpDate(FromEpoch(1'715'071'517)), "Tue, 07 May 2024 08:45:17 GMT");
  EXPECT_EQ(FormatHttpDate(FromEpoch(784'111'777)), "Sun, 06 Nov 1994 08:49:37 GMT");  // the RFC's own example
  EXPECT_EQ(FormatHttpDate(FromEpoch(1'709'164'800)), "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST(HttpDate, ParsesWhatItFormats) {
  for (const int64_t second : {0LL, 784'111'777LL, 1'709'164'800LL, 1'715'071'517LL, 1'735'689'599LL}) {
    EXPECT_EQ(ParseHttpDate(FormatHttpDate(FromEpoch(second))), FromEpoch(second)) << second;
  }
}

TEST(HttpDate, RefusesWhatIsNotOne) {
  for (const char* bad :
       {"", "60", "Tue, 07 May 2024 08:45:17", "Tue, 07 May 2024 08:45:17 PST", "Tue, 7 May 2024 08:45:17 GMT",
        "Tue, 07 Mai 2024 08:45:17 GMT", "Tue, 30 Feb 2024 08:45:17 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Tue, 07 May 2024 25:45:17 GMT"}) {
    EXPECT_FALSE(ParseHttpDate(bad)) << bad;
  }
}

TEST(Day, FormatsAndParses) {
  const auto leap_day = std::chrono::sys_days{std::chrono::year{2024} / 2 / 29};
  EXPECT_EQ(FormatDay(leap_day), "2024-02-29");
  EXPECT_EQ(ParseDay("2024-02-29"), leap_day);
  for (const char* bad : {"", "2023-02-29", "2024-2-29", "2024/02/29", "2024-02-29T", "1969-12-31", "today"}) {
    EXPECT_FALSE(ParseDay(bad)) << bad;
  }
}

TEST(Day, IsTheUtcDay) {
  EXPECT_EQ(FormatDay(DayOf(FromEpoch(86'399, 999'999))), "1970-01-01");
  EXPECT_EQ(FormatDay(DayOf(FromEpoch(86'400))), "1970-01-02");
}

}  // namespace
}  // namespace repopulse
