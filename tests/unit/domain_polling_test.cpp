// When a source is due, when a poll has read enough, and what it may have missed.
#include <gtest/gtest.h>

#include "domain/polling.h"
#include "support/samples.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow = test::At("2026-03-01T12:00:00Z");

// A page of one event each `interval`, the newest first and created at `newest`; those from place `known_from` on are
// known.
std::vector<FeedEntry> Page(TimePoint newest, std::chrono::seconds interval, size_t size, size_t known_from) {
  std::vector<FeedEntry> page;
  for (size_t i = 0; i < size; ++i) {
    page.push_back({.created_at = newest - interval * static_cast<int64_t>(i), .known = i >= known_from});
  }
  return page;
}

LastPoll PollAt(TimePoint at) { return {.at = at, .newest_event_at = at}; }

// ---- Overlap and gaps

TEST(FeedReading, EndsOnThePageWhereItMeetsTheLastPoll) {
  FeedReading reading(PollAt(kNow - 50min), kNow);
  reading.Add(Page(kNow, 10min, 100, 5), true);  // the page's last entries are sixteen hours old
  EXPECT_TRUE(reading.IsFinished());
  EXPECT_FALSE(reading.Missed());
}

TEST(FeedReading, GoesOnUntilItMeetsTheLastPoll) {
  FeedReading reading(PollAt(kNow - 1500min), kNow);
  reading.Add(Page(kNow, 10min, 100, 100), true);
  EXPECT_FALSE(reading.IsFinished());
  reading.Add(Page(kNow - 1000min, 10min, 100, 50), true);
  EXPECT_TRUE(reading.IsFinished());
  EXPECT_FALSE(reading.Missed());
}

TEST(FeedReading, GoesOnBehindWhatIsKnownWhereLateEventsMayStillStand) {
  FeedReading reading(PollAt(kNow - 5min), kNow);
  reading.Add(Page(kNow, 1min, 100, 5), true);  // spans less than two hours
  EXPECT_FALSE(reading.IsFinished());
  reading.Add(Page(kNow - 100min, 5min, 100, 0), true);  // ten hours back
  EXPECT_TRUE(reading.IsFinished());
  EXPECT_FALSE(reading.Missed());
}

TEST(FeedReading, LooksForLateEventsSinceTheFeedChangedLast) {
  // It was unchanged for long: a late event may have been shown ever since the newest known one.
  FeedReading reading(LastPoll{.at = kNow - 1min, .newest_event_at = kNow - 10h}, kNow);
  reading.Add(Page(kNow, 8min, 100, 1), true);  // thirteen hours back
  EXPECT_FALSE(reading.IsFinished());
  reading.Add(Page(kNow - 800min, 8min, 100, 0), true);
  EXPECT_TRUE(reading.IsFinished());
}

TEST(FeedReading, TakesHalfOfAPagesLastTwentyForAnOverlap) {
  for (const auto& [known_from, met] : {std::pair{90, true}, std::pair{91, false}}) {
    FeedReading reading(PollAt(kNow), kNow);
    for (int page = 0; page < kFeedPagesMax; ++page) {
      reading.Add(Page(kNow - page * 100s, 1s, 100, static_cast<size_t>(known_from)), true);
    }
    EXPECT_TRUE(reading.IsFinished());
    EXPECT_EQ(reading.Missed().has_value(), !met) << known_from;
  }
}

TEST(FeedReading, TakesEventsYoungerThanTheLastPollForAnotherSourcesWork) {
  FeedReading reading(PollAt(kNow - 1h), kNow);
  for (int page = 0; page < kFeedPagesMax; ++page) reading.Add(Page(kNow - page * 100s, 1s, 100, 0), true);
  ASSERT_TRUE(reading.IsFinished());
  EXPECT_EQ(reading.Missed(), (MissedSpan{kNow - 1h, kNow - 290s + 1s})) << "to the middle of the last entries";
}

TEST(FeedReading, ReportsWhatLiesBetweenTheNewestOfThenAndTheOldestOfNow) {
  FeedReading reading(LastPoll{.at = kNow - 60s, .newest_event_at = kNow - 65s}, kNow);
  for (int page = 0; page < kFeedPagesMax; ++page) reading.Add(Page(kNow - page * 10s, 0s, 100, 100), true);
  EXPECT_EQ(reading.Missed(), (MissedSpan{kNow - 65s, kNow - 20s}));
}

