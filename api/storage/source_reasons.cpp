// Why repositories are tracked besides a person's wish: TRACK names them, or they are among the first of a topic.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "storage/source_store.h"
#include "storage/tracking.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr size_t kErrorBytesMax = 500;

// ---- TRACK

constexpr std::string_view kNames = "SELECT name FROM tracked_names";
constexpr std::string_view kAddName = R"(
  INSERT INTO tracked_names (name, repository_id, next_try_at)
  VALUES (?, (SELECT n.repository_id FROM repository_names n WHERE n.name = ?), ?)
  ON DUPLICATE KEY UPDATE name = VALUES(name))";
constexpr std::string_view kRemoveName = "DELETE FROM tracked_names WHERE name = ?";
constexpr std::string_view kAddConfigured = R"(
  INSERT INTO tracked_repositories (repository_id, configured, added_at)
  SELECT DISTINCT n.repository_id, TRUE, ? FROM tracked_names n WHERE n.repository_id IS NOT NULL
  ON DUPLICATE KEY UPDATE configured = TRUE)";
constexpr std::string_view kRemoveConfigured = R"(
  UPDATE tracked_repositories t SET t.configured = FALSE
  WHERE t.configured AND NOT EXISTS (SELECT 1 FROM tracked_names n WHERE n.repository_id = t.repository_id))";
constexpr std::string_view kUnresolved = R"(
  SELECT name FROM tracked_names
  WHERE repository_id IS NULL AND next_try_at <= ?
  ORDER BY next_try_at, name LIMIT ?)";
constexpr std::string_view kResolve = "UPDATE tracked_names SET repository_id = ?, last_error = NULL WHERE name = ?";
constexpr std::string_view kPostpone =
    "UPDATE tracked_names SET next_try_at = ?, last_error = ? WHERE name = ? AND repository_id IS NULL";

// ---- the first of each topic

constexpr std::string_view kTopics = "SELECT id FROM topics WHERE configured OR requested ORDER BY id";
constexpr std::string_view kFirstOf = R"(
  SELECT r.id, r.stargazers_count
  FROM topic_repositories m JOIN repositories r ON r.id = m.repository_id
  WHERE m.topic_id = ? AND m.left_at IS NULL AND r.gone_at IS NULL
  ORDER BY r.stargazers_count DESC, r.id LIMIT ?)";
constexpr std::string_view kTracked =
    "SELECT repository_id, requested OR configured, muted, top FROM tracked_repositories";
constexpr std::string_view kMarkTop = R"(
  INSERT INTO tracked_repositories (repository_id, top, added_at) VALUES (?, TRUE, ?)
  ON DUPLICATE KEY UPDATE top = TRUE)";
constexpr std::string_view kUnmarkTop = "UPDATE tracked_repositories SET top = FALSE WHERE repository_id = ?";

// What configured repositories follow from the names, and the sources from them.
Status FollowNames(Connection& db, TimePoint now) {
  auto written = db.Execute(kAddConfigured, {now});
  if (written) written = db.Execute(kRemoveConfigured);
  if (!written) return tl::make_unexpected(std::move(written.error()));
  return SyncSources(db, now);
}

Status Configure(Connection& db, const std::set<std::string>& names, TimePoint now) {
  if (auto locked = LockTracking(db); !locked) return locked;
  std::vector<std::string> gone;
  auto read = db.Query(kNames, {}, [&](const Row& row) {
    if (!names.contains(row.Text(0))) gone.push_back(row.Text(0));
  });
  if (!read) return read;
  for (const std::string& name : gone) {
    if (auto removed = db.Execute(kRemoveName, {name}); !removed) return tl::make_unexpected(removed.error());
  }
  for (const std::string& name : names) {
    auto added = db.Execute(kAddName, {name, name, now});
    if (!added) return tl::make_unexpected(std::move(added.error()));
  }
  return FollowNames(db, now);
}

struct Candidate {
  int64_t id = 0;
  int64_t stars = 0;
};

