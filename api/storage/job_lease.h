// The lease of a running job: its connection holds the lock of its kind.
#pragma once

#include <memory>
#include <string>

#include "service/job_store.h"
#include "storage/connection.h"
#include "storage/locks.h"

namespace repopulse {

class SqlJobLease final : public JobLease {
 public:
  // `connection` holds `lock`.
  SqlJobLease(JobId id, std::unique_ptr<Connection> connection, NamedLock lock)
      : id_(id), connection_(std::move(connection)), lock_(std::move(lock)) {}
  ~SqlJobLease() override { lock_.Free(*connection_); }

  [[nodiscard]] JobId id() const override { return id_; }
  Status Heartbeat(const JobProgress& progress, TimePoint now) override;
  Status Finish(const JobProgress& progress, const std::optional<Error>& error, TimePoint now) override;

 private:
  // Writes to the job's row, which must still be running and ours.
  Status Write(std::string_view sql, std::initializer_list<Value> parameters);

  const JobId id_;
  const std::unique_ptr<Connection> connection_;
  const NamedLock lock_;
};

// A job's counts as the JSON object of its row, and back; what is no such object counts nothing.
std::string EncodeCounts(const std::vector<JobCount>& counts);
std::vector<JobCount> DecodeCounts(const std::string& text);

}  // namespace repopulse
