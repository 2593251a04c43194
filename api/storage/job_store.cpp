#include "storage/job_store.h"

#include <thread>
#include <utility>

#include "base/strings.h"
#include "storage/job_lease.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr std::chrono::seconds kJoinWait{1};
constexpr std::chrono::milliseconds kJoinPoll{20};
constexpr size_t kReplicaBytesMax = 255;
constexpr int64_t kPruneBatch = 1000;
constexpr std::string_view kAbandonedMessage = "its leader died or lost the lease";

constexpr std::string_view kAbandon = R"(
  UPDATE jobs SET state = 'abandoned', finished_at = ?, error_code = 'cancelled', error_message = ?
  WHERE kind = ? AND state = 'running')";
constexpr std::string_view kInsert = R"(
  INSERT INTO jobs (kind, argument, state, replica, lease_connection, started_at, heartbeat_at, step, counts)
  VALUES (?, ?, 'running', ?, ?, ?, ?, '', '{}'))";
// The row of the connection that holds the lock; not one that a dead leader left.
constexpr std::string_view kFindRunning =
    "SELECT id, argument FROM jobs WHERE kind = ? AND state = 'running' AND lease_connection = ? ORDER BY id DESC "
    "LIMIT 1";
constexpr std::string_view kColumns =
    "SELECT id, kind, state, replica, started_at, heartbeat_at, finished_at, step, counts, error_code, error_message, "
    "lease_connection, argument FROM jobs";
const std::string kFind = std::string(kColumns) + " WHERE id = ?";
const std::string kRecent = std::string(kColumns) + " ORDER BY id DESC LIMIT ?";
constexpr std::string_view kPruneJobs = "DELETE FROM jobs WHERE finished_at < ? ORDER BY finished_at LIMIT ?";
constexpr std::string_view kOldSweep = "SELECT id FROM sweeps WHERE touched_at < ? ORDER BY id LIMIT 1 FOR UPDATE";
constexpr std::string_view kDeleteSweepItems = "DELETE FROM sweep_repositories WHERE sweep_id = ?";
constexpr std::string_view kDeleteSweep = "DELETE FROM sweeps WHERE id = ?";

struct JobRow {
  Job job;
  int64_t lease_connection = 0;
};

ErrorCode ParseErrorCode(std::string_view word) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    if (ToString(static_cast<ErrorCode>(code)) == word) return static_cast<ErrorCode>(code);
  }
  return ErrorCode::kInternal;
}

// None where a newer program wrote a kind or state that this one does not know.
std::optional<JobRow> ReadJob(const Row& row) {
  const auto kind = ParseJobKind(row.Text(1));
  const auto state = ParseJobState(row.Text(2));
  if (!kind || !state) return std::nullopt;
  Job job{.id = JobId{row.Int(0)},
          .kind = *kind,
          .argument = row.Text(12),
          .state = *state,
          .replica = row.Text(3),
          .started_at = row.Time(4),
          .heartbeat_at = row.Time(5),
          .finished_at = row.OptionalTime(6),
          .progress = {.step = row.Text(7), .counts = DecodeCounts(row.Text(8))},
          .error = {}};
  if (!row.IsNull(9)) job.error = Error{ParseErrorCode(row.Text(9)), row.OptionalText(10).value_or("")};
  return JobRow{std::move(job), row.Int(11)};
}

