// What each kind of job does. The one place that knows the maintenance endpoints' work.
#pragma once

#include <chrono>
#include <vector>

#include "base/clock.h"
#include "domain/names.h"
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
  TopicCollector& collector;
  Warmer& warmer;
  std::vector<TopicName> configured_topics;
};

// Registers all kinds with `runner`; `parts` and `runner` must outlive its jobs.
//   bootstrap      schema, the configured topics, then collect and refresh-cache as jobs of their own
//   collect        topics that are due
//   refresh-cache  the hot answers of every tracked topic
//   prune          old job rows and forgotten sweeps
void RegisterJobs(JobRunner& runner, const JobParts& parts);

}  // namespace repopulse
