// Lists of events, newest first.
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <tuple>

#include "base/time_format.h"
#include "storage/event_minutes.h"
#include "storage/event_reader.h"
#include "storage/present_names.h"
#include "storage/repository_rows.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr size_t kOffsetMax = 10'000;
constexpr size_t kLimitMax = 1'000;

constexpr std::string_view kRows = R"(
  SELECT created_at, id, type_id, action_id, repository_id, actor_id, actor_login, number, merged, payload FROM events
  WHERE {})";
constexpr std::string_view kNewestFirst = " ORDER BY created_at DESC, id DESC, type_id DESC LIMIT ?";
constexpr std::string_view kPlace = "(repository_id = ? AND type_id = ? AND created_at = ?)";
constexpr size_t kPlacesAtOnce = 20;
constexpr std::string_view kBehind = " AND (created_at < ? OR id < ? OR (id = ? AND type_id < ?))";
constexpr std::string_view kRepositoryTotal = R"(
  SELECT COALESCE(CAST(SUM(events) AS SIGNED), 0) FROM event_repository_totals WHERE 1 = 1)";
constexpr std::string_view kTotal = R"(
  SELECT COALESCE(CAST(SUM(events) AS SIGNED), 0) FROM event_totals WHERE bucket_seconds = 86400)";

// An event and the ids it has in the database.
struct StoredEvent {
  Event event;
  int64_t type = 0;
  int64_t action = 0;
};

// The order of every list.
bool Newer(const StoredEvent& a, const StoredEvent& b) {
  return std::tuple(a.event.created_at, a.event.id, a.type) > std::tuple(b.event.created_at, b.event.id, b.type);
}

struct Position {
  TimePoint created_at;
  int64_t id = 0;
  int64_t type = 0;
};

bool IsBehind(const StoredEvent& row, const Position& position) {
  return std::tuple(row.event.created_at, row.event.id, row.type) <
         std::tuple(position.created_at, position.id, position.type);
}

// What to read, in ids and with all its bounds.
struct ListPlan {
  EventMatch match;
  TimeRange range;
  std::optional<Position> behind;
  size_t offset = 0;
  size_t need = 0;  // the events of the page and one more
};

StoredEvent ReadStored(const Row& row) {
  StoredEvent stored;
  stored.event.created_at = row.Time(0);
  stored.event.id = row.Int(1);
  stored.type = row.Int(2);
  stored.action = row.Int(3);
  stored.event.repository = RepositoryId{row.Int(4)};
  stored.event.actor_id = row.Int(5);
  stored.event.actor_login = row.Text(6);
  stored.event.number = row.OptionalInt(7);
  stored.event.merged = row.Bool(8);
  if (!row.IsNull(9)) stored.event.payload = row.Text(9);
  return stored;
}

// Leaves out hours that lie in front of the page as a whole, and their events from the offset.
void SkipHours(std::vector<HourCount>& hours, size_t& offset) {
  size_t skipped = 0;
  for (; skipped < hours.size() && hours[skipped].events; ++skipped) {
    const auto events = static_cast<size_t>(*hours[skipped].events);
    if (events > offset) break;
    offset -= events;
  }
  hours.erase(hours.begin(), hours.begin() + static_cast<std::ptrdiff_t>(skipped));
}

Status ReadRows(Connection& db, const EventCondition& condition, std::vector<StoredEvent>& rows) {
  return db.Query(fmt::format(fmt::runtime(kRows), condition.sql), condition.values,
                  [&](const Row& row) { rows.push_back(ReadStored(row)); });
}

Result<std::vector<StoredEvent>> ReadOfRepository(Connection& db, ListPlan plan) {
  std::vector<StoredEvent> rows;
  auto newest = FindNewestHours(db, plan.match, plan.range, plan.offset + plan.need);
  if (!newest) return tl::make_unexpected(std::move(newest.error()));
  SkipHours(newest->hours, plan.offset);
  if (newest->hours.empty()) return rows;
  EventCondition condition = ConditionFor(plan.match, *newest);
  if (plan.behind) {
    condition.sql += kBehind;
    condition.values.insert(condition.values.end(),
                            {plan.behind->created_at, plan.behind->id, plan.behind->id, plan.behind->type});
  }
  condition.sql += kNewestFirst;
  condition.values.emplace_back(plan.offset + plan.need);
  if (auto read = ReadRows(db, condition, rows); !read) return tl::make_unexpected(std::move(read.error()));
  rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(plan.offset, rows.size())));
  return rows;
}

// The rows of found events, of which none is named twice. Those of a day are looked for in its partition alone.
Status ReadFound(Connection& db, std::span<const FoundEvent> found, std::vector<StoredEvent>& rows) {
  const auto day_of = [](const FoundEvent& event) { return DayOf(event.place.created_at); };
  while (!found.empty()) {
    const TimePoint day{day_of(found.front())};
    size_t count = 1;
    while (count < std::min(found.size(), kPlacesAtOnce) && day_of(found[count]) == day_of(found.front())) ++count;
    EventCondition condition{.sql = "created_at >= ? AND created_at < ?", .values = {day, day + std::chrono::days{1}}};
    for (size_t i = 0; i < kPlacesAtOnce; ++i) {
      const FoundEvent& event = found[std::min(i, count - 1)];  // the last one again fills the group
      condition.sql += (i == 0 ? " AND (" : " OR ") + std::string(kPlace);
      condition.values.insert(condition.values.end(),
                              {event.place.repository, event.kind.type, event.place.created_at});
    }
    condition.sql += ")";
    if (auto read = ReadRows(db, condition, rows); !read) return read;
    found = found.subspan(count);
  }
  return {};
}

