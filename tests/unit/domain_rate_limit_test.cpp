// GitHub's limits, by the rules of its documentation.
#include <gtest/gtest.h>

#include "domain/rate_limit.h"
#include "support/samples.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow = test::At("2026-03-01T12:00:00Z");

RateObservation Answer(int64_t limit, int64_t remaining, TimePoint reset_at) {
  return {.limit = limit, .remaining = remaining, .reset_at = reset_at, .limited = false, .retry_after = {}};
}
RateObservation Limited(std::optional<std::chrono::seconds> retry_after = std::nullopt) {
  return {.limit = {}, .remaining = {}, .reset_at = {}, .limited = true, .retry_after = retry_after};
}

TEST(RateLimit, NothingKnownMeansTheFirstRequestMayGo) { EXPECT_EQ(NextRequestAt({}, kNow), kNow); }

TEST(RateLimit, RequestsGoWhileSomeRemain) {
  const auto budget = Observe({}, Answer(30, 1, kNow + 40s), kNow);
  EXPECT_EQ(NextRequestAt(budget, kNow), kNow);
}

TEST(RateLimit, WithNoneLeftTheNextGoesAtTheReset) {
  auto budget = Observe({}, Answer(30, 1, kNow + 40s), kNow);
  budget = Take(budget, kNow);
  EXPECT_EQ(NextRequestAt(budget, kNow), kNow + 40s);
  EXPECT_EQ(NextRequestAt(budget, kNow + 39s), kNow + 40s);
  EXPECT_EQ(NextRequestAt(budget, kNow + 40s), kNow + 40s);
}

TEST(RateLimit, TheBucketIsFullAgainAfterTheReset) {
  auto budget = Observe({}, Answer(10, 0, kNow + 40s), kNow);
  const TimePoint later = kNow + 41s;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(NextRequestAt(budget, later), later) << i;
    budget = Take(budget, later);
  }
  EXPECT_GT(NextRequestAt(budget, later), later) << "ten were in it";
}

TEST(RateLimit, AReserveStaysUntouched) {
  const auto budget = Observe({}, Answer(60, 20, kNow + 40s), kNow);
  EXPECT_EQ(NextRequestAt(budget, kNow, 19), kNow);
  EXPECT_EQ(NextRequestAt(budget, kNow, 20), kNow + 40s);
}

TEST(RateLimit, PacedRequestsAreSpreadOverTheHour) {
  // 60 an hour, all of it left at its begin: one a minute.
  auto budget = Observe({}, Answer(60, 60, kNow + 60min), kNow);
  TimePoint now = kNow;
  int sent = 0;
  for (; now < kNow + 30min; now += 1s) {
    if (NextPacedRequestAt(budget, now) > now) continue;
    budget = Take(budget, now);
    ++sent;
  }
  EXPECT_GE(sent, 30);
  EXPECT_LE(sent, 32);
}

TEST(RateLimit, PacedRequestsSayWhenTheNextMayGo) {
  const auto budget = Observe({}, Answer(60, 30, kNow + 60min), kNow);
  const TimePoint next = NextPacedRequestAt(budget, kNow);
  EXPECT_EQ(next, kNow + 29min + 1s) << "what is left is for the second half hour, but for a minute's share";
  EXPECT_EQ(NextPacedRequestAt(budget, next), next);
  EXPECT_EQ(NextRequestAt(budget, kNow), kNow) << "what cannot wait is not held back";
}

TEST(RateLimit, AnUnusedBucketIsNotHeldBackAtItsEnd) {
  const auto budget = Observe({}, Answer(5000, 5000, kNow + 10min), kNow);
  EXPECT_EQ(NextPacedRequestAt(budget, kNow), kNow);
}

TEST(RateLimit, WhatCostNothingIsGivenBack) {
  auto budget = Observe({}, Answer(5000, 4000, kNow + 30min), kNow);
  budget = Take(budget, kNow);
  RateObservation unchanged = Answer(5000, 4000, kNow + 30min);
  unchanged.free = true;
  budget = Observe(budget, unchanged, kNow);
  EXPECT_EQ(budget.remaining, 4000);
}

TEST(RateLimit, AnOlderAnswerThatComesLateGivesNothingBack) {
  auto budget = Observe({}, Answer(30, 5, kNow + 40s), kNow);
  budget = Observe(budget, Answer(30, 9, kNow + 40s), kNow);
  EXPECT_EQ(budget.remaining, 5);
}

