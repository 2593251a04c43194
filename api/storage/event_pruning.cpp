#include "storage/event_pruning.h"

#include <algorithm>

#include "base/log.h"
#include "base/time_format.h"
#include "storage/event_ingest.h"
#include "storage/event_minutes.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using std::chrono::sys_days;

constexpr std::chrono::seconds kLockWait{20};

constexpr std::string_view kHasEvents = "SELECT 1 FROM events WHERE created_at >= ? AND created_at < ? LIMIT 1";
// A day that was recorded before and is still there keeps its record.
constexpr std::string_view kRecord = "INSERT IGNORE INTO event_days_dropped (day, dropped_at) VALUES (?, ?)";
constexpr std::string_view kDeleteDay = "DELETE FROM event_days WHERE day = ?";
constexpr std::string_view kDeleteGaps = "DELETE FROM event_gaps WHERE to_at < ?";

struct Recorded {
  std::vector<sys_days> days;
  int64_t minutes = 0;
};

Result<bool> HasEvents(Connection& db, sys_days day) {
  bool has = false;
  auto read =
      db.Query(kHasEvents, {TimePoint{day}, TimePoint{day} + std::chrono::days{1}}, [&](const Row&) { has = true; });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return has;
}

Result<Recorded> Record(Connection& db, const std::vector<sys_days>& days, TimePoint now) {
  if (auto locked = LockDaysExclusively(db); !locked) return tl::make_unexpected(std::move(locked.error()));
  Recorded recorded;
  for (sys_days day : days) {
    auto has = HasEvents(db, day);
    if (!has) return tl::make_unexpected(std::move(has.error()));
    if (!*has) continue;
    auto written = db.Execute(kRecord, {day, now});
    if (!written) return tl::make_unexpected(std::move(written.error()));
    written = db.Execute(kDeleteDay, {day});
    if (!written) return tl::make_unexpected(std::move(written.error()));
    auto deleted = DeleteMinutes(db, {TimePoint{day}, TimePoint{day} + std::chrono::days{1}});
    if (!deleted) return tl::make_unexpected(std::move(deleted.error()));
    recorded.days.push_back(day);
    recorded.minutes += *deleted;
  }
  return recorded;
}

Result<EventPruning> PruneLocked(Connection& db, TimePoint before, TimePoint now) {
  auto days = EventPartitions::Days(db);
  if (!days) return tl::make_unexpected(std::move(days.error()));
  std::erase_if(*days, [&](sys_days day) { return TimePoint{day} + std::chrono::days{1} > before; });
  EventPruning pruned;
  if (!days->empty()) {
    auto recorded = InTransaction(db, [&](Connection& same) { return Record(same, *days, now); });
    if (!recorded) return tl::make_unexpected(std::move(recorded.error()));
    auto dropped = EventPartitions::Drop(db, recorded->days);
    if (!dropped) return tl::make_unexpected(std::move(dropped.error()));
    pruned.days_dropped = static_cast<int64_t>(recorded->days.size());
    pruned.rows_removed = recorded->minutes;
    for (sys_days day : recorded->days) LogInfo("event_day_dropped", {{"day", FormatDay(day)}});
  }
  auto gaps = db.Execute(kDeleteGaps, {before});
  if (!gaps) return tl::make_unexpected(std::move(gaps.error()));
  pruned.rows_removed += *gaps;
  return pruned;
}

}  // namespace

Result<EventPruning> PruneEvents(Connection& db, const EventPartitions& partitions, TimePoint before, TimePoint now) {
  auto taken = partitions.lock().Take(db, kLockWait);
  if (!taken) return tl::make_unexpected(std::move(taken.error()));
  if (!*taken) return Fail(ErrorCode::kUnavailable, "somebody else has been changing the days of events for long");
  auto pruned = PruneLocked(db, before, now);
  partitions.lock().Free(db);
  return pruned;
}

}  // namespace repopulse
