// Collecting events: what is asked, stored and recorded, and what happens when GitHub does not play along.
#include "support/event_collecting.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;
using test::FakeEventFeed;
using Queries = std::vector<std::string>;

struct EventCollectorTest : test::EventCollecting {};

// ---- The good case

TEST_F(EventCollectorTest, ReadsANewSourceToItsEndAndStoresWhatItShows) {
  FakeEventFeed& feed = Track(1);
  Fill(feed, {1}, 130, 60s);
  const auto summary = Run();
  EXPECT_FALSE(summary.error);
  EXPECT_EQ(summary.added, 130);
  EXPECT_EQ(summary.touched, std::vector<RepositoryId>{{1}});
  EXPECT_EQ(StoredOf({1}), 130u);
  EXPECT_EQ(github.queries(), (Queries{"events owner/repository-1", "events owner/repository-1 page 2"}));
  const EventSource& source = Feed(1);
  EXPECT_EQ(source.polls, 1);
  EXPECT_EQ(source.requests, 2);
  EXPECT_EQ(source.events_new, 130);
  EXPECT_FALSE(source.etag.empty());
  EXPECT_DOUBLE_EQ(*source.mean_interval_seconds, 60);
  EXPECT_GE(source.next_poll_at, clock.Now() + 590s) << "ten events later";
  EXPECT_LE(*source.watched_since, clock.Now() - std::chrono::days{29}) << "the feed's end was seen";
  EXPECT_EQ(Count("events_added"), 130);
}

TEST_F(EventCollectorTest, AsksOnceWhereNothingIsNew) {
  TrackAndPoll(1, 30, 60s);
  NewRequests();
  MakeDue(1);
  EXPECT_EQ(Run().added, 0);
  EXPECT_EQ(NewRequests(), 1u);
  EXPECT_EQ(Feed(1).not_modified, 1);
  EXPECT_EQ(Feed(1).unchanged_polls, 1);
  EXPECT_GE(Feed(1).next_poll_at, clock.Now() + 1190s) << "twice as long";
}

TEST_F(EventCollectorTest, TwoHundredQuietSourcesCostTwoHundredRequests) {
  for (int64_t id = 1; id <= 200; ++id) Fill(Track(id), {id}, 3, 60s);
  ASSERT_FALSE(Run().error);
  NewRequests();
  for (int64_t id = 1; id <= 200; ++id) MakeDue(id);
  ASSERT_FALSE(Run().error);
  EXPECT_EQ(NewRequests(), 200u);
  for (int64_t id = 1; id <= 200; ++id) EXPECT_EQ(Feed(id).not_modified, 1) << id;
}

TEST_F(EventCollectorTest, AsksNothingBeforeItIsDue) {
  TrackAndPoll(1, 30, 60s);
  NewRequests();
  ASSERT_FALSE(Run().error);
  EXPECT_EQ(NewRequests(), 0u);
}

TEST_F(EventCollectorTest, KeepsPayloadsOfActiveRepositoriesOnly) {
  options.firehose = true;
  Track(1);
  FakeEventFeed& firehose = ServeFeed({});
  Fill(firehose, {1}, 2, 1s);
  Fill(firehose, {2}, 2, 1s);
  ASSERT_FALSE(Run().error);
  ASSERT_EQ(events.stored.size(), 4u);
  for (const auto& [key, event] : events.stored) EXPECT_EQ(event.payload.empty(), event.repository.value == 2);
}

TEST_F(EventCollectorTest, TheFirehoseIsAskedOnlyWhereItIsWanted) {
  Fill(ServeFeed({}), {2}, 5, 1s);
  ASSERT_FALSE(Run().error);
  EXPECT_TRUE(github.queries().empty());
  options.firehose = true;
  ASSERT_FALSE(Run().error);
  EXPECT_EQ(github.queries(), Queries{"events"});
}

TEST_F(EventCollectorTest, HonoursThePollIntervalOfABusySource) {
  FakeEventFeed& feed = Track(1);
  feed.poll_interval = 120s;
  Fill(feed, {1}, 300, 1s);
  ASSERT_FALSE(Run().error);
  EXPECT_GE(Feed(1).next_poll_at, *Feed(1).last_polled_at + 120s);
}

