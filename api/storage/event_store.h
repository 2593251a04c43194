// Implements service/event_store.h: what calls need of connections and transactions. The work is in event_ingest.h,
// event_rollup.h, event_names.h, event_pruning.h, event_folding.h, event_verification.h and event_activity.h.
#pragma once

#include <memory>
#include <vector>

#include "service/event_store.h"
#include "storage/event_ingest.h"
#include "storage/event_names.h"
#include "storage/event_partitions.h"
#include "storage/event_rollup.h"
#include "storage/event_words.h"
#include "storage/pool.h"

namespace repopulse {

class SqlEventStore final : public EventStore {
 public:
  SqlEventStore(Pool& pool, std::string_view database, const Clock& clock)
      : pool_(pool), clock_(clock), partitions_(database), names_(clock) {}

  Result<IngestResult> Ingest(const std::vector<Event>& events, const ImportCheckpoint* checkpoint,
                              TimePoint now) override;
  Result<std::unique_ptr<StoredBatch>> Store(const std::vector<EventSpan>& parts) override;
  Status ExpectDays(const std::set<std::chrono::sys_days>& days) override;
  Result<EventPruning> Prune(TimePoint before) override;
  Result<EventFolding> FoldDays(std::chrono::sys_days before,
                                const std::function<bool(std::chrono::sys_days)>& go_on) override;
  Result<Verification> Verify(const std::function<bool(std::chrono::sys_days)>& on_day) override;
  Result<std::vector<Contributions>> ContributionsTo(RepositoryId repository, TimePoint since) override;
  Status SaveActivity(const std::vector<RepositoryActivity>& scores) override;
  Result<std::vector<RepositoryId>> ActivityDue(const std::vector<RepositoryId>& among, TimePoint computed_before,
                                                size_t limit) override;

 private:
  class OpenBatch;
  using Checkpoints = std::span<const ImportCheckpoint* const>;
  // A batch with what its new events add to everything derived from them.
  struct Counted {
    EventBatch batch;
    std::vector<size_t> part_sizes;
    EventTallies tallies;
    std::vector<Naming> names;
  };

  static std::vector<IngestResult> ResultsOf(const Counted& counted);
  Result<Counted> Prepare(Connection& db, const std::vector<EventSpan>& parts);
  static Status StoreOn(Connection& db, Counted& counted, EventsExpected expected);
  Result<std::vector<IngestResult>> FinishOn(Connection& db, const Counted& counted, Checkpoints checkpoints,
                                             TimePoint now);

  Pool& pool_;
  const Clock& clock_;
  EventWords words_;
  EventPartitions partitions_;
  EventNames names_;
};

}  // namespace repopulse
