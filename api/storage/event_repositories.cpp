// Repositories as events tell of them: by number of events, by name, and their activity.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "base/strings.h"
#include "storage/activity_rows.h"
#include "storage/event_minutes.h"
#include "storage/event_reader.h"
#include "storage/present_names.h"
#include "storage/repository_rows.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Equal bounds on type_id, and it in the order, make this a range of event_repository_totals_events in the index's own
// order; with `=` servers look the type up and read all that lies in front of the page.
constexpr std::string_view kEver = R"(
  SELECT repository_id, events, first_at, last_at
  FROM event_repository_totals FORCE INDEX (event_repository_totals_events)
  WHERE repository_id <> 0 AND type_id >= ? AND type_id <= ? AND events >= ? AND events <= ? AND (events < ? OR repository_id > ?)
  ORDER BY type_id, events DESC, repository_id LIMIT ?)";
constexpr std::string_view kEventsOfType = R"(
  SELECT COALESCE(CAST(SUM(events) AS SIGNED), 0) FROM event_totals
  WHERE bucket_seconds = 86400 AND bucket >= ? AND bucket < ? AND type_id = ?)";
constexpr size_t kPageSlack = 1'000;
// {}: names in lower case.
constexpr std::string_view kHolders = "SELECT name, repository_id FROM repository_names WHERE name IN {}";
constexpr std::string_view kEventsOf = R"(
  SELECT repository_id, CAST(SUM(events) AS SIGNED) FROM event_repository_totals WHERE repository_id IN {}
  GROUP BY repository_id)";
constexpr std::string_view kNewestOfEach =
    "SELECT repository_id, MAX(last_at) FROM event_repository_totals WHERE repository_id IN {}";
constexpr std::string_view kActivity = "SELECT {} FROM repository_activity a WHERE a.repository_id IN {}";

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

struct Counted {
  int64_t events = 0;
  TimePoint first;
  TimePoint last;
};

// Counts the events of a type by repository, a part of the repositories at a time and of the minutes a day, so that
// however many there are, few are held at once.
class CountingSince {
 public:
  CountingSince(Connection& db, int64_t type, const TimeRange& range) : db_(db), type_(type), range_(range) {}

  // So many parts that each has no more than some hundred thousand repositories.
  Result<uint64_t> Parts() {
    int64_t events = 0;
    auto read = db_.Query(kEventsOfType, {std::chrono::floor<std::chrono::days>(range_.from), range_.until, type_},
                          [&](const Row& row) { events = row.Int(0); });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    return 1 + static_cast<uint64_t>(events) / kEventsAtOnce;
  }

  Status Count(uint64_t part, uint64_t parts, std::unordered_map<int64_t, Counted>& counts) {
    const auto add = [&](const EventKind&, TimePoint minute, std::string_view places) {
      EachPlace(places, minute, [&](const PlaceEntry& place) {
        if (place.created_at < range_.from || place.repository == 0) return;
        if (static_cast<uint64_t>(place.repository) % parts != part) return;
        Counted& count = counts[place.repository];
        count.first = count.events == 0 ? place.created_at : std::min(count.first, place.created_at);
        count.last = count.events == 0 ? place.created_at : std::max(count.last, place.created_at);
        ++count.events;
      });
    };
    const EventMatch match{.repository = {}, .type = type_, .action = {}};
    for (TimePoint begin = std::chrono::floor<minutes>(range_.from); begin < range_.until; begin += hours{24}) {
      const TimePoint end = begin + hours{24} < range_.until ? begin + hours{24} : range_.until;
      if (auto read = ReadMinutes(db_, match, {begin, end}, add); !read) return read;
    }
    return {};
  }

 private:
  static constexpr uint64_t kEventsAtOnce = 4'000'000;

  Connection& db_;
  const int64_t type_;
  const TimeRange range_;
};

// As the list is sorted.
bool Before(const RepositoryCount& a, const RepositoryCount& b) {
  return std::pair(b.events, a.repository) < std::pair(a.events, b.repository);
}

