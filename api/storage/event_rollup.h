// Counts of events, kept beside them: by repository and hour, by repository, and of all by minute, hour and day.
#pragma once

#include "base/result.h"
#include "storage/connection.h"
#include "storage/event_batch.h"

namespace repopulse {

// Raises all counts by the batch's new events. Those that name no repository are counted under repository 0, so that
// the sum over all repositories is the total.
Status CountEvents(Connection& db, const EventBatch& batch);

}  // namespace repopulse
