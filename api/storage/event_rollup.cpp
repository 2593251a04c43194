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

using Tallies = std::vector<EventTally>;

auto KeyOf(const EventTally& tally) { return std::tie(tally.repository, tally.bucket, tally.type, tally.action); }

TimePoint BeginOfBucket(TimePoint time, seconds size) {
  return TimePoint{(std::chrono::floor<seconds>(time.time_since_epoch()) / size) * size};
}

// Sorted by key, each once.
void Merge(Tallies& tallies) {
  std::ranges::sort(tallies, [](const EventTally& a, const EventTally& b) { return KeyOf(a) < KeyOf(b); });
  size_t kept = 0;
  for (size_t i = 1; i < tallies.size(); ++i) {
    EventTally& last = tallies[kept];
    if (KeyOf(last) != KeyOf(tallies[i])) {
      tallies[++kept] = tallies[i];
      continue;
    }
    last.events += tallies[i].events;
    last.first = std::min(last.first, tallies[i].first);
    last.last = std::max(last.last, tallies[i].last);
  }
  if (!tallies.empty()) tallies.resize(kept + 1);
}

// The same events by longer buckets.
Tallies Coarser(Tallies tallies, seconds size) {
  for (EventTally& tally : tallies) tally.bucket = BeginOfBucket(tally.bucket, size);
  Merge(tallies);
  return tallies;
}

Status WriteRollups(Connection& db, const Tallies& tallies) {
  using enum BulkKind;
  BulkRows rows({kInteger, kTime, kInteger, kInteger, kInteger, kTime, kTime}, tallies.size());
  for (const EventTally& tally : tallies) {
    rows.Add(tally.repository, tally.bucket, tally.type, tally.action, tally.events, tally.first, tally.last);
  }
  auto written = db.Insert(kRollups, rows);
  if (!written) return WithContext("write rollups", std::move(written.error()));
  return {};
}

Status WriteRepositoryTotals(Connection& db, const Tallies& tallies) {
  using enum BulkKind;
  BulkRows rows({kInteger, kInteger, kInteger, kTime, kTime}, tallies.size());
  for (const EventTally& tally : tallies) rows.Add(tally.repository, tally.type, tally.events, tally.first, tally.last);
  auto written = db.Insert(kRepositoryTotals, rows);
  if (!written) return WithContext("write the repositories' totals", std::move(written.error()));
  return {};
}

void AddTotals(BulkRows& rows, const Tallies& tallies, seconds size) {
  for (const EventTally& tally : tallies) {
    rows.Add(size.count(), tally.bucket, tally.type, tally.action, tally.events, tally.first, tally.last);
  }
}

Status WriteTotals(Connection& db, const EventTallies& of) {
  using enum BulkKind;
  BulkRows rows({kInteger, kTime, kInteger, kInteger, kInteger, kTime, kTime},
                of.minutes.size() + of.hours.size() + of.days.size());
  AddTotals(rows, of.minutes, kMinute);
  AddTotals(rows, of.hours, kHour);
  AddTotals(rows, of.days, kDay);
  auto written = db.Insert(kTotals, rows);
  if (!written) return WithContext("write totals", std::move(written.error()));
  return {};
}

// Over all hours and actions.
Tallies ByRepositoryAndType(Tallies rollups) {
  for (EventTally& tally : rollups) {
    tally.bucket = {};
    tally.action = 0;
  }
  Merge(rollups);
  return rollups;
}

}  // namespace

EventTallies TallyNew(const EventBatch& batch) {
  EventTallies tallies;
  tallies.rollups.reserve(batch.events.size());
  tallies.minutes.reserve(batch.events.size());
  for (const BatchEvent& event : batch.events) {
    if (event.fate != EventFate::kNew) continue;
    EventTally tally{.repository = 0,
                     .bucket = BeginOfBucket(event.created_at, kMinute),
                     .type = event.type,
                     .action = event.action,
                     .events = 1,
                     .first = event.created_at,
                     .last = event.created_at};
    tallies.minutes.push_back(tally);
    tally.repository = event.event->repository.value;
    tally.bucket = BeginOfBucket(event.created_at, kHour);
    tallies.rollups.push_back(tally);
  }
  Merge(tallies.minutes);
  Merge(tallies.rollups);
  tallies.repositories = ByRepositoryAndType(tallies.rollups);
  tallies.hours = Coarser(tallies.minutes, kHour);
  tallies.days = Coarser(tallies.hours, kDay);
  return tallies;
}

Status RaiseCounts(Connection& db, const EventTallies& tallies) {
  if (tallies.minutes.empty()) return {};
  auto written = WriteRollups(db, tallies.rollups);
  if (written) written = WriteRepositoryTotals(db, tallies.repositories);
  if (written) written = WriteTotals(db, tallies);
  return written;
}

}  // namespace repopulse
