#include "storage/trend_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "storage/event_minutes.h"
#include "storage/present_names.h"
#include "storage/repository_rows.h"
#include "storage/transaction.h"
#include "storage/trending.h"

namespace repopulse {
namespace {

constexpr std::string_view kDescriptions = "SELECT {} FROM repositories r WHERE r.id IN {}";
const std::string kNewcomers = fmt::format(R"(
  SELECT {}, m.first_seen_at
  FROM topics t
  JOIN topic_repositories m ON m.topic_id = t.id
  JOIN repositories r ON r.id = m.repository_id
  WHERE t.name = ? AND (t.configured OR t.requested) AND m.left_at IS NULL AND r.gone_at IS NULL
    AND m.first_seen_at >= ?
    AND m.first_seen_at > (SELECT MIN(f.first_seen_at) FROM topic_repositories f WHERE f.topic_id = t.id)
      + INTERVAL 1 DAY
  ORDER BY m.first_seen_at DESC, r.id LIMIT ?)",
                                           kRepositoryColumns);
constexpr std::string_view kWords = "SELECT id, word FROM event_words";
constexpr std::string_view kTotals =
    "SELECT type_id, events, first_at, last_at FROM event_repository_totals WHERE repository_id = ?";
// {}: "type_id IN (…)", and the order where one is wanted.
constexpr std::string_view kHealthEvents = R"(
  SELECT type_id, action_id, created_at, actor_id, bot, number FROM events
  WHERE repository_id = ? AND created_at >= ? AND created_at <= ? AND {}{}
  LIMIT ?)";
constexpr std::string_view kLatestFirst = " ORDER BY created_at DESC";
// To go to one type of one day costs as much as reading so many events (2.5 to 4 microseconds).
constexpr int64_t kEventsForAGo = 4;

Status Describe(Connection& db, std::vector<TrendingRepository>& items) {
  std::vector<RepositoryId> ids;
  std::unordered_map<RepositoryId, TrendingRepository*> by_id;
  for (TrendingRepository& item : items) {
    ids.push_back(item.id);
    by_id.emplace(item.id, &item);
  }
  auto read = InGroups(ids, [&](std::span<const RepositoryId> group) {
    std::vector<Value> parameters;
    const std::string list = IdList(group, parameters);
    return db.Query(fmt::format(kDescriptions, kRepositoryColumns, list), parameters, [&](const Row& row) {
      auto repository = ReadRepository(row);
      if (!repository) return;
      TrendingRepository& item = *by_id.at(repository->id);
      item.description = std::move(repository);
    });
  });
  if (!read) return read;
  const auto names = PresentNames(db, ids);
  if (!names) return tl::make_unexpected(names.error());
  for (TrendingRepository& item : items) {
    if (const auto name = names->find(item.id); name != names->end()) item.name = name->second;
  }
  return {};
}

// What the types and actions of a repository's events mean for its health, by their ids.
class HealthWords {
 public:
  static Result<HealthWords> Read(Connection& db) {
    HealthWords words;
    auto read = db.Query(kWords, {}, [&](const Row& row) { words.words_.emplace(row.Int(0), row.Text(1)); });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    return words;
  }
  [[nodiscard]] bool Matters(int64_t type) const {
    const auto wanted = HealthEventTypes();
    return std::ranges::find(wanted, Word(type)) != wanted.end();
  }
  HealthAct ActOf(int64_t type, int64_t action) {
    const auto [known, added] = acts_.try_emplace({type, action});
    if (added) known->second = HealthActOf(Word(type), Word(action));
    return known->second;
  }

 private:
  [[nodiscard]] std::string_view Word(int64_t id) const {
    const auto found = words_.find(id);
    return found == words_.end() ? std::string_view() : std::string_view(found->second);
  }
  std::map<int64_t, std::string> words_;
  std::map<std::pair<int64_t, int64_t>, HealthAct> acts_;  // by type and action
};

// Where a repository's events that matter are.
struct HealthPlaces {
  std::vector<Value> types;  // those it has
  TimePoint from;
  TimePoint to;  // inclusive
  int64_t other_events = 0;
};

