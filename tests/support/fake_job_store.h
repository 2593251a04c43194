// Jobs and their leases in memory. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "service/job_store.h"

namespace repopulse::test {

class FakeJobStore final : public JobStore {
 public:
  // Another replica holds the lease of this kind; its job stays as running until EndElsewhere().
  JobId RunElsewhere(JobKind kind, TimePoint now, const std::string& argument = "") {
    const std::lock_guard lock(mutex_);
    const JobId id = Add(kind, argument, "other", now);
    held_[kind] = id;
    return id;
  }
  void EndElsewhere(JobKind kind, const std::optional<Error>& error, TimePoint now) {
    const std::lock_guard lock(mutex_);
    End(held_.at(kind), {}, error, now);
    held_.erase(kind);
  }
  // From now on every heartbeat says that the lease is lost.
  void LoseLeases() {
    const std::lock_guard lock(mutex_);
    lost_ = true;
  }
  void FailWith(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    failing_ = std::move(error);
  }
  // Runs at each heartbeat, without the lock.
  void OnHeartbeat(std::function<void()> hook) { hook_ = std::move(hook); }
  [[nodiscard]] std::vector<std::string> steps() const {
    const std::lock_guard lock(mutex_);
    return steps_;
  }
  [[nodiscard]] bool IsHeld(JobKind kind) const {
    const std::lock_guard lock(mutex_);
    return held_.contains(kind);
  }
  // How often a start met a job under way.
  [[nodiscard]] int joins() const {
    const std::lock_guard lock(mutex_);
    return joins_;
  }
  [[nodiscard]] std::vector<JobKind> started() const {
    const std::lock_guard lock(mutex_);
    std::vector<JobKind> kinds;
    for (const auto& [id, job] : jobs_) kinds.push_back(job.kind);
    return kinds;
  }

  Result<JobStart> Start(JobKind kind, const std::string& argument, const std::string& replica,
                         TimePoint now) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    if (const auto it = held_.find(kind); it != held_.end()) {
      if (jobs_.at(it->second).argument != argument) return Fail(ErrorCode::kConflict, "another argument");
      ++joins_;
      return JobStart{it->second, nullptr};
    }
    const JobId id = Add(kind, argument, replica, now);
    held_[kind] = id;
    return JobStart{id, std::make_unique<Lease>(*this, kind, id)};
  }
  Result<std::optional<Job>> Find(JobId id) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    const auto it = jobs_.find(id);
    return it == jobs_.end() ? std::nullopt : std::optional(it->second);
  }
  Result<std::vector<Job>> Recent(size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<Job> jobs;
    for (auto it = jobs_.rbegin(); it != jobs_.rend() && jobs.size() < limit; ++it) jobs.push_back(it->second);
    return jobs;
  }
  Result<int64_t> Prune(TimePoint before) override {
    const std::lock_guard lock(mutex_);
    return static_cast<int64_t>(std::erase_if(
        jobs_, [before](const auto& entry) { return entry.second.finished_at && *entry.second.finished_at < before; }));
  }

 private:
  class Lease final : public JobLease {
   public:
    Lease(FakeJobStore& store, JobKind kind, JobId id) : store_(store), kind_(kind), id_(id) {}
    ~Lease() override {
      const std::lock_guard lock(store_.mutex_);
      Release();
    }
    [[nodiscard]] JobId id() const override { return id_; }
    Status Heartbeat(const JobProgress& progress, TimePoint now) override {
      if (store_.hook_) store_.hook_();
      const std::lock_guard lock(store_.mutex_);
      if (store_.lost_) return Fail(ErrorCode::kCancelled, "the lease is lost");
      Job& job = store_.jobs_.at(id_);
      job.progress = progress;
      job.heartbeat_at = now;
      if (store_.steps_.empty() || store_.steps_.back() != progress.step) store_.steps_.push_back(progress.step);
      return {};
    }
    Status Finish(const JobProgress& progress, const std::optional<Error>& error, TimePoint now) override {
      const std::lock_guard lock(store_.mutex_);
      store_.End(id_, progress, error, now);
      Release();  // nobody joins a job that has ended
      return {};
    }

   private:
    void Release() {
      const auto it = store_.held_.find(kind_);
      if (it != store_.held_.end() && it->second == id_) store_.held_.erase(it);
    }

    FakeJobStore& store_;
    const JobKind kind_;
    const JobId id_;
  };

  JobId Add(JobKind kind, const std::string& argument, const std::string& replica, TimePoint now) {
    const JobId id{static_cast<int64_t>(jobs_.size()) + 1};
    jobs_[id] = Job{.id = id,
                    .kind = kind,
                    .argument = argument,
                    .replica = replica,
                    .started_at = now,
                    .heartbeat_at = now,
                    .finished_at = {},
                    .progress = {},
                    .error = {}};
    return id;
  }
  void End(JobId id, const JobProgress& progress, const std::optional<Error>& error, TimePoint now) {
    Job& job = jobs_.at(id);
    job.state = error ? JobState::kFailed : JobState::kSucceeded;
    job.progress = progress;
    job.error = error;
    job.finished_at = now;
  }

  mutable std::mutex mutex_;
  std::map<JobId, Job> jobs_;
  std::map<JobKind, JobId> held_;
  std::vector<std::string> steps_;
  std::optional<Error> failing_;
  std::function<void()> hook_;
  bool lost_ = false;
  int joins_ = 0;
};

}  // namespace repopulse::test
