// What each kind of job does.
#include <gtest/gtest.h>

#include "service/jobs.h"
#include "support/await.h"
#include "support/fake_clock.h"
#include "support/fake_github.h"
#include "support/fake_job_store.h"
#include "support/fake_rate_budget_store.h"
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
  GitHubGate gate{github, budgets, clock};
  TopicCollector collector{topics, gate, clock, {.retry_pause = 1ms}, [](const TopicName&) {}};
  JobRunner runner{jobs, clock, "replica-1"};

  JobsTest() {
    RegisterJobs(runner, {.clock = clock,
                          .schema = schema,
                          .topics = topics,
                          .jobs = jobs,
                          .collector = collector,
                          .warmer = warmer,
                          .configured_topics = {test::TopicNamed("a"), test::TopicNamed("b")}});
    for (const char* topic : {"a", "b"}) github.Serve(topic, {{.id = 1, .stars = 5, .created_at = clock.Now()}});
  }
  Job RunToEnd(JobKind kind) { return *runner.Wait(runner.Start(kind)->id, 60s); }
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
  EXPECT_EQ(warmer.warmed, (std::vector<std::string>{"a", "b", "common"}));
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
  github.FailTopic("a", {ErrorCode::kUnauthorized, "401"});
  github.FailTopic("b", {ErrorCode::kUnauthorized, "401"});
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

TEST_F(JobsTest, RefreshCacheMakesTheAnswersOfTrackedTopicsOnly) {
  ASSERT_TRUE(topics.Track(test::TopicNamed("a"), clock.Now()));
  ASSERT_TRUE(topics.Track(test::TopicNamed("gone"), clock.Now()));
  ASSERT_TRUE(topics.Untrack(test::TopicNamed("gone")));
  const Job job = RunToEnd(JobKind::kRefreshCache);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(warmer.warmed, (std::vector<std::string>{"a", "common"}));
  EXPECT_EQ(Count(job, "answers"), 10);
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
  EXPECT_EQ(Count(job, "rows_removed"), 1);
  EXPECT_FALSE(*jobs.Find(forgotten));
  EXPECT_TRUE(*jobs.Find(kept));
}

}  // namespace
}  // namespace repopulse