TEST(FeedReading, ASingleEventOutOfOrderMovesNoGap) {
  FeedReading reading(PollAt(kNow - 60s), kNow);
  for (int page = 0; page < kFeedPagesMax; ++page) {
    auto entries = Page(kNow - page * 10s, 0s, 100, 100);
    entries.back().created_at = kNow - std::chrono::days{90};
    entries.front().created_at = kNow + 2h;
    reading.Add(entries, true);
  }
  EXPECT_EQ(reading.Missed(), (MissedSpan{kNow - 60s, kNow - 20s}));
  EXPECT_EQ(reading.NewestEvent(), kNow) << "nothing is shown before it happens";
}

TEST(FeedReading, AGapsEndsAreInOrderWhateverTheFeedShows) {
  FeedReading reading(PollAt(kNow - 60s), kNow);
  for (int page = 0; page < kFeedPagesMax; ++page) reading.Add(Page(kNow - 300s, 0s, 100, 100), true);
  EXPECT_EQ(reading.Missed(), (MissedSpan{kNow - 300s, kNow - 60s}));
}

TEST(FeedReading, AFeedThatEndsIsWhole) {
  FeedReading reading(PollAt(kNow - 24h), kNow);
  reading.Add(Page(kNow, 1min, 96, 96), true);
  EXPECT_FALSE(reading.IsFinished());
  reading.Add(Page(kNow - 96min, 1min, 12, 12), false);
  EXPECT_TRUE(reading.IsFinished());
  EXPECT_FALSE(reading.Missed());
}

TEST(FeedReading, AFeedThatEndsShowsThirtyDaysAtMost) {
  FeedReading reading(PollAt(kNow - 40 * 24h), kNow);
  reading.Add({}, false);
  EXPECT_EQ(reading.Missed(), (MissedSpan{kNow - 40 * 24h, kNow - kFeedAge}));
}

TEST(FeedReading, AShortThirdPageProvesNoEnd) {
  FeedReading reading(PollAt(kNow - 24h), kNow);
  reading.Add(Page(kNow, 1s, 96, 96), true);
  reading.Add(Page(kNow - 96s, 1s, 94, 94), true);
  reading.Add(Page(kNow - 190s, 1s, 84, 84), false);
  EXPECT_TRUE(reading.IsFinished());
  EXPECT_TRUE(reading.Missed());
}

TEST(FeedReading, APageShownTwiceMeetsNothing) {
  FeedReading reading(PollAt(kNow - 24h), kNow);
  auto page = Page(kNow, 1min, 100, 100);
  reading.Add(page, true);
  for (FeedEntry& entry : page) entry.repeated = true;
  reading.Add(page, true);
  EXPECT_FALSE(reading.IsFinished());
  reading.Add(page, true);
  EXPECT_TRUE(reading.Missed());
}

TEST(FeedReading, AnEmptyPageWithANextOneIsNoEnd) {
  FeedReading reading(PollAt(kNow - 1h), kNow);
  reading.Add({}, true);
  EXPECT_FALSE(reading.IsFinished());
}

TEST(FeedReading, WhatWasEmptyBeforeIsMissingFromThenOn) {
  FeedReading reading(LastPoll{.at = kNow - 1h, .newest_event_at = {}}, kNow);
  for (int page = 0; page < kFeedPagesMax; ++page) reading.Add(Page(kNow - page * 100s, 1s, 100, 0), true);
  EXPECT_EQ(reading.Missed(), (MissedSpan{kNow - 1h, kNow - 289s}));
}

// ---- The first poll

TEST(FeedReading, TheFirstPollReadsAllThereIsAndMissesNothing) {
  FeedReading reading(std::nullopt, kNow);
  reading.Add(Page(kNow, 24min, 100, 0), true);  // stored already, by another source
  EXPECT_FALSE(reading.IsFinished());
  reading.Add(Page(kNow - 40h, 24min, 100, 0), false);
  EXPECT_TRUE(reading.IsFinished());
  EXPECT_FALSE(reading.Missed());
  EXPECT_EQ(reading.WatchedSince(), kNow - kFeedAge);
}

TEST(FeedReading, AFirstPollThatSawNoEndKnowsFromItsOldestEventsOn) {
  FeedReading reading(std::nullopt, kNow);
  for (int page = 0; page < kFeedPagesMax; ++page) {
    auto entries = Page(kNow - page * 100s, 1s, 100, 100);
    entries.back().created_at = kNow - 24h * 20;  // late
    reading.Add(entries, page < 2);
  }
  EXPECT_EQ(reading.WatchedSince(), kNow - 289s);
}

