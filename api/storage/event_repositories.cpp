// Repositories as events tell of them: by number of events, by name, and their activity.
#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "storage/activity_rows.h"
#include "storage/event_reader.h"
#include "storage/present_names.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

// Equal bounds on type_id, and it in the order, make this a range of event_repository_totals_events in the index's own
// order; with `=` servers look the type up and read all that lies in front of the page.
constexpr std::string_view kEver = R"(
  SELECT repository_id, events, first_at, last_at
  FROM event_repository_totals FORCE INDEX (event_repository_totals_events)
  WHERE repository_id <> 0 AND type_id >= ? AND type_id <= ? AND events >= ? AND events <= ? AND (events < ? OR repository_id > ?)
  ORDER BY type_id, events DESC, repository_id LIMIT ?)";
constexpr std::string_view kSince = R"(
  SELECT repository_id, COUNT(*) AS n, MIN(created_at), MAX(created_at)
  FROM events FORCE INDEX (events_type)
  WHERE type_id = ? AND action_id IN ({}) AND created_at >= ? AND repository_id <> 0
  GROUP BY repository_id
  HAVING n >= ? AND n <= ? AND (n < ? OR repository_id > ?)
  ORDER BY n DESC, repository_id LIMIT ?)";

constexpr std::string_view kHolder = "SELECT repository_id FROM repository_names WHERE name = ?";
constexpr std::string_view kEventsOf = R"(
  SELECT COALESCE(CAST(SUM(events) AS SIGNED), 0) FROM event_repository_totals WHERE repository_id = ?)";
const std::string kActivity =
    fmt::format("SELECT {} FROM repository_activity a WHERE a.repository_id = ?", kActivityColumns);

struct PageBounds {
  int64_t min_count = 0;
  RepositoryCountPosition after;
  size_t limit = 0;  // one more than the page holds
};

RepositoryCount ReadCount(const Row& row) {
  return {.repository = RepositoryId{row.Int(0)},
          .name = {},
          .events = row.Int(1),
          .first = row.Time(2),
          .last = row.Time(3)};
}

Status ReadEver(Connection& db, int64_t type, const PageBounds& bounds, std::vector<RepositoryCount>& counts) {
  return db.Query(
      kEver,
      {type, type, bounds.min_count, bounds.after.events, bounds.after.events, bounds.after.repository, bounds.limit},
      [&](const Row& row) { counts.push_back(ReadCount(row)); });
}

// The actions of a type, as the index wants them told.
Status ReadSince(Connection& db, int64_t type, TimePoint since, const PageBounds& bounds,
                 std::vector<RepositoryCount>& counts) {
  const auto types = TypesIn(db, {.repository = {}, .type = type, .action = {}}, {since, kEndOfTime});
  if (!types) return tl::make_unexpected(types.error());
  if (types->empty()) return {};
  std::vector<Value> values = {type};
  std::string actions;
  for (const TypeAndAction& one : *types) {
    actions += actions.empty() ? "?" : ", ?";
    values.emplace_back(one.action);
  }
  values.insert(values.end(), {since, bounds.min_count, bounds.after.events, bounds.after.events,
                               bounds.after.repository, bounds.limit});
  return db.Query(fmt::format(fmt::runtime(kSince), actions), values,
                  [&](const Row& row) { counts.push_back(ReadCount(row)); });
}

Status SetNames(Connection& db, std::vector<RepositoryCount>& counts) {
  std::vector<RepositoryId> ids;
  for (const RepositoryCount& count : counts) ids.push_back(count.repository);
  const auto names = PresentNames(db, ids);
  if (!names) return tl::make_unexpected(names.error());
  for (RepositoryCount& count : counts) {
    if (const auto name = names->find(count.repository); name != names->end()) count.name = name->second;
  }
  return {};
}

}  // namespace

Result<RepositoryCountPage> SqlEventReader::Repositories(const std::string& type, int64_t min_count,
                                                         std::optional<TimePoint> since,
                                                         std::optional<RepositoryCountPosition> after, size_t limit) {
  constexpr RepositoryCountPosition kBeforeAll{.events = std::numeric_limits<int64_t>::max(), .repository = {}};
  const PageBounds bounds{
      .min_count = std::max<int64_t>(min_count, 1), .after = after.value_or(kBeforeAll), .limit = limit + 1};
  const auto work = [&](Connection& db) -> Result<RepositoryCountPage> {
    RepositoryCountPage page;
    auto id = words_.IdOf(db, type);
    if (!id) return tl::make_unexpected(std::move(id.error()));
    if (!*id) return page;
    auto read = since ? ReadSince(db, **id, *since, bounds, page.items) : ReadEver(db, **id, bounds, page.items);
    if (!read) return tl::make_unexpected(std::move(read.error()));
    page.has_more = page.items.size() > limit;
    if (page.has_more) page.items.pop_back();
    if (auto named = SetNames(db, page.items); !named) return tl::make_unexpected(std::move(named.error()));
    return page;
  };
  auto page = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!page) return WithContext("count events by repository", std::move(page.error()));
  return page;
}

Result<std::optional<EventReader::Known>> SqlEventReader::FindRepository(const RepositoryName& name) {
  const auto work = [&](Connection& db) -> Result<std::optional<Known>> {
    std::optional<RepositoryId> id;
    auto read = db.Query(kHolder, {ToLowerAscii(name.full())}, [&](const Row& row) { id = RepositoryId{row.Int(0)}; });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    if (!id) return std::optional<Known>();
    const auto names = PresentNames(db, {&*id, 1});
    if (!names) return tl::make_unexpected(names.error());
    const auto present = names->find(*id);
    Known known{.id = *id, .name = present == names->end() ? name : present->second, .events = 0};
    read = db.Query(kEventsOf, {*id}, [&](const Row& row) { known.events = row.Int(0); });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    return std::optional(known);
  };
  auto found = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!found) return WithContext("find a repository of events", std::move(found.error()));
  return found;
}

Result<std::optional<RepositoryActivity>> SqlEventReader::Activity(RepositoryId repository) {
  return WithConnection(pool_, [&](Connection& db) -> Result<std::optional<RepositoryActivity>> {
    std::optional<RepositoryActivity> activity;
    auto read = db.Query(kActivity, {repository}, [&](const Row& row) { activity = ReadActivity(row); });
    if (!read) return WithContext("read a repository's activity", std::move(read.error()));
    return activity;
  });
}

}  // namespace repopulse
