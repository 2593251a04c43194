// What each kind of job does.
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "service/jobs.h"
#include "support/await.h"
#include "support/fake_clock.h"
#include "support/fake_event_store.h"
#include "support/fake_github.h"
#include "support/fake_job_store.h"
#include "support/fake_rate_budget_store.h"
#include "support/fake_source_store.h"
#include "support/fake_stores.h"
#include "support/fake_topic_store.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

struct JobsTest : testing::Test {
  SystemClock clock;
  test::FakeSchema schema;
  test::FakeTopicStore topics;
  test::FakeJobStore jobs;
  test::FakeGitHub github;
  test::FakeRateBudgetStore budgets;
  test::FakeWarmer warmer;
  test::FakeEventStore events;
  test::FakeSourceStore sources;
  test::FakeRepositoryStore repositories;
  test::FakeEventFeed firehose;
  int events_changed = 0;
  GitHubGate gate{github, budgets, clock};
  TopicCollector collector{topics, gate, clock, {.retry_pause = 1ms}, [](const TopicName&) {}};
  EventCollector event_collector{events, sources, repositories, gate, clock, {.track = {}, .retry_pause = 1ms}};
  ActivityScorer scorer{events, clock};
  JobRunner runner{jobs, clock, "replica-1"};

  JobsTest() {
    RegisterJobs(runner, {.clock = clock,
                          .schema = schema,
                          .topics = topics,
                          .jobs = jobs,
                          .events = events,
                          .collector = collector,
                          .event_collector = event_collector,
                          .scorer = scorer,
                          .warmer = warmer,
                          .configured_topics = {test::TopicNamed("a"), test::TopicNamed("b")},
                          .retention = std::chrono::days{90},
                          .on_events_changed = [this] { ++events_changed; }});
    github.ServeEvents({}, firehose, clock);
    for (const char* topic : {"a", "b"}) github.Serve(topic, {{.id = 1, .stars = 5, .created_at = clock.Now()}});
  }
  Job RunToEnd(JobKind kind) { return *runner.Wait(runner.Start(kind)->id, 60s); }
  void ShowEvent(int64_t repository) {
    Event event;
    event.id = static_cast<int64_t>(firehose.truth().size()) + 1;
    event.type = "WatchEvent";
    event.repository = {repository};
    event.created_at = std::chrono::floor<std::chrono::seconds>(clock.Now());
    firehose.Publish(event, clock.Now());
  }
  static int64_t Count(const Job& job, const std::string& name) {
    for (const JobCount& count : job.progress.counts) {
      if (count.name == name) return count.value;
    }
    return -1;
  }
};

TEST_F(JobsTest, BootstrapMakesSchemaTopicsDataAndHotAnswersInThisOrder) {
  schema.state = {.applied = 0, .expected = 2};
  bool schema_first = false;
  schema.on_migrate = [&] { schema_first = topics.List()->empty() && github.queries().empty(); };
  bool topics_before_github = true;
  github.OnRequest([&] { topics_before_github = topics_before_github && topics.List()->size() == 2; });
  const Job job = RunToEnd(JobKind::kBootstrap);
  EXPECT_EQ(job.state, JobState::kSucceeded) << job.error.value_or(Error{}).message;
  EXPECT_TRUE(schema_first);
  EXPECT_TRUE(topics_before_github);
  EXPECT_EQ(Count(job, "migrations_applied"), 2);
  EXPECT_EQ(Count(job, "topics_configured"), 2);
  EXPECT_EQ(jobs.started(), (std::vector<JobKind>{JobKind::kBootstrap, JobKind::kCollect, JobKind::kRefreshCache}));
  EXPECT_EQ(topics.ServedCount("a"), 1u);
  ASSERT_EQ(warmer.warmed.size(), 3U);
  EXPECT_EQ(warmer.warmed.back(), "common");
  std::ranges::sort(warmer.warmed);  // the topics are made at once, in any order
  EXPECT_EQ(warmer.warmed, (std::vector<std::string>{"a", "b", "common"}));
}

TEST_F(JobsTest, BootstrapCollectsNothingWhereNothingIsCollected) {
  JobRunner quiet{jobs, clock, "replica-1"};
  RegisterJobs(quiet, {.clock = clock,
                       .schema = schema,
                       .topics = topics,
                       .jobs = jobs,
                       .events = events,
                       .collector = collector,
                       .event_collector = event_collector,
                       .scorer = scorer,
                       .warmer = warmer,
                       .configured_topics = {test::TopicNamed("a")},
                       .on_events_changed = [] {},
                       .collect = false});
  const Job job = *quiet.Wait(quiet.Start(JobKind::kBootstrap)->id, 60s);
  EXPECT_EQ(job.state, JobState::kSucceeded) << job.error.value_or(Error{}).message;
  EXPECT_TRUE(github.queries().empty());
  EXPECT_EQ(jobs.started(), (std::vector<JobKind>{JobKind::kBootstrap, JobKind::kRefreshCache}));
}

