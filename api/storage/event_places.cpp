#include "storage/event_places.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.h"

namespace repopulse {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kStoredSince = R"(
  SELECT bucket FROM event_totals WHERE bucket_seconds = 60 ORDER BY bucket LIMIT 1)";
constexpr std::string_view kNewestMinute = R"(
  SELECT bucket FROM event_totals WHERE bucket_seconds = 60 ORDER BY bucket DESC LIMIT 1)";
constexpr std::string_view kNewestHours = R"(
  SELECT hour, events FROM event_rollups
  WHERE hour >= ? AND hour < ?{}
  ORDER BY repository_id DESC, hour DESC LIMIT ?)";
constexpr std::string_view kEventsBetween = R"(
  SELECT COALESCE(CAST(SUM(events) AS SIGNED), 0) FROM event_rollups
  WHERE repository_id = ? AND hour >= ? AND hour < ?)";
constexpr std::string_view kEventsOfType = R"(
  SELECT COALESCE(CAST(SUM(events) AS SIGNED), 0) FROM event_totals
  WHERE bucket_seconds = 86400 AND bucket >= ? AND bucket < ? AND type_id = ?)";
constexpr std::string_view kBuckets = R"(
  SELECT bucket, CAST(SUM(events) AS SIGNED) FROM event_totals
  WHERE bucket_seconds = ? AND bucket >= ? AND bucket < ?{}
  GROUP BY bucket ORDER BY bucket DESC)";
constexpr std::string_view kTypesIn = R"(
  SELECT DISTINCT type_id, action_id FROM event_totals
  WHERE bucket_seconds = 86400 AND bucket >= ? AND bucket < ?{}
  ORDER BY type_id, action_id)";

// Going to one more range costs as much as reading so many more rows of the index, or of the table where the index
// alone does not tell what matches.
constexpr int64_t kRangeInIndexRows = 200;
constexpr int64_t kRangeInTableRows = 30;
constexpr size_t kRangesPerStatement = 8;
// Fewer events of a repository are read sooner than it is found out whether its type's index has less to read.
constexpr int64_t kEventsWorthAsking = 5'000;