// The first of all tracked topics, each once, most starred first.
Result<std::vector<Candidate>> ReadCandidates(Connection& db, int64_t per_topic) {
  std::vector<int64_t> topics;
  auto read = db.Query(kTopics, {}, [&](const Row& row) { topics.push_back(row.Int(0)); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  std::map<int64_t, int64_t> stars;
  for (int64_t topic : topics) {
    read = db.Query(kFirstOf, {topic, std::max<int64_t>(per_topic, 0)},
                    [&](const Row& row) { stars.emplace(row.Int(0), row.Int(1)); });
    if (!read) return tl::make_unexpected(std::move(read.error()));
  }
  std::vector<Candidate> candidates;
  for (const auto& [id, count] : stars) candidates.push_back({id, count});
  std::ranges::stable_sort(candidates, std::greater<>(), &Candidate::stars);
  return candidates;
}

// What is tracked for other reasons, and what was among the first so far.
struct Tracked {
  std::set<int64_t> otherwise;  // active whether among the first or not
  std::set<int64_t> muted;
  std::set<int64_t> top;
};

Result<Tracked> ReadTracked(Connection& db) {
  Tracked tracked;
  auto read = db.Query(kTracked, {}, [&](const Row& row) {
    if (row.Bool(2)) tracked.muted.insert(row.Int(0));
    if (row.Bool(1) && !row.Bool(2)) tracked.otherwise.insert(row.Int(0));
    if (row.Bool(3)) tracked.top.insert(row.Int(0));
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return tracked;
}

// Those of the candidates that may be active, and those that are not made so by being among the first.
std::set<int64_t> ChooseTop(const std::vector<Candidate>& candidates, const Tracked& tracked, int64_t active_max) {
  int64_t room = active_max - static_cast<int64_t>(tracked.otherwise.size());
  std::set<int64_t> top;
  for (const Candidate& candidate : candidates) {
    const bool takes_room = !tracked.otherwise.contains(candidate.id) && !tracked.muted.contains(candidate.id);
    if (takes_room && room <= 0) continue;
    if (takes_room) --room;
    top.insert(candidate.id);
  }
  return top;
}

Status MarkTop(Connection& db, int64_t per_topic, int64_t active_max, TimePoint now) {
  if (auto locked = LockTracking(db); !locked) return locked;
  const auto candidates = ReadCandidates(db, per_topic);
  if (!candidates) return tl::make_unexpected(candidates.error());
  const auto tracked = ReadTracked(db);
  if (!tracked) return tl::make_unexpected(tracked.error());
  const std::set<int64_t> top = ChooseTop(*candidates, *tracked, active_max);
  for (int64_t id : top) {
    if (tracked->top.contains(id)) continue;
    if (auto marked = db.Execute(kMarkTop, {id, now}); !marked) return tl::make_unexpected(marked.error());
  }
  for (int64_t id : tracked->top) {
    if (top.contains(id)) continue;
    if (auto unmarked = db.Execute(kUnmarkTop, {id}); !unmarked) return tl::make_unexpected(unmarked.error());
  }
  return SyncSources(db, now);
}

template <class Work>
Status Change(Pool& pool, std::string_view what, Work work) {
  auto changed = WithConnection(pool, [&](Connection& db) { return InTransaction(db, work); });
  if (!changed) return WithContext(what, std::move(changed.error()));
  return changed;
}

}  // namespace

Status SqlSourceStore::SyncConfigured(const std::vector<RepositoryName>& names, TimePoint now) {
  std::set<std::string> wanted;
  for (const RepositoryName& name : names) wanted.insert(ToLowerAscii(name.full()));
  return Change(work_, "track the configured repositories", [&](Connection& db) { return Configure(db, wanted, now); });
}

Result<std::vector<RepositoryName>> SqlSourceStore::UnresolvedNames(TimePoint now, size_t limit) {
  return WithConnection(work_, [&](Connection& db) -> Result<std::vector<RepositoryName>> {
    std::vector<RepositoryName> names;
    auto read = db.Query(kUnresolved, {now, limit}, [&](const Row& row) {
      if (auto name = RepositoryName::Parse(row.Text(0))) names.push_back(*std::move(name));
    });
    if (!read) return WithContext("read the configured names", std::move(read.error()));
    return names;
  });
}

Status SqlSourceStore::ResolveName(const RepositoryName& name, RepositoryId id, TimePoint now) {
  return Change(work_, "resolve a configured name", [&](Connection& db) -> Status {
    if (auto locked = LockTracking(db); !locked) return locked;
    auto resolved = db.Execute(kResolve, {id, ToLowerAscii(name.full())});
    if (!resolved) return tl::make_unexpected(std::move(resolved.error()));
    return FollowNames(db, now);
  });
}

Status SqlSourceStore::PostponeName(const RepositoryName& name, TimePoint next_try_at, const std::string& error) {
  return Change(work_, "postpone a configured name", [&](Connection& db) -> Status {
    auto postponed =
        db.Execute(kPostpone, {next_try_at, TruncateUtf8(error, kErrorBytesMax), ToLowerAscii(name.full())});
    if (!postponed) return tl::make_unexpected(std::move(postponed.error()));
    return {};
  });
}

Status SqlSourceStore::SyncTop(int64_t per_topic, int64_t active_max, TimePoint now) {
  return Change(work_, "track the first of each topic",
                [&](Connection& db) { return MarkTop(db, per_topic, active_max, now); });
}

}  // namespace repopulse
