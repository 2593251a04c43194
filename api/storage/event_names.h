// The names of repositories that events tell. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/connection.h"
#include "storage/event_batch.h"

namespace repopulse {

// A name, and the newest event that tells it. Borrows from the batch.
struct Naming {
  std::string name;  // in lower case
  const Event* event = nullptr;
  TimePoint seen_at;
};
// Those in the batch's new events, by name.
std::vector<Naming> NewNamings(const EventBatch& batch);

class EventNames {
 public:
  explicit EventNames(const Clock& clock) : clock_(clock) {}

  // Notes the names, within the transaction that stores their events. What is known of a repository otherwise follows
  // where an event is newer.
  Status Note(Connection& db, const std::vector<Naming>& names);

 private:
  // No repository has been fetched longer ago than this, so no older event tells news of one; none: none is known.
  Result<std::optional<TimePoint>> OldestFetch(Connection& db);

  const Clock& clock_;
  std::mutex mutex_;
  std::optional<TimePoint> oldest_fetch_;
  SteadyTime oldest_fetch_read_at_;
};

}  // namespace repopulse
