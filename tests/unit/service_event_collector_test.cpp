// Collecting events: what is asked, stored and recorded, and what happens when GitHub does not play along.
#include "support/event_collecting.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;
using test::FakeEventFeed;
using Queries = std::vector<std::string>;

struct EventCollectorTest : test::EventCollecting {
  // A feed of ten minutes, polled once, so that later polls have something to meet.
  FakeEventFeed& TrackAndPoll(int64_t id, int count, std::chrono::seconds interval) {
    FakeEventFeed& feed = Track(id);
    Fill(feed, {id}, count, interval);
    EXPECT_FALSE(Run().error);
    return feed;
  }
  size_t NewRequests() {
    const size_t before = std::exchange(requests_before_, github.queries().size());
    return github.queries().size() - before;
  }
  size_t requests_before_ = 0;
};

const Error kBadGateway{ErrorCode::kUnavailable, "502"};

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

// ---- Limits, errors, deadlines

TEST_F(EventCollectorTest, ALimitInTheMiddleEndsTheRunAndKeepsWhatCame) {
  Fill(Track(1), {1}, 10, 60s);
  Fill(Track(2), {2}, 200, 60s);
  Fill(Track(3), {3}, 10, 60s);
  github.RefuseWhere([](const std::string& query) -> std::optional<Error> {
    if (!query.ends_with("page 2")) return std::nullopt;
    return Error{ErrorCode::kRateLimited, "secondary", 60s};
  });
  const auto summary = Run();
  EXPECT_FALSE(summary.error) << "a limit is no failure";
  EXPECT_EQ(summary.added, 110);
  EXPECT_EQ(github.queries().back(), "events owner/repository-2 page 2");
  EXPECT_EQ(Feed(3).polls, 0) << "the bucket is the same for all";
  EXPECT_LE(Feed(2).next_poll_at, clock.Now()) << "it goes on as soon as it may";
  EXPECT_FALSE(Feed(2).last_polled_at) << "that was no whole poll";
}

TEST_F(EventCollectorTest, WithoutBudgetNothingIsAskedAndNothingChanges) {
  Fill(Track(1), {1}, 10, 60s);
  budgets.budget(RateResource::kCore) = {
      .limit = 60, .remaining = 0, .reset_at = clock.Now() + 10min, .blocked_until = {}};
  EXPECT_FALSE(Run().error);
  EXPECT_TRUE(github.queries().empty());
  EXPECT_EQ(Feed(1).polls, 0);
  EXPECT_EQ(Feed(1).failed_polls, 0);
}

TEST_F(EventCollectorTest, AsksAgainAfterAPassingError) {
  Fill(Track(1), {1}, 10, 60s);
  github.FailNextTimes(2, kBadGateway);
  const auto summary = Run();
  EXPECT_FALSE(summary.error);
  EXPECT_EQ(summary.added, 10);
  EXPECT_EQ(Count("retries"), 2);
}

TEST_F(EventCollectorTest, AFailingSourceIsPutOffAndTheOthersGoOn) {
  for (int64_t id = 1; id <= 2; ++id) Fill(Track(id), {id}, 10, 60s);
  github.RefuseWhere([](const std::string& query) {
    return query == "events owner/repository-1" ? std::optional(kBadGateway) : std::nullopt;
  });
  auto summary = Run();
  EXPECT_EQ(summary.added, 10);
  EXPECT_EQ(summary.answered, 1);
  EXPECT_EQ(Feed(1).failed_polls, 1);
  EXPECT_EQ(Feed(1).last_error, "502");
  const auto first_pause = Feed(1).next_poll_at - clock.Now();
  EXPECT_GE(first_pause, 59s);
  MakeDue(1);
  summary = Run();
  EXPECT_GT(Feed(1).next_poll_at - clock.Now(), first_pause + 50s) << "longer each time";
}

