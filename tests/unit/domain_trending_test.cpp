// The score as OSS Insight publishes it, counted by hand.
#include <gtest/gtest.h>

#include "domain/trending.h"
#include "support/samples.h"

namespace repopulse {
namespace {

using std::chrono::hours;
using test::At;

WindowEvents At24Hours(std::initializer_list<int64_t> seconds) {
  WindowEvents events;
  for (const int64_t one : seconds) events.Add(one);
  return events;
}

TEST(TrendingScore, CountsLateStarsAndForksMore) {
  // Stars at the begin, in the middle and at the end: 2 + 3.5 + 5; a fork at the end: 4.
  const auto score = TrendingScoreOf(At24Hours({0, 43'200, 86'400}), At24Hours({86'400}), hours{24}, std::nullopt);
  EXPECT_DOUBLE_EQ(score.stars, 10.5);
  EXPECT_DOUBLE_EQ(score.forks, 4);
  EXPECT_DOUBLE_EQ(score.age, 0);
  EXPECT_DOUBLE_EQ(score.total(), 14.5);
  EXPECT_EQ(score.key(), 14'500'000);
}

TEST(TrendingScore, FavoursNewRepositories) {
  const auto age_part = [](double years) { return TrendingScoreOf({}, {}, hours{24}, years).age; };
  EXPECT_DOUBLE_EQ(age_part(0), 200);
  EXPECT_DOUBLE_EQ(age_part(1), 100);
  EXPECT_DOUBLE_EQ(age_part(9), 20);
}

TEST(TrendingScore, IsTheSameInWhateverOrderEventsAreAdded) {
  EXPECT_EQ(TrendingScoreOf(At24Hours({1, 7, 50'001}), {}, hours{24}, 2.5).key(),
            TrendingScoreOf(At24Hours({50'001, 1, 7}), {}, hours{24}, 2.5).key());
}

TEST(TrendingScore, OfAnEmptyWindowIsFinite) {
  EXPECT_DOUBLE_EQ(TrendingScoreOf(At24Hours({0}), {}, hours{0}, std::nullopt).total(), 2);
}

TEST(AgeInYears, IsNeverNegativeAndUnknownWithoutATime) {
  const TimePoint now = At("2024-05-08T12:00:00Z");
  EXPECT_EQ(AgeInYears(std::nullopt, now), std::nullopt);
  EXPECT_EQ(AgeInYears(At("2024-05-09T12:00:00Z"), now), 0);
  EXPECT_NEAR(*AgeInYears(At("2022-05-08T12:00:00Z"), now), 2, 0.01);
}

}  // namespace
}  // namespace repopulse
