#include "service/jobs.h"

#include "base/log.h"

namespace repopulse {
namespace {

constexpr std::chrono::hours kJobsKept{24 * 30};
constexpr std::chrono::seconds kChildJobTime{120};

// Runs a job of another kind as part of this one, or joins the one under way, and waits for its end.
Status RunChild(JobRunner& runner, JobContext& job, JobKind kind) {
  if (auto told = job.Step("running " + std::string(ToString(kind))); !told) return told;
  auto started = runner.Start(kind);
  if (!started) return tl::make_unexpected(std::move(started.error()));
  auto ended = runner.Wait(started->id, kChildJobTime, job.stop());
  if (!ended) return tl::make_unexpected(std::move(ended.error()));
  if (ended->error) return WithContext(ToString(kind), *ended->error);
  return {};
}

Status Bootstrap(JobRunner& runner, const JobParts& parts, JobContext& job) {
  auto applied = parts.schema.MigrateUp();
  if (!applied) return WithContext("migrating the schema", applied.error());
  job.Add("migrations_applied", static_cast<int64_t>(applied->size()));
  if (auto synced = parts.topics.SyncConfigured(parts.configured_topics, parts.clock.Now()); !synced) {
    return WithContext("tracking the configured topics", synced.error());
  }
  job.Add("topics_configured", static_cast<int64_t>(parts.configured_topics.size()));
  if (auto collected = RunChild(runner, job, JobKind::kCollect); !collected) return collected;
  if (auto refreshed = RunChild(runner, job, JobKind::kRefreshCache); !refreshed) return refreshed;
  return job.Step("ready");
}

Status RefreshCache(const JobParts& parts, JobContext& job) {
  auto topics = parts.topics.List();
  if (!topics) return WithContext("listing topics", topics.error());
  for (const Topic& topic : *topics) {
    if (auto told = job.Step("refreshing topic " + topic.name.str()); !told) return told;
    auto made = parts.warmer.WarmTopic(topic.name);
    if (!made) return WithContext("refreshing topic " + topic.name.str(), made.error());
    job.Add("answers", *made);
  }
  auto made = parts.warmer.WarmCommon();
  if (!made) return WithContext("refreshing common answers", made.error());
  job.Add("answers", *made);
  return job.Step("all hot answers are refreshed");
}

Status Prune(const JobParts& parts, JobContext& job) {
  auto removed = parts.jobs.Prune(parts.clock.Now() - kJobsKept);
  if (!removed) return WithContext("pruning", removed.error());
  job.Add("rows_removed", *removed);
  return job.Step("old job records are removed");
}

}  // namespace

void RegisterJobs(JobRunner& runner, const JobParts& parts) {
  runner.Register(JobKind::kBootstrap, [&runner, parts](JobContext& job) { return Bootstrap(runner, parts, job); });
  runner.Register(JobKind::kCollect, [parts](JobContext& job) { return parts.collector.Run(job); });
  runner.Register(JobKind::kRefreshCache, [parts](JobContext& job) { return RefreshCache(parts, job); });
  runner.Register(JobKind::kPrune, [parts](JobContext& job) { return Prune(parts, job); });
}

}  // namespace repopulse
