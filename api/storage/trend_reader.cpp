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
// {}: types. Each type is a range of the primary key.
constexpr std::string_view kHealthEvents = R"(
  SELECT type_id, action_id, created_at, actor_id, bot, number FROM events
  WHERE repository_id = ? AND created_at >= ? AND type_id IN {}
  ORDER BY created_at DESC LIMIT ?)";

Status Describe(Connection& db, std::vector<TrendingRepository>& items) {
  std::vector<RepositoryId> ids;
  std::unordered_map<RepositoryId, TrendingRepository*> by_id;
  for (TrendingRepository& item : items) {
    ids.push_back(item.id);
    by_id.emplace(item.id, &item);
  }
  for (size_t begin = 0; begin < ids.size(); begin += kIdListMax) {
    std::vector<Value> parameters;
    const std::string list =
        IdList(std::span(ids).subspan(begin, std::min(kIdListMax, ids.size() - begin)), parameters);
    auto read =
        db.Query(fmt::format(fmt::runtime(kDescriptions), kRepositoryColumns, list), parameters, [&](const Row& row) {
          auto repository = ReadRepository(row);
          if (!repository) return;
          TrendingRepository& item = *by_id.at(repository->id);
          item.description = std::move(repository);
        });
    if (!read) return read;
  }
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
  [[nodiscard]] std::vector<Value> types() const {
    const auto wanted = HealthEventTypes();
    std::vector<Value> ids;
    for (const auto& [id, word] : words_) {
      if (std::ranges::find(wanted, word) != wanted.end()) ids.emplace_back(id);
    }
    return ids;
  }
  [[nodiscard]] HealthAct ActOf(int64_t type, int64_t action) const { return HealthActOf(Word(type), Word(action)); }

 private:
  [[nodiscard]] std::string_view Word(int64_t id) const {
    const auto found = words_.find(id);
    return found == words_.end() ? std::string_view() : std::string_view(found->second);
  }
  std::map<int64_t, std::string> words_;
};

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
    const auto words = HealthWords::Read(db);
    if (!words) return tl::make_unexpected(words.error());
    std::vector<Value> values = {repository, sample.from};
    const auto types = words->types();
    if (types.empty()) return sample;
    values.insert(values.end(), types.begin(), types.end());
    values.emplace_back(events_max);
    const std::string sql = fmt::format(fmt::runtime(kHealthEvents), Placeholders(1, types.size()));
    auto read = db.Query(sql, values, [&](const Row& row) {
      sample.events.push_back({.act = words->ActOf(row.Int(0), row.Int(1)),
                               .created_at = row.Time(2),
                               .actor_id = row.Int(3),
                               .bot = row.Bool(4),
                               .number = row.OptionalInt(5)});
    });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    return sample;
  };
  auto sample = WithConnection(pool_, [&](Connection& db) { return InSnapshot(db, work); });
  if (!sample) return WithContext("read a repository's events for its health", std::move(sample.error()));
  return sample;
}

}  // namespace repopulse
