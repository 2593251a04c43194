// Implements service/source_store.h, in source_*.cpp: one file for each part of it.
#pragma once

#include "service/source_store.h"
#include "storage/pool.h"

namespace repopulse {

class SqlSourceStore final : public SourceStore {
 public:
  // `reads` for what a client waits for, `work` for what jobs do.
  SqlSourceStore(Pool& reads, Pool& work) : reads_(reads), work_(work) {}

  // source_tracking.cpp
  Result<TrackedRepository> Activate(RepositoryId id, int64_t active_max, TimePoint now) override;
  Result<std::vector<TrackedRepository>> ActivateAll(const std::vector<RepositoryId>& ids, int64_t active_max,
                                                     TimePoint now) override;
  Result<std::optional<TrackedRepository>> Deactivate(RepositoryId id, TimePoint now) override;
  Result<std::optional<TrackedRepository>> FindTracked(RepositoryId id) override;
  Result<std::vector<TrackedRepository>> ListTracked(bool only_active) override;

  // source_reasons.cpp
  Status SyncConfigured(const std::vector<RepositoryName>& names, TimePoint now) override;
  Result<std::vector<RepositoryName>> UnresolvedNames(TimePoint now, size_t limit) override;
  Status ResolveName(const RepositoryName& name, RepositoryId id, TimePoint now) override;
  Status PostponeName(const RepositoryName& name, TimePoint next_try_at, const std::string& error) override;
  Status SyncTop(int64_t per_topic, int64_t active_max, TimePoint now) override;

  // source_polls.cpp
  Status EnableFirehose(bool enabled, TimePoint now) override;
  Result<std::vector<EventSource>> Due(TimePoint now, size_t limit) override;
  Status RecordPoll(const EventSource& source, const std::optional<SourceGap>& gap) override;
  Result<std::vector<EventSource>> ListSources(std::optional<int64_t> after_id, size_t limit) override;
  Result<std::vector<SourceTotals>> Totals() override;
  Result<std::vector<SourceGap>> Gaps(int64_t source_id, size_t limit) override;

  // source_coverage.cpp
  Result<std::vector<Coverage>> CoverageOfEach(const std::vector<RepositoryId>& repositories, TimePoint from,
                                               TimePoint to, TimePoint now) override;
  Result<Coverage> CoverageOf(std::optional<RepositoryId> repository, TimePoint from, TimePoint to,
                              TimePoint now) override;

 private:
  Pool& reads_;
  Pool& work_;
};

}  // namespace repopulse
