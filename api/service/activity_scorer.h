// Keeps the activity scores of repositories up to date: at once where events came in, and within the hour elsewhere, as
// the window moves on.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"
#include "service/event_store.h"
#include "service/job_runner.h"

namespace repopulse {

class ActivityScorer {
 public:
  ActivityScorer(EventStore& events, const Clock& clock) : events_(events), clock_(clock) {}

  // `touched`: who has new events. What is not reached by the deadline, or beyond a bounded number, is due at the next
  // run. The number of scores is added to the job's counts.
  Status Run(JobContext& job, const std::vector<RepositoryId>& touched, SteadyTime deadline);

 private:
  Status ScoreDue(JobContext& job, const std::vector<RepositoryId>& among, TimePoint computed_before, size_t limit,
                  SteadyTime deadline);

  EventStore& events_;
  const Clock& clock_;
};

}  // namespace repopulse
