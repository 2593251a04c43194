// Which repositories trend: from the stars and forks of a window.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "domain/names.h"
#include "domain/trending.h"
#include "service/trend_reader.h"
#include "storage/connection.h"
#include "storage/trending_hours.h"

namespace repopulse {

struct TrendingWindow {
  TimePoint from;  // whole seconds; both belong to it
  TimePoint to;
};

// One that may trend, or does.
struct TrendingCandidate {
  TrendingPosition position;
  TrendingActivity activity;
};

// What trends in one window, of a topic's members where one is given; a topic that is not tracked has none. Lives
// within one snapshot of its caller.
class TrendingSearch {
 public:
  TrendingSearch(Connection& db, TrendingHours& hours, const TrendingWindow& window)
      : db_(db), hours_(hours), window_(window) {}

  // Adds the window up; once, before all else.
  Status Count(const std::optional<TopicName>& topic);
  // Stars and forks in the window.
  [[nodiscard]] int64_t events() const { return events_; }
  // The first `limit` behind `after` for which all guards hold.
  Result<std::vector<TrendingCandidate>> First(const std::optional<TrendingPosition>& after, size_t limit);
  // All of them.
  Result<std::vector<TrendingCandidate>> All();

 private:
  // One with enough stars, before anything else is known of it.
  struct Gained {
    int64_t repository = 0;
    WindowEvents stars = {};
    WindowEvents forks = {};
    double score_least = 0;  // without the part of its age
  };

  // Whole hours first, then what is cut of others.
  Status ReadWindow();
  // Leaves only what the topic's members gained.
  void Keep(const std::unordered_set<int64_t>& members);
  void AddUp();
  // Those of the best `count` by score_least, and of all that may be before one of them, in order, with their ages;
  // those that are gone, or were not pushed to for long, left out. Only what is not behind `least` stands where it
  // would among all.
  Result<std::vector<TrendingCandidate>> WithAges(size_t count, int64_t& least);
  Result<std::vector<TrendingCandidate>> WithActors(const std::vector<TrendingCandidate>& candidates);
  // Who starred and forked them in the window.
  Result<ActorsByRepository> ReadActors(std::span<const RepositoryId> ids);
  // Of the whole hours of the window in which one of them gained something.
  [[nodiscard]] std::vector<GainedHour> HoursOf(std::span<const RepositoryId> ids) const;
  // Those that are not kept yet; keeps them.
  Status ReadHours(std::span<const GainedHour> hours, ActorsByRepository& actors);
  using TakeActor = std::function<void(int64_t repository, uint64_t actor, TimePoint at)>;
  Status ReadActorsOf(std::span<const RepositoryId> ids, const TimeRange& range, const TakeActor& take);

  Connection& db_;
  TrendingHours& hours_;
  const TrendingWindow window_;
  TrendingWords words_;
  std::vector<StretchPtr> stretches_;
  size_t whole_hours_ = 0;      // so many of them, at their begin
  std::vector<TimeRange> cut_;  // the ranges of the others
  std::vector<Gained> gained_;  // by score_least, the most first
  int64_t events_ = 0;
};

}  // namespace repopulse
