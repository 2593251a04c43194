// CHAOSS's definitions, by example.
#include <gtest/gtest.h>

#include "domain/health.h"
#include "support/samples.h"

namespace repopulse {
namespace {

using test::At;

HealthEvent Did(HealthAct act, std::string_view at, int64_t actor, std::optional<int64_t> number = {},
                bool bot = false) {
  return {.act = act, .created_at = At(at), .actor_id = actor, .bot = bot, .number = number};
}

std::vector<HealthEvent> Contributions(const std::vector<int64_t>& counts) {
  std::vector<HealthEvent> events;
  for (size_t actor = 0; actor < counts.size(); ++actor) {
    for (int64_t i = 0; i < counts[actor]; ++i) {
      events.push_back(Did(HealthAct::kContribution, "2024-05-01T00:00:00Z", static_cast<int64_t>(actor) + 1));
    }
  }
  return events;
}

TEST(ContributorAbsenceFactor, IsTheFewestWhoMadeHalf) {
  EXPECT_EQ(HealthOf(Contributions({5, 3, 2})).absence_factor, 1);  // 5 of 10
  EXPECT_EQ(HealthOf(Contributions({4, 3, 3})).absence_factor, 2);
  EXPECT_EQ(HealthOf(Contributions({1, 1, 1, 1, 1})).absence_factor, 3);
  EXPECT_EQ(HealthOf(Contributions({2, 9, 1})).absence_factor, 1);  // whoever came first
  EXPECT_EQ(HealthOf({}).absence_factor, std::nullopt);
}

TEST(ContributorAbsenceFactor, LeavesOutBotsAndWhatIsNoContribution) {
  auto events = Contributions({1, 1});
  for (int i = 0; i < 9; ++i) {
    events.push_back(Did(HealthAct::kContribution, "2024-05-01T00:00:00Z", 99, {}, true));
    events.push_back(Did(HealthAct::kOther, "2024-05-01T00:00:00Z", 98));
    events.push_back(Did(HealthAct::kChangeRequestClosed, "2024-05-01T00:00:00Z", 97));
  }
  events.push_back(Did(HealthAct::kIssueOpened, "2024-05-01T00:00:00Z", 2, 1));
  events.push_back(Did(HealthAct::kChangeRequestOpened, "2024-05-01T00:00:00Z", 3, 2));
  const Health health = HealthOf(events);
  EXPECT_EQ(health.contributors, 3);
  EXPECT_EQ(health.contributions, 4);
  EXPECT_EQ(health.absence_factor, 1);
}

TEST(ChangeRequestClosureRatio, IsClosedForEachOpened) {
  EXPECT_EQ(HealthOf({Did(HealthAct::kChangeRequestClosed, "2024-05-01T00:00:00Z", 1, 5)}).closure_ratio, std::nullopt);
  const Health health = HealthOf({Did(HealthAct::kChangeRequestOpened, "2024-05-01T00:00:00Z", 1, 5),
                                  Did(HealthAct::kChangeRequestOpened, "2024-05-01T00:00:00Z", 2, 6, true),
                                  Did(HealthAct::kChangeRequestClosed, "2024-05-02T00:00:00Z", 1, 5)});
  EXPECT_EQ(health.closure_ratio, 0.5);
  EXPECT_EQ(health.change_requests_opened, 2);
  EXPECT_EQ(health.change_requests_closed, 1);
}

TEST(TimeToFirstResponse, IsUntilSomebodyElseDoesSomethingAboutIt) {
  const Health health = HealthOf({
      Did(HealthAct::kContribution, "2024-05-01T00:03:00Z", 2, 7),  // the second answer
      Did(HealthAct::kContribution, "2024-05-01T00:01:00Z", 3, 7),  // the first
      Did(HealthAct::kIssueOpened, "2024-05-01T00:00:00Z", 1, 7),   //
      Did(HealthAct::kContribution, "2024-05-01T00:00:10Z", 1, 7),  // by who opened it
      Did(HealthAct::kContribution, "2024-05-01T00:00:20Z", 9, 7, true),
      Did(HealthAct::kContribution, "2024-05-01T00:00:30Z", 2, 8),  // about another
      Did(HealthAct::kContribution, "2024-05-01T00:00:30Z", 2),     // about none
      Did(HealthAct::kChangeRequestOpened, "2024-05-01T00:00:00Z", 1, 9),
      Did(HealthAct::kChangeRequestClosed, "2024-05-01T00:00:05Z", 4, 9),
      Did(HealthAct::kChangeRequestOpened, "2024-05-01T00:00:00Z", 5, 10, true),  // a bot's
      Did(HealthAct::kContribution, "2024-05-01T00:00:30Z", 2, 10),
      Did(HealthAct::kIssueOpened, "2024-05-01T00:00:00Z", 1, 11),  // nobody answers
  });
  EXPECT_EQ(health.issues.opened, 2);
  EXPECT_EQ(health.issues.answered, 1);
  EXPECT_EQ(health.issues.mean_seconds, 60);
  EXPECT_EQ(health.issues.median_seconds, 60);
  EXPECT_EQ(health.change_requests.opened, 1);
  EXPECT_EQ(health.change_requests.answered, 1);
  EXPECT_EQ(health.change_requests.p90_seconds, 5);
}

TEST(TimeToFirstResponse, BeginsWithTheOpening) {
  const Health health = HealthOf({Did(HealthAct::kContribution, "2024-05-01T00:00:00Z", 2, 7),
                                  Did(HealthAct::kIssueOpened, "2024-05-01T00:01:00Z", 1, 7)});
  EXPECT_EQ(health.issues.opened, 1);
  EXPECT_EQ(health.issues.answered, 0);
  EXPECT_EQ(health.issues.mean_seconds, std::nullopt);
}

TEST(TimeToFirstResponse, BeginsWithTheEarliestOpening) {
  const Health health = HealthOf({Did(HealthAct::kIssueOpened, "2024-05-01T00:05:00Z", 2, 7),
                                  Did(HealthAct::kContribution, "2024-05-01T00:02:00Z", 3, 7),
                                  Did(HealthAct::kIssueOpened, "2024-05-01T00:00:00Z", 1, 7)});
  EXPECT_EQ(health.issues.opened, 1);
  EXPECT_EQ(health.issues.mean_seconds, 120);
}

TEST(HealthAct, TellsWhatAnEventMeans) {
  EXPECT_EQ(HealthActOf("IssuesEvent", "opened"), HealthAct::kIssueOpened);
  EXPECT_EQ(HealthActOf("IssuesEvent", "closed"), HealthAct::kOther);
  EXPECT_EQ(HealthActOf("PullRequestEvent", "opened"), HealthAct::kChangeRequestOpened);
  EXPECT_EQ(HealthActOf("PullRequestEvent", "closed"), HealthAct::kChangeRequestClosed);
  EXPECT_EQ(HealthActOf("PullRequestEvent", "merged"), HealthAct::kChangeRequestClosed);
  EXPECT_EQ(HealthActOf("PullRequestEvent", "labeled"), HealthAct::kOther);
  EXPECT_EQ(HealthActOf("PushEvent", ""), HealthAct::kContribution);
  EXPECT_EQ(HealthActOf("IssueCommentEvent", "created"), HealthAct::kContribution);
  EXPECT_EQ(HealthActOf("IssueCommentEvent", "deleted"), HealthAct::kOther);
  EXPECT_EQ(HealthActOf("PullRequestReviewEvent", "submitted"), HealthAct::kContribution);
  EXPECT_EQ(HealthActOf("WatchEvent", "started"), HealthAct::kOther);
}

}  // namespace
}  // namespace repopulse
