// A batch of events on its way into the database, within a transaction.
#pragma once

#include "base/result.h"
#include "storage/connection.h"
#include "storage/event_batch.h"

namespace repopulse {

// First thing in a transaction that decides what is new: from here to its end there is only one.
Status LockEvents(Connection& db);

// Stores what is new, and payloads that were missing; sets each event's fate.
Status StoreEvents(Connection& db, EventBatch& batch);

}  // namespace repopulse
