#include "storage/event_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/time_format.h"
#include "storage/repository_rows.h"

namespace repopulse {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr std::string_view kDays = "SELECT day FROM event_days WHERE day >= ? ORDER BY day";
constexpr std::string_view kRollups = R"(
  SELECT repository_id, hour, counts FROM event_rollups
  WHERE repository_id IN {} AND hour >= ? AND hour < ?
  ORDER BY repository_id, hour)";
constexpr std::string_view kNewestRollups = R"(
  SELECT hour, counts FROM event_rollups
  WHERE repository_id = ? AND hour >= ? AND hour < ?
  ORDER BY repository_id DESC, hour DESC LIMIT ?)";

// So many rows are read at first, and each time so many times more: most questions end with the newest. The first ones
// have a whole day among them, also where each hour of it is a row.
constexpr size_t kRowsFirst = 32;
constexpr size_t kRowsGrowth = 8;

// Of so many days a repository's types are each gone to; of more, all that its days hold is read: a repository whose
// newest events spread over more has few a day.
constexpr days kDaysByType{3};

// The counts of one day, hour by hour: they lie in a row of their hour, in the day's (event_folding.h), or in both.
class HoursOfDay {
 public:
  void Add(TimePoint hour, std::string_view counts) {
    EachRollup(counts, hour, [&](const RollupEntry& entry) {
      const auto at = static_cast<size_t>((entry.first - DayOf(hour)) / hours{1});
      if (at < entries_.size()) entries_[at].push_back(entry);
    });
  }
  [[nodiscard]] std::vector<RollupEntry>& At(size_t hour) { return entries_[hour]; }
  static constexpr size_t kCount = 24;

 private:
  std::array<std::vector<RollupEntry>, kCount> entries_;
};

// Gives on the counts of rows that come by repository and hour in this order.
class RollupsInOrder {
 public:
  RollupsInOrder(const TimeRange& range, const TakeRollup& take) : range_(range), take_(take) {}

  void Add(RepositoryId repository, TimePoint hour, std::string_view counts) {
    if (std::pair(repository, DayOf(hour)) != std::pair(repository_, day_)) End();
    repository_ = repository;
    day_ = DayOf(hour);
    hours_.Add(hour, counts);
  }
  void End() {
    for (size_t hour = 0; hour < HoursOfDay::kCount; ++hour) {
      for (const RollupEntry& entry : hours_.At(hour)) {
        if (entry.first >= range_.from && entry.first < range_.until) take_(repository_, entry);
      }
      hours_.At(hour).clear();
    }
  }

 private:
  const TimeRange& range_;
  const TakeRollup& take_;
  RepositoryId repository_;
  std::chrono::sys_days day_;
  HoursOfDay hours_;
};

// Takes rows, newest first, until their hours hold enough.
class HourSearch {
 public:
  HourSearch(const EventMatch& match, const TimeRange& range, std::set<std::chrono::sys_days> stored, size_t need)
      : match_(match), range_(range), days_(std::move(stored)), missing_(static_cast<int64_t>(need)) {}

  void Add(TimePoint hour, std::string_view counts) {
    if (DayOf(hour) != day_) EndDay();
    day_ = DayOf(hour);
    if (days_.contains(day_)) hours_.Add(hour, counts);  // rollups stay when their events are dropped
  }
  [[nodiscard]] bool Done() const { return missing_ <= 0; }
  NewestHours Found() && {
    EndDay();
    return std::move(found_);
  }

 private:
  // All its hours are there: what is older comes next.
  void EndDay() {
    for (size_t at = HoursOfDay::kCount; at-- > 0;) {
      std::vector<RollupEntry>& entries = hours_.At(at);
      const TimePoint hour = day_ + hours{at};
      if (!Done() && hour < range_.until && hour + hours{1} > range_.from) Take(hour, entries);
      entries.clear();
    }
  }
  void Take(TimePoint hour, const std::vector<RollupEntry>& entries) {
    int64_t events = 0;
    for (const RollupEntry& entry : entries) {
      if (!match_.Takes(entry.type, entry.action)) continue;
      events += entry.events;
      found_.types.insert(entry.type);
    }
    if (events == 0) return;
    // How much of an hour that is cut lies within the range is not known, so that it counts for nothing.
    const bool cut = hour < range_.from || hour + hours{1} > range_.until;
    found_.hours.push_back({{std::max(hour, range_.from), std::min<TimePoint>(hour + hours{1}, range_.until)},
                            cut ? std::nullopt : std::optional(events)});
    if (!cut) missing_ -= events;
  }

