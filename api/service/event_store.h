// Port: events on their way into the database, and what is derived from them. Thread-safe; every call has a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/activity_score.h"
#include "domain/event.h"
#include "service/import_store.h"

namespace repopulse {

struct IngestResult {
  int64_t added = 0;        // new: stored and counted
  int64_t duplicates = 0;   // known already, or twice in the batch
  int64_t expired = 0;      // of a day whose events have been dropped: counted long ago, or never to be
  std::vector<bool> known;  // for each event of the batch, in its order: it was stored before this call, or is expired
};

struct EventPruning {
  int64_t days_dropped = 0;
  int64_t rows_removed = 0;  // of minute totals and old gaps
};

struct EventFolding {
  int64_t days = 0;          // gone through to their end
  int64_t rows_removed = 0;  // rollups of single hours that are part of their day's now
};

// What verify found: how many of each were compared, and the first differences in words.
struct Verification {
  int64_t events = 0;
  int64_t rollups = 0;
  int64_t totals = 0;
  int64_t differences = 0;
  std::vector<std::string> examples;  // at most 20
};

// A batch whose events are in an open transaction: nobody else sees them, and without Finish() nothing remains of them.
// Belongs to one thread at a time.
class StoredBatch {
 public:
  virtual ~StoredBatch() = default;
  // Once: counts what is new, writes the checkpoints and commits; the result of each part. `checkpoints`: one for each
  // part, null where there is nothing to write. As Ingest() otherwise, but nothing is tried again: after an error the
  // whole batch has to be.
  virtual Result<std::vector<IngestResult>> Finish(std::span<const ImportCheckpoint* const> checkpoints,
                                                   TimePoint now) = 0;
};

class EventStore {
 public:
  virtual ~EventStore() = default;

  // The one way events come in. One transaction: what is new is stored, its rollups and totals are raised, and the
  // names it tells are noted (newest created_at wins, as for names seen otherwise). An event already stored changes
  // nothing, but that a payload which was not kept is added. `checkpoint`: the import's progress, written in the same
  // transaction with this result's counts added to its own (see ImportCheckpoint). At most kIngestEventsMax events;
  // they are valid (domain/event.h) and need no order.
  static constexpr size_t kIngestEventsMax = 20'000;
  virtual Result<IngestResult> Ingest(const std::vector<Event>& events, const ImportCheckpoint* checkpoint,
                                      TimePoint now) = 0;
  // The same in two steps, for whoever has the next batch ready: its events can be stored while this one is counted.
  // `parts`: the events of several files, say; together kIngestEventsMax at most, and borrowed until the batch is gone.
  // Finish the older of two before the newer, and let no third begin: a batch waits for what the older one has stored.
  // Any error: Ingest() the parts instead, after the newer batch is gone.
  using EventSpan = std::span<const Event>;
  virtual Result<std::unique_ptr<StoredBatch>> Store(const std::vector<EventSpan>& parts) = 0;

  // Makes room for events of these days at once, so that the first event of each has not to wait for it; and for the
  // types and actions that GitHub documents.
  virtual Status ExpectDays(const std::set<std::chrono::sys_days>& days) = 0;

  // Drops the days that lie wholly before `before`, and their minute totals. Rollups and other totals stay.
  virtual Result<EventPruning> Prune(TimePoint before) = 0;

  // Puts the rollups of days before `before` that got events since the last time together, a repository's hours of a
  // day into one row; they tell the same. `go_on` hears again and again which day it is about; false from it ends.
  virtual Result<EventFolding> FoldDays(std::chrono::sys_days before,
                                        const std::function<bool(std::chrono::sys_days)>& go_on) = 0;

  // Counts everything anew from the stored events and compares: rollups and totals of the days that are still stored,
  // and repository totals with the rollups. `on_day` hears of each day compared (for progress); false from it ends.
  virtual Result<Verification> Verify(const std::function<bool(std::chrono::sys_days)>& on_day) = 0;

  // What each actor that is no bot contributed to the repository from `since` on; actors without any are left out.
  virtual Result<std::vector<Contributions>> ContributionsTo(RepositoryId repository, TimePoint since) = 0;
  virtual Status SaveActivity(const std::vector<RepositoryActivity>& scores) = 0;
  // Repositories with collected events that are tracked or members of a tracked topic, and whose score is older than
  // `computed_before` or missing; the oldest first. `among`: only these (in any number); empty: any.
  virtual Result<std::vector<RepositoryId>> ActivityDue(const std::vector<RepositoryId>& among,
                                                        TimePoint computed_before, size_t limit) = 0;
};

}  // namespace repopulse
