// How many events there are: counts by type and action, by bucket, and the newest.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/time_format.h"
#include "storage/event_reader.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::string_view kGroup = " GROUP BY type_id, action_id";
// Whole minutes up to the hour, whole hours up to the day, whole days: each from where the finer one ends.
constexpr std::string_view kCountTotals = R"(
  SELECT type_id, action_id, CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_totals
  WHERE ((bucket_seconds = 60 AND bucket >= ? AND bucket < ?) OR (bucket_seconds = 3600 AND bucket >= ? AND bucket < ?)
    OR (bucket_seconds = 86400 AND bucket >= ?)))";
constexpr std::string_view kCountDays = R"(
  SELECT type_id, action_id, CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_totals
  WHERE bucket_seconds = 86400)";
constexpr std::string_view kCountHours = R"(
  SELECT type_id, action_id, CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_rollups
  WHERE hour >= ?)";
constexpr std::string_view kCountEvents = R"(
  SELECT type_id, action_id, COUNT(*), MIN(created_at), MAX(created_at) FROM events FORCE INDEX ({})
  WHERE created_at >= ? AND created_at < ?)";
constexpr std::string_view kDayDropped = "SELECT 1 FROM event_days_dropped WHERE day = ?";

// In the primary key's order: the server neither sorts nor groups.
constexpr std::string_view kHistory = R"(
  SELECT hour, type_id, action_id, events FROM event_rollups
  WHERE repository_id = ? AND hour >= ? AND hour < ?
  ORDER BY hour, type_id, action_id)";
constexpr std::string_view kMinutes = R"(
  SELECT bucket, type_id, 0, CAST(SUM(events) AS SIGNED) FROM event_totals
  WHERE bucket_seconds = 60 AND bucket >= ?
  GROUP BY bucket, type_id ORDER BY bucket, type_id)";

constexpr std::string_view kNewestOfAll = R"(
  SELECT last_at FROM event_totals
  WHERE bucket_seconds = 86400 AND bucket =
    (SELECT bucket FROM event_totals WHERE bucket_seconds = 86400 ORDER BY bucket DESC LIMIT 1)
  ORDER BY last_at DESC LIMIT 1)";
constexpr std::string_view kNewestOfRepository =
    "SELECT last_at FROM event_repository_totals WHERE repository_id = ? ORDER BY last_at DESC LIMIT 1";

// Counts by (type, action), of several statements taken together.
class Tally {
 public:
  explicit Tally(Connection& db) : db_(db) {}

  Status Add(std::string_view sql, const std::vector<Value>& values) {
    return db_.Query(sql, values, [&](const Row& row) {
      EventCount& count = counts_[{row.Int(0), row.Int(1)}];
      const bool is_new = count.events == 0;
      count.first = is_new ? row.Time(3) : std::min(count.first, row.Time(3));
      count.last = is_new ? row.Time(4) : std::max(count.last, row.Time(4));
      count.events += row.Int(2);
    });
  }

  // By type and action.
  Result<std::vector<EventCount>> Named(EventWordNames& words) {
    std::map<std::pair<std::string, std::string>, EventCount> sorted;
    for (auto& [ids, count] : counts_) {
      auto type = words.NameOf(db_, ids.first);
      if (!type) return tl::make_unexpected(std::move(type.error()));
      auto action = words.NameOf(db_, ids.second);
      if (!action) return tl::make_unexpected(std::move(action.error()));
      count.type = *type;
      count.action = *action;
      sorted.emplace(std::pair(*std::move(type), *std::move(action)), count);
    }
    std::vector<EventCount> counts;
    for (auto& [names, count] : sorted) counts.push_back(std::move(count));
    return counts;
  }

 private:
  Connection& db_;
  std::map<std::pair<int64_t, int64_t>, EventCount> counts_;
};

std::string Matching(std::string_view sql, const EventMatch& match) {
  return std::string(sql) + MatchSql(match) + std::string(kGroup);
}

std::vector<Value> With(std::vector<Value> values, const EventMatch& match) {
  AppendMatch(values, match);
  return values;
}

// Events of single seconds and of minutes are kept as long as their day is.
Result<TimePoint> TrueBegin(Connection& db, TimePoint since) {
  bool dropped = false;
  auto read = db.Query(kDayDropped, {DayOf(since)}, [&](const Row&) { dropped = true; });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return dropped ? CeilHour(since) : since;
}

Status CountEver(Tally& tally, const EventMatch& match) {
  if (!match.repository) return tally.Add(Matching(kCountDays, match), With({}, match));
  return tally.Add(Matching(kCountHours, match), With({TimePoint{}}, match));
}

