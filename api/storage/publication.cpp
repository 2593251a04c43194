#include "storage/publication.h"

#include "base/time_format.h"
#include "storage/repository_rows.h"
#include "storage/sweep_store.h"

namespace repopulse {
namespace {

constexpr int64_t kMissedSweepsMax = 3;

constexpr std::string_view kLockTopic = "SELECT id FROM topics WHERE id = ? FOR UPDATE";
constexpr std::string_view kLockSweep = "SELECT step FROM sweeps WHERE id = ? AND topic_id = ? FOR UPDATE";
constexpr std::string_view kCountSeen = "SELECT COUNT(*) FROM sweep_repositories WHERE sweep_id = ?";
constexpr std::string_view kCountRenamed = R"(
  SELECT COUNT(*)
  FROM sweep_repositories s JOIN repositories r ON r.id = s.repository_id
  WHERE s.sweep_id = ? AND s.fetched_at >= r.fetched_at AND LOWER(s.full_name) <> LOWER(r.full_name))";
constexpr std::string_view kCountJoined = R"(
  SELECT COUNT(*)
  FROM sweep_repositories s
  LEFT JOIN topic_repositories m ON m.topic_id = ? AND m.repository_id = s.repository_id AND m.left_at IS NULL
  WHERE s.sweep_id = ? AND m.repository_id IS NULL)";
const std::string kUpsertRepositories = R"(
  INSERT INTO repositories (id, full_name, html_url, description, language, license, fork, archived, stargazers_count,
    forks_count, open_issues_count, created_at, updated_at, pushed_at, fetched_at)
  SELECT s.repository_id, s.full_name, s.html_url, s.description, s.language, s.license, s.fork, s.archived,
    s.stargazers_count, s.forks_count, s.open_issues_count, s.created_at, s.updated_at, s.pushed_at, s.fetched_at
  FROM sweep_repositories s
  WHERE s.sweep_id = ?
  ORDER BY s.repository_id)" + std::string(kNewerRepositoryWins);
const std::string kUpsertNames = R"(
  INSERT INTO repository_names (name, repository_id, seen_at)
  SELECT LOWER(s.full_name), s.repository_id, s.fetched_at
  FROM sweep_repositories s
  WHERE s.sweep_id = ?
  ORDER BY LOWER(s.full_name), s.repository_id)" +
                                 std::string(kNewerHolderWins);
constexpr std::string_view kUpsertMembers = R"(
  INSERT INTO topic_repositories (topic_id, repository_id, first_seen_at, left_at, missed_sweeps)
  SELECT ?, s.repository_id, ?, NULL, 0
  FROM sweep_repositories s
  WHERE s.sweep_id = ?
  ORDER BY s.repository_id
  ON DUPLICATE KEY UPDATE left_at = NULL, missed_sweeps = 0)";
constexpr std::string_view kCountMissed = R"(
  UPDATE topic_repositories m
  LEFT JOIN sweep_repositories s ON s.sweep_id = ? AND s.repository_id = m.repository_id
  SET m.missed_sweeps = m.missed_sweeps + 1
  WHERE m.topic_id = ? AND m.left_at IS NULL AND s.repository_id IS NULL)";
// Those seen have missed none.
constexpr std::string_view kLeave =
    "UPDATE topic_repositories SET left_at = ? WHERE topic_id = ? AND left_at IS NULL AND missed_sweeps >= ?";
// From the stored state, which is the newest known, not from the sweep's.
constexpr std::string_view kUpsertSnapshots = R"(
  INSERT INTO repository_snapshots (repository_id, day, stargazers_count, forks_count, open_issues_count)
  SELECT r.id, ?, r.stargazers_count, r.forks_count, r.open_issues_count
  FROM sweep_repositories s JOIN repositories r ON r.id = s.repository_id
  WHERE s.sweep_id = ?
  ORDER BY r.id
  ON DUPLICATE KEY UPDATE stargazers_count = VALUES(stargazers_count), forks_count = VALUES(forks_count),
    open_issues_count = VALUES(open_issues_count))";
