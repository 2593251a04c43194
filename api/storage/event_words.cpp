#include "storage/event_words.h"

#include <algorithm>

#include "base/log.h"
#include "storage/bulk.h"
#include "storage/event_ingest.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr std::string_view kRead = "SELECT id, word FROM event_words";
constexpr BulkInsert kInsert{.head = "INSERT INTO event_words (id, word) VALUES", .tail = ""};

// docs.github.com/rest/using-the-rest-api/github-event-types
constexpr std::string_view kActions[] = {
    "added",
    "answered",
    "assigned",
    "closed",
    "created",
    "deleted",
    "dismissed",
    "edited",
    "labeled",
    "merged",
    "opened",
    "published",
    "reopened",
    "resolved",
    "started",
    "submitted",
    "updated",
    "unassigned",
    "unlabeled",
    "unresolved",
    "synchronize",
    "review_requested",
    "review_request_removed",
};

}  // namespace

int64_t EventWords::IdIn(const Map& known, std::string_view word) {
  if (word.empty()) return 0;
  if (const auto found = known.find(word); found != known.end()) return found->second;
  const auto other = known.find(kOther);
  return other == known.end() ? 0 : other->second;
}

std::vector<EventWords::Ids> EventWords::ResolveIn(const Map& known, const EventRefs& events) {
  std::vector<Ids> ids;
  ids.reserve(events.size());
  for (const Event* event : events) ids.push_back({IdIn(known, event->type), IdIn(known, event->action)});
  return ids;
}

// Whether every word has an id, or never will.
bool EventWords::Covers(const Map& known, const EventRefs& events) {
  if (known.size() >= kWordsMax) return true;
  return std::ranges::all_of(events, [&](const Event* event) {
    return known.contains(event->type) && (event->action.empty() || known.contains(event->action));
  });
}

// Reads the table and adds what is missing, as far as there is room. The last place is kOther's.
Result<EventWords::Map> EventWords::Store(Connection& db, const EventRefs& events) {
  if (auto locked = LockEvents(db); !locked) return tl::make_unexpected(std::move(locked.error()));
  Map known;
  int64_t last = 0;
  auto read = db.Query(kRead, {}, [&](const Row& row) {
    known.emplace(row.Text(1), row.Int(0));
    last = std::max(last, row.Int(0));
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  BulkRows rows({BulkKind::kInteger, BulkKind::kText}, 0);
  const auto add = [&](std::string_view word) {
    if (word.empty() || known.contains(word) || known.size() >= kWordsMax) return;
    const std::string_view stored = known.size() + 1 == kWordsMax && !known.contains(kOther) ? kOther : word;
    if (stored != word) LogWarn("event_words_full", {{"word", word}});
    known.emplace(stored, ++last);
    rows.Add(last, stored);
  };
  for (const Event* event : events) {
    add(event->type);
    add(event->action);
  }
  if (rows.empty()) return known;
  if (auto written = db.Insert(kInsert, rows); !written) return tl::make_unexpected(std::move(written.error()));
  return known;
}

Result<std::vector<EventWords::Ids>> EventWords::Resolve(Connection& db, const EventRefs& events) {
  {
    const std::lock_guard lock(mutex_);
    if (Covers(known_, events)) return ResolveIn(known_, events);
  }
  auto stored = InTransaction(db, [&](Connection& same) { return Store(same, events); });
  if (!stored) return WithContext("store the words of events", std::move(stored.error()));
  auto ids = ResolveIn(*stored, events);
  const std::lock_guard lock(mutex_);
  if (stored->size() >= known_.size()) known_ = std::move(*stored);
  return ids;
}

Status EventWords::Expect(Connection& db) {
  std::vector<Event> events;
  for (const std::string_view type : KnownEventTypes()) events.emplace_back().type = type;
  for (const std::string_view action : kActions) {
    events.push_back(events.front());
    events.back().action = action;
  }
  EventRefs refs;
  for (const Event& event : events) refs.push_back(&event);
  if (auto stored = Resolve(db, refs); !stored) return tl::make_unexpected(std::move(stored.error()));
  return {};
}

}  // namespace repopulse
