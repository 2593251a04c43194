#include "service/job_runner.h"

#include <algorithm>
#include <exception>
#include <vector>

#include "base/log.h"

namespace repopulse {
namespace {

constexpr std::chrono::milliseconds kPoll{200};  // another replica's job tells nobody of its end but the database
constexpr std::chrono::seconds kHeartbeat{5};

}  // namespace

void JobContext::Add(const std::string& count, int64_t by) {
  const auto it = std::ranges::find(progress_.counts, count, &JobCount::name);
  if (it == progress_.counts.end()) {
    progress_.counts.push_back({count, by});
  } else {
    it->value += by;
  }
}

Status JobContext::Step(std::string step) {
  if (stop_.stop_requested()) return Fail(ErrorCode::kCancelled, "the replica is stopping");
  progress_.step = std::move(step);
  return lease_.Heartbeat(progress_, clock_.Now());
}

Status JobContext::Sleep(std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  const auto until = clock_.SteadyNow() + duration;
  while (clock_.SteadyNow() < until) {
    std::unique_lock lock(mutex);
    const auto next = std::min(until, clock_.SteadyNow() + kHeartbeat);
    stopped.wait_until(lock, stop_, next, [] { return false; });
    lock.unlock();
    if (auto alive = Step(progress_.step); !alive) return alive;
  }
  return {};
}

JobRunner::JobRunner(JobStore& store, const Clock& clock, std::string replica)
    : store_(store), clock_(clock), replica_(std::move(replica)) {}

JobRunner::~JobRunner() { Join(); }

void JobRunner::Join() {
  Stop();
  std::map<JobKind, std::jthread> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(threads_);
  }
  ending.clear();  // joins outside the lock: a job may be asking this runner something
}

void JobRunner::Stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (auto& [kind, thread] : threads_) thread.request_stop();
  ended_.notify_all();
}

Result<JobRunner::Started> JobRunner::Start(JobKind kind, const std::string& argument) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return Fail(ErrorCode::kUnavailable, "this replica is stopping");
  auto start = store_.Start(kind, argument, replica_, clock_.Now());
  if (!start && start.error().code == ErrorCode::kConflict) return tl::make_unexpected(start.error());  // for clients
  if (!start) return WithContext("starting " + std::string(ToString(kind)), start.error());
  if (!start->lease) return Started{start->id, true};
  const JobId id = start->id;
  // Assigning joins the thread of the run before; its lease is free, so it has nothing left to do.
  threads_[kind] = std::jthread(
      [this, kind, argument, lease = std::shared_ptr<JobLease>(std::move(start->lease))](std::stop_token stop) mutable {
        Run(kind, argument, *lease, std::move(stop));
        lease.reset();
        ended_.notify_all();
      });
  return Started{id, false};
}

void JobRunner::Run(JobKind kind, const std::string& argument, JobLease& lease, std::stop_token stop) {
  const auto begin = clock_.SteadyNow();
  LogInfo("job_started", {{"kind", ToString(kind)}, {"job", lease.id().value}});
  JobContext context(lease, argument, clock_, std::move(stop));
  Status result;
  try {
    result = work_.at(kind)(context);
  } catch (const std::exception& e) {
    result = Fail(ErrorCode::kInternal, e.what());
  } catch (...) {  // whatever leaves here would end the process
    result = Fail(ErrorCode::kInternal, "the job threw");
  }
  const auto error = result ? std::nullopt : std::optional(result.error());
  const auto finished = lease.Finish(context.progress(), error, clock_.Now());
  const double seconds = std::chrono::duration<double>(clock_.SteadyNow() - begin).count();
  if (error) {
    LogWarn("job_failed", {{"kind", ToString(kind)},
                           {"job", lease.id().value},
                           {"seconds", seconds},
                           {"code", ToString(error->code)},
                           {"error", error->message}});
  } else {
    LogInfo(
        "job_succeeded",
        {{"kind", ToString(kind)}, {"job", lease.id().value}, {"seconds", seconds}, {"step", context.progress().step}});
  }
  if (!finished) LogWarn("job_end_not_recorded", {{"job", lease.id().value}, {"error", finished.error().message}});
}

Result<Job> JobRunner::Wait(JobId id, std::chrono::milliseconds deadline, const std::stop_token& stop) {
  const auto until = clock_.SteadyNow() + deadline;
  for (;;) {
    auto job = store_.Find(id);
    if (!job) return tl::make_unexpected(std::move(job.error()));
    if (!*job) return Fail(ErrorCode::kNotFound, "no such job");
    const auto now = clock_.SteadyNow();
    std::unique_lock lock(mutex_);
    if ((*job)->state != JobState::kRunning || now >= until || stopping_ || stop.stop_requested()) return **job;
    ended_.wait_until(lock, std::min(until, now + kPoll));
  }
}

}  // namespace repopulse