TEST_F(JobsTest, BootstrapAgainChangesNothing) {
  ASSERT_EQ(RunToEnd(JobKind::kBootstrap).state, JobState::kSucceeded);
  const size_t requests = github.queries().size();
  const Job again = RunToEnd(JobKind::kBootstrap);
  EXPECT_EQ(again.state, JobState::kSucceeded);
  EXPECT_EQ(Count(again, "migrations_applied"), 0);
  EXPECT_EQ(github.queries().size(), requests) << "nothing is due";
}

TEST_F(JobsTest, BootstrapEndsWhereTheSchemaCannotBeMade) {
  schema.failing = Error{ErrorCode::kUnavailable, "no database"};
  const Job job = RunToEnd(JobKind::kBootstrap);
  ASSERT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(jobs.started().size(), 1u);
  EXPECT_TRUE(topics.List()->empty());
}

TEST_F(JobsTest, BootstrapSaysWhichPartFailed) {
  github.RefuseWhere([](const std::string&) { return std::optional(Error{ErrorCode::kUnauthorized, "401"}); });
  const Job job = RunToEnd(JobKind::kBootstrap);
  ASSERT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.error->code, ErrorCode::kUnauthorized);
  EXPECT_TRUE(job.error->message.starts_with("collect: ")) << job.error->message;
}

TEST_F(JobsTest, BootstrapJoinsACollectThatRunsElsewhere) {
  const JobId elsewhere = jobs.RunElsewhere(JobKind::kCollect, clock.Now());
  const auto bootstrap = runner.Start(JobKind::kBootstrap);
  test::Await([&] { return jobs.joins() > 0; });
  jobs.EndElsewhere(JobKind::kCollect, std::nullopt, clock.Now());
  EXPECT_EQ(runner.Wait(bootstrap->id, 60s)->state, JobState::kSucceeded);
  EXPECT_EQ((*jobs.Find(elsewhere))->state, JobState::kSucceeded);
  EXPECT_TRUE(github.queries().empty()) << "the other replica collected";
}

TEST_F(JobsTest, CollectReadsTopicsAndEventsAndScoresThem) {
  ASSERT_TRUE(topics.Track(test::TopicNamed("a"), clock.Now()));
  ShowEvent(7);
  events.scored = {{7}};
  events.contributions[{7}] = {{.issue_comments = 1}};
  const Job job = RunToEnd(JobKind::kCollect);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(topics.ServedCount("a"), 1u);
  EXPECT_EQ(Count(job, "events_added"), 1);
  EXPECT_EQ(Count(job, "activity_scores"), 1);
  EXPECT_EQ(events_changed, 1) << "cached answers are told once";
}

TEST_F(JobsTest, CollectTellsCachesNothingWhereNothingCame) {
  RunToEnd(JobKind::kCollect);
  EXPECT_EQ(events_changed, 0);
}

TEST_F(JobsTest, EventsAreCollectedWhereTopicsCannotBe) {
  ASSERT_TRUE(topics.Track(test::TopicNamed("a"), clock.Now()));
  github.FailTopic("a", {ErrorCode::kUnavailable, "502"});
  ShowEvent(7);
  const Job job = RunToEnd(JobKind::kCollect);
  EXPECT_EQ(job.state, JobState::kSucceeded) << "something could be done";
  EXPECT_EQ(events.stored.size(), 1u);
}

TEST_F(JobsTest, TopicsAreCollectedWhereEventsCannotBe) {
  ASSERT_TRUE(topics.Track(test::TopicNamed("a"), clock.Now()));
  github.RefuseWhere([](const std::string& query) {
    return query.starts_with("events") ? std::optional(Error{ErrorCode::kUnavailable, "502"}) : std::nullopt;
  });
  const Job job = RunToEnd(JobKind::kCollect);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(topics.ServedCount("a"), 1u);
}

TEST_F(JobsTest, CollectFailsWhereNothingCouldBeDone) {
  github.RefuseWhere([](const std::string& query) {
    return query.starts_with("events") ? std::optional(Error{ErrorCode::kUnavailable, "502"}) : std::nullopt;
  });
  const Job job = RunToEnd(JobKind::kCollect);
  ASSERT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.error->message, "firehose: 502");
}

TEST_F(JobsTest, RefreshCacheMakesTheAnswersOfTrackedTopicsOnly) {
  ASSERT_TRUE(topics.Track(test::TopicNamed("a"), clock.Now()));
  ASSERT_TRUE(topics.Track(test::TopicNamed("gone"), clock.Now()));
  ASSERT_TRUE(topics.Untrack(test::TopicNamed("gone")));
  const Job job = RunToEnd(JobKind::kRefreshCache);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(warmer.warmed, (std::vector<std::string>{"a", "common"}));
  EXPECT_EQ(Count(job, "answers"), 10);
}

