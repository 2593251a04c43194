// Collects what is due of the tracked topics from GitHub's search, page by page, within the rate budget.
//
// Each page is stored with the plan that follows it, so a run that is cut off (a limit, a crash, a stop) loses at most
// one request and the next run goes on there. What is served changes only when a sweep is published.
#pragma once

#include <chrono>
#include <functional>

#include "base/clock.h"
#include "base/result.h"
#include "domain/topic.h"
#include "service/github_gate.h"
#include "service/job_runner.h"
#include "service/topic_store.h"

namespace repopulse {

class TopicCollector {
 public:
  struct Options {
    std::chrono::seconds topic_interval{3600};
    std::chrono::milliseconds retry_pause{1000};
  };
  // Called after a topic's served state changed, on the job's thread.
  using OnPublished = std::function<void(const TopicName&)>;

  TopicCollector(TopicStore& topics, GitHubGate& github, const Clock& clock, Options options, OnPublished on_published);

  // Fails where no topic could be collected for a reason other than a limit; the reason is also kept with the topic.
  // No request is sent after `deadline`.
  Status Run(JobContext& job, SteadyTime deadline);

 private:
  enum class Turn { kContinue, kDone, kStopRun };
  struct RunState;

  Result<Turn> CollectSome(JobContext& job, RunState& run, Topic& topic);
  Result<SearchPage> FetchPage(JobContext& job, RunState& run, const std::string& query, int page);
  Status Publish(JobContext& job, const Topic& topic, const Sweep& sweep, bool whole);
  Result<Turn> GiveUp(JobContext& job, RunState& run, const Topic& topic, const Error& error);

  TopicStore& topics_;
  GitHubGate& github_;
  const Clock& clock_;
  const Options options_;
  const OnPublished on_published_;
};

}  // namespace repopulse
