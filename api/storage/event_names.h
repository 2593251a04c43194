// The names of repositories that events tell. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/connection.h"
#include "storage/event_batch.h"

namespace repopulse {

class EventNames {
 public:
  explicit EventNames(const Clock& clock) : clock_(clock) {}

  // Notes the names in the batch's new events, within the transaction that stores them. What is known of a repository
  // otherwise follows where an event is newer.
  Status Note(Connection& db, const EventBatch& batch);

 private:
  // No repository has been fetched longer ago than this, so no older event tells news of one; none: none is known.
  Result<std::optional<TimePoint>> OldestFetch(Connection& db);

  const Clock& clock_;
  std::mutex mutex_;
  std::optional<TimePoint> oldest_fetch_;
  SteadyTime oldest_fetch_read_at_;
};

}  // namespace repopulse
