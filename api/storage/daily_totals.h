// How many events repositories had on whole days (of UTC), kept in memory: a question about many repositories reads
// their hours, and most days change no more. A day is read anew when the number of all repositories' events of it is
// another than it was: events only ever come to it, and counts stay when they are dropped.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "domain/ids.h"
#include "service/event_reader.h"
#include "storage/connection.h"

namespace repopulse {

using TotalsById = std::unordered_map<RepositoryId, std::vector<BucketTotal>>;

// Thread-safe. Holds at most kCountsMax numbers, those of the latest days asked for.
class DailyTotals {
 public:
  static constexpr size_t kCountsMax = 50'000;  // 40 bytes each

  // Of the days from..to (both inclusive), by day; those without events left out. Inside a snapshot of its caller.
  Result<TotalsById> Read(Connection& db, std::span<const RepositoryId> repositories, std::chrono::sys_days from,
                          std::chrono::sys_days to);
  [[nodiscard]] size_t size() const;  // how many numbers are held

 private:
  using Day = std::chrono::sys_days;
  using EventsByDay = std::map<Day, int64_t>;
  using EventsById = std::unordered_map<RepositoryId, EventsByDay>;
  struct Kept {
    int64_t of_all = 0;  // all repositories' events, when these were read
    std::unordered_map<RepositoryId, int64_t> events;
  };
  // First and last day.
  using Span = std::pair<Day, Day>;

  // Adds what is kept of them to `events`; which of them are to be read, by the days that are missing.
  std::map<Span, std::vector<RepositoryId>> Find(std::span<const RepositoryId> repositories, const EventsByDay& of_all,
                                                 EventsById& events);
  void Keep(RepositoryId repository, const Span& read, const EventsByDay& of_all, const EventsByDay& events);

  mutable std::mutex mutex_;
  std::map<Day, Kept> days_;
  size_t counts_ = 0;  // in all days_
};

}  // namespace repopulse
