// Counts of events, kept beside them: by repository and hour, by repository, and of all by minute, hour and day.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/bulk.h"
#include "storage/connection.h"
#include "storage/event_batch.h"

namespace repopulse {

// One row of any of the tables; what a table does not tell apart is 0.
struct EventTally {
  int64_t repository = 0;
  TimePoint bucket;
  int64_t type = 0;
  int64_t action = 0;
  int64_t events = 0;
  TimePoint first;
  TimePoint last;
  std::string_view name;  // the repository's, as the last one told it; borrows from the events
};

// Where an event of all repositories' is to be found.
struct EventPlace {
  int64_t type = 0;
  int64_t action = 0;
  TimePoint minute;
  TimePoint created_at;
  int64_t repository = 0;
};

// By how much a batch's new events raise the counts; each list in the order of its table's primary key. Events that
// name no repository are counted under repository 0, so that the sum over all repositories is the total.
struct EventTallies {
  std::vector<EventTally> rollups;       // by hour, type and action
  std::vector<EventTally> repositories;  // by type, of all time
  std::vector<EventPlace> places;
  std::vector<EventTally> hours;
  std::vector<EventTally> days;
};
EventTallies TallyNew(const EventBatch& batch);

// Writes rows of repository, hour and packed counts; a row that is there keeps what it has.
Status AppendRollups(Connection& db, const BulkRows& rows);
// The rollups, which only events of the same repository and hour share: they may be raised while others count.
Status RaiseRollups(Connection& db, const EventTallies& tallies);
// All others; behind LockEvents().
Status RaiseTotals(Connection& db, const EventTallies& tallies);

}  // namespace repopulse
