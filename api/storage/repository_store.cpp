#include "storage/repository_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <unordered_map>

#include "base/strings.h"
#include "base/time_format.h"
#include "storage/repository_rows.h"
#include "storage/tracking.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

const std::string kActive =
    fmt::format("EXISTS (SELECT 1 FROM tracked_repositories t WHERE t.repository_id = r.id AND {})", kIsActive);
const std::string kColumns = fmt::format("{}, r.fetched_at, r.gone_at, {}", kRepositoryColumns, kActive);
// {}: names in lower case.
const std::string kFindByNames = "SELECT " + kColumns + R"(, n.name
  FROM repository_names n JOIN repositories r ON r.id = n.repository_id
  WHERE n.name IN {})";
constexpr size_t kNameColumn = kRepositoryColumnCount + 3;
constexpr std::string_view kMatches = "(? IS NULL OR r.full_name LIKE ? ESCAPE '!' OR r.description LIKE ? ESCAPE '!')";
// {}: the condition of being active or not, where one is asked for.
const std::string kList = "SELECT " + kColumns + R"(
  FROM repositories r
  WHERE r.id > ? AND )" + std::string(kMatches) +
                          R"({}
  ORDER BY r.id LIMIT ?)";
const std::string kListTotal = "SELECT COUNT(*) FROM repositories r WHERE " + std::string(kMatches) + "{}";
constexpr std::string_view kTopics = R"(
  SELECT m.repository_id, t.name
  FROM topic_repositories m JOIN topics t ON t.id = m.topic_id
  WHERE m.repository_id IN {} AND m.left_at IS NULL AND (t.configured OR t.requested)
  ORDER BY t.name)";
constexpr std::string_view kSnapshots = R"(
  SELECT repository_id, day, stargazers_count, forks_count, open_issues_count
  FROM repository_snapshots
  WHERE repository_id IN {} AND day BETWEEN ? AND ?
  ORDER BY repository_id, day)";

const std::string kUpsert = R"(
  INSERT INTO repositories (id, full_name, html_url, description, language, license, fork, archived, stargazers_count,
    forks_count, open_issues_count, created_at, updated_at, pushed_at, fetched_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))" +
                            std::string(kNewerRepositoryWins);
const std::string kUpsertName =
    "INSERT INTO repository_names (name, repository_id, seen_at) VALUES (?, ?, ?)" + std::string(kNewerHolderWins);
// From the stored state, which is the newest known.
constexpr std::string_view kUpsertSnapshot = R"(
  INSERT INTO repository_snapshots (repository_id, day, stargazers_count, forks_count, open_issues_count)
  SELECT r.id, ?, r.stargazers_count, r.forks_count, r.open_issues_count FROM repositories r WHERE r.id = ?
  ON DUPLICATE KEY UPDATE stargazers_count = VALUES(stargazers_count), forks_count = VALUES(forks_count),
    open_issues_count = VALUES(open_issues_count))";
constexpr std::string_view kMarkGone = "UPDATE repositories SET gone_at = ? WHERE id = ? AND gone_at IS NULL";

std::optional<StoredRepository> ReadStored(const Row& row) {
  auto repository = ReadRepository(row);
  if (!repository) return std::nullopt;
  return StoredRepository{.repository = *std::move(repository),
                          .fetched_at = row.Time(kRepositoryColumnCount),
                          .gone_at = row.OptionalTime(kRepositoryColumnCount + 1),
                          .topics = {},
                          .active = row.Bool(kRepositoryColumnCount + 2)};
}

// Sets the topics of each.
Status ReadTopics(Connection& db, std::span<StoredRepository* const> repositories) {
  std::vector<RepositoryId> ids;
  for (const StoredRepository* stored : repositories) ids.push_back(stored->repository.id);
  std::unordered_map<RepositoryId, std::vector<TopicName>> topics;
  auto read = InGroups(Distinct(std::move(ids)), [&](std::span<const RepositoryId> group) {
    std::vector<Value> values;
    const std::string list = IdList(group, values);
    return db.Query(fmt::format(kTopics, list), values, [&](const Row& row) {
      if (auto name = TopicName::Parse(row.Text(1))) topics[RepositoryId{row.Int(0)}].push_back(*std::move(name));
    });
  });
  if (!read) return read;
  for (StoredRepository* stored : repositories) stored->topics = topics[stored->repository.id];
  return {};
}

// Of these, those that are stored; by their names in lower case.
using StoredByName = std::unordered_map<std::string, StoredRepository>;
Result<StoredByName> ReadByNames(Connection& db, std::span<const std::string> names) {
  StoredByName found;
  auto read = InGroups(names, [&](std::span<const std::string> group) {
    std::vector<Value> values(group.begin(), group.end());
    const std::string list = FilledList(values, 0);
    return db.Query(fmt::format(fmt::runtime(kFindByNames), list), values, [&](const Row& row) {
      if (auto stored = ReadStored(row)) found.emplace(row.Text(kNameColumn), *std::move(stored));
    });
  });
  std::vector<StoredRepository*> repositories;
  for (auto& [name, stored] : found) repositories.push_back(&stored);
  if (read) read = ReadTopics(db, repositories);
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return found;
}

