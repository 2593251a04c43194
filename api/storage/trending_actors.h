// Who starred and forked the repositories that were looked at, by whole hours, kept in memory beside what these hours
// gained (trending_hours.h), and for the same reason: an hour with as many events as before has the same ones.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"

namespace repopulse {

// A repository's stars and forks in a whole hour.
struct GainedHour {
  TimePoint hour;
  int64_t repository = 0;
  int64_t events = 0;
};

// One for each star and fork, in any order: equal where one actor did the same thing.
using Actors = std::vector<uint64_t>;
uint64_t ActorOf(int64_t actor_id, bool forked);

// By repository.
using ActorsByRepository = std::unordered_map<int64_t, Actors>;

// Thread-safe. Holds at most kBytesMax, roughly, of the latest hours.
class TrendingActors {
 public:
  static constexpr size_t kBytesMax = 3UL * 1024 * 1024;

  // Adds what is kept of these to `found`; the others.
  std::vector<GainedHour> Find(std::span<const GainedHour> asked, ActorsByRepository& found) const;
  void Keep(TimePoint hour, int64_t repository, Actors actors);

 private:
  mutable std::mutex mutex_;
  std::map<TimePoint, ActorsByRepository> hours_;
  size_t bytes_ = 0;  // of all hours_
};

}  // namespace repopulse
