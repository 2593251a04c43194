// Where and when events of all repositories happened, by type, action and minute, as long as the events are kept.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/connection.h"
#include "storage/event_places.h"
#include "storage/packed_events.h"

namespace repopulse {

struct EventKind {
  int64_t type = 0;
  int64_t action = 0;
};
// All that match and have, or had, events stored.
Result<std::vector<EventKind>> StoredKinds(Connection& db, const EventMatch& match);

// From the begin of the oldest day of which events are stored to the end of the newest; none where none are.
Result<std::optional<TimeRange>> StoredDays(Connection& db);

// One event of any repository.
struct FoundEvent {
  EventKind kind;
  PlaceEntry place;
};
// The newest `need` matching events of the range, newest first; with the last of them all others of its second.
// match.repository is not looked at.
Result<std::vector<FoundEvent>> FindNewest(Connection& db, const EventMatch& match, const TimeRange& range,
                                           size_t need);

// take(kind, minute, places) for each minute in the range (whole minutes); EachPlace() reads the places.
using TakeMinute = std::function<void(const EventKind&, TimePoint, std::string_view)>;
Status ReadMinutes(Connection& db, const EventMatch& match, const TimeRange& minutes, const TakeMinute& take);
// The same of some of the StoredKinds.
Status ReadMinutesOf(Connection& db, std::span<const EventKind> kinds, const TimeRange& minutes,
                     const TakeMinute& take);

// take(kind, minute, events) for each minute of any kind in the range (whole minutes).
using TakeCount = std::function<void(const EventKind&, TimePoint, int64_t)>;
Status CountMinutes(Connection& db, const TimeRange& minutes, const TakeCount& take);

// How many rows.
Result<int64_t> DeleteMinutes(Connection& db, const TimeRange& minutes);

}  // namespace repopulse
