#include "storage/event_ingest.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/strings.h"
#include "base/time_format.h"
#include "storage/bulk.h"
#include "storage/event_partitions.h"

namespace repopulse {
namespace {

constexpr size_t kLoginBytesMax = 64;
constexpr size_t kLookupGroups[] = {200, 20};

constexpr std::string_view kLock = "SELECT id FROM event_ingest WHERE id = 1 FOR UPDATE";
constexpr std::string_view kLockDays = "SELECT id FROM event_ingest WHERE id = 2 LOCK IN SHARE MODE";
constexpr std::string_view kLockDaysExclusively = "SELECT id FROM event_ingest WHERE id = 2 FOR UPDATE";
constexpr std::string_view kSavepoint = "SAVEPOINT before_events";
constexpr std::string_view kRollback = "ROLLBACK TO SAVEPOINT before_events";
constexpr std::string_view kRelease = "RELEASE SAVEPOINT before_events";
constexpr std::string_view kColumns =
    "events (created_at, id, type_id, action_id, repository_id, actor_id, actor_login, bot, merged, number, payload) "
    "VALUES";
const std::string kInsert = "INSERT INTO " + std::string(kColumns);
const std::string kInsertUnknown = "INSERT IGNORE INTO " + std::string(kColumns);
constexpr std::string_view kFind = "SELECT repository_id, type_id, created_at, id, payload IS NULL FROM events WHERE ";
constexpr std::string_view kFindOne = "(repository_id = ? AND type_id = ? AND created_at = ? AND id = ?)";
constexpr std::string_view kAddPayload =
    "UPDATE events SET payload = ? "
    "WHERE repository_id = ? AND type_id = ? AND created_at = ? AND id = ? AND payload IS NULL";

using Events = std::vector<BatchEvent*>;  // in the order of the table's primary key
using Key = std::tuple<int64_t, int64_t, TimePoint, int64_t>;

Key KeyOf(const BatchEvent& event) { return {event.event->repository.value, event.type, event.created_at, event.id}; }

std::string FindStatement(size_t events) {
  std::string sql(kFind);
  for (size_t i = 0; i < events; ++i) {
    if (i > 0) sql += " OR ";
    sql += kFindOne;
  }
  return sql;
}

// What is stored of them becomes kStored; those without a payload are appended to `bare`.
Status FindStored(Connection& db, const Events& events, Events& bare) {
  std::vector<Value> keys;
  for (size_t begin = 0; begin < events.size();) {
    const size_t left = events.size() - begin;
    const size_t group = left > kLookupGroups[1] ? kLookupGroups[0] : kLookupGroups[1];
    const size_t count = std::min(left, group);
    keys.clear();
    for (size_t i = 0; i < group; ++i) {
      const BatchEvent& event = *events[begin + std::min(i, count - 1)];  // the last one again fills the group
      keys.insert(keys.end(), {event.event->repository, event.type, event.created_at, event.id});
    }
    const auto first = events.begin() + static_cast<ptrdiff_t>(begin);
    const auto last = first + static_cast<ptrdiff_t>(count);
    auto read = db.Query(FindStatement(group), keys, [&](const Row& row) {
      const Key key{row.Int(0), row.Int(1), row.Time(2), row.Int(3)};
      const auto found = std::lower_bound(
          first, last, key, [](const BatchEvent* event, const Key& value) { return KeyOf(*event) < value; });
      (*found)->fate = EventFate::kStored;
      if (row.Bool(4)) bare.push_back(*found);
    });
    if (!read) return read;
    begin += count;
  }
  return {};
}

Result<int64_t> Insert(Connection& db, std::string_view statement, const Events& events) {
  using enum BulkKind;
  BulkRows rows({kTime, kInteger, kInteger, kInteger, kInteger, kInteger, kText, kInteger, kInteger, kInteger, kText},
                events.size());
  for (const BatchEvent* stored : events) {
    const Event& event = *stored->event;
    rows.Add(stored->created_at, stored->id, stored->type, stored->action, event.repository.value, event.actor_id,
             TruncateUtf8(event.actor_login, kLoginBytesMax), int64_t{IsBotLogin(event.actor_login)},
             int64_t{event.merged}, event.number,
             stored->payload.empty() ? std::nullopt : std::optional(stored->payload));
  }
  return db.Insert({.head = statement, .tail = ""}, rows);
}

Status InsertNew(Connection& db, const Events& events) {
  Events fresh;
  std::ranges::copy_if(events, std::back_inserter(fresh),
                       [](const BatchEvent* event) { return event->fate == EventFate::kNew; });
  auto inserted = Insert(db, kInsert, fresh);
  if (!inserted) return tl::make_unexpected(std::move(inserted.error()));
  return {};
}

Status AddPayloads(Connection& db, const Events& bare) {
  for (const BatchEvent* event : bare) {
    if (event->payload.empty()) continue;
    auto written =
        db.Execute(kAddPayload, {event->payload, event->event->repository, event->type, event->created_at, event->id});
    if (!written) return tl::make_unexpected(std::move(written.error()));
  }
  return {};
}

Status FindAndInsert(Connection& db, const Events& events) {
  Events bare;
  auto done = FindStored(db, events, bare);
  if (done) done = InsertNew(db, events);
  if (done) done = AddPayloads(db, bare);
  return done;
}

Status MarkStored(Connection& db, const Events& events) {
  Events with_payload;
  for (BatchEvent* event : events) {
    event->fate = EventFate::kStored;
    if (!event->payload.empty()) with_payload.push_back(event);
  }
  Events bare;
  if (auto found = FindStored(db, with_payload, bare); !found) return found;
  return AddPayloads(db, bare);
}

// Tries to insert all; only where some are new and some are not does it have to find out which.
Status InsertOrFind(Connection& db, const Events& events) {
  if (auto set = db.Run(kSavepoint); !set) return set;
  auto inserted = Insert(db, kInsertUnknown, events);
  if (!inserted) return tl::make_unexpected(std::move(inserted.error()));
  if (*inserted == 0) return MarkStored(db, events);
  if (*inserted == static_cast<int64_t>(events.size())) return db.Run(kRelease);
  if (auto undone = db.Run(kRollback); !undone) return undone;
  return FindAndInsert(db, events);
}

Status Lock(Connection& db, std::string_view statement) {
  bool locked = false;
  auto read = db.Query(statement, {}, [&](const Row&) { locked = true; });
  if (!read) return WithContext("lock the events", std::move(read.error()));
  if (!locked) return Fail(ErrorCode::kInternal, "a row of event_ingest is missing");
  return {};
}

}  // namespace

Status LockEvents(Connection& db) { return Lock(db, kLock); }
Status LockDays(Connection& db) { return Lock(db, kLockDays); }
Status LockDaysExclusively(Connection& db) { return Lock(db, kLockDaysExclusively); }

Status StoreEvents(Connection& db, EventBatch& batch, EventsExpected expected) {
  auto dropped = DroppedAmong(db, batch.days);
  if (!dropped) return tl::make_unexpected(std::move(dropped.error()));
  Events events;
  events.reserve(batch.events.size());
  for (BatchEvent& event : batch.events) {
    event.fate = dropped->contains(DayOf(event.created_at)) ? EventFate::kExpired : EventFate::kNew;
    if (event.fate == EventFate::kNew) events.push_back(&event);
  }
  if (events.empty()) return {};
  std::ranges::sort(events, {}, [](const BatchEvent* event) { return KeyOf(*event); });
  return expected == EventsExpected::kKnown ? FindAndInsert(db, events) : InsertOrFind(db, events);
}

}  // namespace repopulse
