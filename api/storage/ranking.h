// The ranking of a topic: which repositories stand on a page, and where they stood before.
#pragma once

#include "domain/ranking.h"
#include "storage/connection.h"
#include "storage/trending_hours.h"

namespace repopulse {

// Inside a snapshot of its caller. A topic that is not tracked has no places.
//
// A member's baseline is its first snapshot from baseline_day on and before `today`. rank_change: order those members
// that have a baseline once by their stars then and once by their stars now; it is the difference of the two places,
// positive for a climber. Newcomers have none, and do not push others down by coming.
Result<RankingPage> ReadRanking(Connection& db, const RankingQuery& query, std::chrono::sys_days today,
                                TrendingHours& trending_hours);

}  // namespace repopulse
