// A batch of events on its way into the database, within a transaction.
#pragma once

#include "base/result.h"
#include "storage/connection.h"
#include "storage/event_batch.h"

namespace repopulse {

// From here to the transaction's end there is only one that counts events.
Status LockEvents(Connection& db);
// From here to the transaction's end no day is dropped (shared), or none is stored (exclusive).
Status LockDays(Connection& db);
Status LockDaysExclusively(Connection& db);

// Which way costs less: the answers to a poll are mostly known, an import's batches nearly always all new or all known.
enum class EventsExpected { kKnown, kNew };
// Stores what is new, and payloads that were missing; sets each event's fate.
Status StoreEvents(Connection& db, EventBatch& batch, EventsExpected expected);

}  // namespace repopulse