TEST(RateLimit, AnAnswerOfAWindowThatIsOverSaysNothing) {
  const auto budget = Observe({}, Answer(30, 0, kNow + 40s), kNow);
  const auto after = Observe(budget, Answer(30, 20, kNow - 1s), kNow);
  EXPECT_EQ(NextRequestAt(after, kNow), kNow + 40s);
}

TEST(RateLimit, ANewWindowsAnswerCounts) {
  auto budget = Observe({}, Answer(30, 0, kNow + 40s), kNow);
  budget = Observe(budget, Answer(30, 29, kNow + 100s), kNow + 41s);
  EXPECT_EQ(budget.remaining, 29);
  EXPECT_EQ(NextRequestAt(budget, kNow + 41s), kNow + 41s);
}

TEST(RateLimit, RequestsOfOthersAreSeenInTheAnswers) {
  auto budget = Observe({}, Answer(30, 20, kNow + 40s), kNow);
  budget = Observe(budget, Answer(30, 3, kNow + 40s), kNow);
  EXPECT_EQ(budget.remaining, 3);
}

TEST(RateLimit, RetryAfterIsObeyedWhateverRemains) {
  auto seen = Limited(90s);
  seen.limit = 30;
  seen.remaining = 25;
  seen.reset_at = kNow + 10s;
  const auto budget = Observe({}, seen, kNow);
  EXPECT_EQ(NextRequestAt(budget, kNow), kNow + 90s);
  EXPECT_EQ(NextRequestAt(budget, kNow + 90s), kNow + 90s);
}

TEST(RateLimit, ARetryAfterOfZeroStillWaits) {
  EXPECT_GE(NextRequestAt(Observe({}, Limited(0s), kNow), kNow), kNow + 1s);
}

TEST(RateLimit, WithoutRetryAfterAnEmptyBucketIsWaitedFor) {
  auto seen = Limited();
  seen.limit = 30;
  seen.remaining = 0;
  seen.reset_at = kNow + 25s;
  EXPECT_EQ(NextRequestAt(Observe({}, seen, kNow), kNow), kNow + 25s);
}

TEST(RateLimit, ASecondaryLimitWithoutRetryAfterWaitsAMinuteAndDoubles) {
  RateBudget budget;
  TimePoint now = kNow;
  for (const auto wait : {60s, 120s, 240s, 480s, 960s, 1920s, 3600s, 3600s}) {
    budget = Observe(budget, Limited(), now);
    EXPECT_EQ(NextRequestAt(budget, now), now + wait) << wait.count();
    now = NextRequestAt(budget, now);
  }
}

TEST(RateLimit, AnAnswerWithoutLimitEndsTheDoubling) {
  auto budget = Observe(Observe({}, Limited(), kNow), Limited(), kNow);
  budget = Observe(budget, Answer(30, 29, kNow + 10min), kNow + 5min);
  budget = Observe(budget, Limited(), kNow + 6min);
  EXPECT_EQ(NextRequestAt(budget, kNow + 6min), kNow + 7min);
}

TEST(RateLimit, NoAnswerAtAllDoesNotEndTheDoubling) {
  auto budget = Observe({}, Limited(), kNow);
  budget = Observe(budget, RateObservation{}, kNow + 61s);  // a time-out
  budget = Observe(budget, Limited(), kNow + 62s);
  EXPECT_EQ(NextRequestAt(budget, kNow + 62s), kNow + 62s + 120s);
}

TEST(RateLimit, AShorterWaitDoesNotEndALongerOne) {
  auto budget = Observe({}, Limited(300s), kNow);
  budget = Observe(budget, Limited(10s), kNow);
  EXPECT_EQ(NextRequestAt(budget, kNow), kNow + 300s);
}

TEST(RateLimit, NonsenseIsIgnored) {
  const auto before = Observe({}, Answer(30, 5, kNow + 40s), kNow);
  for (const auto& nonsense : {Answer(0, 0, kNow + 1h), Answer(-5, 3, kNow + 1h)}) {
    EXPECT_EQ(Observe(before, nonsense, kNow).remaining, 5);
  }
  EXPECT_EQ(Observe({}, Answer(30, 99, kNow + 40s), kNow).remaining, 30);
  EXPECT_EQ(Observe({}, Answer(30, -1, kNow + 40s), kNow).remaining, 0);
}

TEST(RateLimit, ResourcesHaveGitHubsNames) {
  EXPECT_EQ(ToString(RateResource::kCore), "core");
  EXPECT_EQ(ToString(RateResource::kSearch), "search");
}

}  // namespace
}  // namespace repopulse
