#include "service/archive.h"

#include "base/strings.h"
#include "base/time_format.h"

namespace repopulse {

std::optional<ArchiveHour> ParseArchiveHour(std::string_view text) {
  const size_t dash = text.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(dash + 1);
  const auto day = ParseDay(text.substr(0, dash));
  const auto hour = ParseInteger<int>(digits);
  const bool leading_zero = digits.size() > 1 && digits[0] == '0';
  if (!day || !hour || *hour < 0 || *hour > 23 || leading_zero || digits[0] == '-') return std::nullopt;
  return ArchiveHour{TimePoint{*day} + std::chrono::hours{*hour}};
}

std::string ToString(ArchiveHour hour) {
  const auto day = DayOf(hour.begin);
  return FormatDay(day) + "-" +
         std::to_string(std::chrono::duration_cast<std::chrono::hours>(hour.begin - TimePoint{day}).count());
}

}  // namespace repopulse
