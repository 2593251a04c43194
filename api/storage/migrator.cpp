#include "storage/migrator.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/log.h"
#include "base/sha256.h"
#include "storage/locks.h"

namespace repopulse {
namespace {

constexpr std::chrono::seconds kLockWait{120};
constexpr std::chrono::seconds kStatementTimeout{3600};

// DDL waits for transactions under way; giving up early would leave a migration half done.
constexpr std::string_view kPatience = "SET SESSION lock_wait_timeout = 120";
constexpr std::string_view kCreateTable = R"(
  CREATE TABLE IF NOT EXISTS schema_migrations (
    version INT NOT NULL PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    checksum CHAR(32) NOT NULL,
    statements_done INT NOT NULL,
    applied_at DATETIME(6) NULL
  ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)";
constexpr std::string_view kTableExists = R"(
  SELECT COUNT(*) FROM information_schema.tables
  WHERE table_schema = DATABASE() AND table_name = 'schema_migrations')";
constexpr std::string_view kRows = "SELECT version, name, checksum, statements_done, applied_at FROM schema_migrations";
constexpr std::string_view kFirstAppliedAt = R"(
  SELECT DATE_FORMAT(applied_at, '%Y%m%d%H%i%s%f') FROM schema_migrations WHERE version = 1 AND applied_at IS NOT NULL)";
constexpr std::string_view kBegin = R"(
  INSERT INTO schema_migrations (version, name, checksum, statements_done, applied_at) VALUES (?, ?, ?, 0, NULL))";
constexpr std::string_view kStatementDone =
    "UPDATE schema_migrations SET statements_done = statements_done + ? WHERE version = ?";
constexpr std::string_view kEnd = "UPDATE schema_migrations SET applied_at = UTC_TIMESTAMP(6) WHERE version = ?";
constexpr std::string_view kBeginDown = "UPDATE schema_migrations SET applied_at = NULL WHERE version = ?";
constexpr std::string_view kRemove = "DELETE FROM schema_migrations WHERE version = ?";

struct Applied {
  std::string name;
  std::string checksum;
  int64_t statements_done = 0;
  bool ended = false;
};
using AppliedByVersion = std::map<int, Applied>;

Result<AppliedByVersion> ReadApplied(Connection& db) {
  bool exists = false;
  auto status = db.Query(kTableExists, {}, [&](const Row& row) { exists = row.Bool(0); });
  if (!status) return tl::make_unexpected(std::move(status.error()));
  AppliedByVersion applied;
  if (!exists) return applied;
  status = db.Query(kRows, {}, [&](const Row& row) {
    applied[static_cast<int>(row.Int(0))] = {row.Text(1), row.Text(2), row.Int(3), !row.IsNull(4)};
  });
  if (!status) return tl::make_unexpected(std::move(status.error()));
  return applied;
}

tl::unexpected<Error> HalfDone(int version, const Applied& row) {
  return Fail(ErrorCode::kConflict,
              fmt::format("migration {:04}_{} was begun but did not end: {} of its statements are done, the next one "
                          "may be. Repair the schema by hand; then, if all of it is in place, set its applied_at in "
                          "schema_migrations, or if nothing of it is left, delete its row there",
                          version, row.name, row.statements_done));
}

// What forbids to go on automatically.
Status CheckApplied(const std::vector<Migration>& known, const AppliedByVersion& applied) {
  for (const auto& [version, row] : applied) {
    if (!row.ended) return HalfDone(version, row);
    if (version > static_cast<int>(known.size())) {
      return Fail(ErrorCode::kConflict, fmt::format("the schema is newer than this program: it has {:04}_{}, the "
                                                    "program knows {} migrations",
                                                    version, row.name, known.size()));
    }
    const Migration& file = known[static_cast<size_t>(version) - 1];
    if (file.checksum != row.checksum || file.name != row.name) {
      return Fail(ErrorCode::kConflict,
                  fmt::format("migration {:04}_{} is not what was applied as {:04}_{}: an applied migration never "
                              "changes, add a new one",
                              version, file.name, version, row.name));
    }
  }
  return {};
}

Status RunStatements(Connection& db, const Migration& migration, const std::vector<std::string>& statements, int step) {
  for (size_t i = 0; i < statements.size(); ++i) {
    if (auto ran = db.Run(statements[i]); !ran) {
      return WithContext(fmt::format("migration {:04}_{}, statement {} of {}", migration.version, migration.name, i + 1,
                                     statements.size()),
                         std::move(ran.error()));
    }
    if (auto counted = db.Execute(kStatementDone, {step, migration.version}); !counted) {
      return tl::make_unexpected(std::move(counted.error()));
    }
  }
  return {};
}

Status Apply(Connection& db, const Migration& migration) {
  auto written = db.Execute(kBegin, {migration.version, migration.name, migration.checksum});
  if (!written) return tl::make_unexpected(std::move(written.error()));
  if (auto ran = RunStatements(db, migration, migration.up, +1); !ran) return ran;
  written = db.Execute(kEnd, {migration.version});
  if (!written) return tl::make_unexpected(std::move(written.error()));
  LogInfo("migration_applied", {{"version", migration.version}, {"name", migration.name}});
  return {};
}

