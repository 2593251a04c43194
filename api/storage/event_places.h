// Where a repository's newest events of a kind lie in time. The rollups tell it, so that a question reads the days and
// index ranges that hold its answer, however many events are stored around them.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"
#include "storage/connection.h"
#include "storage/packed_events.h"

namespace repopulse {

// Which events count, in the ids of the database; what is absent matches any.
struct EventMatch {
  std::optional<RepositoryId> repository;
  std::optional<int64_t> type;
  std::optional<int64_t> action;

  [[nodiscard]] bool Takes(int64_t of_type, int64_t of_action) const {
    return (!type || *type == of_type) && (!action || *action == of_action);
  }
};
// " AND repository_id = ? AND type_id = ? AND action_id = ?", as far as they are given; their values in this order.
std::string MatchSql(const EventMatch& match);
void AppendMatch(std::vector<Value>& values, const EventMatch& match);

// " AND column IN (?, ?)" for ids of words, of which there must be one. Lists have one of a few lengths, so that few
// statements are prepared; they are filled up with the last id.
void AppendWords(std::string& sql, std::vector<Value>& values, std::string_view column, const std::set<int64_t>& ids);

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

// take(repository, entry) for each count of the repositories' hours in the range (whole hours), by repository and hour.
using TakeRollup = std::function<void(RepositoryId, const RollupEntry&)>;
Status ReadRollups(Connection& db, std::span<const RepositoryId> repositories, const TimeRange& hours,
                   const TakeRollup& take);
// take(entry) for those of one repository.
using TakeOwnRollup = std::function<void(const RollupEntry&)>;
Status ReadRollups(Connection& db, RepositoryId repository, const TimeRange& hours, const TakeOwnRollup& take);

// An hour of a repository's, cut to what was asked for.
struct HourCount {
  TimeRange range;
  std::optional<int64_t> events;  // matching ones; none where the hour is cut and so not known
};
struct NewestHours {
  std::vector<HourCount> hours;  // newest first, those without matching events left out
  std::set<int64_t> types;       // of the matching events in them
};
// The hours in which the newest `need` matching events of a repository lie, of those that are still stored.
// match.repository must be given.
Result<NewestHours> FindNewestHours(Connection& db, const EventMatch& match, const TimeRange& range, size_t need);

// What `events` is to be asked for: behind WHERE, and its values.
struct EventCondition {
  std::string sql;
  std::vector<Value> values;
};
// The matching events of these hours, of which there must be one.
EventCondition ConditionFor(const EventMatch& match, const NewestHours& hours);

}  // namespace repopulse
