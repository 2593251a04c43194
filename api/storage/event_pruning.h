// Old days of events, dropped whole.
#pragma once

#include "base/result.h"
#include "service/event_store.h"
#include "storage/connection.h"
#include "storage/event_partitions.h"

namespace repopulse {

// What Prune() promises (service/event_store.h). A day is recorded as dropped before it goes, while nobody is
// storing events, so that nothing of it is taken any more: if this ends between the two, the next time goes on. A day
// without events stays: somebody may be about to store some.
Result<EventPruning> PruneEvents(Connection& db, const EventPartitions& partitions, TimePoint before, TimePoint now);

}  // namespace repopulse