// One place of events of several actions is named once.
void KeepPlacesOnce(std::vector<FoundEvent>& found) {
  const auto place = [](const FoundEvent& event) {
    return std::tie(event.place.created_at, event.place.repository, event.kind.type);
  };
  std::ranges::sort(found, std::greater<>(), place);
  const auto same = [&](const FoundEvent& a, const FoundEvent& b) { return place(a) == place(b); };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
}

Result<std::vector<StoredEvent>> ReadOfAll(Connection& db, const ListPlan& plan) {
  const size_t wanted = plan.offset + plan.need;
  // Of the second in which the position lies, it is not known beforehand what is behind it.
  for (size_t need = plan.behind ? 2 * wanted : wanted;; need *= 4) {
    auto found = FindNewest(db, plan.match, plan.range, need);
    if (!found) return tl::make_unexpected(std::move(found.error()));
    const bool all = found->size() < need;
    KeepPlacesOnce(*found);
    std::vector<StoredEvent> rows;
    if (auto read = ReadFound(db, *found, rows); !read) return tl::make_unexpected(std::move(read.error()));
    std::erase_if(rows, [&](const StoredEvent& row) {
      return !plan.match.Takes(row.type, row.action) || (plan.behind && !IsBehind(row, *plan.behind));
    });
    if (!all && rows.size() < wanted) continue;
    std::ranges::sort(rows, Newer);
    rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(plan.offset, rows.size())));
    rows.resize(std::min(rows.size(), plan.need));
    return rows;
  }
}

// The texts that the ids stand for.
Status Name(Connection& db, EventWordNames& words, std::vector<StoredEvent>& rows) {
  std::vector<RepositoryId> ids;
  for (StoredEvent& row : rows) {
    auto type = words.NameOf(db, row.type);
    if (!type) return tl::make_unexpected(std::move(type.error()));
    auto action = words.NameOf(db, row.action);
    if (!action) return tl::make_unexpected(std::move(action.error()));
    row.event.type = *std::move(type);
    row.event.action = *std::move(action);
    ids.push_back(row.event.repository);
  }
  const auto names = PresentNames(db, Distinct(std::move(ids)));
  if (!names) return tl::make_unexpected(names.error());
  for (StoredEvent& row : rows) {
    if (const auto name = names->find(row.event.repository); name != names->end()) {
      row.event.repository_name = name->second.full();
    }
  }
  return {};
}

Result<int64_t> ReadTotal(Connection& db, const EventMatch& match) {
  std::vector<Value> values;
  AppendMatch(values, match);
  int64_t total = 0;
  auto read = db.Query(std::string(match.repository ? kRepositoryTotal : kTotal) + MatchSql(match), values,
                       [&](const Row& row) { total = row.Int(0); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return total;
}

Result<std::optional<Position>> BehindOf(Connection& db, EventWordNames& words, const EventListQuery& query) {
  if (!query.after) return std::optional<Position>();
  auto type = words.IdOf(db, query.after->type);
  if (!type) return tl::make_unexpected(std::move(type.error()));
  return std::optional(Position{query.after->created_at, query.after->id, type->value_or(0)});
}

// The time that is asked for.
TimeRange RangeOf(const EventListQuery& query) {
  TimeRange range{query.since.value_or(TimePoint{}), query.until.value_or(kEndOfTime)};
  // Within that second: what it and the minute and hour around it hold is not known to be behind the position.
  if (query.after) range.until = std::min(range.until, query.after->created_at + std::chrono::microseconds{1});
  return range;
}

Result<EventListPage> ReadPage(Connection& db, EventWordNames& words, const EventListQuery& query,
                               const EventMatch& match) {
  EventListPage page;
  if (!query.since && !query.until && !query.action) {
    auto total = ReadTotal(db, match);
    if (!total) return tl::make_unexpected(std::move(total.error()));
    page.total = *total;
  }
  const TimeRange range = RangeOf(query);
  if (range.from >= range.until) return page;
  const auto behind = BehindOf(db, words, query);
  if (!behind) return tl::make_unexpected(behind.error());
  const size_t limit = std::min(query.limit, kLimitMax);
  const ListPlan plan{.match = match,
                      .range = range,
                      .behind = *behind,
                      .offset = std::min(query.offset, kOffsetMax),
                      .need = limit + 1};
  auto rows = match.repository ? ReadOfRepository(db, plan) : ReadOfAll(db, plan);
  if (!rows) return tl::make_unexpected(std::move(rows.error()));
  page.has_more = rows->size() > limit;
  rows->resize(std::min(rows->size(), limit));
  if (auto named = Name(db, words, *rows); !named) return tl::make_unexpected(std::move(named.error()));
  for (StoredEvent& row : *rows) page.items.push_back(std::move(row.event));
  return page;
}

}  // namespace

Result<EventListPage> SqlEventReader::List(const EventListQuery& query) {
  const auto work = [&](Connection& db) -> Result<EventListPage> {
    const auto match = MatchOf(db, {.type = query.type, .action = query.action, .repository = query.repository});
    if (!match) return tl::make_unexpected(match.error());
    if (*match) return ReadPage(db, words_, query, **match);
    EventListPage empty;
    if (!query.since && !query.until && !query.action) empty.total = 0;
    return empty;
  };
  auto result = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!result) return WithContext("list events", std::move(result.error()));
  return result;
}

}  // namespace repopulse