Result<std::optional<JobRow>> ReadOne(Connection& db, JobId id) {
  std::optional<JobRow> found;
  auto read = db.Query(kFind, {id}, [&](const Row& row) { found = ReadJob(row); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return found;
}

// A row that says running although its leader's connection holds no lock: shown as abandoned. The row is read again
// after the lock, because a leader writes its end before it frees the lock.
Result<std::optional<JobRow>> CheckAlive(Connection& db, JobRow row, std::string_view database) {
  if (row.job.state != JobState::kRunning) return std::optional(std::move(row));
  auto holder = NamedLock(ToString(row.job.kind), database).Holder(db);
  if (!holder) return tl::make_unexpected(std::move(holder.error()));
  if (*holder == row.lease_connection) return std::optional(std::move(row));
  auto again = ReadOne(db, row.job.id);
  if (again && *again && (*again)->job.state == JobState::kRunning) {
    (*again)->job.state = JobState::kAbandoned;
    (*again)->job.error = Error{ErrorCode::kCancelled, std::string(kAbandonedMessage)};
  }
  return again;
}

Result<JobId> RecordStart(Connection& db, JobKind kind, const std::string& argument, const std::string& replica,
                          TimePoint now) {
  return InTransaction(db, [&](Connection&) -> Result<JobId> {
    auto written = db.Execute(kAbandon, {now, kAbandonedMessage, ToString(kind)});
    if (written) {
      written =
          db.Execute(kInsert, {ToString(kind), argument, TruncateUtf8(replica, kReplicaBytesMax), db.id(), now, now});
    }
    if (!written) return tl::make_unexpected(std::move(written.error()));
    return JobId{db.LastInsertId()};
  });
}

struct RunningJob {
  JobId id;
  std::string argument;
};

Result<std::optional<RunningJob>> FindHoldersJob(Connection& db, const NamedLock& lock, JobKind kind) {
  auto holder = lock.Holder(db);
  if (!holder) return tl::make_unexpected(std::move(holder.error()));
  std::optional<RunningJob> found;
  auto read = db.Query(kFindRunning, {ToString(kind), *holder}, [&](const Row& row) {
    found = RunningJob{JobId{row.Int(0)}, row.Text(1)};
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return found;
}

// One old sweep with what it has read; how many rows went.
Result<int64_t> PruneOneSweep(Connection& db, TimePoint before) {
  std::optional<int64_t> id;
  auto read = db.Query(kOldSweep, {before}, [&](const Row& row) { id = row.Int(0); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  if (!id) return int64_t{0};
  auto items = db.Execute(kDeleteSweepItems, {*id});
  if (!items) return items;
  auto sweep = db.Execute(kDeleteSweep, {*id});
  if (!sweep) return sweep;
  return *items + *sweep;
}

}  // namespace

Result<JobStart> SqlJobStore::Start(JobKind kind, const std::string& argument, const std::string& replica,
                                    TimePoint now) {
  const std::string doing = "start the job " + std::string(ToString(kind));
  auto opened = Connection::Open(options_);
  if (!opened) return WithContext(doing, std::move(opened.error()));
  Connection& db = **opened;
  const NamedLock lock(ToString(kind), options_.database);
  // The holder may not have written its row yet, or end while we look for it: then the lock is ours.
  for (const auto until = std::chrono::steady_clock::now() + kJoinWait;;) {
    auto taken = lock.Take(db, std::chrono::seconds{0});
    if (!taken) return WithContext(doing, std::move(taken.error()));
    if (*taken) {
      auto id = RecordStart(db, kind, argument, replica, now);
      if (!id) return WithContext(doing, std::move(id.error()));
      return JobStart{*id, std::make_unique<SqlJobLease>(*id, std::move(*opened), lock)};
    }
    auto job = FindHoldersJob(db, lock, kind);
    if (!job) return WithContext(doing, std::move(job.error()));
    if (*job && (*job)->argument != argument) {
      return Fail(ErrorCode::kConflict, "Job " + std::to_string((*job)->id.value) + " of this kind is at work on " +
                                            (*job)->argument + ". Try again when it has ended.");
    }
    if (*job) return JobStart{(*job)->id, nullptr};
    if (std::chrono::steady_clock::now() >= until) break;
    std::this_thread::sleep_for(kJoinPoll);
  }
  return Fail(ErrorCode::kUnavailable, doing + ": another replica has just begun it and not recorded it yet");
}

Result<std::optional<Job>> SqlJobStore::Find(JobId id) {
  return WithConnection(pool_, [&](Connection& db) -> Result<std::optional<Job>> {
    auto found = ReadOne(db, id);
    if (found && *found) found = CheckAlive(db, std::move(**found), options_.database);
    if (!found) return WithContext("find a job", std::move(found.error()));
    if (!*found) return std::optional<Job>{};
    return std::optional(std::move((*found)->job));
  });
}

Result<std::vector<Job>> SqlJobStore::Recent(size_t limit) {
  return WithConnection(pool_, [&](Connection& db) -> Result<std::vector<Job>> {
    std::vector<JobRow> rows;
    auto read = db.Query(kRecent, {limit}, [&](const Row& row) {
      if (auto job = ReadJob(row)) rows.push_back(*std::move(job));
    });
    if (!read) return WithContext("list jobs", std::move(read.error()));
    std::vector<Job> jobs;
    for (JobRow& row : rows) {
      auto checked = CheckAlive(db, std::move(row), options_.database);
      if (!checked) return WithContext("list jobs", std::move(checked.error()));
      if (*checked) jobs.push_back(std::move((*checked)->job));
    }
    return jobs;
  });
}

Result<int64_t> SqlJobStore::Prune(TimePoint before) {
  return WithConnection(pool_, [&](Connection& db) -> Result<int64_t> {
    // In small transactions, so that nobody waits long for them.
    int64_t removed = 0;
    for (int64_t batch = kPruneBatch; batch == kPruneBatch;) {
      auto deleted = db.Execute(kPruneJobs, {before, kPruneBatch});
      if (!deleted) return WithContext("prune jobs", std::move(deleted.error()));
      removed += batch = *deleted;
    }
    for (int64_t batch = 1; batch > 0;) {
      auto deleted = InTransaction(db, [&](Connection& same) { return PruneOneSweep(same, before); });
      if (!deleted) return WithContext("prune sweeps", std::move(deleted.error()));
      removed += batch = *deleted;
    }
    return removed;
  });
}

}  // namespace repopulse
