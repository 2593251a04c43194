// Implements service/job_store.h.
#pragma once

#include "service/job_store.h"
#include "storage/pool.h"

namespace repopulse {

class SqlJobStore final : public JobStore {
 public:
  // `pool` for reading; each lease opens a connection of its own with `options`.
  SqlJobStore(Pool& pool, ConnectionOptions options) : pool_(pool), options_(std::move(options)) {}

  Result<JobStart> Start(JobKind kind, const std::string& argument, const std::string& replica, TimePoint now) override;
  Result<std::optional<Job>> Find(JobId id) override;
  Result<std::vector<Job>> Recent(size_t limit) override;
  Result<int64_t> Prune(TimePoint before) override;

 private:
  Pool& pool_;
  const ConnectionOptions options_;
};

}  // namespace repopulse
