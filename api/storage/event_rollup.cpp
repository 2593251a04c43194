#include "storage/event_rollup.h"

#include <algorithm>
#include <tuple>

#include "storage/bulk.h"
#include "storage/packed_events.h"

namespace repopulse {
namespace {

using std::chrono::seconds;

constexpr seconds kMinute{60};
constexpr seconds kHour{3600};
constexpr seconds kDay{86400};

constexpr std::string_view kRaise = R"(
  ON DUPLICATE KEY UPDATE events = events + VALUES(events), first_at = LEAST(first_at, VALUES(first_at)),
    last_at = GREATEST(last_at, VALUES(last_at)))";
constexpr BulkInsert kRollups{.head = "INSERT INTO event_rollups (repository_id, hour, counts) VALUES",
                              .tail = " ON DUPLICATE KEY UPDATE counts = CONCAT(counts, VALUES(counts))"};
constexpr BulkInsert kKinds{.head = "INSERT IGNORE INTO event_kinds (type_id, action_id) VALUES", .tail = ""};
constexpr BulkInsert kDays{.head = "INSERT IGNORE INTO event_days (day) VALUES", .tail = ""};
constexpr BulkInsert kMinutes{.head = "INSERT INTO event_minutes (type_id, action_id, minute, places) VALUES",
                              .tail = " ON DUPLICATE KEY UPDATE places = CONCAT(places, VALUES(places))"};
constexpr BulkInsert kRepositoryTotals{.head = R"(
  INSERT INTO event_repository_totals (repository_id, type_id, events, first_at, last_at, full_name) VALUES)",
                                       .tail = R"(
  ON DUPLICATE KEY UPDATE full_name = IF(VALUES(full_name) <> '' AND VALUES(last_at) >= last_at, VALUES(full_name), full_name),
    events = events + VALUES(events), first_at = LEAST(first_at, VALUES(first_at)),
    last_at = GREATEST(last_at, VALUES(last_at)))"};
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
    if (!tallies[i].name.empty() && (last.name.empty() || tallies[i].last >= last.last)) last.name = tallies[i].name;
    last.last = std::max(last.last, tallies[i].last);
  }
  if (!tallies.empty()) tallies.resize(kept + 1);
}

// The same events with less told apart.
template <class Forget>
Tallies Coarser(Tallies tallies, const Forget& forget) {
  for (EventTally& tally : tallies) forget(tally);
  Merge(tallies);
  return tallies;
}

// Neighbours of one row packed into it: texts in front, so that the rows may borrow from them.
template <class Item, class SameRow, class Append>
std::vector<std::pair<const Item*, std::string>> Packed(const std::vector<Item>& items, const SameRow& same_row,
                                                        const Append& append) {
  std::vector<std::pair<const Item*, std::string>> rows;
  rows.reserve(items.size());
  for (const Item& item : items) {
    if (rows.empty() || !same_row(*rows.back().first, item)) rows.emplace_back(&item, std::string());
    append(rows.back().second, item);
  }
  return rows;
}

// What there is: so that nobody has to look through the minutes for it.
Status WriteKindsAndDays(Connection& db, const EventTallies& of) {
  using enum BulkKind;
  BulkRows kinds({kInteger, kInteger}, 0);
  BulkRows days({kTime}, 0);
  const EventTally* before = nullptr;
  for (const EventTally& tally : of.days) {  // by day first
    kinds.Add(tally.type, tally.action);
    if (before == nullptr || before->bucket != tally.bucket) days.Add(tally.bucket);
    before = &tally;
  }
  auto written = db.Insert(kKinds, kinds);
  if (written) written = db.Insert(kDays, days);
  if (!written) return WithContext("write the kinds and days of events", std::move(written.error()));
  return {};
}

