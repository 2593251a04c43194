// Making what a sweep has read the served state. Runs inside a transaction of its caller.
#pragma once

#include "service/topic_store.h"
#include "storage/connection.h"

namespace repopulse {

// kConflict: the sweep has gone on or ended meanwhile.
Result<Publication> PublishSweep(Connection& db, const Sweep& sweep, bool whole, TimePoint now, TimePoint next_poll_at);

}  // namespace repopulse
