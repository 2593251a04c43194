#include <gtest/gtest.h>

#include <optional>

#include "app/replay_clock.h"
#include "base/time_format.h"
#include "support/await.h"
#include "support/fake_clock.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

const TimePoint kFrom = *ParseRfc3339("2015-01-01T03:00:00Z");

class FakeReplayStore final : public ReplayStore {
 public:
  std::optional<TimePoint> running_since;  // of a replay from the same time
  std::atomic<int> touched{0};
  std::optional<Error> failing;

  Result<TimePoint> Join(TimePoint, TimePoint real_now) override {
    if (failing) return tl::make_unexpected(*failing);
    return running_since.value_or(real_now);
  }
  Result<bool> Touch(TimePoint, TimePoint, TimePoint) override {
    touched.fetch_add(1);
    return true;
  }
};

TEST(ReplayClock, StartsAtTheGivenTimeAndTicksAsTheRealOne) {
  test::FakeClock real;
  ReplayClock clock(real);
  EXPECT_EQ(clock.Now(), real.Now());
  clock.Begin(kFrom, real.Now());
  EXPECT_EQ(clock.Now(), kFrom);
  real.Advance(90s);
  EXPECT_EQ(clock.Now(), kFrom + 90s);
}

TEST(ReplayClock, IsTheOneOfTheReplayThatRuns) {
  test::FakeClock real;
  FakeReplayStore store;
  store.running_since = real.Now() - 10min;
  const auto replay = JoinReplay(store, real, kFrom);
  ASSERT_TRUE(replay);
  ReplayClock clock(real);
  clock.Begin(replay->from, replay->real_at);
  EXPECT_EQ(clock.Now(), kFrom + 10min);
}

TEST(ReplayClock, IsKeptAliveWhileItsKeeperLives) {
  test::FakeClock real;
  FakeReplayStore store;
  {
    const ReplayKeeper keeper(store, real, {kFrom, real.Now()}, 1ms);
    test::Await([&] { return store.touched >= 3; });
  }
  const int touched = store.touched;
  EXPECT_GE(touched, 3);
  EXPECT_EQ(store.touched, touched);
}

TEST(ServiceClock, IsTheRealOneWithoutAReplay) {
  ServiceClock clock;
  FakeReplayStore store;
  const auto keeper = clock.Start(store, std::nullopt);
  ASSERT_TRUE(keeper);
  EXPECT_EQ(*keeper, nullptr);
  EXPECT_EQ(clock.replay_now(), "");
  EXPECT_EQ(clock.realm(), "");
  EXPECT_LT(std::chrono::abs(clock.clock().Now() - clock.real().Now()), 10s);
}

TEST(ServiceClock, TellsItsReplayAndSharesNoAnswersWithOthers) {
  FakeReplayStore store;
  ServiceClock first;
  ServiceClock second;
  ASSERT_TRUE(first.Start(store, kFrom));
  store.running_since = first.real().Now() - 1h;
  ASSERT_TRUE(second.Start(store, kFrom));
  EXPECT_EQ(first.replay_now(), "2015-01-01T03:00:00Z");
  EXPECT_LT(std::chrono::abs(first.clock().Now() - kFrom), 10s);
  EXPECT_LT(std::chrono::abs(second.clock().Now() - kFrom - 1h), 10s);
  EXPECT_NE(first.realm(), "");
  EXPECT_NE(first.realm(), second.realm());
}

TEST(ServiceClock, DoesNotStartWhereTheReplayIsNotKnown) {
  FakeReplayStore store;
  store.failing = Error{ErrorCode::kUnavailable, "gone"};
  ServiceClock clock;
  EXPECT_FALSE(clock.Start(store, kFrom));
  EXPECT_EQ(clock.replay_now(), "");
}

}  // namespace
}  // namespace repopulse
