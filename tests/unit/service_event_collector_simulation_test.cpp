// Ten hours of collecting in virtual time: what was not captured lies in gaps that are recorded.
#include <random>

#include "support/event_collecting.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;
using test::FakeEventFeed;

constexpr int64_t kTracked = 6;
constexpr int64_t kOthers = 400;

// A population of repositories, whose events GitHub shows late, out of order, twice and with ids that collide.
struct SimulatedHours : test::EventCollecting {
  std::mt19937 random{20260301};
  FakeEventFeed* firehose = nullptr;
  std::map<RepositoryId, FakeEventFeed*> own;

  double Uniform() { return std::uniform_real_distribution<>(0, 1)(random); }

  void Populate(FakeEventFeed::Order order) {
    options.firehose = true;
    for (int64_t id = 1; id <= kTracked; ++id) own[{id}] = &Track(id, order);
    firehose = &ServeFeed({}, order);
  }
  // Tracked repositories have from 2 events a second down to 7 an hour; the others share the rest.
  RepositoryId PickRepository(double per_second) {
    double pick = Uniform() * per_second;
    double rate = 2;
    for (int64_t id = 1; id <= kTracked; ++id, rate /= 4) {
      if ((pick -= rate) < 0) return {id};
    }
    return {1000 + static_cast<int64_t>(Uniform() * kOthers)};
  }
  std::chrono::seconds PickDelay() {
    const double pick = Uniform();
    if (pick < 0.9) return 5s;
    return pick < 0.999 ? std::chrono::seconds{5 + static_cast<int>(Uniform() * 60)} : 1200s;
  }
  // All that is shown within the hours, to the second, in the order in which it is.
  void Schedule(std::chrono::hours hours, int per_second) {
    const TimePoint begin = clock.Now() - 1h;
    const auto seconds = static_cast<size_t>(std::chrono::seconds{hours + 1h}.count());
    std::vector<std::vector<Event>> shown(seconds);
    for (size_t second = 0; second < seconds; ++second) {
      for (int i = 0; i < per_second; ++i) {
        Event event;
        event.id = ++last_id % 1'000'000;  // ids come again, at other times
        event.type = "WatchEvent";
        event.repository = PickRepository(per_second);
        event.created_at = begin + std::chrono::seconds{second};
        const size_t at = second + static_cast<size_t>(PickDelay().count());
        if (at < seconds) shown[at].push_back(std::move(event));
      }
    }
    for (size_t second = 0; second < seconds; ++second) {
      const TimePoint at = begin + std::chrono::seconds{second};
      for (Event& event : shown[second]) {
        if (const auto it = own.find(event.repository); it != own.end()) it->second->Publish(event, at);
        firehose->Publish(std::move(event), at);
      }
    }
  }
  // One run at each minute.
  void CollectFor(std::chrono::hours hours) {
    EventCollector collector = MakeCollector();
    const TimePoint end = clock.Now() + hours;
    while (clock.Now() < end) {
      const TimePoint next_tick = clock.Now() + 60s;
      const auto summary = RunWith(collector);
      ASSERT_FALSE(summary.error) << summary.error->message;
      ASSERT_LE(clock.Now(), next_tick) << "a run took longer than a minute";
      clock.Advance(next_tick - clock.Now());
    }
  }
  // `gaps`: in the order of their polls.
  static bool IsWithin(const FakeEventFeed::Shown& one, const std::vector<SourceGap>& gaps) {
    const auto polled = std::ranges::lower_bound(gaps, one.at, {}, &SourceGap::polled_to);
    if (polled != gaps.end() && polled->polled_from <= one.at) return true;
    return std::ranges::any_of(gaps, [&one](const SourceGap& gap) {
      return one.event.created_at >= gap.from && one.event.created_at <= gap.to;
    });
  }
  // Of what a source was shown from its first poll on and until its last one.
  struct Account {
    int64_t truth = 0;
    int64_t captured = 0;
    int64_t in_gaps = 0;  // not captured, and within one
    int64_t unexplained = 0;
  };
  Account AccountFor(const FakeEventFeed& feed, const EventSource& source, TimePoint first_poll) {
    Account account;
    const auto& gaps = sources.recorded[source.id];
    for (const FakeEventFeed::Shown& one : feed.truth()) {
      if (one.at < first_poll || one.at > *source.last_polled_at) continue;
      ++account.truth;
      if (events.Has(one.event)) {
        ++account.captured;
      } else {
        ++(IsWithin(one, gaps) ? account.in_gaps : account.unexplained);
      }
    }
    return account;
  }
};

