// Port: jobs and the leases that keep them to one replica at a time. Thread-safe, but a lease belongs to one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/job.h"

namespace repopulse {

// Holds GET_LOCK('repopulse:<kind>:<database>') on a database connection of its own: if the process, the connection or
// the database dies, the database gives the lock free and the next run takes the work up. The destructor releases it.
class JobLease {
 public:
  virtual ~JobLease() = default;
  [[nodiscard]] virtual JobId id() const = 0;
  // Writes progress over the lease's own connection. kCancelled: the lease is lost, stop without writing anything more.
  virtual Status Heartbeat(const JobProgress& progress, TimePoint now) = 0;
  // The end, with its error if it failed. After it the lease may be destroyed.
  virtual Status Finish(const JobProgress& progress, const std::optional<Error>& error, TimePoint now) = 0;
};

struct JobStart {
  JobId id;
  std::unique_ptr<JobLease> lease;  // null: another run of this kind is under way, and `id` is its
};

class JobStore {
 public:
  virtual ~JobStore() = default;

  // Takes the lease and records the job as running; rows of this kind left running by a dead leader become abandoned.
  // Where the lease is held, joins its holder's job; kConflict where that has another argument.
  virtual Result<JobStart> Start(JobKind kind, const std::string& argument, const std::string& replica,
                                 TimePoint now) = 0;
  virtual Result<std::optional<Job>> Find(JobId id) = 0;
  // Newest first.
  virtual Result<std::vector<Job>> Recent(size_t limit) = 0;
  // Removes finished jobs that ended before then, and sweeps not touched since; how many rows went.
  virtual Result<int64_t> Prune(TimePoint before) = 0;
};

}  // namespace repopulse