TEST(FeedReading, AnEmptyFeedIsKnownForThirtyDays) {
  FeedReading reading(std::nullopt, kNow);
  reading.Add({}, false);
  EXPECT_TRUE(reading.IsFinished());
  EXPECT_EQ(reading.WatchedSince(), kNow - kFeedAge);
  EXPECT_FALSE(reading.NewestEvent());
  EXPECT_FALSE(reading.MeanIntervalSeconds());
}

// ---- Intervals

TEST(FeedReading, ExpectsTheNextEventsAsTheLastThirtyCame) {
  FeedReading reading(std::nullopt, kNow);
  auto page = Page(kNow, 10s, 30, 0);
  for (const FeedEntry& old : Page(kNow - 5h, 1h, 50, 0)) page.push_back(old);
  reading.Add(page, false);
  EXPECT_DOUBLE_EQ(*reading.MeanIntervalSeconds(), 10);
}

TEST(FeedReading, RepeatedEntriesAreNoEventsOfTheirOwn) {
  FeedReading reading(std::nullopt, kNow);
  auto page = Page(kNow, 60s, 3, 0);
  reading.Add(page, true);
  for (FeedEntry& entry : page) entry.repeated = true;
  reading.Add(page, false);
  EXPECT_DOUBLE_EQ(*reading.MeanIntervalSeconds(), 60);
}

// ---- Due times

TEST(PollPause, WaitsForSomeTenEvents) {
  EXPECT_EQ(PollPause({.mean_interval_seconds = 30}), 300s);
  EXPECT_EQ(PollPause({.mean_interval_seconds = 100}), 1000s);
}

TEST(PollPause, IsNeverShorterThanGitHubAllows) {
  EXPECT_EQ(PollPause({.mean_interval_seconds = 0.03}), 60s);
  EXPECT_EQ(PollPause({.poll_interval = 300s, .mean_interval_seconds = 0.03}), 300s);
  EXPECT_EQ(PollPause({.poll_interval = 600s, .longest = 300s, .mean_interval_seconds = 60}), 600s);
  EXPECT_EQ(PollPause({.poll_interval = 120s, .mean_interval_seconds = 0.03, .failed_polls = 1}), 120s);
}

TEST(PollPause, IsBoundAbove) {
  EXPECT_EQ(PollPause({.mean_interval_seconds = 86400}), 3600s);
  EXPECT_EQ(PollPause({.mean_interval_seconds = 60, .unchanged_polls = 1'000'000}), 3600s);
  EXPECT_EQ(PollPause({.failed_polls = 1'000'000}), 3600s);
}

TEST(PollPause, DoublesWithEachUnchangedAnswer) {
  EXPECT_EQ(PollPause({.mean_interval_seconds = 30, .unchanged_polls = 1}), 600s);
  EXPECT_EQ(PollPause({.mean_interval_seconds = 30, .unchanged_polls = 2}), 1200s);
  // A source so busy that GitHub's own interval binds stays there until its silence says more.
  EXPECT_EQ(PollPause({.mean_interval_seconds = 0.5, .unchanged_polls = 1}), 60s);
}

TEST(PollPause, DoublesWithEachError) {
  EXPECT_EQ(PollPause({.mean_interval_seconds = 300, .failed_polls = 1}), 60s);
  EXPECT_EQ(PollPause({.mean_interval_seconds = 300, .failed_polls = 2}), 120s);
  EXPECT_EQ(PollPause({.mean_interval_seconds = 300, .failed_polls = 4}), 480s);
}

TEST(PollPause, LeavesRoomForABurstOfThirtyTimesTheRate) {
  for (double mean : {6.0, 20.0, 60.0, 300.0}) {
    const auto pause = PollPause({.mean_interval_seconds = mean});
    EXPECT_LE(static_cast<double>(pause.count()) / (mean / 30), 300) << mean;
  }
}

TEST(MayOverflow, KnowsWhoCannotWaitForAMinuteMore) {
  EXPECT_TRUE(MayOverflow({.mean_interval_seconds = 0.5}, 120s));
  EXPECT_FALSE(MayOverflow({.mean_interval_seconds = 0.7}, 120s));
  EXPECT_FALSE(MayOverflow({.mean_interval_seconds = 0.5, .unchanged_polls = 1}, 120s));
  EXPECT_FALSE(MayOverflow({}, 600s));
}

}  // namespace
}  // namespace repopulse
