#include <gtest/gtest.h>

#include "service/github_gate.h"
#include "support/fake_clock.h"
#include "support/fake_github.h"
#include "support/fake_rate_budget_store.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

struct GitHubGateTest : testing::Test {
  test::FakeClock clock;
  test::FakeGitHub github;
  test::FakeRateBudgetStore budgets;
  GitHubGate gate{github, budgets, clock};

  RateObservation Says(int64_t remaining) {
    return {.limit = 30, .remaining = remaining, .reset_at = clock.Now() + 40s, .limited = false, .retry_after = {}};
  }
  Result<SearchPage> Search() { return gate.SearchRepositories("topic:a", 1, {}); }
};

TEST_F(GitHubGateTest, PassesRequestsOnAndRemembersWhatAnswersSayOfTheLimits) {
  github.Serve("a", {{.id = 1, .stars = 5, .created_at = clock.Now()}});
  github.SayLimits(Says(17));
  const auto page = Search();
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.size(), 1u);
  EXPECT_EQ(budgets.budget(RateResource::kSearch).remaining, 17);
  EXPECT_EQ(budgets.budget(RateResource::kCore).limit, 0) << "a bucket of its own";
}

TEST_F(GitHubGateTest, AsksNothingOnceTheBucketIsEmpty) {
  github.SayLimits(Says(0));
  ASSERT_TRUE(Search());
  const auto refused = Search();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRateLimited);
  EXPECT_EQ(refused.error().retry_after, 40s);
  EXPECT_EQ(github.queries().size(), 1u);
  clock.Advance(40s);
  EXPECT_TRUE(Search());
}

TEST_F(GitHubGateTest, TakesEachRequestFromTheBucketBeforeItIsSent) {
  budgets.budget(RateResource::kSearch) = {
      .limit = 30, .remaining = 2, .reset_at = clock.Now() + 40s, .blocked_until = {}};
  ASSERT_TRUE(Search());
  ASSERT_TRUE(Search());
  EXPECT_EQ(Search().error().code, ErrorCode::kRateLimited) << "answers without headers do not give requests away";
}

TEST_F(GitHubGateTest, RemembersALimitThatAnAnswerTold) {
  github.FailNext({ErrorCode::kRateLimited, "secondary", 90s},
                  {.limit = {}, .remaining = {}, .reset_at = {}, .limited = true, .retry_after = 90s});
  EXPECT_EQ(Search().error().retry_after, 90s);
  clock.Advance(30s);
  EXPECT_EQ(Search().error().retry_after, 60s);
  EXPECT_EQ(github.queries().size(), 1u) << "GitHub asked for silence";
}

TEST_F(GitHubGateTest, SaysAWholeSecondAtLeast) {
  budgets.budget(RateResource::kSearch) = {
      .limit = 30, .remaining = 0, .reset_at = clock.Now() + 1ms, .blocked_until = {}};
  EXPECT_EQ(Search().error().retry_after, 1s);
}

TEST_F(GitHubGateTest, RemembersLimitsOfFailedAnswersToo) {
  github.FailNext({ErrorCode::kUnavailable, "502"}, Says(3));
  EXPECT_EQ(Search().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(budgets.budget(RateResource::kSearch).remaining, 3);
}

TEST_F(GitHubGateTest, WithoutTheBudgetNothingIsAsked) {
  budgets.failing = Error{ErrorCode::kUnavailable, "no database"};
  EXPECT_EQ(Search().error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(github.queries().empty());
}

TEST_F(GitHubGateTest, RepositoriesComeOutOfTheCoreBucket) {
  github.SayLimits({.limit = 60, .remaining = 0, .reset_at = clock.Now() + 1h, .limited = false, .retry_after = {}});
  ASSERT_TRUE(gate.FetchRepository(test::RepositoryNamed("a/b"), RatePace::kFull, {}));
  EXPECT_EQ(gate.FetchRepository(test::RepositoryNamed("a/b"), RatePace::kFull, {}).error().code,
            ErrorCode::kRateLimited);
  EXPECT_TRUE(Search()) << "search has its own";
}

TEST_F(GitHubGateTest, EventsAndRepositoriesByIdComeOutOfTheCoreBucketToo) {
  github.SayLimits({.limit = 60, .remaining = 1, .reset_at = clock.Now() + 1h, .limited = false, .retry_after = {}});
  ASSERT_TRUE(gate.FetchEvents({}, 1, "", RatePace::kFull, {}));
  ASSERT_TRUE(gate.FetchRepositoryById({7}, RatePace::kFull, {}));
  EXPECT_EQ(gate.FetchEvents({}, 1, "", RatePace::kFull, {}).error().code, ErrorCode::kRateLimited);
  EXPECT_EQ(github.queries(), (std::vector<std::string>{"events", "#7"}));
}

TEST_F(GitHubGateTest, WhatCanWaitIsSpreadOverTheHour) {
  github.SayLimits(
      {.limit = 60, .remaining = 50, .reset_at = clock.Now() + 10min, .limited = false, .retry_after = {}});
  ASSERT_TRUE(gate.FetchEvents({}, 1, "", RatePace::kPaced, {}));
  github.SayLimits({});
  int sent = 0;
  while (gate.FetchEvents({}, 1, "", RatePace::kPaced, {})) ++sent;
  EXPECT_LT(sent, 50) << "not all at once";
  EXPECT_TRUE(gate.FetchEvents({}, 1, "", RatePace::kFull, {})) << "what cannot wait has the rest";
}

}  // namespace
}  // namespace repopulse
