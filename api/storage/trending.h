// Which repositories trend: from the stars and forks of a window, as event_minutes holds them.
#pragma once

#include <optional>
#include <vector>

#include "domain/names.h"
#include "domain/trending.h"
#include "service/trend_reader.h"
#include "storage/connection.h"

namespace repopulse {

struct TrendingWindow {
  TimePoint from;  // whole seconds
  TimePoint to;
};

// One that may trend: its actors are not looked at yet.
struct TrendingCandidate {
  TrendingPosition position;
  TrendingActivity activity;
};

struct TrendingCandidates {
  std::vector<TrendingCandidate> items;  // in order
  int64_t events = 0;                    // stars and forks in the window
};

// Inside a snapshot of its caller. Of a topic's members, where one is given; a topic that is not tracked has none.
Result<TrendingCandidates> ReadTrendingCandidates(Connection& db, const TrendingWindow& window,
                                                  const std::optional<TopicName>& topic);
// The first `limit` behind `after` for which all guards hold, with their actors.
Result<std::vector<TrendingCandidate>> FirstTrending(Connection& db, const TrendingWindow& window,
                                                     const std::vector<TrendingCandidate>& candidates,
                                                     const std::optional<TrendingPosition>& after, size_t limit);

}  // namespace repopulse
