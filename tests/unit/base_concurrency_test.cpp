// The circuit breaker and the queue of background tasks.
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <vector>

#include "base/breaker.h"
#include "base/worker_queue.h"
#include "support/await.h"
#include "support/fake_clock.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;
using test::FakeClock;

struct BreakerTest : testing::Test {
  FakeClock clock;
  CircuitBreaker breaker{clock, 100ms, 1000ms};
};

TEST_F(BreakerTest, AllowsCallsUntilOneFails) {
  EXPECT_TRUE(breaker.Allow());
  EXPECT_FALSE(breaker.IsOpen());
  breaker.Failed();
  EXPECT_TRUE(breaker.IsOpen());
  EXPECT_FALSE(breaker.Allow());
  clock.Advance(99ms);
  EXPECT_FALSE(breaker.Allow());
}

TEST_F(BreakerTest, LetsOneProbeThroughAfterThePause) {
  breaker.Failed();
  clock.Advance(100ms);
  EXPECT_TRUE(breaker.Allow()) << "the probe";
  EXPECT_FALSE(breaker.Allow()) << "the others wait for its outcome";
  breaker.Succeeded();
  EXPECT_TRUE(breaker.Allow());
  EXPECT_FALSE(breaker.IsOpen());
}

TEST_F(BreakerTest, DoublesThePauseWithEachFailedProbeUpToItsLongest) {
  breaker.Failed();
  for (const auto pause : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    clock.Advance(pause - 1ms);
    EXPECT_FALSE(breaker.Allow()) << pause.count();
    clock.Advance(1ms);
    EXPECT_TRUE(breaker.Allow()) << pause.count();
    breaker.Failed();
  }
}

TEST_F(BreakerTest, BeginsWithTheFirstPauseAgainAfterASuccess) {
  breaker.Failed();
  clock.Advance(100ms);
  ASSERT_TRUE(breaker.Allow());
  breaker.Failed();
  clock.Advance(200ms);
  ASSERT_TRUE(breaker.Allow());
  breaker.Succeeded();
  breaker.Failed();
  clock.Advance(100ms);
  EXPECT_TRUE(breaker.Allow());
}

// Many threads are in the middle of a call when a server dies; that is one failure of it, not many.
TEST_F(BreakerTest, CallsUnderWayWhenItOpensDoNotLengthenThePause) {
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(breaker.Allow());
  for (int i = 0; i < 8; ++i) breaker.Failed();
  clock.Advance(100ms);
  EXPECT_TRUE(breaker.Allow());
}

TEST_F(BreakerTest, AProbeThatNeverReportsDoesNotKeepItOpenForGood) {
  breaker.Failed();
  clock.Advance(100ms);
  ASSERT_TRUE(breaker.Allow());
  clock.Advance(100ms);
  EXPECT_TRUE(breaker.Allow()) << "the next probe";
}

// Holds a worker until it is let go.
class Gate {
 public:
  void Pass() {
    entered_.set_value();
    open_.get_future().wait();
  }
  void AwaitEntered() { entered_.get_future().wait(); }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> open_;
};

TEST(WorkerQueue, RunsEveryTask) {
  std::atomic<int> ran{0};
  std::promise<void> all;
  {
    WorkerQueue queue(2, 100);
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(queue.TryPush("task " + std::to_string(i), [&] {
        if (ran.fetch_add(1) + 1 == 50) all.set_value();
      }));
    }
    all.get_future().wait();
  }
  EXPECT_EQ(ran, 50);
}

TEST(WorkerQueue, DoesNotQueueANameThatWaitsOrRuns) {
  Gate gate;
  std::promise<void> second_ran;
  WorkerQueue queue(1, 10);
  EXPECT_TRUE(queue.TryPush("a", [&] { gate.Pass(); }));
  gate.AwaitEntered();
  EXPECT_FALSE(queue.TryPush("a", [] {})) << "it runs";
  EXPECT_TRUE(queue.TryPush("b", [&] { second_ran.set_value(); }));
  EXPECT_FALSE(queue.TryPush("b", [] {})) << "it waits";
  gate.Open();
  second_ran.get_future().wait();
}

TEST(WorkerQueue, TakesANameAgainWhenItsTaskIsDone) {
  WorkerQueue queue(1, 10);
  std::promise<void> first;
  queue.TryPush("a", [&] { first.set_value(); });
  first.get_future().wait();
  std::promise<void> second;
  test::Await([&] { return queue.TryPush("a", [&] { second.set_value(); }); });
  second.get_future().wait();
}

TEST(WorkerQueue, RefusesWhatExceedsItsBound) {
  Gate gate;
  WorkerQueue queue(1, 2);
  queue.TryPush("running", [&] { gate.Pass(); });
  gate.AwaitEntered();
  EXPECT_TRUE(queue.TryPush("1", [] {}));
  EXPECT_TRUE(queue.TryPush("2", [] {}));
  EXPECT_FALSE(queue.TryPush("3", [] {}));
  EXPECT_EQ(queue.size(), 2u);
  gate.Open();
}

TEST(WorkerQueue, GoesOnAfterATaskThatThrows) {
  std::promise<void> after;
  WorkerQueue queue(1, 10);
  queue.TryPush("bad", [] { throw std::runtime_error("a task's own mistake"); });
  queue.TryPush("worse", [] { throw 42; });  // NOLINT: not an std::exception on purpose
  queue.TryPush("after", [&] { after.set_value(); });
  after.get_future().wait();
}

TEST(WorkerQueue, DropsWhatWaitsAndFinishesWhatRunsWhenItEnds) {
  Gate gate;
  std::atomic<bool> finished{false};
  std::atomic<bool> waiting_ran{false};
  std::thread opener;
  {
    WorkerQueue queue(1, 10);
    queue.TryPush("running", [&] {
      gate.Pass();
      finished = true;
    });
    gate.AwaitEntered();
    queue.TryPush("waiting", [&] { waiting_ran = true; });
    // The destructor asks to stop first; only then may the running task end.
    opener = std::thread([&] {
      std::this_thread::sleep_for(20ms);
      gate.Open();
    });
  }
  opener.join();
  EXPECT_TRUE(finished);
  EXPECT_FALSE(waiting_ran);
}

}  // namespace
}  // namespace repopulse
