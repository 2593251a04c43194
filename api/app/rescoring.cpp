#include "app/rescoring.h"

#include <chrono>

#include "service/job_runner.h"

namespace repopulse {
namespace {

constexpr std::chrono::seconds kTime{60};

// Work that is no job of the database's has nobody to tell its progress.
class NoLease final : public JobLease {
 public:
  [[nodiscard]] JobId id() const override { return {}; }
  Status Heartbeat(const JobProgress&, TimePoint) override { return {}; }
  Status Finish(const JobProgress&, const std::optional<Error>&, TimePoint) override { return {}; }
};

int64_t Scored(const JobContext& job) {
  int64_t scored = 0;
  for (const JobCount& count : job.progress().counts) scored += count.value;
  return scored;
}

}  // namespace

Status RescoreActivity(ActivityScorer& scorer, const Clock& clock, const std::vector<RepositoryId>& touched,
                       const std::stop_token& stop) {
  NoLease lease;
  JobContext job(lease, "", clock, stop);
  const auto deadline = clock.SteadyNow() + kTime;
  for (int64_t before = -1; before != Scored(job);) {
    before = Scored(job);
    if (auto scored = scorer.Run(job, touched, deadline); !scored) return scored;
  }
  return {};
}

}  // namespace repopulse
