// What each kind of job does. The one place that knows the maintenance endpoints' work.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "domain/names.h"
#include "service/activity_scorer.h"
#include "service/event_collector.h"
#include "service/event_store.h"
#include "service/job_runner.h"
#include "service/job_store.h"
#include "service/schema.h"
#include "service/topic_collector.h"
#include "service/topic_store.h"
#include "service/warmer.h"

namespace repopulse {

struct JobParts {
  const Clock& clock;
  Schema& schema;
  TopicStore& topics;
  JobStore& jobs;
  EventStore& events;
  TopicCollector& collector;
  EventCollector& event_collector;
  ActivityScorer& scorer;
  Warmer& warmer;
  std::vector<TopicName> configured_topics;
  std::chrono::days retention{90};  // of events
  // Called after events were added or dropped, at most once a run, on the job's thread.
  std::function<void()> on_events_changed;
  bool collect = true;  // false: bootstrap does not collect
  // Takes the hour of GH Archive that the job's argument names (service/import_job.h).
  JobRunner::Work import_hour = [](JobContext&) { return Fail(ErrorCode::kInternal, "imports are not set up"); };
};

// Registers all kinds with `runner`; `parts` and `runner` must outlive its jobs.
//   bootstrap      schema, the configured topics, then collect (where wanted) and refresh-cache as jobs of their own
//   collect        topics, then feeds of events, that are due, then activity scores; within a minute
//   refresh-cache  the hot answers of every tracked topic
//   import         an hour of GH Archive
//   prune          puts the counts of past days together, then drops old events, job rows and forgotten sweeps
void RegisterJobs(JobRunner& runner, const JobParts& parts);

}  // namespace repopulse