constexpr std::string_view kCountMembers = R"(
  SELECT COUNT(*)
  FROM topic_repositories m JOIN repositories r ON r.id = m.repository_id
  WHERE m.topic_id = ? AND m.left_at IS NULL AND r.gone_at IS NULL)";
// A partial publication follows an error more often than not; only a whole sweep proves that it has passed.
constexpr std::string_view kUpdateTopic = R"(
  UPDATE topics SET published_at = ?, next_poll_at = ?, repositories_count = ?, reported_count = ?, complete = ?,
    last_error = IF(?, NULL, last_error)
  WHERE id = ?)";

Result<std::optional<int64_t>> ReadNumber(Connection& db, std::string_view sql, std::initializer_list<Value> values) {
  std::optional<int64_t> number;
  auto read = db.Query(sql, values, [&](const Row& row) { number = row.Int(0); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return number;
}

// Takes the counts in turn into their places; stops at the first error.
class Steps {
 public:
  explicit Steps(Connection& db) : db_(db) {}
  int64_t Number(std::string_view sql, std::initializer_list<Value> values) {
    if (error_) return 0;
    auto number = ReadNumber(db_, sql, values);
    if (!number) error_ = std::move(number.error());
    return number ? number->value_or(0) : 0;
  }
  int64_t Write(std::string_view sql, std::initializer_list<Value> values) {
    if (error_) return 0;
    auto written = db_.Execute(sql, values);
    if (!written) error_ = std::move(written.error());
    return written.value_or(0);
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  Connection& db_;
  std::optional<Error> error_;
};

Status LockSweep(Connection& db, const Sweep& sweep) {
  auto topic = ReadNumber(db, kLockTopic, {sweep.topic});
  if (!topic) return tl::make_unexpected(std::move(topic.error()));
  auto step = ReadNumber(db, kLockSweep, {sweep.id, sweep.topic});
  if (!step) return tl::make_unexpected(std::move(step.error()));
  if (*step != sweep.step) return Fail(ErrorCode::kConflict, "the sweep has gone on or ended meanwhile");
  return {};
}

// Members that a whole sweep did not see; how many have left.
int64_t LetGo(Steps& steps, const Sweep& sweep, TimePoint now) {
  const int64_t seen = steps.Number(kCountSeen, {sweep.id});
  steps.Write(kCountMissed, {sweep.id, sweep.topic});
  // Where something was cut short, GitHub's count may be short of the truth as well.
  const bool saw_all = seen >= sweep.plan.reported_count && !sweep.plan.incomplete;
  return steps.Write(kLeave, {now, sweep.topic, saw_all ? 1 : kMissedSweepsMax});
}

}  // namespace

Result<Publication> PublishSweep(Connection& db, const Sweep& sweep, bool whole, TimePoint now,
                                 TimePoint next_poll_at) {
  if (auto locked = LockSweep(db, sweep); !locked) return tl::make_unexpected(std::move(locked.error()));
  Steps steps(db);
  Publication result;
  result.renamed = steps.Number(kCountRenamed, {sweep.id});
  result.joined = steps.Number(kCountJoined, {sweep.topic, sweep.id});
  steps.Write(kUpsertRepositories, {sweep.id});
  steps.Write(kUpsertNames, {sweep.id});
  steps.Write(kUpsertMembers, {sweep.topic, now, sweep.id});
  if (whole) result.left = LetGo(steps, sweep, now);
  steps.Write(kUpsertSnapshots, {DayOf(now), sweep.id});
  result.repositories = steps.Number(kCountMembers, {sweep.topic});
  steps.Write(kUpdateTopic,
              {now, next_poll_at, result.repositories, sweep.plan.reported_count, whole, whole, sweep.topic});
  if (steps.error()) return tl::make_unexpected(*steps.error());
  if (whole) {
    if (auto deleted = DeleteSweep(db, sweep.id); !deleted) return tl::make_unexpected(std::move(deleted.error()));
  }
  return result;
}

}  // namespace repopulse
