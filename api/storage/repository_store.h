// Implements service/repository_store.h.
#pragma once

#include "service/repository_store.h"
#include "storage/pool.h"

namespace repopulse {

class SqlRepositoryStore final : public RepositoryStore {
 public:
  explicit SqlRepositoryStore(Pool& pool) : pool_(pool) {}

  Result<std::vector<std::optional<StoredRepository>>> FindByNames(const std::vector<RepositoryName>& names) override;
  Status Save(const Repository& repository, TimePoint now) override;
  Status MarkGone(RepositoryId id, TimePoint now) override;
  Result<RepositoryPage> List(const RepositoryListQuery& query) override;
  Result<std::vector<std::vector<Snapshot>>> SnapshotsOfEach(const std::vector<RepositoryId>& repositories,
                                                             std::chrono::sys_days from,
                                                             std::chrono::sys_days to) override;

 private:
  Pool& pool_;
};

}  // namespace repopulse
