#include "storage/event_store.h"

#include "storage/event_activity.h"
#include "storage/event_batch.h"
#include "storage/event_ingest.h"
#include "storage/event_pruning.h"
#include "storage/event_rollup.h"
#include "storage/event_verification.h"
#include "storage/import_store.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

IngestResult ResultOf(const EventBatch& batch) {
  IngestResult result;
  result.known.reserve(batch.place_of.size());
  std::vector<bool> met(batch.events.size());
  for (size_t place : batch.place_of) {
    const EventFate fate = batch.events[place].fate;
    result.known.push_back(fate != EventFate::kNew);
    if (fate == EventFate::kExpired) {
      ++result.expired;
    } else if (fate == EventFate::kStored || met[place]) {
      ++result.duplicates;
    } else {
      ++result.added;
    }
    met[place] = true;
  }
  return result;
}

Status WriteCheckpoint(Connection& db, const ImportCheckpoint& checkpoint, const IngestResult& result, TimePoint now) {
  ImportProgress progress = checkpoint.progress;
  progress.added += result.added;
  progress.duplicates += result.duplicates;
  progress.expired += result.expired;
  progress.updated_at = now;
  return WriteProgress(db, progress);
}

}  // namespace

Result<IngestResult> SqlEventStore::IngestOn(Connection& db, const std::vector<Event>& events,
                                             const ImportCheckpoint* checkpoint, TimePoint now) {
  auto words = words_.Resolve(db, events);
  if (!words) return tl::make_unexpected(std::move(words.error()));
  EventBatch batch = MakeBatch(events, *words);
  if (auto made = partitions_.Ensure(db, batch.days); !made) return tl::make_unexpected(std::move(made.error()));
  return InTransaction(db, [&](Connection& same) -> Result<IngestResult> {
    auto done = LockEvents(same);
    if (done) done = StoreEvents(same, batch);
    if (done) done = CountEvents(same, batch);
    if (done) done = names_.Note(same, batch);
    if (!done) return tl::make_unexpected(std::move(done.error()));
    IngestResult result = ResultOf(batch);
    if (checkpoint != nullptr) done = WriteCheckpoint(same, *checkpoint, result, now);
    if (!done) return tl::make_unexpected(std::move(done.error()));
    return result;
  });
}

Result<IngestResult> SqlEventStore::Ingest(const std::vector<Event>& events, const ImportCheckpoint* checkpoint,
                                           TimePoint now) {
  if (events.size() > kIngestEventsMax) return Fail(ErrorCode::kInternal, "too many events at once");
  if (events.empty() && checkpoint == nullptr) return IngestResult{};
  auto result = WithConnection(pool_, [&](Connection& db) { return IngestOn(db, events, checkpoint, now); });
  if (!result) return WithContext("store events", std::move(result.error()));
  return result;
}

Result<EventPruning> SqlEventStore::Prune(TimePoint before) {
  auto pruned =
      WithConnection(pool_, [&](Connection& db) { return PruneEvents(db, partitions_, before, clock_.Now()); });
  if (!pruned) return WithContext("prune events", std::move(pruned.error()));
  return pruned;
}

Result<Verification> SqlEventStore::Verify(const std::function<bool(std::chrono::sys_days)>& on_day) {
  auto verified = WithConnection(pool_, [&](Connection& db) { return VerifyEvents(db, on_day); });
  if (!verified) return WithContext("verify events", std::move(verified.error()));
  return verified;
}

Result<std::vector<Contributions>> SqlEventStore::ContributionsTo(RepositoryId repository, TimePoint since) {
  auto read = WithConnection(pool_, [&](Connection& db) { return ReadContributions(db, repository, since); });
  if (!read) return WithContext("read contributions", std::move(read.error()));
  return read;
}

Status SqlEventStore::SaveActivity(const std::vector<RepositoryActivity>& scores) {
  auto saved = WithConnection(pool_, [&](Connection& db) {
    return InTransaction(db, [&](Connection& same) { return WriteActivity(same, scores); });
  });
  if (!saved) return WithContext("save activity", std::move(saved.error()));
  return saved;
}

Result<std::vector<RepositoryId>> SqlEventStore::ActivityDue(const std::vector<RepositoryId>& among,
                                                             TimePoint computed_before, size_t limit) {
  auto due = WithConnection(pool_, [&](Connection& db) { return ReadActivityDue(db, among, computed_before, limit); });
  if (!due) return WithContext("find activity to compute", std::move(due.error()));
  return due;
}

}  // namespace repopulse
