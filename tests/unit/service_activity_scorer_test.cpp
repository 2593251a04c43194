// Which activity scores are computed when.
#include <gtest/gtest.h>

#include "service/activity_scorer.h"
#include "support/fake_clock.h"
#include "support/fake_event_store.h"
#include "support/fake_job_store.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

struct ActivityScorerTest : testing::Test {
  test::FakeClock clock;
  test::FakeEventStore events;
  test::FakeJobStore jobs;
  ActivityScorer scorer{events, clock};

  Status Run(const std::vector<RepositoryId>& touched, std::chrono::seconds time = 50s) {
    auto start = jobs.Start(JobKind::kCollect, "", "replica-1", clock.Now());
    JobContext job(*start->lease, "", clock, {});
    return scorer.Run(job, touched, clock.SteadyNow() + time);
  }
  void ScoredAgo(int64_t id, std::chrono::minutes ago) {
    events.scored.push_back({id});
    events.scores[{id}] = {.repository = {id}, .activity = {}, .computed_at = clock.Now() - ago};
  }
  bool IsNew(int64_t id) { return events.scores.contains({id}) && events.scores[{id}].computed_at == clock.Now(); }
};

TEST_F(ActivityScorerTest, ScoresTheLastThirtyDaysByActor) {
  events.scored = {{1}};
  events.contributions[{1}] = {{.issue_comments = 4}, {.pull_requests_merged = 1}};
  ASSERT_TRUE(Run({{1}}));
  EXPECT_EQ(events.contributions_since, std::vector<TimePoint>{clock.Now() - std::chrono::days{30}});
  ASSERT_TRUE(IsNew(1));
  // √(4 · 0.5252) + √2.0339
  EXPECT_NEAR(events.scores[{1}].activity.score, 1.449414 + 1.426149, 1e-5);
}

TEST_F(ActivityScorerTest, ScoresWhoHasNewEventsSoonAndOthersWithinTheHour) {
  ScoredAgo(1, 6min);
  ScoredAgo(2, 6min);
  ScoredAgo(3, 61min);
  ScoredAgo(4, 4min);
  ASSERT_TRUE(Run({{1}, {4}, {99}}));
  EXPECT_TRUE(IsNew(1)) << "it has new events";
  EXPECT_FALSE(IsNew(2)) << "it has none";
  EXPECT_TRUE(IsNew(3)) << "its window has moved on";
  EXPECT_FALSE(IsNew(4)) << "it was scored just now";
  EXPECT_FALSE(events.scores.contains({99})) << "nobody asks for its score";
}

TEST_F(ActivityScorerTest, DoesABoundedNumberInARunAndTheOldestFirst) {
  for (int64_t id = 1; id <= 500; ++id) ScoredAgo(id, 60min + std::chrono::minutes{id});
  ASSERT_TRUE(Run({}));
  EXPECT_TRUE(IsNew(500));
  EXPECT_FALSE(IsNew(1));
  const auto done = std::ranges::count_if(events.scored, [this](RepositoryId id) { return IsNew(id.value); });
  EXPECT_EQ(done, 50);
}

TEST_F(ActivityScorerTest, StopsAtItsDeadlineAndKeepsWhatItHas) {
  for (int64_t id = 1; id <= 100; ++id) ScoredAgo(id, 120min);
  clock.MoveByLook(1s);
  ASSERT_TRUE(Run({}, 10s));
  const auto done = std::ranges::count_if(
      events.scored, [this](RepositoryId id) { return events.scores[id].computed_at > clock.Now() - 60min; });
  EXPECT_GE(done, 5);
  EXPECT_LE(done, 10);
}

TEST_F(ActivityScorerTest, FailsWithTheStore) {
  events.failing = Error{ErrorCode::kUnavailable, "no database"};
  EXPECT_EQ(Run({}).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace repopulse
