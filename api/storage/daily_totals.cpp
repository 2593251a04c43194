#include "storage/daily_totals.h"

#include <optional>

#include "base/time_format.h"
#include "storage/event_places.h"

namespace repopulse {
namespace {

using std::chrono::days;

constexpr std::string_view kOfAll = R"(
  SELECT bucket, CAST(SUM(events) AS SIGNED) FROM event_totals
  WHERE bucket_seconds = 86400 AND bucket >= ? AND bucket <= ?
  GROUP BY bucket)";

}  // namespace

std::map<DailyTotals::Span, std::vector<RepositoryId>> DailyTotals::Find(std::span<const RepositoryId> repositories,
                                                                         const EventsByDay& of_all,
                                                                         EventsById& events) {
  const std::scoped_lock lock(mutex_);
  std::map<Span, std::vector<RepositoryId>> missing;
  for (const RepositoryId id : repositories) {
    std::optional<Span> span;
    for (const auto& [day, number] : of_all) {
      const auto kept = days_.find(day);
      if (kept != days_.end() && kept->second.of_all == number) {
        if (const auto own = kept->second.events.find(id); own != kept->second.events.end()) {
          events[id][day] = own->second;
          continue;
        }
      }
      span = {span ? span->first : day, day};
    }
    if (span) missing[*span].push_back(id);
  }
  return missing;
}

void DailyTotals::Keep(RepositoryId repository, const Span& read, const EventsByDay& of_all,
                       const EventsByDay& events) {
  const std::scoped_lock lock(mutex_);
  for (auto all = of_all.lower_bound(read.first); all != of_all.end() && all->first <= read.second; ++all) {
    Kept& kept = days_[all->first];
    if (kept.of_all != all->second) {
      counts_ -= kept.events.size();
      kept = {.of_all = all->second, .events = {}};
    }
    const auto own = events.find(all->first);
    if (kept.events.insert_or_assign(repository, own == events.end() ? 0 : own->second).second) ++counts_;
  }
  while (counts_ > kCountsMax) {
    counts_ -= days_.begin()->second.events.size();
    days_.erase(days_.begin());
  }
}

size_t DailyTotals::size() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

Result<TotalsById> DailyTotals::Read(Connection& db, std::span<const RepositoryId> repositories, Day from, Day to) {
  EventsByDay of_all;
  auto read = db.Query(kOfAll, {TimePoint{from}, TimePoint{to}},
                       [&](const Row& row) { of_all.emplace(row.Day(0), row.Int(1)); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  EventsById events;
  for (const auto& [span, ids] : Find(repositories, of_all, events)) {
    for (const RepositoryId id : ids) {
      EventsByDay& kept = events[id];  // a day between two that are missing is read with them
      kept.erase(kept.lower_bound(span.first), kept.upper_bound(span.second));
    }
    const TimeRange hours{span.first, span.second + days{1}};
    std::pair<RepositoryId, Day> last;
    int64_t* number = nullptr;  // the last one's: they come one after the other
    read = ReadRollups(db, ids, hours, [&](RepositoryId id, const RollupEntry& entry) {
      const std::pair day_of{id, DayOf(entry.first)};
      if (number == nullptr || day_of != last) number = &events[day_of.first][day_of.second];
      last = day_of;
      *number += entry.events;
    });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    for (const RepositoryId id : ids) Keep(id, span, of_all, events[id]);
  }
  TotalsById totals;
  for (const auto& [id, by_day] : events) {
    for (const auto& [day, number] : by_day) {
      if (number > 0) totals[id].push_back({.bucket = day, .events = number});
    }
  }
  return totals;
}

}  // namespace repopulse
