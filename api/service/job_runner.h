// Runs jobs on threads of their own, one of a kind across all replicas, and lets anybody wait for any job's end.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/job.h"
#include "service/job_store.h"

namespace repopulse {

// What a job's work sees. Belongs to the job's thread.
class JobContext {
 public:
  JobContext(JobLease& lease, std::string argument, const Clock& clock, std::stop_token stop)
      : lease_(lease), argument_(std::move(argument)), clock_(clock), stop_(std::move(stop)) {}

  [[nodiscard]] std::stop_token stop() const { return stop_; }
  [[nodiscard]] const std::string& argument() const { return argument_; }
  void Add(const std::string& count, int64_t by = 1);
  // Says what is being done, and that the leader lives. kCancelled: the lease is lost or the process stops; stop
  // working.
  Status Step(std::string step);
  // Sleeps, but ends early when the process stops (kCancelled) and keeps the lease alive meanwhile.
  Status Sleep(std::chrono::milliseconds duration);
  [[nodiscard]] const JobProgress& progress() const { return progress_; }

 private:
  JobLease& lease_;
  const std::string argument_;
  const Clock& clock_;
  std::stop_token stop_;
  JobProgress progress_;
};

// Thread-safe.
class JobRunner {
 public:
  using Work = std::function<Status(JobContext&)>;
  struct Started {
    JobId id;
    bool joined = false;  // it was running already
  };

  JobRunner(JobStore& store, const Clock& clock, std::string replica);
  // Join(); each job gives up within its current request.
  ~JobRunner();

  // Before any Start().
  void Register(JobKind kind, Work work) { work_[kind] = std::move(work); }

  // `argument`: what to do, for kinds that need telling. kConflict: one with another argument is under way.
  Result<Started> Start(JobKind kind, const std::string& argument = "");
  Result<std::optional<Job>> Find(JobId id) { return store_.Find(id); }
  Result<std::vector<Job>> Recent(size_t limit) { return store_.Recent(limit); }
  // The job when it has ended, or as it is at the deadline or when the process stops.
  Result<Job> Wait(JobId id, std::chrono::milliseconds deadline, const std::stop_token& stop = {});
  // No new jobs; running ones are asked to stop. Idempotent.
  void Stop();
  // Stop(), and waits for the running ones: afterwards nothing that jobs use is used any more.
  void Join();

 private:
  void Run(JobKind kind, const std::string& argument, JobLease& lease, std::stop_token stop);

  JobStore& store_;
  const Clock& clock_;
  const std::string replica_;
  std::map<JobKind, Work> work_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool stopping_ = false;
  std::map<JobKind, std::jthread> threads_;  // the last run of each kind, finished or not
};

}  // namespace repopulse