// The text as a LIKE pattern in which only the outer two % mean something.
std::string ContainsPattern(std::string_view text) {
  std::string pattern = "%";
  for (char c : text) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + "%";
}

Result<RepositoryPage> ReadPage(Connection& db, const RepositoryListQuery& query) {
  std::optional<std::string> pattern;
  if (query.text) pattern = ContainsPattern(SanitizeUtf8(*query.text));
  RepositoryPage page;
  std::string active;
  if (query.active) active = (*query.active ? " AND " : " AND NOT ") + kActive;
  auto read = db.Query(fmt::format(fmt::runtime(kListTotal), active), {pattern, pattern, pattern},
                       [&](const Row& row) { page.total = row.Int(0); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  const int64_t after = query.after ? query.after->value : std::numeric_limits<int64_t>::min();
  const auto sql = fmt::format(fmt::runtime(kList), active);
  read = db.Query(sql, {after, pattern, pattern, pattern, query.limit + 1}, [&](const Row& row) {
    if (page.items.size() == query.limit) {
      page.has_more = true;
    } else if (auto stored = ReadStored(row)) {
      page.items.push_back(*std::move(stored));
    }
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  std::vector<StoredRepository*> repositories;
  for (StoredRepository& stored : page.items) repositories.push_back(&stored);
  if (auto topics = ReadTopics(db, repositories); !topics) return tl::make_unexpected(std::move(topics.error()));
  return page;
}

Status SaveIn(Connection& db, const Repository& repository, TimePoint now) {
  const std::string name = repository.name.full();
  const std::string key = ToLowerAscii(name);
  std::vector<Value> parameters;
  AppendRepository(parameters, repository, name);
  parameters.emplace_back(now);
  auto written = db.Execute(kUpsert, parameters);
  if (written) written = db.Execute(kUpsertName, {key, repository.id, now});
  if (written) written = db.Execute(kUpsertSnapshot, {DayOf(now), repository.id});
  if (!written) return tl::make_unexpected(std::move(written.error()));
  return {};
}

}  // namespace

Status SqlRepositoryStore::Save(const Repository& repository, TimePoint now) {
  auto saved = WithConnection(pool_, [&](Connection& db) {
    return InTransaction(db, [&](Connection& same) { return SaveIn(same, repository, now); });
  });
  if (!saved) return WithContext("save the repository " + repository.name.full(), std::move(saved.error()));
  return saved;
}

Status SqlRepositoryStore::MarkGone(RepositoryId id, TimePoint now) {
  auto written = WithConnection(pool_, [&](Connection& db) { return db.Execute(kMarkGone, {now, id}); });
  if (!written) return WithContext("mark a repository as gone", std::move(written.error()));
  return {};
}

Result<std::vector<std::optional<StoredRepository>>> SqlRepositoryStore::FindByNames(
    const std::vector<RepositoryName>& names) {
  std::vector<std::string> keys;
  for (const RepositoryName& name : names) keys.push_back(ToLowerAscii(name.full()));
  const auto found = WithConnection(pool_, [&](Connection& db) { return ReadByNames(db, keys); });
  if (!found) return WithContext("find repositories", found.error());
  std::vector<std::optional<StoredRepository>> repositories;
  for (const std::string& key : keys) {
    const auto one = found->find(key);
    repositories.push_back(one == found->end() ? std::nullopt : std::optional(one->second));
  }
  return repositories;
}

Result<RepositoryPage> SqlRepositoryStore::List(const RepositoryListQuery& query) {
  auto page = WithConnection(
      pool_, [&](Connection& db) { return InSnapshot(db, [&](Connection& same) { return ReadPage(same, query); }); });
  if (!page) return WithContext("list repositories", std::move(page.error()));
  return page;
}

Result<std::vector<std::vector<Snapshot>>> SqlRepositoryStore::SnapshotsOfEach(
    const std::vector<RepositoryId>& repositories, std::chrono::sys_days from, std::chrono::sys_days to) {
  std::unordered_map<RepositoryId, std::vector<Snapshot>> found;
  auto read = WithConnection(pool_, [&](Connection& db) {
    return InGroups(Distinct(repositories), [&](std::span<const RepositoryId> group) {
      std::vector<Value> values;
      const std::string list = IdList(group, values);
      values.insert(values.end(), {from, to});
      return db.Query(fmt::format(kSnapshots, list), values, [&](const Row& row) {
        found[RepositoryId{row.Int(0)}].push_back({.day = row.Day(1),
                                                   .stargazers_count = row.Int(2),
                                                   .forks_count = row.Int(3),
                                                   .open_issues_count = row.Int(4)});
      });
    });
  });
  if (!read) return WithContext("read snapshots", std::move(read.error()));
  std::vector<std::vector<Snapshot>> snapshots;
  for (const RepositoryId id : repositories) snapshots.push_back(found[id]);
  return snapshots;
}

}  // namespace repopulse