Status Undo(Connection& db, const Migration& migration) {
  auto written = db.Execute(kBeginDown, {migration.version});
  if (!written) return tl::make_unexpected(std::move(written.error()));
  if (auto ran = RunStatements(db, migration, migration.down, -1); !ran) return ran;
  written = db.Execute(kRemove, {migration.version});
  if (!written) return tl::make_unexpected(std::move(written.error()));
  LogInfo("migration_undone", {{"version", migration.version}, {"name", migration.name}});
  return {};
}

}  // namespace

Status Migrator::Ping(std::chrono::milliseconds deadline) {
  auto lease = pool_.Acquire(deadline);
  if (!lease) return tl::make_unexpected(std::move(lease.error()));
  return (*lease)->Ping(deadline);
}

Result<SchemaState> Migrator::State() {
  auto known = ReadMigrations(folder_);
  if (!known) return tl::make_unexpected(std::move(known.error()));
  auto applied = WithConnection(pool_, ReadApplied);
  if (!applied) return WithContext("read the schema's version", std::move(applied.error()));
  SchemaState state{.applied = 0, .expected = known->back().version};
  for (const auto& [version, row] : *applied) {
    if (!row.ended) return HalfDone(version, row);
    state.applied = version;
  }
  return state;
}

// The microsecond in which its database got its first table: no two installations have begun in the same one.
Result<std::string> Migrator::Installation() {
  std::string began;
  auto read = WithConnection(pool_, [&](Connection& db) {
    return db.Query(kFirstAppliedAt, {}, [&](const Row& row) { began = row.Text(0); });
  });
  if (!read) return WithContext("read which installation this is", std::move(read.error()));
  if (began.empty()) return Fail(ErrorCode::kInternal, "the schema is not there");
  const auto digest = Sha256(began);
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + 8, ""));
}

// Runs `work(connection, known, applied)` while no other replica changes the schema.
template <class Work>
Result<std::vector<int>> Migrator::UnderLock(Work work) {
  auto known = ReadMigrations(folder_);
  if (!known) return tl::make_unexpected(std::move(known.error()));
  ConnectionOptions options = options_;
  options.read_timeout = kStatementTimeout;
  auto opened = Connection::Open(options);
  if (!opened) return tl::make_unexpected(std::move(opened.error()));
  Connection& db = **opened;
  const NamedLock lock("migrations", options_.database);
  auto locked = lock.Take(db, kLockWait);
  if (!locked) return WithContext("wait for the migrations' lock", std::move(locked.error()));
  if (!*locked) return Fail(ErrorCode::kTimeout, "another replica is changing the schema for too long");
  // Closing the connection frees the lock; freeing it here lets the next one in without waiting for that.
  auto result = [&]() -> Result<std::vector<int>> {
    if (auto patient = db.Run(kPatience); !patient) return tl::make_unexpected(std::move(patient.error()));
    if (auto created = db.Run(kCreateTable); !created) return tl::make_unexpected(std::move(created.error()));
    auto applied = ReadApplied(db);
    if (!applied) return tl::make_unexpected(std::move(applied.error()));
    if (auto good = CheckApplied(*known, *applied); !good) return tl::make_unexpected(std::move(good.error()));
    return work(db, *known, *applied);
  }();
  lock.Free(db);
  return result;
}

Result<std::vector<int>> Migrator::Up() {
  return UnderLock([](Connection& db, const std::vector<Migration>& known,
                      const AppliedByVersion& applied) -> Result<std::vector<int>> {
    std::vector<int> done;
    for (const Migration& migration : known) {
      if (applied.contains(migration.version)) continue;
      if (auto added = Apply(db, migration); !added) return tl::make_unexpected(std::move(added.error()));
      done.push_back(migration.version);
    }
    return done;
  });
}

Result<std::vector<int>> Migrator::Down(int count) {
  return UnderLock([count](Connection& db, const std::vector<Migration>& known,
                           const AppliedByVersion& applied) -> Result<std::vector<int>> {
    std::vector<int> undone;
    for (auto last = applied.rbegin(); last != applied.rend() && static_cast<int>(undone.size()) < count; ++last) {
      const Migration& migration = known[static_cast<size_t>(last->first) - 1];
      if (auto removed = Undo(db, migration); !removed) return tl::make_unexpected(std::move(removed.error()));
      undone.push_back(migration.version);
    }
    return undone;
  });
}

Result<std::vector<MigrationState>> Migrator::List() {
  auto known = ReadMigrations(folder_);
  if (!known) return tl::make_unexpected(std::move(known.error()));
  auto applied = WithConnection(pool_, ReadApplied);
  if (!applied) return tl::make_unexpected(std::move(applied.error()));
  std::vector<MigrationState> states;
  for (const Migration& migration : *known) {
    MigrationState state{.version = migration.version, .name = migration.name};
    if (const auto row = applied->find(migration.version); row != applied->end()) {
      state.applied = row->second.ended;
      state.half_applied = !row->second.ended;
      state.changed = row->second.checksum != migration.checksum;
      applied->erase(row);
    }
    states.push_back(std::move(state));
  }
  for (const auto& [version, row] : *applied) {
    states.push_back(
        {.version = version, .name = row.name, .applied = row.ended, .half_applied = !row.ended, .unknown = true});
  }
  return states;
}

}  // namespace repopulse
