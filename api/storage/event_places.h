// Where the newest events of a kind lie in time. The rollups and totals tell it, so that a question reads the
// partitions and index ranges that hold its answer, however many events are stored around them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"
#include "storage/connection.h"

namespace repopulse {

// Which events count, in the ids of the database; what is absent matches any.
struct EventMatch {
  std::optional<RepositoryId> repository;
  std::optional<int64_t> type;
  std::optional<int64_t> action;
};
// " AND repository_id = ? AND type_id = ? AND action_id = ?", as far as they are given; their values in this order.
std::string MatchSql(const EventMatch& match);
void AppendMatch(std::vector<Value>& values, const EventMatch& match);

// Begins are inclusive, ends are not.
struct TimeRange {
  TimePoint from;
  TimePoint until;
};
// Behind every time an event can have.
inline constexpr TimePoint kEndOfTime = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31};

TimePoint FloorHour(TimePoint time);
// The next whole hour, or the time itself where it is one.
TimePoint CeilHour(TimePoint time);

// When the oldest stored event was created, to the minute; none where none is stored.
Result<std::optional<TimePoint>> StoredSince(Connection& db);

// An hour of a repository's, cut to what was asked for.
struct HourCount {
  TimeRange range;
  std::optional<int64_t> events;  // matching ones; none where the hour is cut and so not known
};
// The hours in which the newest `need` matching events of a repository lie, newest first.
Result<std::vector<HourCount>> NewestHours(Connection& db, const EventMatch& match, const TimeRange& range,
                                           size_t need);

// What to read for these hours of a repository, newest first: neighbours as one range, and all as one where reading
// what lies between them costs less than going to each.
struct RangesToRead {
  std::vector<TimeRange> ranges;
  bool by_type =
      false;  // one range, and in it all repositories hold fewer events of the type than this one of all types
};
Result<RangesToRead> PlanReading(Connection& db, const EventMatch& match, const std::vector<HourCount>& hours);

// Ranges in portions of a few sizes, so that few statements are prepared.
struct RangeCondition {
  std::string sql;            // "((created_at >= ? AND created_at < ?) OR ...)"
  std::vector<Value> values;  // theirs, in order
};
std::vector<RangeCondition> ConditionsFor(const std::vector<TimeRange>& ranges);

// The latest time from which on the range holds `need` matching events of all repositories, to the minute; its begin
// where it holds fewer. match.repository is not looked at.
Result<TimePoint> SinceHolding(Connection& db, const EventMatch& match, const TimeRange& range, size_t need);

struct TypeAndAction {
  int64_t type = 0;
  int64_t action = 0;
};
// All that match and have events in the range, or at least on its first and last day.
Result<std::vector<TypeAndAction>> TypesIn(Connection& db, const EventMatch& match, const TimeRange& range);

}  // namespace repopulse
