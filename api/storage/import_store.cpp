#include "storage/import_store.h"

#include <array>
#include <utility>

#include "base/strings.h"
#include "base/time_format.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr size_t kErrorBytesMax = 500;

const std::string kColumns =
    "name, fingerprint, state, only_tracked, hour, lines_done, events_read, events_new, events_duplicate, "
    "events_expired, events_skipped, lines_bad, lines_other_format, last_error, started_at, updated_at";
const std::string kFind = "SELECT " + kColumns + " FROM imports WHERE name = ?";
const std::string kRecent = "SELECT " + kColumns + " FROM imports ORDER BY updated_at DESC, name DESC LIMIT ?";
const std::string kWrite = "INSERT INTO imports (" + kColumns + R"()
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON DUPLICATE KEY UPDATE fingerprint = VALUES(fingerprint), state = VALUES(state),
    only_tracked = VALUES(only_tracked), hour = VALUES(hour), lines_done = VALUES(lines_done),
    events_read = VALUES(events_read), events_new = VALUES(events_new), events_duplicate = VALUES(events_duplicate),
    events_expired = VALUES(events_expired), events_skipped = VALUES(events_skipped), lines_bad = VALUES(lines_bad),
    lines_other_format = VALUES(lines_other_format), last_error = VALUES(last_error), started_at = VALUES(started_at),
    updated_at = VALUES(updated_at))";

// Another content under the same name takes nothing away: what was stored of the hour is still there.
constexpr std::string_view kImportedHour = R"(
  INSERT INTO imported_days (day, only_tracked, hours) VALUES (?, ?, ?)
  ON DUPLICATE KEY UPDATE hours = hours | VALUES(hours))";

constexpr std::array<std::pair<ImportState, std::string_view>, 3> kStates = {{
    {ImportState::kRunning, "running"},
    {ImportState::kDone, "done"},
    {ImportState::kFailed, "failed"},
}};

std::string_view WordOf(ImportState state) {
  for (const auto& [value, word] : kStates) {
    if (value == state) return word;
  }
  return "failed";
}

ImportState StateOf(std::string_view text) {
  for (const auto& [value, word] : kStates) {
    if (word == text) return value;
  }
  return ImportState::kFailed;
}

ImportProgress ReadProgress(const Row& row) {
  return {.name = row.Text(0),
          .fingerprint = row.Text(1),
          .only_tracked = row.Bool(3),
          .hour = row.OptionalTime(4),
          .state = StateOf(row.Text(2)),
          .lines_done = row.Int(5),
          .read = row.Int(6),
          .added = row.Int(7),
          .duplicates = row.Int(8),
          .expired = row.Int(9),
          .skipped = row.Int(10),
          .bad = row.Int(11),
          .other_format = row.Int(12),
          .error = row.OptionalText(13),
          .started_at = row.Time(14),
          .updated_at = row.Time(15)};
}

}  // namespace

Status WriteProgress(Connection& db, const ImportProgress& progress) {
  std::optional<std::string_view> error;
  if (progress.error) error = TruncateUtf8(*progress.error, kErrorBytesMax);
  auto written = db.Execute(
      kWrite, {progress.name, progress.fingerprint, WordOf(progress.state), progress.only_tracked, progress.hour,
               progress.lines_done, progress.read, progress.added, progress.duplicates, progress.expired,
               progress.skipped, progress.bad, progress.other_format, error, progress.started_at, progress.updated_at});
  if (written && progress.hour && progress.state == ImportState::kDone) {
    const auto day = DayOf(*progress.hour);
    const auto hour = (*progress.hour - day) / std::chrono::hours{1};
    written = db.Execute(kImportedHour, {day, progress.only_tracked, int64_t{1} << hour});
  }
  if (!written) return WithContext("write the progress of an import", std::move(written.error()));
  return {};
}

Result<std::optional<ImportProgress>> SqlImportStore::Find(const std::string& name) {
  return WithConnection(pool_, [&](Connection& db) -> Result<std::optional<ImportProgress>> {
    std::optional<ImportProgress> found;
    auto read = db.Query(kFind, {name}, [&](const Row& row) { found = ReadProgress(row); });
    if (!read) return WithContext("find an import", std::move(read.error()));
    return found;
  });
}

Status SqlImportStore::Save(const ImportProgress& progress) {
  return WithConnection(pool_, [&](Connection& db) {
    return InTransaction(db, [&](Connection& same) { return WriteProgress(same, progress); });
  });
}

Result<std::vector<ImportProgress>> SqlImportStore::Recent(size_t limit) {
  return WithConnection(pool_, [&](Connection& db) -> Result<std::vector<ImportProgress>> {
    std::vector<ImportProgress> imports;
    auto read = db.Query(kRecent, {limit}, [&](const Row& row) { imports.push_back(ReadProgress(row)); });
    if (!read) return WithContext("list imports", std::move(read.error()));
    return imports;
  });
}

}  // namespace repopulse
