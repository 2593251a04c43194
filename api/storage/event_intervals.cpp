// Statistics of the intervals between events: the mean from the totals, the percentiles from the newest stored events.
#include <fmt/format.h>

#include <algorithm>

#include "storage/event_minutes.h"
#include "storage/event_reader.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr size_t kTimesMax = EventReader::kPercentileEventsMax;

constexpr std::string_view kTotals = R"(
  SELECT CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_totals WHERE bucket_seconds = 86400)";
constexpr std::string_view kRepositoryTotals = R"(
  SELECT CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_repository_totals WHERE 1 = 1)";
constexpr std::string_view kTimes = "SELECT created_at FROM events WHERE {} ORDER BY created_at DESC LIMIT ?";

constexpr TimeRange kEver{TimePoint{}, kEndOfTime};

// Number, first and last of all that were ever counted.
Status ReadEnds(Connection& db, const EventMatch& match, IntervalStatistics& statistics) {
  std::vector<Value> values;
  AppendMatch(values, match);
  const std::string_view sql = match.repository ? kRepositoryTotals : kTotals;
  return db.Query(std::string(sql) + MatchSql(match), values, [&](const Row& row) {
    if (row.IsNull(0)) return;
    statistics.events = row.Int(0);
    statistics.first = row.Time(1);
    statistics.last = row.Time(2);
  });
}

// The totals of a repository do not tell actions apart.
Status AddUpEnds(Connection& db, const EventMatch& match, IntervalStatistics& statistics) {
  return ReadRollups(db, *match.repository, kEver, [&](const RollupEntry& entry) {
    if (!match.Takes(entry.type, entry.action)) return;
    statistics.first = statistics.first ? std::min(*statistics.first, entry.first) : entry.first;
    statistics.last = statistics.last ? std::max(*statistics.last, entry.last) : entry.last;
    statistics.events += entry.events;
  });
}

Status ReadRepositoryTimes(Connection& db, const EventMatch& match, std::vector<TimePoint>& times) {
  auto newest = FindNewestHours(db, match, kEver, kTimesMax);
  if (!newest) return tl::make_unexpected(std::move(newest.error()));
  if (newest->hours.empty()) return {};
  EventCondition condition = ConditionFor(match, *newest);
  condition.values.emplace_back(kTimesMax);
  return db.Query(fmt::format(fmt::runtime(kTimes), condition.sql), condition.values,
                  [&](const Row& row) { times.push_back(row.Time(0)); });
}

Status ReadAllTimes(Connection& db, const EventMatch& match, std::vector<TimePoint>& times) {
  auto found = FindNewest(db, match, kEver, kTimesMax);
  if (!found) return tl::make_unexpected(std::move(found.error()));
  found->resize(std::min(found->size(), kTimesMax));
  for (const FoundEvent& event : *found) times.push_back(event.place.created_at);
  return {};
}

Result<IntervalStatistics> ReadIntervals(Connection& db, const EventMatch& match,
                                         EventReader::Percentiles percentiles) {
  IntervalStatistics statistics;
  auto ends = match.repository && match.action ? AddUpEnds(db, match, statistics) : ReadEnds(db, match, statistics);
  if (!ends) return tl::make_unexpected(std::move(ends.error()));
  if (statistics.events < 2) return statistics;
  statistics.mean_seconds = MeanInterval(statistics.events, *statistics.first, *statistics.last);
  if (percentiles == EventReader::Percentiles::kNotWanted) return statistics;
  std::vector<TimePoint> times;
  auto read = match.repository ? ReadRepositoryTimes(db, match, times) : ReadAllTimes(db, match, times);
  if (!read) return tl::make_unexpected(std::move(read.error()));
  SetPercentiles(statistics, std::move(times));
  return statistics;
}

}  // namespace

Result<IntervalStatistics> SqlEventReader::Intervals(const EventFilter& filter, Percentiles percentiles) {
  const auto work = [&](Connection& db) -> Result<IntervalStatistics> {
    const auto match = MatchOf(db, filter);
    if (!match) return tl::make_unexpected(match.error());
    return *match ? ReadIntervals(db, **match, percentiles) : IntervalStatistics{};
  };
  auto result = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!result) return WithContext("read intervals of events", std::move(result.error()));
  return result;
}

}  // namespace repopulse
