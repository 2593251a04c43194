// Statistics of the intervals between events: the mean from the totals, the percentiles from the newest stored events.
#include <fmt/format.h>

#include <algorithm>

#include "storage/event_reader.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr size_t kTimesMax = EventReader::kPercentileEventsMax;

constexpr std::string_view kTotals = R"(
  SELECT CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_totals WHERE bucket_seconds = 86400)";
constexpr std::string_view kRepositoryTotals = R"(
  SELECT CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_repository_totals WHERE 1 = 1)";
constexpr std::string_view kRollups = R"(
  SELECT CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_rollups WHERE 1 = 1)";
constexpr std::string_view kRepositoryTimes = R"(
  SELECT created_at FROM events FORCE INDEX (events_repository)
  WHERE {}{}
  ORDER BY created_at DESC LIMIT ?)";
constexpr std::string_view kTypeTimes = R"(
  SELECT created_at FROM events FORCE INDEX (events_type)
  WHERE created_at >= ? AND created_at < ?{}
  ORDER BY created_at DESC LIMIT ?)";
constexpr std::string_view kTimes = R"(
  SELECT created_at FROM events FORCE INDEX (PRIMARY)
  WHERE created_at >= ?
  ORDER BY created_at DESC LIMIT ?)";

// Number, first and last of all that were ever counted.
Status ReadEnds(Connection& db, const EventMatch& match, IntervalStatistics& statistics) {
  std::string_view sql = kTotals;
  if (match.repository) sql = match.action ? kRollups : kRepositoryTotals;
  std::vector<Value> values;
  AppendMatch(values, match);
  return db.Query(std::string(sql) + MatchSql(match), values, [&](const Row& row) {
    if (row.IsNull(0)) return;
    statistics.events = row.Int(0);
    statistics.first = row.Time(1);
    statistics.last = row.Time(2);
  });
}

// The newest times of the type's events, of one repository or of all.
Status ReadTypeTimes(Connection& db, const EventMatch& match, const TimeRange& range, std::vector<TimePoint>& times) {
  auto types = TypesIn(db, match, range);
  if (!types) return tl::make_unexpected(std::move(types.error()));
  for (const auto& [type, action] : *types) {
    const EventMatch one{.repository = match.repository, .type = type, .action = action};
    std::vector<Value> values = {range.from, range.until};
    AppendMatch(values, one);
    values.emplace_back(kTimesMax);
    auto read = db.Query(fmt::format(fmt::runtime(kTypeTimes), MatchSql(one)), values,
                         [&](const Row& row) { times.push_back(row.Time(0)); });
    if (!read) return read;
  }
  std::ranges::sort(times, std::greater<>());
  times.resize(std::min(times.size(), kTimesMax));
  return {};
}

Status ReadRepositoryTimes(Connection& db, const EventMatch& match, TimePoint stored_since,
                           std::vector<TimePoint>& times) {
  auto hours = NewestHours(db, match, {stored_since, kEndOfTime}, kTimesMax);
  if (!hours) return tl::make_unexpected(std::move(hours.error()));
  auto plan = PlanReading(db, match, *hours);
  if (!plan) return tl::make_unexpected(std::move(plan.error()));
  if (plan->by_type) return ReadTypeTimes(db, match, plan->ranges.front(), times);
  for (RangeCondition& condition : ConditionsFor(plan->ranges)) {
    if (times.size() >= kTimesMax) break;
    std::vector<Value> values = std::move(condition.values);
    AppendMatch(values, match);
    values.emplace_back(kTimesMax - times.size());
    auto read = db.Query(fmt::format(fmt::runtime(kRepositoryTimes), condition.sql, MatchSql(match)), values,
                         [&](const Row& row) { times.push_back(row.Time(0)); });
    if (!read) return read;
  }
  return {};
}

Status ReadAllTimes(Connection& db, const EventMatch& match, TimePoint stored_since, std::vector<TimePoint>& times) {
  const TimeRange stored{stored_since, kEndOfTime};
  auto since = SinceHolding(db, match, stored, kTimesMax);
  if (!since) return tl::make_unexpected(std::move(since.error()));
  if (match.type || match.action) return ReadTypeTimes(db, match, {*since, kEndOfTime}, times);
  return db.Query(kTimes, {*since, kTimesMax}, [&](const Row& row) { times.push_back(row.Time(0)); });
}

Result<IntervalStatistics> ReadIntervals(Connection& db, const EventMatch& match,
                                         EventReader::Percentiles percentiles) {
  IntervalStatistics statistics;
  if (auto read = ReadEnds(db, match, statistics); !read) return tl::make_unexpected(std::move(read.error()));
  if (statistics.events < 2) return statistics;
  statistics.mean_seconds = MeanInterval(statistics.events, *statistics.first, *statistics.last);
  if (percentiles == EventReader::Percentiles::kNotWanted) return statistics;
  const auto stored_since = StoredSince(db);
  if (!stored_since) return tl::make_unexpected(stored_since.error());
  if (!*stored_since) return statistics;
  std::vector<TimePoint> times;
  auto read = match.repository ? ReadRepositoryTimes(db, match, **stored_since, times)
                               : ReadAllTimes(db, match, **stored_since, times);
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
