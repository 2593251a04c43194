#include "storage/event_store.h"

#include "storage/event_activity.h"
#include "storage/event_batch.h"
#include "storage/event_folding.h"
#include "storage/event_ingest.h"
#include "storage/event_pruning.h"
#include "storage/event_rollup.h"
#include "storage/event_verification.h"
#include "storage/import_store.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

Status WriteCheckpoint(Connection& db, const ImportCheckpoint& checkpoint, const IngestResult& result, TimePoint now) {
  ImportProgress progress = checkpoint.progress;
  progress.added += result.added;
  progress.duplicates += result.duplicates;
  progress.expired += result.expired;
  progress.updated_at = now;
  return WriteProgress(db, progress);
}

}  // namespace

// Rolls back unless it was finished.
class SqlEventStore::OpenBatch final : public StoredBatch {
 public:
  OpenBatch(SqlEventStore& store, Pool::Lease lease, Counted counted)
      : store_(store), lease_(std::move(lease)), counted_(std::move(counted)) {}
  ~OpenBatch() override {
    // A connection that cannot even roll back is not lent again.
    if (open_ && lease_->health() == ConnectionHealth::kUsable) static_cast<void>(lease_->Run("ROLLBACK"));
  }
  OpenBatch(const OpenBatch&) = delete;
  OpenBatch& operator=(const OpenBatch&) = delete;

  Status Store() {
    auto done = lease_->Run("START TRANSACTION");
    if (!done) return done;
    open_ = true;
    done = LockDays(*lease_);
    if (done) done = StoreOn(*lease_, counted_, EventsExpected::kNew);
    return done;
  }
  Result<std::vector<IngestResult>> Finish(Checkpoints checkpoints, TimePoint now) override {
    if (auto locked = LockEvents(*lease_); !locked) return tl::make_unexpected(std::move(locked.error()));
    auto results = store_.FinishOn(*lease_, counted_, checkpoints, now);
    if (!results) return WithContext("store events", std::move(results.error()));
    if (auto committed = lease_->Run("COMMIT"); !committed) return tl::make_unexpected(std::move(committed.error()));
    open_ = false;
    return results;
  }

 private:
  SqlEventStore& store_;
  const Pool::Lease lease_;
  Counted counted_;
  bool open_ = false;
};

Result<SqlEventStore::Counted> SqlEventStore::Prepare(Connection& db, const std::vector<EventSpan>& parts) {
  EventRefs events;
  Counted counted;
  for (const EventSpan& part : parts) {
    counted.part_sizes.push_back(part.size());
    for (const Event& event : part) events.push_back(&event);
  }
  if (events.size() > kIngestEventsMax) return Fail(ErrorCode::kInternal, "too many events at once");
  auto words = words_.Resolve(db, events);
  if (!words) return tl::make_unexpected(std::move(words.error()));
  counted.batch = MakeBatch(events, *words);
  if (auto made = partitions_.Ensure(db, counted.batch.days); !made) {
    return tl::make_unexpected(std::move(made.error()));
  }
  return counted;
}

Status SqlEventStore::StoreOn(Connection& db, Counted& counted, EventsExpected expected) {
  if (auto stored = StoreEvents(db, counted.batch, expected); !stored) return stored;
  counted.tallies = TallyNew(counted.batch);
  counted.names = NewNamings(counted.batch);
  return RaiseRollups(db, counted.tallies);
}

// What became of each part's events. One that several parts hold is new in the first.
std::vector<IngestResult> SqlEventStore::ResultsOf(const Counted& counted) {
  std::vector<IngestResult> results;
  std::vector<bool> met(counted.batch.events.size());
  auto next = counted.batch.place_of.begin();
  for (const size_t size : counted.part_sizes) {
    IngestResult& result = results.emplace_back();
    result.known.reserve(size);
    for (const auto end = next + static_cast<ptrdiff_t>(size); next != end; ++next) {
      const EventFate fate = counted.batch.events[*next].fate;
      result.known.push_back(fate != EventFate::kNew);
      if (fate == EventFate::kExpired) {
        ++result.expired;
      } else if (fate == EventFate::kStored || met[*next]) {
        ++result.duplicates;
      } else {
        ++result.added;
      }
      met[*next] = true;
    }
  }
  return results;
}

