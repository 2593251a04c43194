// The contract of domain/activity_score.h; expected values are worked out by hand from OpenDigger's weights.
#include <gtest/gtest.h>

#include <algorithm>

#include "domain/activity_score.h"

namespace repopulse {
namespace {

TEST(ActivityScore, IsNothingWithoutContributions) {
  EXPECT_EQ(ScoreOf({}).score, 0);
  const ActivityScore idle = ScoreOf({Contributions{}});
  EXPECT_EQ(idle.score, 0);
  EXPECT_EQ(idle.actors, 0);
}

TEST(ActivityScore, WeighsEachKindOfContribution) {
  // √0.5252, √2.2235, √4.0679, √0.7427, √2.0339
  EXPECT_NEAR(ScoreOf({{.issue_comments = 1}}).score, 0.724707, 1e-6);
  EXPECT_NEAR(ScoreOf({{.issues_opened = 1}}).score, 1.491140, 1e-6);
  EXPECT_NEAR(ScoreOf({{.pull_requests_opened = 1}}).score, 2.016904, 1e-6);
  EXPECT_NEAR(ScoreOf({{.review_comments = 1}}).score, 0.861800, 1e-6);
  EXPECT_NEAR(ScoreOf({{.pull_requests_merged = 1}}).score, 1.426149, 1e-6);
}

TEST(ActivityScore, SumsUpTheRootsOfTheActors) {
  // 3·0.5252 + 2·2.2235 + 1·4.0679 + 4·0.7427 + 2·2.0339 = 17.1291; 10·0.5252 = 5.252
  const ActivityScore score = ScoreOf({{.issue_comments = 3,
                                        .issues_opened = 2,
                                        .pull_requests_opened = 1,
                                        .review_comments = 4,
                                        .pull_requests_merged = 2},
                                       {.issue_comments = 10}});
  EXPECT_NEAR(score.score, 4.138732 + 2.291724, 1e-5);
  EXPECT_EQ(score.actors, 2);
  EXPECT_EQ(score.contributions.issue_comments, 13);
  EXPECT_EQ(score.contributions.issues_opened, 2);
  EXPECT_EQ(score.contributions.pull_requests_opened, 1);
  EXPECT_EQ(score.contributions.review_comments, 4);
  EXPECT_EQ(score.contributions.pull_requests_merged, 2);
}

TEST(ActivityScore, OneActorsSpamCountsLessThanTheSameFromMany) {
  const double spam = ScoreOf({{.issue_comments = 100}}).score;
  const double many = ScoreOf(std::vector<Contributions>(100, {.issue_comments = 1})).score;
  EXPECT_NEAR(many, 10 * spam, 1e-9);
}

}  // namespace
}  // namespace repopulse
