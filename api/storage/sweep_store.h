// Sweeps under way: their plan, and what they have read so far, beside what is served.
//
// Each function runs inside a transaction of its caller. Lock order, here and in publication.h: topic, sweep, then
// repositories, names, memberships and snapshots, each by ascending key.
#pragma once

#include <vector>

#include "service/topic_store.h"
#include "storage/connection.h"

namespace repopulse {

// kNotFound: no such topic.
Result<Sweep> OpenSweep(Connection& db, TopicId topic, TimePoint now, TimePoint restart_before);

// kConflict: the sweep has gone on or ended meanwhile. Of items with the same id the last one counts.
Status StorePage(Connection& db, const Sweep& from, const SweepPlan& next, const std::vector<Repository>& items,
                 TimePoint now);

Status DeleteSweep(Connection& db, SweepId sweep);

}  // namespace repopulse