Result<std::vector<IngestResult>> SqlEventStore::FinishOn(Connection& db, const Counted& counted,
                                                          Checkpoints checkpoints, TimePoint now) {
  auto done = RaiseTotals(db, counted.tallies);
  if (done) done = names_.Note(db, counted.names);
  std::vector<IngestResult> results = ResultsOf(counted);
  for (size_t i = 0; done && i < checkpoints.size(); ++i) {
    if (checkpoints[i] != nullptr) done = WriteCheckpoint(db, *checkpoints[i], results[i], now);
  }
  if (!done) return tl::make_unexpected(std::move(done.error()));
  return results;
}

Result<IngestResult> SqlEventStore::Ingest(const std::vector<Event>& events, const ImportCheckpoint* checkpoint,
                                           TimePoint now) {
  if (events.empty() && checkpoint == nullptr) return IngestResult{};
  const EventsExpected expected = checkpoint == nullptr ? EventsExpected::kKnown : EventsExpected::kNew;
  auto result = WithConnection(pool_, [&](Connection& db) -> Result<IngestResult> {
    auto counted = Prepare(db, {EventSpan(events)});
    if (!counted) return tl::make_unexpected(std::move(counted.error()));
    return InTransaction(db, [&](Connection& same) -> Result<IngestResult> {
      auto done = LockDays(same);
      // Before it looks for what is known, so that nobody else who does finds the same events new.
      if (done) done = LockEvents(same);
      if (done) done = StoreOn(same, *counted, expected);
      if (!done) return tl::make_unexpected(std::move(done.error()));
      auto results = FinishOn(same, *counted, {&checkpoint, 1}, now);
      if (!results) return tl::make_unexpected(std::move(results.error()));
      return std::move(results->front());
    });
  });
  if (!result) return WithContext("store events", std::move(result.error()));
  return result;
}

Result<std::unique_ptr<StoredBatch>> SqlEventStore::Store(const std::vector<EventSpan>& parts) {
  auto lease = pool_.Acquire();
  if (!lease) return tl::make_unexpected(std::move(lease.error()));
  auto counted = Prepare(**lease, parts);
  if (!counted) return WithContext("store events", std::move(counted.error()));
  auto batch = std::make_unique<OpenBatch>(*this, *std::move(lease), *std::move(counted));
  if (auto stored = batch->Store(); !stored) return WithContext("store events", std::move(stored.error()));
  return batch;
}

Status SqlEventStore::ExpectDays(const std::set<std::chrono::sys_days>& days) {
  return WithConnection(pool_, [&](Connection& db) {
    auto made = partitions_.Ensure(db, days);
    if (!made) return Status(tl::make_unexpected(std::move(made.error())));
    // From here on somebody else may store events of these days, beside the rest.
    auto done = words_.Expect(db);
    return done ? EventPartitions::Grow(db, *made) : done;
  });
}

Result<EventPruning> SqlEventStore::Prune(TimePoint before) {
  auto pruned =
      WithConnection(pool_, [&](Connection& db) { return PruneEvents(db, partitions_, before, clock_.Now()); });
  if (!pruned) return WithContext("prune events", std::move(pruned.error()));
  return pruned;
}

Result<EventFolding> SqlEventStore::FoldDays(std::chrono::sys_days before,
                                             const std::function<bool(std::chrono::sys_days)>& go_on) {
  auto folded = WithConnection(pool_, [&](Connection& db) { return FoldPastDays(db, before, go_on); });
  if (!folded) return WithContext("fold days of events", std::move(folded.error()));
  return folded;
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
