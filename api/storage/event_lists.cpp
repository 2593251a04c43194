// Lists of events, newest first.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "storage/event_reader.h"
#include "storage/present_names.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr size_t kOffsetMax = 10'000;
constexpr size_t kLimitMax = 1'000;

// The keys are found in an index alone, where it tells enough; only the rows that are shown are read. {0}: index,
// {1}: conditions.
constexpr std::string_view kRows = R"(
  SELECT e.created_at, e.id, e.type_id, e.action_id, e.repository_id, e.actor_id, e.actor_login, e.number, e.merged,
    e.payload
  FROM (SELECT created_at, id, type_id FROM events FORCE INDEX ({})
        WHERE {}
        ORDER BY created_at DESC, id DESC, type_id DESC LIMIT ?) k
  JOIN events e ON e.created_at = k.created_at AND e.id = k.id AND e.type_id = k.type_id)";
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

// Adds the first `limit` rows that fulfil the condition and the plan.
Status ReadRows(Connection& db, std::string_view index, const RangeCondition& condition, const ListPlan& plan,
                const EventMatch& match, size_t limit, std::vector<StoredEvent>& rows) {
  std::string conditions = condition.sql + MatchSql(match);
  std::vector<Value> values = condition.values;
  AppendMatch(values, match);
  if (plan.behind) {
    conditions += kBehind;
    values.insert(values.end(), {plan.behind->created_at, plan.behind->id, plan.behind->id, plan.behind->type});
  }
  values.emplace_back(limit);
  const size_t before = rows.size();
  auto read = db.Query(fmt::format(fmt::runtime(kRows), index, conditions), values,
                       [&](const Row& row) { rows.push_back(ReadStored(row)); });
  // The join keeps no order.
  std::sort(rows.begin() + static_cast<std::ptrdiff_t>(before), rows.end(), Newer);
  return read;
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

// Through the index of types: each type and action on its own, in the order of time.
Status ReadByType(Connection& db, const ListPlan& plan, const TimeRange& range, size_t limit,
                  std::vector<StoredEvent>& rows) {
  auto types = TypesIn(db, plan.match, range);
  if (!types) return tl::make_unexpected(std::move(types.error()));
  const std::vector<RangeCondition> conditions = ConditionsFor({range});
  for (const auto& [type, action] : *types) {
    const EventMatch one{.repository = plan.match.repository, .type = type, .action = action};
    if (auto read = ReadRows(db, "events_type", conditions.front(), plan, one, limit, rows); !read) return read;
  }
  std::ranges::sort(rows, Newer);
  return {};
}

std::vector<StoredEvent> Behind(std::vector<StoredEvent> rows, size_t offset) {
  rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(offset, rows.size())));
  return rows;
}

Result<std::vector<StoredEvent>> ReadOfRepository(Connection& db, ListPlan plan) {
  auto hours = NewestHours(db, plan.match, plan.range, plan.offset + plan.need);
  if (!hours) return tl::make_unexpected(std::move(hours.error()));
  SkipHours(*hours, plan.offset);
  auto reading = PlanReading(db, plan.match, *hours);
  if (!reading) return tl::make_unexpected(std::move(reading.error()));
  const size_t limit = plan.offset + plan.need;
  std::vector<StoredEvent> rows;
  if (reading->by_type) {
    if (auto read = ReadByType(db, plan, reading->ranges.front(), limit, rows); !read) {
      return tl::make_unexpected(std::move(read.error()));
    }
    return Behind(std::move(rows), plan.offset);
  }
  for (const RangeCondition& condition : ConditionsFor(reading->ranges)) {
    if (rows.size() >= limit) break;
    auto read = ReadRows(db, "events_repository", condition, plan, plan.match, limit - rows.size(), rows);
    if (!read) return tl::make_unexpected(std::move(read.error()));
  }
  return Behind(std::move(rows), plan.offset);
}

Result<std::vector<StoredEvent>> ReadOfAll(Connection& db, const ListPlan& plan) {
  const size_t limit = plan.offset + plan.need;
  auto since = SinceHolding(db, plan.match, plan.range, limit);
  if (!since) return tl::make_unexpected(std::move(since.error()));
  const TimeRange range{*since, plan.range.until};
  std::vector<StoredEvent> rows;
  auto read = plan.match.type || plan.match.action
                  ? ReadByType(db, plan, range, limit, rows)
                  : ReadRows(db, "PRIMARY", ConditionsFor({range}).front(), plan, {}, limit, rows);
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return Behind(std::move(rows), plan.offset);
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
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const auto names = PresentNames(db, ids);
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

// The time that is asked for, as far as events of it are stored.
Result<TimeRange> RangeOf(Connection& db, const EventListQuery& query) {
  const auto stored_since = StoredSince(db);
  if (!stored_since) return tl::make_unexpected(stored_since.error());
  TimeRange range{stored_since->value_or(kEndOfTime), query.until.value_or(kEndOfTime)};
  if (query.since) range.from = std::max(range.from, *query.since);
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
  const auto range = RangeOf(db, query);
  if (!range) return tl::make_unexpected(range.error());
  if (range->from >= range->until) return page;
  const auto behind = BehindOf(db, words, query);
  if (!behind) return tl::make_unexpected(behind.error());
  const size_t limit = std::min(query.limit, kLimitMax);
  const ListPlan plan{.match = match,
                      .range = *range,
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
