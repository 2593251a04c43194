// What callers see while the database is slow, stopped, frozen or back again. Contract of storage/pool.h.
#include <thread>

#include "integration/storage/database.h"
#include "storage/pool.h"

namespace repopulse {
namespace {

using std::chrono::milliseconds;

milliseconds Since(SteadyTime begin) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
}

class OutageTest : public TopicTest {
 protected:
  void SetUp() override {
    TopicTest::SetUp();
    Publish({MakeRepository(1, "a/one")});
  }
  void TearDown() override {
    // Whatever a test has done, the next finds the server running.
    OrderServer("start", "mariadb");
    OrderServer("resume", "mariadb");
  }
  void WaitUntilItAnswers() {
    const auto begin = std::chrono::steady_clock::now();
    while (!topics().List() && Since(begin) < milliseconds{5000}) std::this_thread::sleep_for(milliseconds{20});
    EXPECT_LT(Since(begin), milliseconds{3000});
  }
};

TEST_F(OutageTest, AStoppedServerIsToldAtOnceAndARestartNeedsNoHelp) {
  OrderServer("stop", "mariadb");
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(CodeOf(topics().List()), ErrorCode::kUnavailable);
    EXPECT_EQ(CodeOf(repositories().FindByName(Name("a/one"))), ErrorCode::kUnavailable);
  }
  EXPECT_EQ(CodeOf(jobs().Start(JobKind::kCollect, "", "api-a", clock_.Now())), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf(storage_->schema().Ping(milliseconds{200})), ErrorCode::kUnavailable);
  EXPECT_LT(Since(begin), milliseconds{1000});
  OrderServer("start", "mariadb");
  WaitUntilItAnswers();
  EXPECT_THAT(Members(), testing::ElementsAre("a/one"));
  EXPECT_OK(storage_->schema().Ping(milliseconds{1000}));
}

TEST_F(OutageTest, ARestartBetweenTwoCallsIsNotNoticed) {
  ASSERT_OK(topics().List());
  OrderServer("stop", "mariadb");
  OrderServer("start", "mariadb");
  EXPECT_OK(topics().List());
  EXPECT_OK(topics().Due(clock_.Now(), 10));
}

TEST_F(OutageTest, AFrozenServerCostsOneCallerItsTimeoutAndTheOthersNothing) {
  options_.read_timeout = std::chrono::seconds{1};
  storage_ = MakeStorage();
  ASSERT_OK(topics().List());
  OrderServer("pause", "mariadb");
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(CodeOf(topics().List()), ErrorCode::kTimeout);
  EXPECT_LT(Since(begin), milliseconds{1600});
  begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(CodeOf(topics().List()), ErrorCode::kUnavailable);
  EXPECT_LT(Since(begin), milliseconds{150});
  OrderServer("resume", "mariadb");
  WaitUntilItAnswers();
}

TEST_F(OutageTest, APingKeepsItsDeadlineOnAFrozenServer) {
  ASSERT_OK(topics().List());  // a connection is there
  OrderServer("pause", "mariadb");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(CodeOf(storage_->schema().Ping(milliseconds{100})), ErrorCode::kTimeout);
  EXPECT_LT(Since(begin), milliseconds{400});
}

TEST_F(OutageTest, ALostLeaseIsToldAfterARestart) {
  auto started = jobs().Start(JobKind::kCollect, "", "api-a", clock_.Now());
  ASSERT_OK(started);
  OrderServer("stop", "mariadb");
  OrderServer("start", "mariadb");
  EXPECT_EQ(CodeOf(started->lease->Heartbeat({}, clock_.Now())), ErrorCode::kCancelled);
  WaitUntilItAnswers();
  EXPECT_EQ(jobs().Find(started->id).value()->state, JobState::kAbandoned);
}

class PoolTest : public StorageTest {
 protected:
  void SetUp() override {}
  PoolOptions Options(size_t size) {
    return {.connection = ConnectionTo(), .size = size, .lease_timeout = milliseconds{100}};
  }
};

TEST_F(PoolTest, LendsNoMoreThanItsSizeAndRefusesAfterTheWait) {
  Pool pool(Options(2), clock_);
  auto first = pool.Acquire();
  auto second = pool.Acquire();
  ASSERT_OK(first);
  ASSERT_OK(second);
  const auto begin = std::chrono::steady_clock::now();
  auto third = pool.Acquire();
  EXPECT_EQ(CodeOf(third), ErrorCode::kUnavailable);
  EXPECT_GE(Since(begin), milliseconds{100});
  EXPECT_LT(Since(begin), milliseconds{500});
}

TEST_F(PoolTest, ServesWhoWaitsAsSoonAsOneComesBack) {
  PoolOptions options = Options(1);
  options.lease_timeout = milliseconds{5000};
  Pool pool(options, clock_);
  std::optional<Pool::Lease> lent;
  lent.emplace(pool.Acquire().value());
  const int64_t id = (*lent)->id();
  std::thread returns([&] {
    std::this_thread::sleep_for(milliseconds{50});
    lent.reset();
  });
  const auto begin = std::chrono::steady_clock::now();
  auto waited = pool.Acquire();
  returns.join();
  ASSERT_OK(waited);
  EXPECT_EQ((**waited).id(), id);
  EXPECT_LT(Since(begin), milliseconds{1000});
}

TEST_F(PoolTest, ReplacesAConnectionThatDiedWhileIdle) {
  Pool pool(Options(1), clock_);
  const int64_t first = (**pool.Acquire()).id();
  Kill(first);
  auto second = pool.Acquire();
  ASSERT_OK(second);
  EXPECT_NE((**second).id(), first);
  EXPECT_OK((**second).Run("SELECT 1"));
}

TEST_F(PoolTest, ThrowsAwayAConnectionThatFailedInUseButGoesOn) {
  Pool pool(Options(1), clock_);
  {
    auto lease = pool.Acquire();
    ASSERT_OK(lease);
    Kill((**lease).id());
    EXPECT_EQ(CodeOf((**lease).Run("SELECT 1")), ErrorCode::kUnavailable);
  }
  EXPECT_OK(WithConnection(pool, [](Connection& db) { return db.Run("SELECT 1"); }));
}

TEST_F(PoolTest, ServesManyThreadsWithFewConnections) {
  PoolOptions options = Options(3);
  options.lease_timeout = milliseconds{5000};
  Pool pool(options, clock_);
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        const auto read = WithConnection(pool, [&](Connection& db) {
          return db.Query("SELECT CAST(? AS SIGNED)", {n}, [&](const Row& row) { answers += row.Int(0) == n ? 1 : 0; });
        });
        EXPECT_OK(read);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answers, 600);
}

}  // namespace
}  // namespace repopulse
