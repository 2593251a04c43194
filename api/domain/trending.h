// What trends: the repositories that gain stars and forks now, the late ones of a window counting more than the early
// ones, and new repositories more than old ones.
// Source of the formula: OSS Insight's trending repositories.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "domain/ids.h"

namespace repopulse {

inline constexpr std::chrono::hours kTrendingWindow{24};  // where nobody asks for another

// What does not hold for these is left out, whatever its score.
inline constexpr int64_t kTrendingStarsOver = 5;
inline constexpr double kTrendingActorsShareOver = 0.9;  // distinct actors of each type, of the events
inline constexpr std::chrono::days kTrendingPushedWithin{90};

inline constexpr double kTrendingAgeMost = 200;  // the part of a repository that is made now

// Events of one type in a window. Whole seconds, so that the sum is the same in whatever order they are added.
struct WindowEvents {
  int64_t events = 0;
  int64_t seconds = 0;  // of each since the window's begin, added up

  void Add(int64_t since_begin) {
    ++events;
    seconds += since_begin;
  }
};

struct TrendingScore {
  double stars =
      0;  // sum over the stars of 2 + 3·f; f is the event's place in the window, 0 at its begin, 1 at its end
  double forks = 0;  // sum over the forks of 1 + 3·f
  double age = 0;    // kTrendingAgeMost / (1 + age in years); 0 where the age is not known
  [[nodiscard]] double total() const { return stars + forks + age; }
  // What an order goes by: the total in millionths.
  [[nodiscard]] int64_t key() const;
};

TrendingScore TrendingScoreOf(const WindowEvents& stars, const WindowEvents& forks, std::chrono::seconds window,
                              std::optional<double> age_years);

// Not under 0; none where the time of creation is not known.
std::optional<double> AgeInYears(std::optional<TimePoint> created_at, TimePoint now);

// What trends of one repository.
struct TrendingActivity {
  TrendingScore score;
  int64_t stars = 0;  // gained in the window
  int64_t forks = 0;
  int64_t actors = 0;  // distinct ones of each type, added up
  std::optional<double> age_years;
};

}  // namespace repopulse
