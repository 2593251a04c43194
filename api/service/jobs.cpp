#include "service/jobs.h"

#include <algorithm>
#include <deque>
#include <future>
#include <string_view>

#include "base/time_format.h"

namespace repopulse {
namespace {

constexpr std::chrono::hours kJobsKept{24 * 30};
constexpr std::chrono::seconds kChildJobTime{120};
// As many as keep two processors busy; the pool of connections has others for requests.
constexpr size_t kTopicsRefreshedAtOnce = 2;
// Of a collecting run, from its start: cron starts the next one after a minute. Requests under way may take until then.
constexpr std::chrono::seconds kTopicsTimeShared{25};  // where feeds of events are waiting too
constexpr std::chrono::seconds kCollectTime{50};
constexpr std::chrono::seconds kScoresTime{54};

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
  if (parts.collect) {
    if (auto collected = RunChild(runner, job, JobKind::kCollect); !collected) return collected;
  }
  if (auto refreshed = RunChild(runner, job, JobKind::kRefreshCache); !refreshed) return refreshed;
  return job.Step("ready");
}

// Some topics at once: while one's rows are read, another's answers are rendered and compressed.
Status RefreshTopics(const JobParts& parts, JobContext& job, const std::vector<Topic>& topics) {
  struct UnderWay {
    const TopicName& topic;
    std::future<Result<int>> made;
  };
  std::deque<UnderWay> under_way;
  const auto end_first = [&]() -> Status {
    const TopicName& topic = under_way.front().topic;
    auto made = under_way.front().made.get();
    under_way.pop_front();
    if (!made) return WithContext("refreshing topic " + topic.str(), std::move(made.error()));
    job.Add("answers", *made);
    return {};
  };
  for (const Topic& topic : topics) {
    if (auto told = job.Step("refreshing topic " + topic.name.str()); !told) return told;
    if (under_way.size() == kTopicsRefreshedAtOnce) {
      if (auto ended = end_first(); !ended) return ended;
    }
    under_way.push_back({topic.name, std::async(std::launch::async, [&parts, &name = topic.name] {
                           return parts.warmer.WarmTopic(name);
                         })});
  }
  while (!under_way.empty()) {
    if (auto ended = end_first(); !ended) return ended;
  }
  return {};
}

Status RefreshCache(const JobParts& parts, JobContext& job) {
  auto topics = parts.topics.List();
  if (!topics) return WithContext("listing topics", topics.error());
  if (auto refreshed = RefreshTopics(parts, job, *topics); !refreshed) return refreshed;
  auto made = parts.warmer.WarmCommon();
  if (!made) return WithContext("refreshing common answers", made.error());
  job.Add("answers", *made);
  return job.Step("all hot answers are refreshed");
}

int64_t CountOf(const JobContext& job, std::string_view name) {
  const auto& counts = job.progress().counts;
  const auto it = std::ranges::find(counts, name, &JobCount::name);
  return it == counts.end() ? 0 : it->value;
}

// Topics and feeds fail on their own: what one of them cannot do does not keep the other from its work. The run fails
// where neither got anything.
Status Collect(const JobParts& parts, JobContext& job) {
  const SteadyTime begin = parts.clock.SteadyNow();
  const auto events_due = parts.event_collector.IsDue();
  const bool shared = !events_due || *events_due;
  auto topics = parts.collector.Run(job, begin + (shared ? kTopicsTimeShared : kCollectTime));
  if (!topics && topics.error().code == ErrorCode::kCancelled) return topics;
  const bool topics_answered = CountOf(job, "requests") > 0;
  const std::string topics_step = job.progress().step;

  const auto events = parts.event_collector.Run(job, begin + kCollectTime);
  if (events.added > 0 && parts.on_events_changed) parts.on_events_changed();
  if (events.error && events.error->code == ErrorCode::kCancelled) return tl::make_unexpected(*events.error);

  auto scored = parts.scorer.Run(job, events.touched, begin + kScoresTime);
  if (!topics && events.answered == 0) return topics;
  if (events.error && events.answered == 0 && !topics_answered) return tl::make_unexpected(*events.error);
  if (!scored) return scored;
  return job.Step(topics_step + "; " + job.progress().step);  // how both of them ended
}

Status FoldDays(const JobParts& parts, JobContext& job) {
  Status told;
  const auto folded = parts.events.FoldDays(DayOf(parts.clock.Now()), [&](std::chrono::sys_days day) {
    told = job.Step("folding the counts of " + FormatDay(day));
    return told.has_value();
  });
  if (!folded) return WithContext("folding past days", folded.error());
  job.Add("days_folded", folded->days);
  job.Add("rollups_folded", folded->rows_removed);
  return told;
}

Status DropOld(const JobParts& parts, JobContext& job) {
  const TimePoint now = parts.clock.Now();
  auto removed = parts.jobs.Prune(now - kJobsKept);
  if (!removed) return WithContext("pruning", removed.error());
  job.Add("rows_removed", *removed);
  if (auto told = job.Step("dropping old events"); !told) return told;
  auto events = parts.events.Prune(now - parts.retention);
  if (!events) return WithContext("pruning events", events.error());
  job.Add("rows_removed", events->rows_removed);
  job.Add("event_days_dropped", events->days_dropped);
  if (events->days_dropped > 0 && parts.on_events_changed) parts.on_events_changed();
  return job.Step("old events and job records are removed");
}

// Days are folded before they are dropped: of one that is gone nobody would look for what could be. What fails there
// keeps nothing from being dropped.
Status Prune(const JobParts& parts, JobContext& job) {
  auto folded = FoldDays(parts, job);
  if (!folded && folded.error().code == ErrorCode::kCancelled) return folded;
  auto dropped = DropOld(parts, job);
  return dropped ? folded : dropped;
}

}  // namespace

void RegisterJobs(JobRunner& runner, const JobParts& parts) {
  runner.Register(JobKind::kBootstrap, [&runner, parts](JobContext& job) { return Bootstrap(runner, parts, job); });
  runner.Register(JobKind::kCollect, [parts](JobContext& job) { return Collect(parts, job); });
  runner.Register(JobKind::kRefreshCache, [parts](JobContext& job) { return RefreshCache(parts, job); });
  runner.Register(JobKind::kImport, parts.import_hour);
  runner.Register(JobKind::kPrune, [parts](JobContext& job) { return Prune(parts, job); });
}

}  // namespace repopulse