TEST_F(JobsTest, RefreshCacheMakesTwoTopicsAtOnceAndNoThird) {
  for (const char* name : {"a", "b", "c", "d"}) ASSERT_TRUE(topics.Track(test::TopicNamed(name), clock.Now()));
  std::mutex mutex;
  std::condition_variable changed;
  int under_way = 0;
  int most = 0;
  int begun = 0;
  warmer.before_topic = [&](const TopicName&) {
    std::unique_lock lock(mutex);
    ++begun;
    most = std::max(most, ++under_way);
    changed.notify_all();
    // Each of the first two waits for the other.
    EXPECT_TRUE(changed.wait_for(lock, 10s, [&] { return begun >= 2; }));
    --under_way;
  };
  const Job job = RunToEnd(JobKind::kRefreshCache);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(most, 2);
  EXPECT_EQ(Count(job, "answers"), 4 * 8 + 2);
}

TEST_F(JobsTest, RefreshCacheSaysWhichTopicFailed) {
  ASSERT_TRUE(topics.Track(test::TopicNamed("a"), clock.Now()));
  warmer.failing = Error{ErrorCode::kUnavailable, "no database"};
  const Job job = RunToEnd(JobKind::kRefreshCache);
  ASSERT_TRUE(job.error);
  EXPECT_EQ(job.error->message, "refreshing topic a: no database");
}

TEST_F(JobsTest, RefreshCacheFailsWithItsWarmer) {
  warmer.failing = Error{ErrorCode::kUnavailable, "no database"};
  EXPECT_EQ(RunToEnd(JobKind::kRefreshCache).error->code, ErrorCode::kUnavailable);
}

TEST_F(JobsTest, PruneForgetsJobsOfMoreThanAMonthAgo) {
  const auto old = clock.Now() - 24h * 31;
  const JobId forgotten = jobs.RunElsewhere(JobKind::kCollect, old);
  jobs.EndElsewhere(JobKind::kCollect, std::nullopt, old);
  const JobId kept = jobs.RunElsewhere(JobKind::kCollect, clock.Now());
  jobs.EndElsewhere(JobKind::kCollect, std::nullopt, clock.Now() - 24h);
  const Job job = RunToEnd(JobKind::kPrune);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(Count(job, "rows_removed"), 1 + 2) << "one job, and two of events";
  EXPECT_FALSE(*jobs.Find(forgotten));
  EXPECT_TRUE(*jobs.Find(kept));
}

TEST_F(JobsTest, PruneFoldsThePastDaysFirst) {
  const auto today = std::chrono::floor<std::chrono::days>(clock.Now());
  const Job job = RunToEnd(JobKind::kPrune);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  ASSERT_TRUE(events.folded_before);
  EXPECT_GE(*events.folded_before, today);
  EXPECT_LE(*events.folded_before, std::chrono::floor<std::chrono::days>(clock.Now()));
  EXPECT_TRUE(events.folded_first);
  EXPECT_EQ(Count(job, "days_folded"), 1);
  EXPECT_EQ(Count(job, "rollups_folded"), 4);
}

TEST_F(JobsTest, PruneDropsWhatIsOldAlsoWhereDaysCannotBeFolded) {
  events.fails_to_fold = Error{ErrorCode::kTimeout, "a day too large"};
  const Job job = RunToEnd(JobKind::kPrune);
  ASSERT_TRUE(job.error);
  EXPECT_EQ(job.error->message, "folding past days: a day too large");
  EXPECT_TRUE(events.pruned_before);
  EXPECT_EQ(Count(job, "event_days_dropped"), 1);
}

TEST_F(JobsTest, PruneEndsInTheMiddleOfFoldingWhereItsLeaseIsLost) {
  events.on_folding = [&] { jobs.LoseLeases(); };
  EXPECT_EQ(RunToEnd(JobKind::kPrune).error->code, ErrorCode::kCancelled);
  EXPECT_TRUE(events.folded_before);
  EXPECT_FALSE(events.pruned_before);
}

TEST_F(JobsTest, PruneDropsEventsOlderThanTheyAreKept) {
  const TimePoint before = clock.Now();
  const Job job = RunToEnd(JobKind::kPrune);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  ASSERT_TRUE(events.pruned_before);
  EXPECT_GE(*events.pruned_before, before - std::chrono::days{90});
  EXPECT_LE(*events.pruned_before, clock.Now() - std::chrono::days{90});
  EXPECT_EQ(Count(job, "event_days_dropped"), 1);
  EXPECT_EQ(events_changed, 1);
}

}  // namespace
}  // namespace repopulse
