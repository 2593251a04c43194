#include "service/topic_collector.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "base/time_format.h"

namespace repopulse {
namespace {

constexpr size_t kDueMax = 1000;
constexpr int kAttempts = 3;
// A sweep interrupted for longer than this is begun anew: its first pages no longer fit its last.
constexpr std::chrono::hours kSweepTooOld{6};
// After errors a topic is due again at the next tick, not before.
constexpr std::chrono::seconds kAfterError{30};
// GitHub asks to stop on repeated errors; so many failed topics in a row end the run.
constexpr int kFailuresMax = 3;

bool IsTransient(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout || code == ErrorCode::kMalformed;
}

SearchFacts FactsOf(const SearchPage& page) {
  SearchFacts facts{.total_count = page.total_count,
                    .delivered = page.delivered,
                    .stars_lowest = {},
                    .has_next = page.has_next,
                    .incomplete_results = page.incomplete_results};
  for (const Repository& repository : page.items) {
    facts.stars_lowest =
        std::min(facts.stars_lowest.value_or(repository.stargazers_count), repository.stargazers_count);
  }
  return facts;
}

}  // namespace

struct TopicCollector::RunState {
  SteadyTime deadline;
  int failures_in_row = 0;
  int64_t collected = 0;  // topics brought further
  std::optional<Error> last_error;
};

TopicCollector::TopicCollector(TopicStore& topics, GitHubGate& github, const Clock& clock, Options options,
                               OnPublished on_published)
    : topics_(topics), github_(github), clock_(clock), options_(options), on_published_(std::move(on_published)) {}

Status TopicCollector::Run(JobContext& job, SteadyTime deadline) {
  RunState run{.deadline = deadline, .last_error = {}};
  auto due = topics_.Due(clock_.Now(), kDueMax);
  if (!due) return WithContext("finding topics that are due", due.error());
  std::vector<Topic> waiting = *std::move(due);
  job.Add("topics_due", static_cast<int64_t>(waiting.size()));
  // In turns, one range of results each, so that a huge topic does not keep the others waiting.
  while (!waiting.empty()) {
    std::vector<Topic> unfinished;
    for (Topic& topic : waiting) {
      if (clock_.SteadyNow() >= run.deadline) return job.Step("out of time: goes on at the next tick");
      auto turn = CollectSome(job, run, topic);
      if (!turn) return tl::make_unexpected(std::move(turn.error()));
      if (*turn == Turn::kStopRun) {
        if (run.last_error && run.collected == 0) return tl::make_unexpected(*run.last_error);
        return {};
      }
      if (*turn == Turn::kContinue) unfinished.push_back(topic);
    }
    waiting = std::move(unfinished);
  }
  if (run.last_error && run.collected == 0) return tl::make_unexpected(*run.last_error);
  return job.Step("all due topics are collected");
}

// Reads pages until the current range of the topic's sweep is done.
Result<TopicCollector::Turn> TopicCollector::CollectSome(JobContext& job, RunState& run, Topic& topic) {
  auto opened = topics_.OpenSweep(topic.id, clock_.Now(), clock_.Now() - kSweepTooOld);
  if (!opened) return WithContext("opening the sweep of " + topic.name.str(), opened.error());
  Sweep sweep = *std::move(opened);
  while (!IsDone(sweep.plan)) {
    if (auto alive =
            job.Step("collecting topic " + topic.name.str() + ", answer " + std::to_string(sweep.plan.requests + 1));
        !alive) {
      return tl::make_unexpected(std::move(alive.error()));
    }
    const std::string query = SearchText(topic.name, sweep.plan.pending.back());
    auto page = FetchPage(job, run, query, sweep.plan.page);
    if (!page) return GiveUp(job, run, topic, page.error());
    job.Add("malformed", page->malformed);
    job.Add("repositories_read", static_cast<int64_t>(page->items.size()));
    const SweepPlan next = Advance(sweep.plan, FactsOf(*page), clock_.Now());
    if (auto stored = topics_.StorePage(sweep, next, page->items, clock_.Now()); !stored) {
      if (stored.error().code == ErrorCode::kConflict) return Turn::kDone;  // another collector has this topic
      return WithContext("storing a page of " + topic.name.str(), stored.error());
    }
    sweep.plan = next;
    ++sweep.step;
    run.failures_in_row = 0;
    if (IsDone(next) || next.page == 1) break;  // a range is done: the others' turn
    if (clock_.SteadyNow() >= run.deadline) return Turn::kContinue;
  }
  const bool whole = IsDone(sweep.plan);
  // A new topic is served from its first range on, its thousand most starred; after that only whole sweeps are.
  if (whole || !topic.published_at) {
    if (auto published = Publish(job, topic, sweep, whole); !published) {
      if (published.error().code == ErrorCode::kConflict) return Turn::kDone;
      return tl::make_unexpected(std::move(published.error()));
    }
    topic.published_at = clock_.Now();
  }
  ++run.collected;
  return whole ? Turn::kDone : Turn::kContinue;
}

// One page, asked for again after passing errors, and after limits that end within this run.
Result<SearchPage> TopicCollector::FetchPage(JobContext& job, RunState& run, const std::string& query, int page) {
  for (int attempt = 1;;) {
    auto fetched = github_.SearchRepositories(query, page, job.stop());
    if (fetched) {
      job.Add("requests");
      return fetched;
    }
    const Error& error = fetched.error();
    const bool limited = error.code == ErrorCode::kRateLimited;
    if (!limited && !IsTransient(error.code)) return fetched;
    if (!limited && attempt++ == kAttempts) return fetched;
    const std::chrono::milliseconds pause =
        limited ? std::max(error.retry_after.value_or(std::chrono::seconds{60}), std::chrono::seconds{1})
                : options_.retry_pause * (attempt - 1);
    if (clock_.SteadyNow() + pause >= run.deadline) return fetched;
    if (limited) {
      if (auto told = job.Step("waiting for GitHub's limit"); !told)
        return tl::make_unexpected(std::move(told.error()));
    }
    job.Add(limited ? "limit_waits" : "retries");
    if (auto slept = job.Sleep(pause); !slept) return tl::make_unexpected(std::move(slept.error()));
  }
}

Status TopicCollector::Publish(JobContext& job, const Topic& topic, const Sweep& sweep, bool whole) {
  const TimePoint now = clock_.Now();
  // What GitHub cut short is asked for again sooner; what is not whole goes on at once.
  const auto pause = !whole                  ? std::chrono::seconds{0}
                     : sweep.plan.incomplete ? options_.topic_interval / 2
                                             : options_.topic_interval;
  auto published = topics_.PublishSweep(sweep, whole, now, now + pause);
  if (!published) return WithContext("publishing " + topic.name.str(), published.error());
  job.Add("topics_published");
  LogInfo("topic_published", {{"topic", topic.name.str()},
                              {"whole", whole},
                              {"repositories", published->repositories},
                              {"joined", published->joined},
                              {"left", published->left},
                              {"renamed", published->renamed},
                              {"requests", sweep.plan.requests}});
  on_published_(topic.name);
  return {};
}

// A topic that cannot be brought further now. What it has so far is kept; the run goes on with the others where that
// makes sense.
Result<TopicCollector::Turn> TopicCollector::GiveUp(JobContext& job, RunState& run, const Topic& topic,
                                                    const Error& error) {
  if (error.code == ErrorCode::kCancelled) return tl::make_unexpected(error);
  if (error.code == ErrorCode::kRateLimited) {
    const auto wait = error.retry_after.value_or(std::chrono::seconds{60});
    const auto told = job.Step("GitHub's limit: goes on after " + FormatRfc3339(clock_.Now() + wait));
    if (!told) return tl::make_unexpected(told.error());
    return Turn::kStopRun;  // the bucket is the same for all topics
  }
  LogWarn("topic_not_collected",
          {{"topic", topic.name.str()}, {"code", ToString(error.code)}, {"error", error.message}});
  run.last_error = Error{error.code, "topic " + topic.name.str() + ": " + error.message};
  ++run.failures_in_row;
  job.Add("topics_failed");
  const bool passing = IsTransient(error.code) || error.code == ErrorCode::kUnauthorized;
  const auto pause = passing ? kAfterError : options_.topic_interval;
  const auto kept = topics_.Reschedule(topic.id, clock_.Now() + pause, error.message);
  if (!kept) return WithContext("rescheduling " + topic.name.str(), kept.error());
  if (error.code == ErrorCode::kUnauthorized || run.failures_in_row >= kFailuresMax) return Turn::kStopRun;
  return Turn::kDone;
}

}  // namespace repopulse
