// Port: tracked topics, their sweeps and their rankings in the database. Thread-safe; every call has a deadline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/ranking.h"
#include "domain/repository.h"
#include "domain/sweep.h"
#include "domain/topic.h"

namespace repopulse {

// An unfinished sweep. `step` counts the stored pages: who stores the next one names the step it started from, so that
// of two collectors only one succeeds (kConflict for the other).
struct Sweep {
  SweepId id;
  TopicId topic;
  TimePoint started_at;
  int64_t step = 0;
  SweepPlan plan;
};

struct Publication {
  int64_t repositories = 0;  // members served now
  int64_t joined = 0;
  int64_t left = 0;
  int64_t renamed = 0;
};

class TopicStore {
 public:
  virtual ~TopicStore() = default;

  // By name. Untracked ones are left out.
  virtual Result<std::vector<Topic>> List() = 0;
  // Tracked or not; none where never tracked.
  virtual Result<std::optional<Topic>> Find(const TopicName& name) = 0;
  // Tracks it (again), due at once where it is new or was untracked. Idempotent; the topic as it is now.
  virtual Result<Topic> Track(const TopicName& name, TimePoint now) = 0;
  // False where it was not tracked.
  virtual Result<bool> Untrack(const TopicName& name) = 0;
  // What the configuration says is tracked from now on; topics that only an earlier configuration named are untracked,
  // those tracked by Track() stay.
  virtual Status SyncConfigured(const std::vector<TopicName>& names, TimePoint now) = 0;

  // Tracked topics whose next_poll_at has come; the longest overdue first, never collected ones before all.
  virtual Result<std::vector<Topic>> Due(TimePoint now, size_t limit) = 0;
  // Sets when it is due next, and why the last attempt failed (none: it did not).
  virtual Status Reschedule(TopicId topic, TimePoint next_poll_at, const std::optional<std::string>& error) = 0;

  // The topic's unfinished sweep, or a new one. One not touched since `restart_before` is thrown away and begun anew:
  // its pages are of another time.
  virtual Result<Sweep> OpenSweep(TopicId topic, TimePoint now, TimePoint restart_before) = 0;
  // Keeps one page beside what is served, and the plan after it, in one transaction.
  virtual Status StorePage(const Sweep& from, const SweepPlan& next, const std::vector<Repository>& items,
                           TimePoint now) = 0;
  // Makes what the sweep has read the served state, in one transaction: repositories (by id), their present names,
  // memberships and today's snapshots. `whole`: the sweep is done and removed, and members it did not see have left
  // where it saw at least as many as GitHub reported and nothing was cut short, or where they were missed three sweeps
  // in a row. Otherwise it only adds. kConflict: the sweep has gone on or ended meanwhile.
  virtual Result<Publication> PublishSweep(const Sweep& sweep, bool whole, TimePoint now, TimePoint next_poll_at) = 0;

  virtual Result<RankingPage> Rank(const RankingQuery& query) = 0;
};

}  // namespace repopulse