Result<std::optional<TimePoint>> ReadTime(Connection& db, std::string_view sql) {
  std::optional<TimePoint> time;
  auto read = db.Query(sql, {}, [&](const Row& row) { time = row.Time(0); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return time;
}

Result<int64_t> Count(Connection& db, std::string_view sql, std::initializer_list<Value> values) {
  int64_t count = 0;
  auto read = db.Query(sql, values, [&](const Row& row) { count = row.Int(0); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return count;
}

EventMatch OfAllRepositories(EventMatch match) {
  match.repository.reset();
  return match;
}

// Goes back in time through the totals until enough events are found.
class BackwardSearch {
 public:
  BackwardSearch(Connection& db, const EventMatch& match, size_t need)
      : db_(db), match_(OfAllRepositories(match)), missing_(static_cast<int64_t>(need)) {}

  // The begin of the newest bucket within the range that holds the last event still missing; none where all are not
  // enough. The range's ends are whole buckets.
  Result<std::optional<TimePoint>> Find(seconds bucket_size, const TimeRange& range) {
    std::vector<Value> values = {bucket_size.count(), range.from, range.until};
    AppendMatch(values, match_);
    std::optional<TimePoint> found;
    const std::string sql = fmt::format(fmt::runtime(kBuckets), MatchSql(match_));
    auto read = db_.Query(sql, values, [&](const Row& row) {
      if (found) return;
      if (row.Int(1) >= missing_) {
        found = row.Time(0);
      } else {
        missing_ -= row.Int(1);
      }
    });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    return found;
  }

  // The minute within a bucket that Find() has found.
  Result<TimePoint> Refine(TimePoint bucket, seconds bucket_size) {
    const seconds finer = bucket_size == days{1} ? seconds{hours{1}} : seconds{minutes{1}};
    auto found = Find(finer, {bucket, bucket + bucket_size});
    if (!found) return tl::make_unexpected(std::move(found.error()));
    if (!*found || finer == minutes{1}) return found->value_or(bucket);
    return Refine(**found, finer);
  }

 private:
  Connection& db_;
  const EventMatch match_;
  int64_t missing_;
};

}  // namespace

std::string MatchSql(const EventMatch& match) {
  std::string sql;
  if (match.repository) sql += " AND repository_id = ?";
  if (match.type) sql += " AND type_id = ?";
  if (match.action) sql += " AND action_id = ?";
  return sql;
}

void AppendMatch(std::vector<Value>& values, const EventMatch& match) {
  if (match.repository) values.emplace_back(*match.repository);
  if (match.type) values.emplace_back(*match.type);
  if (match.action) values.emplace_back(*match.action);
}

TimePoint FloorHour(TimePoint time) { return std::chrono::floor<hours>(time); }
TimePoint CeilHour(TimePoint time) { return std::chrono::ceil<hours>(time); }

Result<std::optional<TimePoint>> StoredSince(Connection& db) { return ReadTime(db, kStoredSince); }

Result<std::vector<HourCount>> NewestHours(Connection& db, const EventMatch& match, const TimeRange& range,
                                           size_t need) {
  std::vector<HourCount> found;
  if (range.from >= range.until || need == 0) return found;
  // How much of an hour that is cut matches is not known, so that it counts for nothing.
  const TimePoint whole_until = FloorHour(range.until);
  if (whole_until < range.until) found.push_back({{std::max(range.from, whole_until), range.until}, {}});

  std::vector<Value> values = {FloorHour(range.from), whole_until};
  AppendMatch(values, match);
  values.emplace_back(need);
  int64_t missing = static_cast<int64_t>(need);
  const std::string sql = fmt::format(fmt::runtime(kNewestHours), MatchSql(match));
  auto read = db.Query(sql, values, [&](const Row& row) {
    const TimePoint hour = row.Time(0);
    const bool same = !found.empty() && FloorHour(found.back().range.from) == hour;
    if (missing <= 0 && !same) return;
    missing -= row.Int(1);
    if (same && found.back().events) {
      *found.back().events += row.Int(1);
    } else if (!same) {
      const bool cut = hour < range.from;
      found.push_back({{std::max(hour, range.from), hour + hours{1}}, cut ? std::nullopt : std::optional(row.Int(1))});
    }
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return found;
}

Result<RangesToRead> PlanReading(Connection& db, const EventMatch& match, const std::vector<HourCount>& hours) {
  RangesToRead plan;
  std::vector<TimeRange>& ranges = plan.ranges;
  for (const HourCount& hour : hours) {
    if (!ranges.empty() && ranges.back().from == hour.range.until) {
      ranges.back().from = hour.range.from;
    } else {
      ranges.push_back(hour.range);
    }
  }
  if (ranges.empty() || (ranges.size() < 2 && !match.type)) return plan;
  const TimeRange whole{ranges.back().from, ranges.front().until};
  auto between = Count(db, kEventsBetween, {match.repository, FloorHour(whole.from), whole.until});
  if (!between) return tl::make_unexpected(std::move(between.error()));
  if (match.type && *between > kEventsWorthAsking) {
    auto of_type = Count(db, kEventsOfType, {std::chrono::floor<days>(whole.from), whole.until, *match.type});
    if (!of_type) return tl::make_unexpected(std::move(of_type.error()));
    if (*of_type < *between) return RangesToRead{.ranges = {whole}, .by_type = true};
  }
  const int64_t range_in_rows = match.action ? kRangeInTableRows : kRangeInIndexRows;
  if (*between <= static_cast<int64_t>(ranges.size()) * range_in_rows) ranges = {whole};
  return plan;
}

std::vector<RangeCondition> ConditionsFor(const std::vector<TimeRange>& ranges) {
  std::vector<RangeCondition> conditions;
  for (size_t begin = 0; begin < ranges.size(); begin += kRangesPerStatement) {
    const size_t end = std::min(begin + kRangesPerStatement, ranges.size());
    const size_t size = end - begin == 1 ? 1 : kRangesPerStatement;
    RangeCondition condition{.sql = "(", .values = {}};
    for (size_t i = 0; i < size; ++i) {
      const TimeRange& range = ranges[std::min(begin + i, end - 1)];
      condition.sql += i == 0 ? "(created_at >= ? AND created_at < ?)" : " OR (created_at >= ? AND created_at < ?)";
      condition.values.insert(condition.values.end(), {range.from, range.until});
    }
    condition.sql += ")";
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

Result<TimePoint> SinceHolding(Connection& db, const EventMatch& match, const TimeRange& range, size_t need) {
  auto newest = ReadTime(db, kNewestMinute);
  if (!newest) return tl::make_unexpected(std::move(newest.error()));
  if (!*newest || range.from >= range.until) return range.from;
  // Up to here all is in whole minutes; what lies behind counts for nothing.
  const TimePoint until = std::min<TimePoint>(std::chrono::floor<minutes>(range.until), **newest + minutes{1});
  const TimePoint hour = FloorHour(until);
  const TimePoint day = std::chrono::floor<days>(until);
  const std::pair<seconds, TimeRange> steps[] = {
      {minutes{1}, {hour, until}}, {hours{1}, {day, hour}}, {days{1}, {std::chrono::floor<days>(range.from), day}}};
  BackwardSearch search(db, match, need);
  for (const auto& [bucket_size, span] : steps) {
    if (span.from >= span.until) continue;
    auto found = search.Find(bucket_size, span);
    if (!found) return tl::make_unexpected(std::move(found.error()));
    if (!*found) continue;
    auto since = bucket_size == minutes{1} ? Result<TimePoint>(**found) : search.Refine(**found, bucket_size);
    if (!since) return since;
    return std::max(*since, range.from);
  }
  return range.from;
}

Result<std::vector<TypeAndAction>> TypesIn(Connection& db, const EventMatch& match, const TimeRange& range) {
  std::vector<TypeAndAction> types;
  const EventMatch of_all = OfAllRepositories(match);
  std::vector<Value> values = {std::chrono::floor<days>(range.from), range.until};
  AppendMatch(values, of_all);
  auto read = db.Query(fmt::format(fmt::runtime(kTypesIn), MatchSql(of_all)), values, [&](const Row& row) {
    types.push_back({row.Int(0), row.Int(1)});
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return types;
}

}  // namespace repopulse
