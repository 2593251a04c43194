// How many events there are: counts by type and action, by bucket, and the newest.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/time_format.h"
#include "storage/event_minutes.h"
#include "storage/event_reader.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::string_view kGroup = " GROUP BY type_id, action_id";
// Whole hours up to the day, then whole days.
constexpr std::string_view kCountTotals = R"(
  SELECT type_id, action_id, CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_totals
  WHERE ((bucket_seconds = 3600 AND bucket >= ? AND bucket < ?) OR (bucket_seconds = 86400 AND bucket >= ?)))";
constexpr std::string_view kCountDays = R"(
  SELECT type_id, action_id, CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at) FROM event_totals
  WHERE bucket_seconds = 86400)";
constexpr std::string_view kCountEvents = R"(
  SELECT type_id, action_id, COUNT(*), MIN(created_at), MAX(created_at) FROM events
  WHERE created_at >= ? AND created_at < ?)";
constexpr std::string_view kDayDropped = "SELECT 1 FROM event_days_dropped WHERE day = ?";

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
  [[nodiscard]] Connection& db() { return db_; }

  Status Add(std::string_view sql, const std::vector<Value>& values) {
    return db_.Query(sql, values,
                     [&](const Row& row) { Add(row.Int(0), row.Int(1), row.Int(2), row.Time(3), row.Time(4)); });
  }
  void Add(int64_t type, int64_t action, int64_t events, TimePoint first, TimePoint last) {
    EventCount& count = counts_[{type, action}];
    count.first = count.events == 0 ? first : std::min(count.first, first);
    count.last = count.events == 0 ? last : std::max(count.last, last);
    count.events += events;
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

Status CountHours(Tally& tally, const EventMatch& match, const TimeRange& range) {
  return ReadRollups(tally.db(), *match.repository, range, [&](const RollupEntry& entry) {
    if (match.Takes(entry.type, entry.action)) {
      tally.Add(entry.type, entry.action, entry.events, entry.first, entry.last);
    }
  });
}

// Of the hour that is cut, only the types that it holds are looked for.
Status CountCutHour(Tally& tally, const EventMatch& match, const TimeRange& range) {
  std::set<int64_t> types;
  const TimeRange hour{FloorHour(range.from), range.until};
  auto read = ReadRollups(tally.db(), *match.repository, hour, [&](const RollupEntry& entry) {
    if (match.Takes(entry.type, entry.action)) types.insert(entry.type);
  });
  if (!read || types.empty()) return read;
  std::string sql = std::string(kCountEvents) + MatchSql(match);
  std::vector<Value> values = With({range.from, range.until}, match);
  AppendWords(sql, values, "type_id", types);
  return tally.Add(sql + std::string(kGroup), values);
}

Status CountCutMinutes(Tally& tally, const EventMatch& match, const TimeRange& range) {
  const TimeRange whole{std::chrono::floor<minutes>(range.from), range.until};
  return ReadMinutes(tally.db(), match, whole, [&](const EventKind& kind, TimePoint minute, std::string_view places) {
    EventCount count;
    EachPlace(places, minute, [&](const PlaceEntry& place) {
      if (place.created_at < range.from) return;
      count.first = count.events == 0 ? place.created_at : std::min(count.first, place.created_at);
      count.last = count.events == 0 ? place.created_at : std::max(count.last, place.created_at);
      ++count.events;
    });
    if (count.events > 0) tally.Add(kind.type, kind.action, count.events, count.first, count.last);
  });
}

Status CountEver(Tally& tally, const EventMatch& match) {
  if (match.repository) return CountHours(tally, match, {TimePoint{}, kEndOfTime});
  return tally.Add(Matching(kCountDays, match), With({}, match));
}

Status CountSince(Tally& tally, const EventMatch& match, TimePoint since) {
  const TimePoint hour = CeilHour(since);
  if (since < hour) {
    auto counted =
        match.repository ? CountCutHour(tally, match, {since, hour}) : CountCutMinutes(tally, match, {since, hour});
    if (!counted) return counted;
  }
  if (match.repository) return CountHours(tally, match, {hour, kEndOfTime});
  const TimePoint day = std::chrono::ceil<days>(hour);
  return tally.Add(Matching(kCountTotals, match), With({hour, day, day}, match));
}

// Counts by bucket, type and action, in this order.
class Buckets {
 public:
  explicit Buckets(std::chrono::seconds size) : size_(size) {}

  void Add(TimePoint time, int64_t type, int64_t action, int64_t events) {
    const auto bucket = TimePoint{time.time_since_epoch() / size_ * size_};
    counts_[{bucket, type, action}] += events;
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
  auto result = WithConnection(pool_, [&](Connection& db) -> Result<std::vector<BucketCount>> {
    Buckets buckets(bucket);
    auto read = ReadRollups(db, repository, {from, to + bucket}, [&](const RollupEntry& entry) {
      buckets.Add(entry.first, entry.type, entry.action, entry.events);
    });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    return buckets.Named(db, words_);
  });
  if (!result) return WithContext("read the history of a repository's events", std::move(result.error()));
  return result;
}

Result<TotalsById> SqlEventReader::ReadTotals(Connection& db, const std::vector<RepositoryId>& repositories,
                                              std::chrono::seconds bucket, const TimeRange& range,
                                              const std::vector<std::string_view>& types) {
  std::set<int64_t> type_ids;
  for (const std::string_view type : types) {
    auto id = words_.IdOf(db, std::string(type));
    if (!id) return tl::make_unexpected(std::move(id.error()));
    if (*id) type_ids.insert(**id);
  }
  TotalsById found;
  RepositoryId last;
  std::vector<BucketTotal>* totals = nullptr;  // the last one's: they come one after the other
  auto read = ReadRollups(db, repositories, range, [&](RepositoryId id, const RollupEntry& entry) {
    if (totals == nullptr || id != last) totals = &found[id];
    last = id;
    if (totals->empty() || entry.first >= totals->back().bucket + bucket) {
      totals->push_back({.bucket = TimePoint{entry.first.time_since_epoch() / bucket * bucket}});
    }
    totals->back().events += entry.events;
    if (type_ids.contains(entry.type)) totals->back().of_types += entry.events;
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return found;
}

Result<std::vector<std::vector<BucketTotal>>> SqlEventReader::TotalsOfEach(
    const std::vector<RepositoryId>& repositories, std::chrono::seconds bucket, TimePoint from, TimePoint to,
    const std::vector<std::string_view>& types) {
  const auto daily = [&](Connection& db) { return daily_totals_.Read(db, repositories, DayOf(from), DayOf(to)); };
  auto found = WithConnection(pool_, [&](Connection& db) {
    if (bucket == days{1} && types.empty()) return InSnapshot(db, daily);
    return ReadTotals(db, repositories, bucket, {from, to + bucket}, types);
  });
  if (!found) return WithContext("read the totals of repositories' events", std::move(found.error()));
  std::vector<std::vector<BucketTotal>> totals;
  for (const RepositoryId id : repositories) totals.push_back((*found)[id]);
  return totals;
}

Result<std::vector<BucketCount>> SqlEventReader::Minutes(TimePoint since) {
  const auto work = [&](Connection& db) -> Result<std::vector<BucketCount>> {
    Buckets buckets(minutes{1});
    const TimeRange range{std::chrono::floor<minutes>(since), kEndOfTime};
    auto read = CountMinutes(db, range, [&](const EventKind& kind, TimePoint minute, int64_t events) {
      buckets.Add(minute, kind.type, 0, events);
    });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    return buckets.Named(db, words_);
  };
  auto result = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
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