void KeepFirst(std::vector<RepositoryCount>& page, size_t limit) {
  const auto end = page.begin() + static_cast<ptrdiff_t>(std::min(limit, page.size()));
  std::partial_sort(page.begin(), end, page.end(), Before);
  page.erase(end, page.end());
}

Status ReadSince(Connection& db, int64_t type, TimePoint since, const PageBounds& bounds,
                 std::vector<RepositoryCount>& page) {
  const auto stored = StoredDays(db);
  if (!stored) return tl::make_unexpected(stored.error());
  if (!*stored) return {};
  CountingSince counting(db, type, {std::max(since, (*stored)->from), (*stored)->until});
  const auto parts = counting.Parts();
  if (!parts) return tl::make_unexpected(parts.error());
  RepositoryCount last_shown;
  last_shown.events = bounds.after.events;
  last_shown.repository = bounds.after.repository;
  for (uint64_t part = 0; part < *parts; ++part) {
    std::unordered_map<int64_t, Counted> counts;
    if (auto counted = counting.Count(part, *parts, counts); !counted) return counted;
    for (const auto& [id, count] : counts) {
      if (count.events < bounds.min_count) continue;
      const RepositoryCount row{
          .repository = RepositoryId{id}, .name = {}, .events = count.events, .first = count.first, .last = count.last};
      if (!Before(last_shown, row)) continue;
      page.push_back(row);
      if (page.size() >= 2 * bounds.limit + kPageSlack) KeepFirst(page, bounds.limit);
    }
  }
  KeepFirst(page, bounds.limit);
  return {};
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

// By names in lower case.
using Holders = std::unordered_map<std::string, RepositoryId>;
Result<Holders> ReadHolders(Connection& db, std::span<const std::string> names) {
  Holders holders;
  auto read = InGroups(names, [&](std::span<const std::string> group) {
    std::vector<Value> values(group.begin(), group.end());
    const std::string list = FilledList(values, 0);
    return db.Query(fmt::format(kHolders, list), values,
                    [&](const Row& row) { holders.emplace(row.Text(0), RepositoryId{row.Int(1)}); });
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return holders;
}

// How many events were counted of each; those without any are missing.
Result<std::unordered_map<RepositoryId, int64_t>> ReadEventsOf(Connection& db, std::span<const RepositoryId> ids) {
  std::unordered_map<RepositoryId, int64_t> events;
  auto read = InGroups(ids, [&](std::span<const RepositoryId> group) {
    std::vector<Value> values;
    const std::string list = IdList(group, values);
    return db.Query(fmt::format(kEventsOf, list), values,
                    [&](const Row& row) { events[RepositoryId{row.Int(0)}] = row.Int(1); });
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return events;
}

Result<std::vector<std::optional<EventReader::Known>>> ReadKnown(Connection& db,
                                                                 const std::vector<RepositoryName>& asked) {
  std::vector<std::string> keys;
  for (const RepositoryName& name : asked) keys.push_back(ToLowerAscii(name.full()));
  const auto holders = ReadHolders(db, keys);
  if (!holders) return tl::make_unexpected(holders.error());
  std::vector<RepositoryId> ids;
  for (const auto& [name, id] : *holders) ids.push_back(id);
  ids = Distinct(std::move(ids));
  const auto names = PresentNames(db, ids);
  if (!names) return tl::make_unexpected(names.error());
  const auto events = ReadEventsOf(db, ids);
  if (!events) return tl::make_unexpected(events.error());
  std::vector<std::optional<EventReader::Known>> known;
  for (size_t i = 0; i < asked.size(); ++i) {
    known.emplace_back();
    const auto holder = holders->find(keys[i]);
    if (holder == holders->end()) continue;
    const auto present = names->find(holder->second);
    const auto counted = events->find(holder->second);
    known.back() = {.id = holder->second,
                    .name = present == names->end() ? asked[i] : present->second,
                    .events = counted == events->end() ? 0 : counted->second};
  }
  return known;
}

// What was found of each.
template <class Found>
std::vector<std::optional<Found>> InOrder(const std::vector<RepositoryId>& repositories,
                                          const std::unordered_map<RepositoryId, Found>& found) {
  std::vector<std::optional<Found>> all;
  for (const RepositoryId id : repositories) {
    const auto one = found.find(id);
    all.push_back(one == found.end() ? std::nullopt : std::optional(one->second));
  }
  return all;
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

Result<std::vector<RepositoryName>> SqlEventReader::RecentRepositories(const std::string& type, size_t events_max) {
  const auto work = [&](Connection& db) -> Result<std::vector<RepositoryName>> {
    std::vector<RepositoryName> repositories;
    auto id = words_.IdOf(db, type);
    if (!id) return tl::make_unexpected(std::move(id.error()));
    if (!*id) return repositories;
    const EventMatch match{.repository = {}, .type = **id, .action = {}};
    auto newest = FindNewest(db, match, {TimePoint{}, kEndOfTime}, events_max);
    if (!newest) return tl::make_unexpected(std::move(newest.error()));
    std::vector<RepositoryId> ids;
    std::unordered_set<int64_t> met;
    for (const FoundEvent& event : std::span(*newest).first(std::min(events_max, newest->size()))) {
      if (met.insert(event.place.repository).second) ids.push_back(RepositoryId{event.place.repository});
    }
    const auto names = PresentNames(db, ids);
    if (!names) return tl::make_unexpected(names.error());
    for (RepositoryId one : ids) {
      if (const auto name = names->find(one); name != names->end()) repositories.push_back(name->second);
    }
    return repositories;
  };
  auto repositories = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!repositories) return WithContext("find the repositories of the newest events", std::move(repositories.error()));
  return repositories;
}

Result<std::vector<std::optional<EventReader::Known>>> SqlEventReader::FindRepositories(
    const std::vector<RepositoryName>& names) {
  const auto work = [&](Connection& db) { return ReadKnown(db, names); };
  auto found = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!found) return WithContext("find repositories of events", std::move(found.error()));
  return found;
}

Result<std::vector<std::optional<TimePoint>>> SqlEventReader::NewestOfEach(
    const std::vector<RepositoryId>& repositories, const std::vector<std::string_view>& types) {
  std::unordered_map<RepositoryId, TimePoint> found;
  auto read = WithConnection(pool_, [&](Connection& db) -> Status {
    std::set<int64_t> ids;
    for (const std::string_view type : types) {
      auto id = words_.IdOf(db, std::string(type));
      if (!id) return tl::make_unexpected(std::move(id.error()));
      if (*id) ids.insert(**id);
    }
    if (ids.empty()) return {};
    return InGroups(repositories, [&](std::span<const RepositoryId> group) {
      std::vector<Value> values;
      std::string sql = fmt::format(kNewestOfEach, IdList(group, values));
      AppendWords(sql, values, "type_id", ids);
      return db.Query(sql + " GROUP BY repository_id", values,
                      [&](const Row& row) { found.emplace(RepositoryId{row.Int(0)}, row.Time(1)); });
    });
  });
  if (!read) return WithContext("find when repositories' newest events happened", std::move(read.error()));
  return InOrder(repositories, found);
}

Result<std::vector<std::optional<RepositoryActivity>>> SqlEventReader::ActivityOfEach(
    const std::vector<RepositoryId>& repositories) {
  std::unordered_map<RepositoryId, RepositoryActivity> found;
  auto read = WithConnection(pool_, [&](Connection& db) {
    return InGroups(repositories, [&](std::span<const RepositoryId> group) {
      std::vector<Value> values;
      const std::string list = IdList(group, values);
      return db.Query(fmt::format(kActivity, kActivityColumns, list), values, [&](const Row& row) {
        const RepositoryActivity activity = ReadActivity(row);
        found.insert_or_assign(activity.repository, activity);
      });
    });
  });
  if (!read) return WithContext("read repositories' activity", std::move(read.error()));
  return InOrder(repositories, found);
}

}  // namespace repopulse
