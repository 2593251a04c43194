#include "storage/event_rollup.h"

#include <algorithm>
#include <tuple>

#include "storage/bulk.h"

namespace repopulse {
namespace {

using std::chrono::seconds;

constexpr seconds kMinute{60};
constexpr seconds kHour{3600};
constexpr seconds kDay{86400};

constexpr std::string_view kRaise = R"(
  ON DUPLICATE KEY UPDATE events = events + VALUES(events), first_at = LEAST(first_at, VALUES(first_at)),
    last_at = GREATEST(last_at, VALUES(last_at)))";
constexpr BulkInsert kRollups{
    .head = "INSERT INTO event_rollups (repository_id, hour, type_id, action_id, events, first_at, last_at) VALUES",
    .tail = kRaise};
constexpr BulkInsert kRepositoryTotals{
    .head = "INSERT INTO event_repository_totals (repository_id, type_id, events, first_at, last_at) VALUES",
    .tail = kRaise};
constexpr BulkInsert kTotals{
    .head = "INSERT INTO event_totals (bucket_seconds, bucket, type_id, action_id, events, first_at, last_at) VALUES",
    .tail = kRaise};

// One row of any of the tables; what a table does not tell apart is 0.
struct Count {
  int64_t repository = 0;
  TimePoint bucket;
  int64_t type = 0;
  int64_t action = 0;
  int64_t events = 0;
  TimePoint first;
  TimePoint last;
};
using Counts = std::vector<Count>;

auto KeyOf(const Count& count) { return std::tie(count.repository, count.bucket, count.type, count.action); }

TimePoint BeginOfBucket(TimePoint time, seconds size) {
  return TimePoint{(std::chrono::floor<seconds>(time.time_since_epoch()) / size) * size};
}

// Sorted by key, each once.
void Merge(Counts& counts) {
  std::ranges::sort(counts, [](const Count& a, const Count& b) { return KeyOf(a) < KeyOf(b); });
  size_t kept = 0;
  for (size_t i = 1; i < counts.size(); ++i) {
    Count& last = counts[kept];
    if (KeyOf(last) != KeyOf(counts[i])) {
      counts[++kept] = counts[i];
      continue;
    }
    last.events += counts[i].events;
    last.first = std::min(last.first, counts[i].first);
    last.last = std::max(last.last, counts[i].last);
  }
  if (!counts.empty()) counts.resize(kept + 1);
}

// The same events by longer buckets.
Counts Coarser(Counts counts, seconds size) {
  for (Count& count : counts) count.bucket = BeginOfBucket(count.bucket, size);
  Merge(counts);
  return counts;
}

Status WriteRollups(Connection& db, const Counts& counts) {
  using enum BulkKind;
  BulkRows rows({kInteger, kTime, kInteger, kInteger, kInteger, kTime, kTime}, counts.size());
  for (const Count& count : counts) {
    rows.Add(count.repository, count.bucket, count.type, count.action, count.events, count.first, count.last);
  }
  auto written = db.Insert(kRollups, rows);
  if (!written) return WithContext("write rollups", std::move(written.error()));
  return {};
}

Status WriteRepositoryTotals(Connection& db, const Counts& counts) {
  using enum BulkKind;
  BulkRows rows({kInteger, kInteger, kInteger, kTime, kTime}, counts.size());
  for (const Count& count : counts) rows.Add(count.repository, count.type, count.events, count.first, count.last);
  auto written = db.Insert(kRepositoryTotals, rows);
  if (!written) return WithContext("write the repositories' totals", std::move(written.error()));
  return {};
}

void AddTotals(BulkRows& rows, const Counts& counts, seconds size) {
  for (const Count& count : counts) {
    rows.Add(size.count(), count.bucket, count.type, count.action, count.events, count.first, count.last);
  }
}

Status WriteTotals(Connection& db, const Counts& minutes) {
  using enum BulkKind;
  BulkRows rows({kInteger, kTime, kInteger, kInteger, kInteger, kTime, kTime}, minutes.size() + minutes.size() / 8);
  const Counts hours = Coarser(minutes, kHour);
  AddTotals(rows, minutes, kMinute);
  AddTotals(rows, hours, kHour);
  AddTotals(rows, Coarser(hours, kDay), kDay);
  auto written = db.Insert(kTotals, rows);
  if (!written) return WithContext("write totals", std::move(written.error()));
  return {};
}

// Over all hours and actions.
Counts ByRepositoryAndType(Counts rollups) {
  for (Count& count : rollups) {
    count.bucket = {};
    count.action = 0;
  }
  Merge(rollups);
  return rollups;
}

}  // namespace

Status CountEvents(Connection& db, const EventBatch& batch) {
  Counts rollups;
  Counts minutes;
  rollups.reserve(batch.events.size());
  minutes.reserve(batch.events.size());
  for (const BatchEvent& event : batch.events) {
    if (event.fate != EventFate::kNew) continue;
    Count count{.repository = 0,
                .bucket = BeginOfBucket(event.created_at, kMinute),
                .type = event.type,
                .action = event.action,
                .events = 1,
                .first = event.created_at,
                .last = event.created_at};
    minutes.push_back(count);
    count.repository = event.event->repository.value;
    count.bucket = BeginOfBucket(event.created_at, kHour);
    rollups.push_back(count);
  }
  if (minutes.empty()) return {};
  Merge(minutes);
  Merge(rollups);
  auto written = WriteRollups(db, rollups);
  if (written) written = WriteRepositoryTotals(db, ByRepositoryAndType(rollups));
  if (written) written = WriteTotals(db, minutes);
  return written;
}

}  // namespace repopulse
