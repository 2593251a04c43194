#include "domain/trending.h"

#include <algorithm>
#include <cmath>

namespace repopulse {
namespace {

constexpr double kStar = 2;
constexpr double kFork = 1;
constexpr double kLate = 3;  // for an event at the window's end, on top
constexpr double kMillionths = 1'000'000;
using Years = std::chrono::duration<double, std::chrono::years::period>;

double Weighed(double each, const WindowEvents& of, std::chrono::seconds window) {
  const double places = window.count() > 0 ? static_cast<double>(of.seconds) / static_cast<double>(window.count()) : 0;
  return each * static_cast<double>(of.events) + kLate * places;
}

}  // namespace

int64_t TrendingScore::key() const { return std::llround(total() * kMillionths); }

TrendingScore TrendingScoreOf(const WindowEvents& stars, const WindowEvents& forks, std::chrono::seconds window,
                              std::optional<double> age_years) {
  return {.stars = Weighed(kStar, stars, window),
          .forks = Weighed(kFork, forks, window),
          .age = age_years ? kTrendingAgeMost / (1 + *age_years) : 0};
}

std::optional<double> AgeInYears(std::optional<TimePoint> created_at, TimePoint now) {
  if (!created_at) return std::nullopt;
  return std::max(0.0, Years(now - *created_at).count());
}

}  // namespace repopulse