  const EventMatch& match_;
  const TimeRange& range_;
  const std::set<std::chrono::sys_days> days_;
  int64_t missing_;
  std::chrono::sys_days day_;
  HoursOfDay hours_;
  NewestHours found_;
};

// Those from the given one on of which events are stored.
Result<std::set<std::chrono::sys_days>> DaysStoredFrom(Connection& db, std::chrono::sys_days from) {
  std::set<std::chrono::sys_days> stored;
  auto read = db.Query(kDays, {from}, [&](const Row& row) { stored.insert(row.Day(0)); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return stored;
}

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

void AppendWords(std::string& sql, std::vector<Value>& values, std::string_view column, const std::set<int64_t>& ids) {
  size_t size = 1;
  while (size < ids.size()) size *= 4;
  sql += fmt::format(" AND {} IN {}", column, Placeholders(1, size));
  values.insert(values.end(), ids.begin(), ids.end());
  values.resize(values.size() + size - ids.size(), *ids.rbegin());
}

TimePoint FloorHour(TimePoint time) { return std::chrono::floor<hours>(time); }
TimePoint CeilHour(TimePoint time) { return std::chrono::ceil<hours>(time); }

Status ReadRollups(Connection& db, std::span<const RepositoryId> repositories, const TimeRange& range,
                   const TakeRollup& take) {
  return InGroups(Distinct({repositories.begin(), repositories.end()}), [&](std::span<const RepositoryId> group) {
    std::vector<Value> values;
    const std::string list = IdList(group, values);
    values.insert(values.end(), {TimePoint{DayOf(range.from)}, range.until});
    RollupsInOrder rollups(range, take);
    auto read = db.Query(fmt::format(kRollups, list), values,
                         [&](const Row& row) { rollups.Add(RepositoryId{row.Int(0)}, row.Time(1), row.Text(2)); });
    rollups.End();
    return read;
  });
}

Status ReadRollups(Connection& db, RepositoryId repository, const TimeRange& range, const TakeOwnRollup& take) {
  return ReadRollups(db, {&repository, 1}, range, [&](RepositoryId, const RollupEntry& entry) { take(entry); });
}

Result<NewestHours> FindNewestHours(Connection& db, const EventMatch& match, const TimeRange& range, size_t need) {
  auto stored = DaysStoredFrom(db, DayOf(range.from));
  if (!stored) return tl::make_unexpected(std::move(stored.error()));
  if (stored->empty()) return NewestHours{};
  const TimePoint from{std::max(DayOf(range.from), *stored->begin())};
  HourSearch search(match, range, *std::move(stored), need);
  TimePoint until = CeilHour(range.until);
  for (size_t limit = kRowsFirst; !search.Done() && from < until; limit *= kRowsGrowth) {
    size_t rows = 0;
    auto read = db.Query(kNewestRollups, {*match.repository, from, until, limit}, [&](const Row& row) {
      ++rows;
      until = row.Time(0);
      search.Add(until, row.Text(1));
    });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    if (rows < limit) break;
  }
  return std::move(search).Found();
}

EventCondition ConditionFor(const EventMatch& match, const NewestHours& newest) {
  const TimeRange range{newest.hours.back().range.from, newest.hours.front().range.until};
  EventCondition condition{.sql = "repository_id = ? AND created_at >= ? AND created_at < ?",
                           .values = {*match.repository, range.from, range.until}};
  if (match.type || match.action || range.until - range.from <= kDaysByType) {
    AppendWords(condition.sql, condition.values, "type_id", newest.types);
  }
  if (match.action) {
    condition.sql += " AND action_id = ?";
    condition.values.emplace_back(*match.action);
  }
  return condition;
}

}  // namespace repopulse
