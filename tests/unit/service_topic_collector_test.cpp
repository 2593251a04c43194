// Collecting topics: what is read, stored and published, and what happens when GitHub does not play along.
#include <gtest/gtest.h>

#include <algorithm>

#include "service/topic_collector.h"
#include "support/fake_clock.h"
#include "support/fake_github.h"
#include "support/fake_job_store.h"
#include "support/fake_rate_budget_store.h"
#include "support/fake_topic_store.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

constexpr auto kInterval = 3600s;
constexpr auto kRunTime = 50s;

struct TopicCollectorTest : testing::Test {
  test::FakeClock clock;
  test::FakeTopicStore topics;
  test::FakeGitHub github;
  test::FakeRateBudgetStore budgets;
  test::FakeJobStore jobs;
  GitHubGate gate{github, budgets, clock};
  std::vector<std::string> told;  // topics whose served state changed
  TopicCollector collector{
      topics, gate, clock, {.topic_interval = kInterval, .retry_pause = 1s}, [this](const TopicName& topic) {
        told.push_back(topic.str());
      }};
  std::stop_source stop;
  JobProgress progress;  // of the last run

  TopicCollectorTest() {
    // Waiting takes no time here: each sign of life while waiting moves the clock.
    jobs.OnHeartbeat([this] { clock.Advance(10ms); });
  }

  // Tracks a topic whose i-th repository has size - i stars.
  void Track(const std::string& name, int64_t size) {
    std::vector<test::Candidate> population;
    for (int64_t i = 0; i < size; ++i) {
      population.push_back({i + 1, size - i, test::At("2020-01-01T00:00:00Z") + i * 1h});
    }
    github.Serve(name, std::move(population));
    ASSERT_TRUE(topics.Track(test::TopicNamed(name), clock.Now()));
  }
  Status Run() {
    auto start = jobs.Start(JobKind::kCollect, "", "replica-1", clock.Now());
    JobContext job(*start->lease, "", clock, stop.get_token());
    auto result = collector.Run(job, clock.SteadyNow() + kRunTime);
    progress = job.progress();
    return result;
  }
  int64_t Count(const std::string& name) {
    const auto it = std::ranges::find(progress.counts, name, &JobCount::name);
    return it == progress.counts.end() ? 0 : it->value;
  }
  static RateObservation LimitedFor(std::optional<std::chrono::seconds> retry_after) {
    return {.limit = {}, .remaining = {}, .reset_at = {}, .limited = true, .retry_after = retry_after};
  }
};

const Error kBadGateway{ErrorCode::kUnavailable, "502 from GitHub"};

// ---- The good case

TEST_F(TopicCollectorTest, ReadsATopicWholeAndPublishesIt) {
  Track("a", 250);
  ASSERT_TRUE(Run());
  EXPECT_EQ(github.queries().size(), 3u);
  EXPECT_EQ(topics.ServedCount("a"), 250u);
  EXPECT_TRUE(topics.Get("a").complete);
  ASSERT_EQ(topics.publications().size(), 1u);
  EXPECT_GE(topics.Get("a").next_poll_at, clock.Now() + kInterval - 1s);
  EXPECT_EQ(told, std::vector<std::string>{"a"});
  EXPECT_EQ(Count("topics_due"), 1);
  EXPECT_EQ(Count("requests"), 3);
  EXPECT_EQ(Count("repositories_read"), 250);
  EXPECT_EQ(Count("topics_published"), 1);
}

TEST_F(TopicCollectorTest, ATopicWithoutRepositoriesIsPublishedEmpty) {
  Track("a", 0);
  ASSERT_TRUE(Run());
  EXPECT_TRUE(topics.Get("a").published_at);
  EXPECT_EQ(topics.ServedCount("a"), 0u);
}

