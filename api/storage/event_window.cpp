// The rolling window of a repository: so much time or so many events, whichever is less.
#include <fmt/format.h>

#include <algorithm>

#include "storage/event_places.h"
#include "storage/event_reader.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr std::string_view kWindow = R"(
  SELECT type_id, action_id, created_at, actor_id FROM events
  WHERE {}{}
  ORDER BY created_at DESC, id DESC, type_id DESC LIMIT ?)";

std::string_view BotSql(BotFilter bots) {
  switch (bots) {
    case BotFilter::kInclude:
      return "";
    case BotFilter::kExclude:
      return " AND NOT bot";
    case BotFilter::kOnly:
      return " AND bot";
  }
  return "";
}

struct Found {
  int64_t type = 0;
  int64_t action = 0;
  TimePoint created_at;
  int64_t actor_id = 0;
};

Result<std::vector<Found>> ReadHours(Connection& db, const EventMatch& match, const NewestHours& hours, size_t limit,
                                     BotFilter bots) {
  std::vector<Found> rows;
  EventCondition condition = ConditionFor(match, hours);
  condition.values.emplace_back(limit);
  auto read =
      db.Query(fmt::format(fmt::runtime(kWindow), condition.sql, BotSql(bots)), condition.values, [&](const Row& row) {
        rows.push_back({row.Int(0), row.Int(1), row.Time(2), row.Int(3)});
      });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return rows;
}

// The newest `limit` events from `since` on. The rollups count bots' events with all others, so that they tell where
// enough of all events are; where too many of those do not count, the look goes further back.
Result<std::vector<Found>> ReadNewest(Connection& db, RepositoryId repository, TimePoint since, size_t limit,
                                      BotFilter bots) {
  const TimeRange whole{since, kEndOfTime};
  const EventMatch match{.repository = repository, .type = {}, .action = {}};
  for (size_t need = bots == BotFilter::kInclude ? limit : 3 * limit;; need *= 4) {
    auto newest = FindNewestHours(db, match, whole, need);
    if (!newest) return tl::make_unexpected(std::move(newest.error()));
    if (newest->hours.empty()) return std::vector<Found>();
    auto rows = ReadHours(db, match, *newest, limit, bots);
    if (!rows || rows->size() == limit) return rows;
    int64_t looked_at = 0;
    for (const HourCount& hour : newest->hours) looked_at += hour.events.value_or(0);
    if (looked_at < static_cast<int64_t>(need)) return rows;  // that was all
  }
}

}  // namespace

Result<EventWindow> SqlEventReader::Window(RepositoryId repository, TimePoint since, size_t events_max,
                                           BotFilter bots) {
  const auto work = [&](Connection& db) -> Result<EventWindow> {
    auto rows = ReadNewest(db, repository, since, events_max + 1, bots);
    if (!rows) return tl::make_unexpected(std::move(rows.error()));
    EventWindow window{.events = {}, .bound = WindowBound::kTime, .from = since};
    if (rows->size() > events_max) {
      rows->resize(events_max);
      window.bound = WindowBound::kEvents;
      if (!rows->empty()) window.from = rows->back().created_at;
    }
    for (const Found& row : *rows) {
      auto type = words_.NameOf(db, row.type);
      if (!type) return tl::make_unexpected(std::move(type.error()));
      auto action = words_.NameOf(db, row.action);
      if (!action) return tl::make_unexpected(std::move(action.error()));
      window.events.push_back({*std::move(type), *std::move(action), row.created_at, row.actor_id});
    }
    return window;
  };
  auto result = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!result) return WithContext("read a repository's window of events", std::move(result.error()));
  return result;
}

}  // namespace repopulse
