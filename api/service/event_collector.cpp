#include "service/event_collector.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/time_format.h"

namespace repopulse {
namespace {

constexpr size_t kDueMax = 1000;
constexpr size_t kNamesMax = 100;
// GitHub asks to stop on repeated errors; so many failed polls in a row end the run.
constexpr int kFailuresMax = 3;
// What one run polls a source at most, so that a store that does not learn of it cannot keep the run busy.
constexpr int kPollsOfASourceMax = 3;
// From a run's deadline until the next run can poll: the rest of the minute, and some time for its start.
constexpr std::chrono::seconds kUntilNextRun{15};

}  // namespace

struct EventCollector::RunState {
  GitHubTurn turn;
  Summary summary;
  std::set<RepositoryId> active;
  std::set<RepositoryId> touched;
  std::map<int64_t, int> polls;  // of each source
  int failures_in_row = 0;
  bool stopped = false;

  // Where our own side fails, or the job is to stop, the run cannot go on.
  [[nodiscard]] bool IsOver() const { return stopped || turn.IsOver(); }
};

EventCollector::EventCollector(EventStore& events, SourceStore& sources, RepositoryStore& repositories,
                               GitHubGate& github, const Clock& clock, Options options)
    : sources_(sources),
      clock_(clock),
      options_(std::move(options)),
      feeds_(events, sources, repositories, github, clock),
      details_(sources, repositories, github, clock, options_.details_interval) {}

Result<bool> EventCollector::IsDue() {
  auto due = sources_.Due(clock_.Now(), 1);
  if (!due) return WithContext("finding event sources that are due", due.error());
  return !due->empty();
}

EventCollector::Summary EventCollector::Run(JobContext& job, SteadyTime deadline) {
  RunState run{.turn = {.job = job, .clock = clock_, .deadline = deadline, .retry_pause = options_.retry_pause},
               .summary = {},
               .active = {},
               .touched = {},
               .polls = {}};
  auto done = Prepare(run);
  if (done) done = ResolveNames(run);
  // Anew, as a name that was resolved is active from now on.
  if (done) done = PollDue(run);
  if (!done) run.summary.error = std::move(done.error());
  run.summary.touched.assign(run.touched.begin(), run.touched.end());
  return std::move(run.summary);
}

// Brings what is watched in line with the settings and the rankings.
Status EventCollector::Prepare(RunState& run) {
  const TimePoint now = clock_.Now();
  if (auto alive = run.turn.job.Step("finding what is to be watched"); !alive) return alive;
  if (auto synced = sources_.SyncConfigured(options_.track, now); !synced) {
    return WithContext("tracking the configured repositories", synced.error());
  }
  if (auto enabled = sources_.EnableFirehose(options_.firehose, now); !enabled) {
    return WithContext("enabling the firehose", enabled.error());
  }
  if (auto synced = sources_.SyncTop(options_.track_top, options_.active_max, now); !synced) {
    return WithContext("tracking the first of each topic", synced.error());
  }
  return {};
}

Status EventCollector::ResolveNames(RunState& run) {
  auto names = sources_.UnresolvedNames(clock_.Now(), kNamesMax);
  if (!names) return WithContext("finding unresolved names", names.error());
  for (const RepositoryName& name : *names) {
    if (run.IsOver()) break;
    if (auto alive = run.turn.job.Step("looking up " + name.full()); !alive) return alive;
    auto resolved = details_.Resolve(run.turn, name);
    if (!resolved) return tl::make_unexpected(std::move(resolved.error()));
    if (resolved->answered) ++run.summary.answered;
    Judge(run, nullptr, resolved->error);
  }
  return {};
}

Status EventCollector::PollDue(RunState& run) {
  auto tracked = sources_.ListTracked(true);
  if (!tracked) return WithContext("listing tracked repositories", tracked.error());
  for (const TrackedRepository& one : *tracked) run.active.insert(one.id);

  while (!run.IsOver()) {
    const TimePoint now = clock_.Now();
    const auto left = std::chrono::floor<std::chrono::microseconds>(run.turn.deadline - clock_.SteadyNow());
    auto upcoming = sources_.Due(now + left, kDueMax);
    if (!upcoming) return WithContext("finding event sources that are due", upcoming.error());
    std::erase_if(*upcoming, [&](const EventSource& source) { return run.polls[source.id] >= kPollsOfASourceMax; });
    bool polled = false;
    for (const EventSource& source : *upcoming) {
      if (source.next_poll_at > now) continue;
      if (run.IsOver()) break;
      if (auto done = PollOne(run, source); !done) return done;
      polled = true;
    }
    if (polled || run.IsOver()) continue;
    auto waited = WaitForUrgent(run, *upcoming);
    if (!waited) return tl::make_unexpected(std::move(waited.error()));
    if (!*waited) return run.turn.job.Step("all due sources are polled");
  }
  if (run.stopped) return {};
  return run.turn.job.Step("out of time: goes on at the next tick");
}

Status EventCollector::PollOne(RunState& run, const EventSource& source) {
  ++run.polls[source.id];
  run.turn.job.Add("polls");
  if (auto alive = run.turn.job.Step("polling " + LabelOf(source)); !alive) return alive;
  if (source.kind == SourceKind::kDetails) {
    auto polled = details_.Poll(run.turn, source);
    if (!polled) return tl::make_unexpected(std::move(polled.error()));
    if (polled->answered) ++run.summary.answered;
    Judge(run, &source, polled->error);
    return {};
  }
  auto polled = feeds_.Poll(run.turn, source, run.active);
  if (!polled) return tl::make_unexpected(std::move(polled.error()));
  if (polled->answered) ++run.summary.answered;
  run.summary.added += polled->added;
  run.turn.job.Add("events_added", polled->added);
  run.touched.merge(polled->touched);
  Judge(run, &source, polled->error);
  return {};
}

// Whether a poll's error ends the run. What each source's was is kept with the source.
void EventCollector::Judge(RunState& run, const EventSource* source, const std::optional<Error>& error) {
  if (!error) {
    run.failures_in_row = 0;
    return;
  }
  if (error->code == ErrorCode::kRateLimited) {
    const auto wait = error->retry_after.value_or(std::chrono::seconds{60});
    // Its failing is a lost lease, which the next step tells as well.
    (void)run.turn.job.Step("GitHub's limit: goes on after " + FormatRfc3339(clock_.Now() + wait));
    run.stopped = true;  // the bucket is the same for all sources
    return;
  }
  if (run.turn.IsOver()) return;
  const std::string label = source == nullptr ? "a tracked name" : LabelOf(*source);
  LogWarn("source_not_polled", {{"source", label}, {"code", ToString(error->code)}, {"error", error->message}});
  run.turn.job.Add("polls_failed");
  if (!run.summary.error) run.summary.error = Error{error->code, label + ": " + error->message};
  ++run.failures_in_row;
  if (error->code == ErrorCode::kUnauthorized || run.failures_in_row >= kFailuresMax) run.stopped = true;
}

// Sleeps until the next source is due that would show less than all of its events if it were left to the next run.
// False: there is none.
Result<bool> EventCollector::WaitForUrgent(RunState& run, const std::vector<EventSource>& upcoming) {
  const TimePoint now = clock_.Now();
  const TimePoint next_run =
      now + std::chrono::floor<std::chrono::microseconds>(run.turn.deadline - clock_.SteadyNow()) + kUntilNextRun;
  std::optional<TimePoint> until;
  for (const EventSource& source : upcoming) {
    if (source.kind == SourceKind::kDetails || source.next_poll_at <= now || !source.last_polled_at) continue;
    const auto between = std::chrono::ceil<std::chrono::seconds>(next_run - *source.last_polled_at);
    if (MayOverflow(PaceOf(source), between))
      until = std::min(until.value_or(source.next_poll_at), source.next_poll_at);
  }
  if (!until) return false;
  if (auto told = run.turn.job.Step("waiting for a busy source"); !told) {
    return tl::make_unexpected(std::move(told.error()));
  }
  auto slept = run.turn.job.Sleep(std::chrono::ceil<std::chrono::milliseconds>(*until - now));
  if (!slept) return tl::make_unexpected(std::move(slept.error()));
  return true;
}

}  // namespace repopulse