TEST_F(EventCollectorTest, StopsAskingAGitHubThatFailsAgainAndAgain) {
  for (int64_t id = 1; id <= 8; ++id) Track(id);
  github.RefuseWhere([](const std::string&) { return std::optional(kBadGateway); });
  const auto summary = Run();
  ASSERT_TRUE(summary.error);
  EXPECT_EQ(summary.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(summary.answered, 0);
  EXPECT_EQ(github.queries().size(), 9u) << "three sources, three times each";
}

TEST_F(EventCollectorTest, ARefusedTokenEndsTheRun) {
  for (int64_t id = 1; id <= 3; ++id) Track(id);
  github.FailNext({ErrorCode::kUnauthorized, "401"});
  EXPECT_EQ(Run().error->code, ErrorCode::kUnauthorized);
  EXPECT_EQ(github.queries().size(), 1u);
}

TEST_F(EventCollectorTest, SendsNothingAfterItsDeadline) {
  for (int64_t id = 1; id <= 100; ++id) Fill(Track(id), {id}, 3, 60s);
  github.OnRequest([this] { clock.Advance(1s); });
  const TimePoint begin = clock.Now();
  ASSERT_FALSE(Run(10s).error);
  EXPECT_LE(clock.Now(), begin + 12s);
  EXPECT_LE(github.queries().size(), 11u);
  EXPECT_GE(github.queries().size(), 9u);
  EXPECT_EQ(events.stored.size(), github.queries().size() * 3) << "what was asked for is kept";
}

TEST_F(EventCollectorTest, APollThatTheDeadlineCutsStaysDueAndKeepsWhatCame) {
  Fill(Track(1), {1}, 250, 60s);
  github.OnRequest([this] { clock.Advance(6s); });
  ASSERT_FALSE(Run(10s).error);
  EXPECT_EQ(events.stored.size(), 200u);
  EXPECT_LE(Feed(1).next_poll_at, clock.Now());
  ASSERT_FALSE(Run(30s).error);
  EXPECT_EQ(events.stored.size(), 250u);
  EXPECT_TRUE(Feed(1).last_polled_at);
}

TEST_F(EventCollectorTest, EndsWhenTheReplicaStops) {
  for (int64_t id = 1; id <= 3; ++id) Track(id);
  github.OnRequest([this] { stop.request_stop(); });
  EXPECT_EQ(Run().error->code, ErrorCode::kCancelled);
  EXPECT_EQ(github.queries().size(), 1u);
}

TEST_F(EventCollectorTest, AStoreThatFailsEndsTheRun) {
  for (int64_t id = 1; id <= 3; ++id) Fill(Track(id), {id}, 3, 60s);
  events.failing = Error{ErrorCode::kUnavailable, "no database"};
  const auto summary = Run();
  EXPECT_EQ(summary.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(github.queries().size(), 1u);
  EXPECT_FALSE(Feed(1).last_polled_at);
}

TEST_F(EventCollectorTest, MalformedEntriesAreCountedAndTheOthersStored) {
  FakeEventFeed& feed = Track(1);
  Fill(feed, {1}, 5, 60s);
  feed.malformed_on_first_page = 2;
  EXPECT_EQ(Run().added, 5);
  EXPECT_EQ(Feed(1).events_malformed, 2);
  EXPECT_EQ(Count("malformed"), 2);
}

// ---- Polls that were broken off

struct BrokenOffPolls : EventCollectorTest {
  // Page 2 of the next poll fails; page 1 has been stored by then.
  void BreakOffThePollAfter(EventCollector& collector, FakeEventFeed& feed, int new_events) {
    clock.Advance(1h);
    Fill(feed, {1}, new_events, 1s);
    github.RefuseWhere(
        [](const std::string& query) { return query.ends_with("page 2") ? std::optional(kBadGateway) : std::nullopt; });
    MakeDue(1);
    ASSERT_EQ(RunWith(collector).added, 100);
    github.RefuseWhere({});
    ASSERT_EQ(Feed(1).failed_polls, 1);
    MakeDue(1);
  }
  [[nodiscard]] size_t Lost(const FakeEventFeed& feed) const {
    return static_cast<size_t>(
        std::ranges::count_if(feed.truth(), [this](const auto& shown) { return !events.Has(shown.event); }));
  }
};

TEST_F(BrokenOffPolls, AreMadeGoodByALaterOne) {
  EventCollector collector = MakeCollector();
  FakeEventFeed& feed = TrackAndPoll(1, 250, 60s);
  BreakOffThePollAfter(collector, feed, 190);
  ASSERT_FALSE(RunWith(collector).error);
  EXPECT_EQ(Lost(feed), 0u);
  EXPECT_TRUE(sources.GapsOf(SourceKind::kRepository, {1}).empty());
  EXPECT_EQ(Feed(1).failed_polls, 0);
}

TEST_F(BrokenOffPolls, AreNoProofThatEverythingBeforeThemWasSeen) {
  EventCollector collector = MakeCollector();
  FakeEventFeed& feed = Track(1);
  Fill(feed, {1}, 300, 1s);
  ASSERT_FALSE(RunWith(collector).error);
  // All events are late ones: older than the newest of the last whole poll.
  const TimePoint newest = *Feed(1).newest_event_at;
  const auto show = [&](int count) {
    for (int i = 0; i < count; ++i) feed.Publish(MakeEvent({1}, newest - 10min), clock.Now());
  };
  clock.Advance(1h);
  show(290);
  github.RefuseWhere(
      [](const std::string& query) { return query.ends_with("page 2") ? std::optional(kBadGateway) : std::nullopt; });
  MakeDue(1);
  ASSERT_EQ(RunWith(collector).added, 100);
  github.RefuseWhere({});
  clock.Advance(1h);
  show(190);  // what the poll that was broken off has stored is on page 3 now, and 190 events are out of sight
  MakeDue(1);
  const TimePoint before = *Feed(1).last_polled_at;
  ASSERT_FALSE(RunWith(collector).error);
  EXPECT_GT(Lost(feed), 0u);
  const auto gaps = sources.GapsOf(SourceKind::kRepository, {1});
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].polled_from, before);
}

TEST_F(BrokenOffPolls, OfAnotherProcessAreDistrusted) {
  FakeEventFeed& feed = TrackAndPoll(1, 300, 60s);
  EventCollector one = MakeCollector();
  BreakOffThePollAfter(one, feed, 250);
  EventCollector another = MakeCollector();
  ASSERT_FALSE(RunWith(another).error);
  EXPECT_EQ(sources.GapsOf(SourceKind::kRepository, {1}).size(), 1u) << "it cannot tell which events are its proof";
}

TEST_F(BrokenOffPolls, ThatACrashCutAreSeenAsSuch) {
  FakeEventFeed& feed = TrackAndPoll(1, 300, 60s);
  const EventSource before = Feed(1);
  clock.Advance(1h);
  Fill(feed, {1}, 250, 1s);
  MakeDue(1);
  // The process dies when the first page is stored and nothing else can be.
  events.on_ingest = [this] { sources.failing = Error{ErrorCode::kUnavailable, "the process is gone"}; };
  ASSERT_TRUE(Run().error);
  events.on_ingest = [] {};
  sources.failing.reset();
  EXPECT_EQ(Feed(1).last_polled_at, before.last_polled_at);
  EXPECT_TRUE(Feed(1).etag.empty()) << "an unchanged feed must not pass for one that was read";
  EXPECT_EQ(Feed(1).failed_polls, 1);
  MakeDue(1);
  ASSERT_FALSE(Run().error);
  EXPECT_EQ(Lost(feed), 0u);
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