TEST_F(TopicCollectorTest, AsksNothingWhereNothingIsDue) {
  Track("a", 10);
  ASSERT_TRUE(Run());
  clock.Advance(kInterval / 2);
  ASSERT_TRUE(Run());
  EXPECT_EQ(github.queries().size(), 1u);
  clock.Advance(kInterval);
  ASSERT_TRUE(Run());
  EXPECT_EQ(github.queries().size(), 2u);
}

TEST_F(TopicCollectorTest, ANewTopicIsServedFromItsFirstThousandOn) {
  Track("a", 2'400);
  ASSERT_TRUE(Run());
  const auto published = topics.publications();
  ASSERT_EQ(published.size(), 2u);
  EXPECT_FALSE(published[0].whole);
  EXPECT_EQ(published[0].repositories, 1'000);
  EXPECT_TRUE(published[1].whole);
  EXPECT_EQ(published[1].repositories, 2'400);
  EXPECT_EQ(told.size(), 2u);
}

TEST_F(TopicCollectorTest, APublishedTopicChangesOnlyWhenItsNextSweepIsWhole) {
  Track("a", 2'400);
  ASSERT_TRUE(Run());
  clock.Advance(kInterval + 1s);
  ASSERT_TRUE(Run());
  ASSERT_EQ(topics.publications().size(), 3u);
  EXPECT_TRUE(topics.publications()[2].whole);
}

TEST_F(TopicCollectorTest, SeveralTopicsTakeTurns) {
  Track("a", 2'000);
  Track("b", 2'000);
  Track("c", 50);
  ASSERT_TRUE(Run());
  const auto pages = topics.pages();
  std::string turns;
  for (const std::string& topic : pages) {
    if (turns.empty() || turns.back() != topic[0]) turns += topic[0];
  }
  EXPECT_EQ(turns.substr(0, 5), "abcab");
  for (const char* topic : {"a", "b", "c"}) EXPECT_TRUE(topics.Get(topic).complete) << topic;
}

TEST_F(TopicCollectorTest, WhatGitHubCutShortIsAskedForAgainSooner) {
  Track("a", 10);
  github.SayIncomplete();
  ASSERT_TRUE(Run());
  EXPECT_EQ(topics.Get("a").next_poll_at, topics.Get("a").published_at.value() + kInterval / 2);
}

// ---- Limits

TEST_F(TopicCollectorTest, WaitsForALimitThatEndsWithinTheRun) {
  Track("a", 250);
  github.FailNext({ErrorCode::kRateLimited, "secondary limit", 10s}, LimitedFor(10s));
  const TimePoint begin = clock.Now();
  ASSERT_TRUE(Run());
  EXPECT_GE(clock.Now() - begin, 10s);
  EXPECT_TRUE(topics.Get("a").complete);
  EXPECT_EQ(Count("limit_waits"), 1);
  EXPECT_TRUE(std::ranges::count(jobs.steps(), "waiting for GitHub's limit"));
}

TEST_F(TopicCollectorTest, ALimitBeyondTheRunEndsItWithoutFailure) {
  Track("a", 250);
  Track("b", 10);
  github.FailNext({ErrorCode::kRateLimited, "primary limit", 600s}, LimitedFor(600s));
  const TimePoint begin = clock.Now();
  ASSERT_TRUE(Run());
  EXPECT_LT(clock.Now() - begin, 5s) << "nothing is waited for in vain";
  EXPECT_EQ(github.queries().size(), 1u) << "the bucket is the same for all topics";
  EXPECT_TRUE(progress.step.starts_with("GitHub's limit: goes on after ")) << progress.step;
  EXPECT_FALSE(topics.Get("a").last_error);
}

TEST_F(TopicCollectorTest, GoesOnAfterALimitWhereItStopped) {
  Track("a", 500);
  github.SayLimits({.limit = 30, .remaining = 1, .reset_at = clock.Now() + 120s, .limited = false, .retry_after = {}});
  ASSERT_TRUE(Run());
  const size_t before = github.queries().size();
  ASSERT_LT(before, 5u);
  ASSERT_FALSE(topics.Get("a").published_at);
  github.SayLimits({});
  clock.Advance(130s);
  ASSERT_TRUE(Run());
  EXPECT_EQ(github.queries().size(), 5u) << "no page is asked for twice";
  EXPECT_EQ(topics.ServedCount("a"), 500u);
}

TEST_F(TopicCollectorTest, ASecondaryLimitWithoutRetryAfterWaitsAMinute) {
  Track("a", 10);
  github.FailNext({ErrorCode::kRateLimited, "secondary limit"}, LimitedFor(std::nullopt));
  ASSERT_TRUE(Run());
  EXPECT_EQ(github.queries().size(), 1u) << "a minute is more than the run has";
  clock.Advance(30s);
  ASSERT_TRUE(Run());
  EXPECT_TRUE(topics.Get("a").complete) << "the rest of the minute is less";
  EXPECT_GE(clock.Now(), test::FakeClock::kStart + 60s);
}

// ---- Errors

TEST_F(TopicCollectorTest, AsksAgainAfterPassingErrors) {
  for (const ErrorCode passing : {ErrorCode::kUnavailable, ErrorCode::kTimeout, ErrorCode::kMalformed}) {
    const std::string name = "t-" + std::to_string(static_cast<int>(passing));
    Track(name, 10);
    github.FailNextTimes(2, {passing, "passing"});
    ASSERT_TRUE(Run());
    EXPECT_TRUE(topics.Get(name).complete) << name;
    EXPECT_EQ(Count("retries"), 2);
  }
}

TEST_F(TopicCollectorTest, GivesATopicUpAfterThreeErrorsAndGoesOnWithTheOthers) {
  Track("a", 10);
  Track("b", 10);
  github.FailTopic("a", kBadGateway);
  ASSERT_TRUE(Run()) << "something was collected";
  EXPECT_EQ(std::ranges::count(github.queries(), "topic:a"), 3);
  EXPECT_EQ(topics.Get("a").last_error, "502 from GitHub");
  EXPECT_GE(topics.Get("a").next_poll_at, clock.Now() + 25s);
  EXPECT_LE(topics.Get("a").next_poll_at, clock.Now() + 60s) << "at the next tick";
  EXPECT_TRUE(topics.Get("b").complete);
  EXPECT_EQ(Count("topics_failed"), 1);
}

TEST_F(TopicCollectorTest, FailsWhereNothingCouldBeCollected) {
  Track("a", 10);
  github.FailTopic("a", kBadGateway);
  const auto result = Run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(result.error().message.find("topic a"), std::string::npos);
}

TEST_F(TopicCollectorTest, AnErrorIsForgottenAfterASuccess) {
  Track("a", 10);
  github.FailNextTimes(3, kBadGateway);
  ASSERT_FALSE(Run());
  ASSERT_TRUE(topics.Get("a").last_error);
  clock.Advance(31s);
  ASSERT_TRUE(Run());
  EXPECT_FALSE(topics.Get("a").last_error);
}

TEST_F(TopicCollectorTest, StopsAfterThreeTopicsInARowThatFail) {
  for (const char* name : {"a", "b", "c", "d"}) {
    Track(name, 10);
    github.FailTopic(name, kBadGateway);
  }
  ASSERT_FALSE(Run());
  EXPECT_EQ(std::ranges::count(github.queries(), "topic:d"), 0) << "GitHub asks to stop on repeated errors";
}

TEST_F(TopicCollectorTest, ARefusedTokenStopsTheRunAtOnce) {
  Track("a", 10);
  Track("b", 10);
  github.FailNext({ErrorCode::kUnauthorized, "401"});
  const auto result = Run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnauthorized);
  EXPECT_EQ(github.queries().size(), 1u);
  EXPECT_TRUE(topics.Get("a").last_error);
}

TEST_F(TopicCollectorTest, AQueryGitHubRefusesWaitsForItsNextTurn) {
  Track("a", 10);
  Track("b", 10);
  github.FailNext({ErrorCode::kInvalidArgument, "422"});
  ASSERT_TRUE(Run());
  EXPECT_EQ(std::ranges::count(github.queries(), "topic:a"), 1) << "asking again changes nothing";
  EXPECT_GE(topics.Get("a").next_poll_at, clock.Now() + kInterval - 1s);
  EXPECT_EQ(topics.Get("a").last_error, "422");
  EXPECT_TRUE(topics.Get("b").complete);
}

TEST_F(TopicCollectorTest, ADatabaseThatFailsIsTheJobsError) {
  topics.FailWith(Error{ErrorCode::kUnavailable, "no database"});
  EXPECT_EQ(Run().error().code, ErrorCode::kUnavailable);
  topics.FailWith(std::nullopt);
  Track("a", 10);
  github.OnRequest([this] { topics.FailWith(Error{ErrorCode::kUnavailable, "no database"}); });
  EXPECT_EQ(Run().error().code, ErrorCode::kUnavailable);
}

// ---- Two collectors, stops, and time

TEST_F(TopicCollectorTest, LeavesATopicToTheCollectorThatHasIt) {
  Track("a", 500);
  topics.ConflictAtPage(1);
  ASSERT_TRUE(Run());
  EXPECT_EQ(github.queries().size(), 2u);
  EXPECT_TRUE(topics.publications().empty());
  EXPECT_FALSE(topics.Get("a").last_error);
}

TEST_F(TopicCollectorTest, APublicationSomebodyElseMadeIsNoError) {
  Track("a", 10);
  topics.ConflictAtPublish();
  ASSERT_TRUE(Run());
  EXPECT_TRUE(told.empty());
}

TEST_F(TopicCollectorTest, StopsWhenTheReplicaStops) {
  Track("a", 500);
  github.OnRequest([this] {
    if (github.queries().size() == 2) stop.request_stop();
  });
  EXPECT_EQ(Run().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(github.queries().size(), 2u);
  EXPECT_EQ(topics.SweepOf("a").step, 1) << "the page before is kept";
  EXPECT_FALSE(topics.Get("a").last_error);
}

TEST_F(TopicCollectorTest, StopsWhenTheLeaseIsLost) {
  Track("a", 500);
  github.OnRequest([this] { jobs.LoseLeases(); });
  EXPECT_EQ(Run().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(github.queries().size(), 1u);
}

TEST_F(TopicCollectorTest, EndsWithItsTimeAndGoesOnInTheNextRun) {
  Track("a", 500);
  github.OnRequest([this] { clock.Advance(20s); });
  ASSERT_TRUE(Run());
  EXPECT_EQ(github.queries().size(), 3u);
  EXPECT_EQ(progress.step, "out of time: goes on at the next tick");
  EXPECT_FALSE(topics.Get("a").published_at);
  github.OnRequest([] {});
  ASSERT_TRUE(Run());
  EXPECT_EQ(github.queries().size(), 5u);
  EXPECT_TRUE(topics.Get("a").complete);
}

TEST_F(TopicCollectorTest, PublishesAtOnceWhatIsWholeWhenTimeIsUp) {
  Track("a", 100);
  github.OnRequest([this] { clock.Advance(kRunTime); });
  ASSERT_TRUE(Run());
  EXPECT_TRUE(topics.Get("a").complete);
}

TEST_F(TopicCollectorTest, BeginsAnewWhatLayTooLong) {
  Track("a", 500);
  github.OnRequest([this] { clock.Advance(20s); });
  ASSERT_TRUE(Run());
  ASSERT_EQ(github.queries().size(), 3u);
  github.OnRequest([] {});
  clock.Advance(7h);
  ASSERT_TRUE(Run());
  EXPECT_EQ(github.queries().size(), 3u + 5u) << "its first pages no longer fit its last";
  EXPECT_EQ(topics.ServedCount("a"), 500u);
}

}  // namespace
}  // namespace repopulse