TEST_F(EventCollectorTest, WaitsForABusySourceThatWouldOverflowByTheNextRun) {
  EventCollector collector = MakeCollector();
  FakeEventFeed& feed = Track(1);
  Fill(feed, {1}, 300, 0s);
  ASSERT_FALSE(RunWith(collector).error);
  clock.Advance(Feed(1).next_poll_at - clock.Now() - 20s);
  Fill(feed, {1}, 100, 0s);
  ASSERT_FALSE(RunWith(collector).error);
  EXPECT_EQ(Feed(1).polls, 2);
  EXPECT_GE(clock.Now(), *Feed(1).last_polled_at);
}

// ---- Late, repeated and lost events

TEST_F(EventCollectorTest, ReadsOnUntilItMeetsWhatItHas) {
  FakeEventFeed& feed = TrackAndPoll(1, 300, 600s);
  NewRequests();
  clock.Advance(24h);
  Fill(feed, {1}, 140, 600s);
  MakeDue(1);
  EXPECT_EQ(Run().added, 140);
  EXPECT_EQ(NewRequests(), 2u);
  EXPECT_TRUE(sources.GapsOf(SourceKind::kRepository, {1}).empty());
}

TEST_F(EventCollectorTest, RecordsAGapWhereItNeverMeetsWhatItHas) {
  FakeEventFeed& feed = TrackAndPoll(1, 300, 60s);
  const TimePoint newest = *Feed(1).newest_event_at;
  const TimePoint polled = *Feed(1).last_polled_at;
  clock.Advance(24h);
  Fill(feed, {1}, 400, 60s);
  MakeDue(1);
  EXPECT_EQ(Run().added, 300);
  const auto gaps = sources.GapsOf(SourceKind::kRepository, {1});
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].from, newest);
  EXPECT_EQ(gaps[0].polled_from, polled);
  EXPECT_LE(gaps[0].polled_to, clock.Now());
  for (const auto& shown : feed.truth()) {
    if (events.Has(shown.event)) continue;
    EXPECT_GT(shown.event.created_at, gaps[0].from);
    EXPECT_LE(shown.event.created_at, gaps[0].to);
  }
  EXPECT_EQ(Count("gaps"), 1);
}

TEST_F(EventCollectorTest, WhatAnotherSourceStoredIsNoOverlap) {
  options.firehose = true;
  FakeEventFeed& firehose = ServeFeed({});
  FakeEventFeed& feed = TrackAndPoll(1, 300, 1s);
  clock.Advance(2h);
  Fill(feed, {1}, 400, 1s);
  // The firehose has shown the last of them.
  for (size_t i = 500; i < 700; ++i) firehose.Publish(feed.truth()[i].event, feed.truth()[i].at);
  Firehose().next_poll_at = clock.Now();
  Feed(1).next_poll_at = clock.Now() + 10min;
  ASSERT_FALSE(Run().error);
  ASSERT_EQ(StoredOf({1}), 500u);
  MakeDue(1);
  ASSERT_FALSE(Run().error);
  EXPECT_EQ(StoredOf({1}), 600u) << "all that the feed shows";
  EXPECT_EQ(sources.GapsOf(SourceKind::kRepository, {1}).size(), 1u) << "and a hundred are lost";
}

TEST_F(EventCollectorTest, FindsLateEventsBehindWhatItHas) {
  FakeEventFeed& feed = Track(1, FakeEventFeed::Order::kCreated);
  Fill(feed, {1}, 250, 60s);
  ASSERT_FALSE(Run().error);
  clock.Advance(20min);
  const Event late = MakeEvent({1}, clock.Now() - 150min);
  feed.Publish(late, clock.Now());
  feed.Publish(MakeEvent({1}, clock.Now()), clock.Now());
  MakeDue(1);
  EXPECT_EQ(Run().added, 2);
  EXPECT_TRUE(events.Has(late));
}

// ---- Names

