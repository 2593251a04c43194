// Past days of repositories that had events in several of their hours: one row for the day instead of one for each hour
// of it, so that months of a busy repository are read from as many rows as they have days.
//
// The day's row is that of its first hour; its counts tell of the other hours too (packed_events.h). Events that come
// later get rows of their hours as ever, until the day is folded again. Readers take both (event_places.h).
#pragma once

#include "base/result.h"
#include "service/event_store.h"
#include "storage/connection.h"

namespace repopulse {

// What FoldDays() promises (service/event_store.h). A group of repositories is one transaction: if this ends in the
// middle of a day, the next time goes through the whole day once more and changes what is left of it.
Result<EventFolding> FoldPastDays(Connection& db, std::chrono::sys_days before,
                                  const std::function<bool(std::chrono::sys_days)>& go_on);

}  // namespace repopulse