Result<HealthPlaces> FindHealthEvents(Connection& db, const HealthWords& words, RepositoryId repository,
                                      TimePoint since) {
  HealthPlaces places;
  auto read = db.Query(kTotals, {repository}, [&](const Row& row) {
    if (!words.Matters(row.Int(0))) {
      places.other_events += row.Int(1);
      return;
    }
    places.from = places.types.empty() ? row.Time(2) : std::min(places.from, row.Time(2));
    places.to = std::max(places.to, row.Time(3));
    places.types.emplace_back(row.Int(0));
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  places.from = std::max(places.from, since);
  return places;
}

// Each type of each day is a range of the primary key, unless the type is hidden from the server's search for ranges.
std::string TypesSql(const HealthPlaces& places) {
  const auto days = std::chrono::ceil<std::chrono::days>(places.to - places.from).count() + 1;
  const bool by_range = places.other_events > kEventsForAGo * days * static_cast<int64_t>(places.types.size());
  return (by_range ? "type_id IN " : "type_id + 0 IN ") + Placeholders(1, places.types.size());
}

Status ReadHealthEvents(Connection& db, HealthWords& words, RepositoryId repository, const HealthPlaces& places,
                        std::string_view order, size_t limit, std::vector<HealthEvent>& events) {
  events.clear();
  std::vector<Value> values = {repository, places.from, places.to};
  values.insert(values.end(), places.types.begin(), places.types.end());
  values.emplace_back(limit);
  return db.Query(fmt::format(kHealthEvents, TypesSql(places), order), values, [&](const Row& row) {
    events.push_back({.act = words.ActOf(row.Int(0), row.Int(1)),
                      .created_at = row.Time(2),
                      .actor_id = row.Int(3),
                      .bot = row.Bool(4),
                      .number = row.OptionalInt(5)});
  });
}

}  // namespace

Result<TrendingPage> SqlTrendReader::Trending(const TrendingQuery& query) {
  const auto work = [&](Connection& db) -> Result<TrendingPage> {
    TrendingSearch search(db, hours_, {query.from, query.to});
    if (auto counted = search.Count(query.topic); !counted) return tl::make_unexpected(std::move(counted.error()));
    auto first = search.First(query.after, query.limit + 1);
    if (!first) return tl::make_unexpected(std::move(first.error()));
    TrendingPage page{.items = {}, .has_more = first->size() > query.limit, .events = search.events()};
    if (page.has_more) first->pop_back();
    for (const TrendingCandidate& one : *first) {
      page.items.push_back(
          {.id = one.position.id, .name = {}, .description = {}, .trending = one.activity, .position = one.position});
    }
    if (auto described = Describe(db, page.items); !described) {
      return tl::make_unexpected(std::move(described.error()));
    }
    return page;
  };
  auto page = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!page) return WithContext("find what trends", std::move(page.error()));
  return page;
}

Result<std::vector<Newcomer>> SqlTrendReader::Newcomers(const TopicName& topic, TimePoint since, size_t limit) {
  return WithConnection(pool_, [&](Connection& db) -> Result<std::vector<Newcomer>> {
    std::vector<Newcomer> newcomers;
    auto read = db.Query(kNewcomers, {topic.str(), since, limit}, [&](const Row& row) {
      if (auto repository = ReadRepository(row)) {
        newcomers.push_back({*std::move(repository), row.Time(kRepositoryColumnCount)});
      }
    });
    if (!read) return WithContext("find who joined a topic", std::move(read.error()));
    return newcomers;
  });
}

Result<HealthSample> SqlTrendReader::HealthEvents(RepositoryId repository, TimePoint since, size_t events_max) {
  const auto work = [&](Connection& db) -> Result<HealthSample> {
    HealthSample sample{.events = {}, .from = since};
    const auto stored = StoredDays(db);
    if (!stored) return tl::make_unexpected(stored.error());
    if (!*stored) return sample;
    sample.from = std::max(since, (*stored)->from);
    auto words = HealthWords::Read(db);
    if (!words) return tl::make_unexpected(words.error());
    const auto places = FindHealthEvents(db, *words, repository, sample.from);
    if (!places) return tl::make_unexpected(places.error());
    if (places->types.empty() || places->from > places->to) return sample;
    // Sorting would be a third of the work, and hardly ever are there more than are wanted.
    auto read = ReadHealthEvents(db, *words, repository, *places, "", events_max + 1, sample.events);
    if (read && sample.events.size() > events_max) {
      read = ReadHealthEvents(db, *words, repository, *places, kLatestFirst, events_max, sample.events);
    }
    if (!read) return tl::make_unexpected(std::move(read.error()));
    return sample;
  };
  auto sample = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!sample) return WithContext("read a repository's events for its health", std::move(sample.error()));
  return sample;
}

}  // namespace repopulse