Status CountSince(Tally& tally, const EventMatch& match, TimePoint since) {
  const TimePoint hour = CeilHour(since);
  const TimePoint minute = std::chrono::ceil<minutes>(since);
  const TimePoint day = std::chrono::ceil<days>(hour);
  const TimePoint raw_until = match.repository ? hour : minute;
  const std::string_view index = match.repository ? "events_repository" : "PRIMARY";
  if (since < raw_until) {
    auto added =
        tally.Add(Matching(fmt::format(fmt::runtime(kCountEvents), index), match), With({since, raw_until}, match));
    if (!added) return added;
  }
  if (match.repository) return tally.Add(Matching(kCountHours, match), With({hour}, match));
  return tally.Add(Matching(kCountTotals, match), With({minute, hour, hour, day, day}, match));
}

// Counts by bucket, type and action, in this order.
class Buckets {
 public:
  explicit Buckets(std::chrono::seconds size) : size_(size) {}

  Status Add(Connection& db, std::string_view sql, std::initializer_list<Value> values) {
    return db.Query(sql, values, [&](const Row& row) {
      const auto bucket = TimePoint{row.Time(0).time_since_epoch() / size_ * size_};
      counts_[{bucket, row.Int(1), row.Int(2)}] += row.Int(3);
    });
  }
  Result<std::vector<BucketCount>> Named(Connection& db, EventWordNames& words) const {
    std::vector<BucketCount> buckets;
    for (const auto& [key, events] : counts_) {
      const auto& [bucket, type_id, action_id] = key;
      auto type = words.NameOf(db, type_id);
      if (!type) return tl::make_unexpected(std::move(type.error()));
      auto action = words.NameOf(db, action_id);
      if (!action) return tl::make_unexpected(std::move(action.error()));
      buckets.push_back({bucket, *std::move(type), *std::move(action), events});
    }
    return buckets;
  }

 private:
  const std::chrono::seconds size_;
  std::map<std::tuple<TimePoint, int64_t, int64_t>, int64_t> counts_;
};

Result<std::vector<BucketCount>> ReadBuckets(Connection& db, EventWordNames& words, std::chrono::seconds size,
                                             std::string_view sql, std::initializer_list<Value> values) {
  Buckets buckets(size);
  if (auto read = buckets.Add(db, sql, values); !read) return tl::make_unexpected(std::move(read.error()));
  return buckets.Named(db, words);
}

}  // namespace

Result<std::optional<EventMatch>> SqlEventReader::MatchOf(Connection& db, const EventFilter& filter) {
  EventMatch match{.repository = filter.repository, .type = {}, .action = {}};
  for (const auto& [word, id] : {std::pair(&filter.type, &match.type), std::pair(&filter.action, &match.action)}) {
    if (!*word) continue;
    auto known = words_.IdOf(db, **word);
    if (!known) return tl::make_unexpected(std::move(known.error()));
    if (!*known) return std::optional<EventMatch>();
    *id = **known;
  }
  return std::optional(match);
}

Result<EventCounts> SqlEventReader::Counts(const EventFilter& filter, std::optional<TimePoint> since) {
  const auto count = [&](Connection& db) -> Result<EventCounts> {
    EventCounts result{.counts = {}, .since = since};
    if (since) {
      auto begin = TrueBegin(db, *since);
      if (!begin) return tl::make_unexpected(std::move(begin.error()));
      result.since = *begin;
    }
    const auto match = MatchOf(db, filter);
    if (!match) return tl::make_unexpected(match.error());
    if (!*match) return result;
    Tally tally(db);
    auto counted = result.since ? CountSince(tally, **match, *result.since) : CountEver(tally, **match);
    if (!counted) return tl::make_unexpected(std::move(counted.error()));
    auto counts = tally.Named(words_);
    if (!counts) return tl::make_unexpected(std::move(counts.error()));
    result.counts = *std::move(counts);
    return result;
  };
  auto result = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, count); });
  if (!result) return WithContext("count events", std::move(result.error()));
  return result;
}

Result<std::vector<BucketCount>> SqlEventReader::History(RepositoryId repository, std::chrono::seconds bucket,
                                                         TimePoint from, TimePoint to) {
  auto result = WithConnection(pool_, [&](Connection& db) {
    return ReadBuckets(db, words_, bucket, kHistory, {repository, from, to + bucket});
  });
  if (!result) return WithContext("read the history of a repository's events", std::move(result.error()));
  return result;
}

Result<std::vector<BucketCount>> SqlEventReader::Minutes(TimePoint since) {
  auto result = WithConnection(pool_, [&](Connection& db) {
    return ReadBuckets(db, words_, minutes{1}, kMinutes, {TimePoint{std::chrono::floor<minutes>(since)}});
  });
  if (!result) return WithContext("count events by minute", std::move(result.error()));
  return result;
}

Result<std::optional<TimePoint>> SqlEventReader::NewestEvent(std::optional<RepositoryId> repository) {
  return WithConnection(pool_, [&](Connection& db) -> Result<std::optional<TimePoint>> {
    std::optional<TimePoint> newest;
    const auto take = [&](const Row& row) { newest = row.Time(0); };
    auto read = repository ? db.Query(kNewestOfRepository, {*repository}, take) : db.Query(kNewestOfAll, {}, take);
    if (!read) return WithContext("find the newest event", std::move(read.error()));
    return newest;
  });
}

}  // namespace repopulse
