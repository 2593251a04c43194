// Collecting events where GitHub, the database or time fails: what is kept, and what is recorded as missing.
#include "support/event_collecting.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;
using test::FakeEventFeed;

struct EventCollectorFailures : test::EventCollecting {};

const Error kBadGateway{ErrorCode::kUnavailable, "502"};

// ---- Limits, errors, deadlines

TEST_F(EventCollectorFailures, ALimitInTheMiddleEndsTheRunAndKeepsWhatCame) {
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

TEST_F(EventCollectorFailures, WithoutBudgetNothingIsAskedAndNothingChanges) {
  Fill(Track(1), {1}, 10, 60s);
  budgets.budget(RateResource::kCore) = {
      .limit = 60, .remaining = 0, .reset_at = clock.Now() + 10min, .blocked_until = {}};
  EXPECT_FALSE(Run().error);
  EXPECT_TRUE(github.queries().empty());
  EXPECT_EQ(Feed(1).polls, 0);
  EXPECT_EQ(Feed(1).failed_polls, 0);
}

TEST_F(EventCollectorFailures, AsksAgainAfterAPassingError) {
  Fill(Track(1), {1}, 10, 60s);
  github.FailNextTimes(2, kBadGateway);
  const auto summary = Run();
  EXPECT_FALSE(summary.error);
  EXPECT_EQ(summary.added, 10);
  EXPECT_EQ(Count("retries"), 2);
}

TEST_F(EventCollectorFailures, AFailingSourceIsPutOffAndTheOthersGoOn) {
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

TEST_F(EventCollectorFailures, StopsAskingAGitHubThatFailsAgainAndAgain) {
  for (int64_t id = 1; id <= 8; ++id) Track(id);
  github.RefuseWhere([](const std::string&) { return std::optional(kBadGateway); });
  const auto summary = Run();
  ASSERT_TRUE(summary.error);
  EXPECT_EQ(summary.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(summary.answered, 0);
  EXPECT_EQ(github.queries().size(), 9u) << "three sources, three times each";
}

TEST_F(EventCollectorFailures, ARefusedTokenEndsTheRun) {
  for (int64_t id = 1; id <= 3; ++id) Track(id);
  github.FailNext({ErrorCode::kUnauthorized, "401"});
  EXPECT_EQ(Run().error->code, ErrorCode::kUnauthorized);
  EXPECT_EQ(github.queries().size(), 1u);
}

TEST_F(EventCollectorFailures, SendsNothingAfterItsDeadline) {
  for (int64_t id = 1; id <= 100; ++id) Fill(Track(id), {id}, 3, 60s);
  github.OnRequest([this] { clock.Advance(1s); });
  const TimePoint begin = clock.Now();
  ASSERT_FALSE(Run(10s).error);
  EXPECT_LE(clock.Now(), begin + 12s);
  EXPECT_LE(github.queries().size(), 11u);
  EXPECT_GE(github.queries().size(), 9u);
  EXPECT_EQ(events.stored.size(), github.queries().size() * 3) << "what was asked for is kept";
}

TEST_F(EventCollectorFailures, APollThatTheDeadlineCutsStaysDueAndKeepsWhatCame) {
  Fill(Track(1), {1}, 250, 60s);
  github.OnRequest([this] { clock.Advance(6s); });
  ASSERT_FALSE(Run(10s).error);
  EXPECT_EQ(events.stored.size(), 200u);
  EXPECT_LE(Feed(1).next_poll_at, clock.Now());
  ASSERT_FALSE(Run(30s).error);
  EXPECT_EQ(events.stored.size(), 250u);
  EXPECT_TRUE(Feed(1).last_polled_at);
}

TEST_F(EventCollectorFailures, EndsWhenTheReplicaStops) {
  for (int64_t id = 1; id <= 3; ++id) Track(id);
  github.OnRequest([this] { stop.request_stop(); });
  EXPECT_EQ(Run().error->code, ErrorCode::kCancelled);
  EXPECT_EQ(github.queries().size(), 1u);
}

TEST_F(EventCollectorFailures, AStoreThatFailsEndsTheRun) {
  for (int64_t id = 1; id <= 3; ++id) Fill(Track(id), {id}, 3, 60s);
  events.failing = Error{ErrorCode::kUnavailable, "no database"};
  const auto summary = Run();
  EXPECT_EQ(summary.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(github.queries().size(), 1u);
  EXPECT_FALSE(Feed(1).last_polled_at);
}

TEST_F(EventCollectorFailures, MalformedEntriesAreCountedAndTheOthersStored) {
  FakeEventFeed& feed = Track(1);
  Fill(feed, {1}, 5, 60s);
  feed.malformed_on_first_page = 2;
  EXPECT_EQ(Run().added, 5);
  EXPECT_EQ(Feed(1).events_malformed, 2);
  EXPECT_EQ(Count("malformed"), 2);
}

// ---- Polls that were broken off

struct BrokenOffPolls : test::EventCollecting {
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

}  // namespace
}  // namespace repopulse
