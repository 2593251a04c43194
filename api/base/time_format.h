// The three text forms of time in use: RFC 3339 (the API and GitHub), HTTP dates (RFC 9110 IMF-fixdate) and days.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace repopulse {

// "2024-05-07T08:45:17Z"; fractions of a second are cut.
std::string FormatRfc3339(TimePoint time);
// Accepts "2024-05-07T08:45:17Z", a fraction of up to 9 digits, and offsets "+02:00"; years 1970 to 9999.
std::optional<TimePoint> ParseRfc3339(std::string_view text);

// "Tue, 07 May 2024 08:45:17 GMT"
std::string FormatHttpDate(TimePoint time);
std::optional<TimePoint> ParseHttpDate(std::string_view text);

// "2024-05-07", the UTC day.
std::string FormatDay(std::chrono::sys_days day);
std::optional<std::chrono::sys_days> ParseDay(std::string_view text);

inline std::chrono::sys_days DayOf(TimePoint time) { return std::chrono::floor<std::chrono::days>(time); }

inline std::chrono::seconds SecondsSinceEpoch(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
}

}  // namespace repopulse