TEST_F(SimulatedHours, AccountForEveryEventOfThirtyASecond) {
  Populate(FakeEventFeed::Order::kShown);
  Schedule(10h, 30);
  const TimePoint begin = clock.Now() + 20s;  // all have been polled once by then
  CollectFor(10h);

  const Account all = AccountFor(*firehose, Firehose(), begin);
  EXPECT_EQ(all.unexplained, 0);
  EXPECT_EQ(all.captured + all.in_gaps, all.truth);
  EXPECT_GT(all.in_gaps, 0) << "three pages a minute do not show 1,800 events";
  EXPECT_GE(Firehose().events_new, 599 * 290) << "what three pages a minute show is captured";
  for (const auto& [id, feed] : own) {
    const Account one = AccountFor(*feed, Feed(id.value), begin);
    EXPECT_EQ(one.captured, one.truth) << "repository " << id.value;
    EXPECT_TRUE(sources.GapsOf(SourceKind::kRepository, id).empty()) << "repository " << id.value;
  }
}

TEST_F(SimulatedHours, AccountForEveryEventWhereLateOnesStandAtTheirTimesPlace) {
  Populate(FakeEventFeed::Order::kCreated);
  Schedule(1h, 30);
  const TimePoint begin = clock.Now() + 20s;  // all have been polled once by then
  CollectFor(1h);
  EXPECT_EQ(AccountFor(*firehose, Firehose(), begin).unexplained, 0);
  for (const auto& [id, feed] : own) {
    // Behind 300 younger ones a late event is never shown, so only feeds that reach back so far can be whole.
    if (id.value < 4) continue;
    const Account one = AccountFor(*feed, Feed(id.value), begin);
    EXPECT_EQ(one.captured, one.truth) << "repository " << id.value;
  }
}

TEST_F(SimulatedHours, AccountForEveryEventWhateverGitHubDoes) {
  Populate(FakeEventFeed::Order::kShown);
  Schedule(2h, 30);
  github.RefuseWhere([this](const std::string&) -> std::optional<Error> {
    const double pick = Uniform();
    if (pick < 0.05) return Error{ErrorCode::kUnavailable, "502"};
    if (pick < 0.06) return Error{ErrorCode::kMalformed, "an HTML page"};
    if (pick < 0.062) return Error{ErrorCode::kRateLimited, "a secondary limit", 60s};
    return std::nullopt;
  });
  const TimePoint begin = clock.Now() + 20s;                         // all have been polled once by then
  EventCollector collectors[] = {MakeCollector(), MakeCollector()};  // two replicas
  const TimePoint end = clock.Now() + 2h;
  while (clock.Now() < end) {
    const TimePoint next_tick = clock.Now() + 60s;
    RunWith(collectors[random() % 2]);
    ASSERT_LE(clock.Now(), next_tick);
    clock.Advance(next_tick - clock.Now());
  }
  const Account all = AccountFor(*firehose, Firehose(), begin);
  EXPECT_EQ(all.unexplained, 0);
  EXPECT_EQ(all.captured + all.in_gaps, all.truth);
  for (const auto& [id, feed] : own) EXPECT_EQ(AccountFor(*feed, Feed(id.value), begin).unexplained, 0) << id.value;
}

}  // namespace
}  // namespace repopulse