Status WriteMinutes(Connection& db, const std::vector<EventPlace>& places) {
  using enum BulkKind;
  const auto packed = Packed(
      places,
      [](const EventPlace& a, const EventPlace& b) {
        return a.type == b.type && a.action == b.action && a.minute == b.minute;
      },
      [](std::string& entries, const EventPlace& place) {
        AppendPlace(entries, place.minute, {place.created_at, place.repository});
      });
  BulkRows rows({kInteger, kInteger, kTime, kBytes}, packed.size());
  for (const auto& [place, entries] : packed) {
    rows.Add(place->type, place->action, place->minute, std::string_view(entries));
  }
  auto written = db.Insert(kMinutes, rows);
  if (!written) return WithContext("write the minutes of events", std::move(written.error()));
  return {};
}

Status WriteRepositoryTotals(Connection& db, const Tallies& tallies) {
  using enum BulkKind;
  BulkRows rows({kInteger, kInteger, kInteger, kTime, kTime, kText}, tallies.size());
  for (const EventTally& tally : tallies) {
    rows.Add(tally.repository, tally.type, tally.events, tally.first, tally.last, tally.name);
  }
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
  BulkRows rows({kInteger, kTime, kInteger, kInteger, kInteger, kTime, kTime}, of.hours.size() + of.days.size());
  AddTotals(rows, of.hours, kHour);
  AddTotals(rows, of.days, kDay);
  auto written = db.Insert(kTotals, rows);
  if (!written) return WithContext("write totals", std::move(written.error()));
  return {};
}

}  // namespace

EventTallies TallyNew(const EventBatch& batch) {
  EventTallies tallies;
  tallies.rollups.reserve(batch.events.size());
  tallies.places.reserve(batch.events.size());
  for (const BatchEvent& event : batch.events) {
    if (event.fate != EventFate::kNew) continue;
    const int64_t repository = event.event->repository.value;
    tallies.places.push_back({.type = event.type,
                              .action = event.action,
                              .minute = BeginOfBucket(event.created_at, kMinute),
                              .created_at = event.created_at,
                              .repository = repository});
    tallies.rollups.push_back({.repository = repository,
                               .bucket = BeginOfBucket(event.created_at, kHour),
                               .type = event.type,
                               .action = event.action,
                               .events = 1,
                               .first = event.created_at,
                               .last = event.created_at,
                               .name = event.event->repository_name});
  }
  // The events come in the order of time.
  std::ranges::stable_sort(tallies.places, [](const EventPlace& a, const EventPlace& b) {
    return std::tie(a.type, a.action) < std::tie(b.type, b.action);
  });
  Merge(tallies.rollups);
  tallies.repositories = Coarser(tallies.rollups, [](EventTally& tally) {
    tally.bucket = {};
    tally.action = 0;
  });
  tallies.hours = Coarser(tallies.rollups, [](EventTally& tally) { tally.repository = 0; });
  tallies.days = Coarser(tallies.hours, [](EventTally& tally) { tally.bucket = BeginOfBucket(tally.bucket, kDay); });
  return tallies;
}

Status AppendRollups(Connection& db, const BulkRows& rows) {
  auto written = db.Insert(kRollups, rows);
  if (!written) return WithContext("write rollups", std::move(written.error()));
  return {};
}

Status RaiseRollups(Connection& db, const EventTallies& tallies) {
  if (tallies.rollups.empty()) return {};
  using enum BulkKind;
  const auto packed = Packed(
      tallies.rollups,
      [](const EventTally& a, const EventTally& b) { return a.repository == b.repository && a.bucket == b.bucket; },
      [](std::string& counts, const EventTally& tally) {
        AppendRollup(counts, tally.bucket, {tally.type, tally.action, tally.events, tally.first, tally.last});
      });
  BulkRows rows({kInteger, kTime, kBytes}, packed.size());
  for (const auto& [tally, counts] : packed) rows.Add(tally->repository, tally->bucket, std::string_view(counts));
  return AppendRollups(db, rows);
}

Status RaiseTotals(Connection& db, const EventTallies& tallies) {
  if (tallies.rollups.empty()) return {};
  auto written = WriteRepositoryTotals(db, tallies.repositories);
  if (written) written = WriteMinutes(db, tallies.places);
  if (written) written = WriteTotals(db, tallies);
  if (written) written = WriteKindsAndDays(db, tallies);
  return written;
}

}  // namespace repopulse