TEST_F(EventCollectorTest, ANameTakenOverByAnotherIsLeftForTheRepositorysId) {
  TrackAndPoll(1, 5, 60s);
  // Repository 1 was renamed, and 2 has its name now.
  github.Serve(test::SampleRepository(1, "owner/renamed", 10));
  github.Serve(test::SampleRepository(2, "owner/repository-1", 10));
  Fill(ServeFeed({2}), {2}, 7, 1s);
  MakeDue(1);
  NewRequests();
  ASSERT_FALSE(Run().error);
  const Queries asked(github.queries().end() - static_cast<std::ptrdiff_t>(NewRequests()), github.queries().end());
  EXPECT_EQ(asked, (Queries{"events owner/repository-1", "events #1", "#1"}));
  EXPECT_EQ(StoredOf({2}), 0u);
  ASSERT_EQ(repositories.stored.size(), 1u);
  EXPECT_EQ(repositories.stored[0].repository.name.full(), "owner/renamed");
}

TEST_F(EventCollectorTest, ARepositoryThatIsGoneIsMarkedAndAskedForOnceADay) {
  TrackAndPoll(1, 5, 60s);
  ASSERT_TRUE(repositories.Save(test::SampleRepository(1, "owner/repository-1", 10), clock.Now()));
  github.Serve(test::SampleRepository(2, "owner/other", 10));
  github.Remove({1});
  MakeDue(1);
  EXPECT_FALSE(Run().error);
  EXPECT_TRUE(repositories.stored[0].gone_at);
  EXPECT_GE(Feed(1).next_poll_at, clock.Now() + 23h);
  EXPECT_EQ(events.stored.size(), 5u);
}

TEST_F(EventCollectorTest, ConfiguredNamesAreLookedUpAndPolled) {
  options.track = {test::RepositoryNamed("a/known"), test::RepositoryNamed("a/unknown"), test::RepositoryNamed("a/no")};
  github.Serve(test::SampleRepository(7, "a/unknown", 10));
  github.Serve(test::SampleRepository(8, "a/known", 10));
  ASSERT_TRUE(repositories.Save(test::SampleRepository(8, "a/known", 10), clock.Now()));
  Fill(ServeFeed({7}), {7}, 4, 60s);
  Fill(ServeFeed({8}), {8}, 3, 60s);
  const auto summary = Run();
  EXPECT_FALSE(summary.error) << "a name that leads nowhere is no failure";
  EXPECT_EQ(StoredOf({7}), 4u);
  EXPECT_EQ(StoredOf({8}), 3u);
  EXPECT_EQ(std::ranges::count(github.queries(), "a/known"), 0) << "it is known";
  EXPECT_EQ(sources.postponed.at("a/no").first > clock.Now() + 5h, true);
  NewRequests();
  ASSERT_FALSE(Run().error);
  EXPECT_EQ(NewRequests(), 0u);
}

TEST_F(EventCollectorTest, TheFirstOfEachTopicAreTracked) {
  for (int64_t id = 1; id <= 4; ++id) {
    sources.names.insert_or_assign({id}, test::RepositoryNamed("owner/repository-" + std::to_string(id)));
  }
  sources.topics = {{{1}, {2}, {3}}, {{4}, {1}}};
  options.track_top = 2;
  ASSERT_FALSE(Run().error);
  EXPECT_TRUE(sources.IsActive({1}) && sources.IsActive({2}) && sources.IsActive({4}));
  EXPECT_FALSE(sources.IsActive({3}));
  EXPECT_EQ(github.queries().size(), 3u) << "their topics bring the details";
}

TEST_F(EventCollectorTest, DetailsAreKeptUpToDateWhereNoTopicBringsThem) {
  Track(1);
  sources.Source(SourceKind::kDetails, {1}).next_poll_at = clock.Now();
  ASSERT_FALSE(Run().error);
  ASSERT_EQ(repositories.stored.size(), 1u);
  EXPECT_EQ(sources.Source(SourceKind::kDetails, {1}).failed_polls, 0);
  EXPECT_GE(sources.Source(SourceKind::kDetails, {1}).next_poll_at, clock.Now() + 2h);
}

}  // namespace
}  // namespace repopulse
