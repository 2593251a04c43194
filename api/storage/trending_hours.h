// What the repositories of whole hours gained, kept in memory: a window is added up from its hours, and most of those
// change no more. An hour is read anew when the number of its events is another than it was; events only ever come to
// an hour, or its day is dropped as a whole.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/connection.h"
#include "storage/event_minutes.h"
#include "storage/trending_actors.h"

namespace repopulse {

// Of one repository in one stretch of time, which begins at the stretch's `begin`.
struct StretchGain {
  int64_t repository = 0;
  int32_t stars = 0;
  int32_t forks = 0;
  int64_t star_seconds = 0;  // since `begin`, added up
  int64_t fork_seconds = 0;
};
struct Stretch {
  TimePoint begin;
  std::vector<StretchGain> gains;  // each repository once
  int64_t events = 0;
};
using StretchPtr = std::shared_ptr<const Stretch>;

// The words of stars and forks; none for one that no stored event has.
struct TrendingWords {
  std::optional<int64_t> watch;
  std::optional<int64_t> fork;
  std::vector<EventKind> kinds;  // of both
};

// Any range of time, from event_minutes.
Result<StretchPtr> ReadStretch(Connection& db, const TrendingWords& words, const TimeRange& range);

// Thread-safe. Holds at most kGainsMax repositories' gains, those of the latest hours asked for.
class TrendingHours {
 public:
  static constexpr size_t kGainsMax = 400'000;  // 32 bytes each: as much as the near-cache

  // The hours of the range (whole hours) in which something happened. Inside a snapshot of its caller.
  Result<std::vector<StretchPtr>> Read(Connection& db, const TrendingWords& words, const TimeRange& hours);

  // Of the same hours.
  [[nodiscard]] TrendingActors& actors() { return actors_; }

 private:
  StretchPtr Find(TimePoint hour, int64_t events);
  void Keep(const StretchPtr& hour);

  std::mutex mutex_;
  std::map<TimePoint, StretchPtr> hours_;
  size_t gains_ = 0;  // in all hours_
  TrendingActors actors_;
};

}  // namespace repopulse
