// The rolling window of a repository: so much time or so many events, whichever is less.
#include <fmt/format.h>

#include <algorithm>

#include "storage/event_reader.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr std::string_view kWindow = R"(
  SELECT type_id, action_id, created_at, actor_id FROM events FORCE INDEX (events_repository)
  WHERE repository_id = ? AND created_at >= ? AND created_at < ?{}
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

// The newest `limit` events from `since` on.
Result<std::vector<Found>> ReadNewest(Connection& db, RepositoryId repository, TimePoint since, size_t limit,
                                      BotFilter bots) {
  std::vector<Found> rows;
  const auto stored_since = StoredSince(db);
  if (!stored_since) return tl::make_unexpected(stored_since.error());
  if (!*stored_since) return rows;
  TimeRange range{std::max(since, **stored_since), kEndOfTime};
  const EventMatch match{.repository = repository, .type = {}, .action = {}};
  // The rollups count bots' events with all others, so that so many tell where enough of all are, no more.
  if (bots == BotFilter::kInclude) {
    auto hours = NewestHours(db, match, range, limit);
    if (!hours) return tl::make_unexpected(std::move(hours.error()));
    if (hours->empty()) return rows;
    range = {hours->back().range.from, hours->front().range.until};
  }
  auto read = db.Query(fmt::format(fmt::runtime(kWindow), BotSql(bots)), {repository, range.from, range.until, limit},
                       [&](const Row& row) {
                         rows.push_back({row.Int(0), row.Int(1), row.Time(2), row.Int(3)});
                       });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return rows;
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
