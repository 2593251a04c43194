// What every SharedCache promises: run against the one on Redis and against the fake that unit tests use.
#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <memory>
#include <thread>

#include "cache/cache.h"
#include "integration/cache/redis_server.h"
#include "support/fake_clock.h"
#include "support/fake_shared_cache.h"

namespace repopulse::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// hiredis writes to sockets that Redis may have closed.
const bool kSigpipeIgnored = signal(SIGPIPE, SIG_IGN) != SIG_ERR;

// Two replicas' views of one cache, and its time.
struct Fixture {
  virtual ~Fixture() = default;
  virtual SharedCache& cache() = 0;
  virtual SharedCache& other() = 0;
  virtual void Pass(milliseconds time) = 0;
  virtual void Flush() = 0;
};

struct FakeFixture final : Fixture {
  SharedCache& cache() override { return mine; }
  SharedCache& other() override { return *others; }
  void Pass(milliseconds time) override { clock.Advance(time); }
  void Flush() override { mine.FlushAll(); }

  FakeClock clock;
  FakeSharedCache mine{clock};
  std::unique_ptr<FakeSharedCache> others = mine.OtherReplica();
};

struct RedisFixture final : Fixture {
  SharedCache& cache() override { return *mine; }
  SharedCache& other() override { return *others; }
  void Pass(milliseconds time) override { std::this_thread::sleep_for(time); }
  void Flush() override { Tell(SharedRedisSocket(), {"FLUSHALL"}); }

  SystemClock clock;
  std::unique_ptr<SharedCache> mine = OpenSharedCache(PatientOptions(SharedRedisSocket()), clock);
  std::unique_ptr<SharedCache> others = OpenSharedCache(PatientOptions(SharedRedisSocket()), clock);
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Fixture>()> make;
};

class SharedCacheContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (std::string(GetParam().name) == "Redis" && SharedRedisSocket().empty()) {
      GTEST_SKIP() << "REDIS_SOCKET is not set: run by tests/support/with-servers redis -- …";
    }
    fixture_ = GetParam().make();
    fixture_->Flush();
  }
  SharedCache& cache() { return fixture_->cache(); }
  SharedCache& other() { return fixture_->other(); }
  std::unique_ptr<Fixture> fixture_;
};

TEST_P(SharedCacheContract, HasNothingAndGenerationZeroAtFirst) {
  const auto answer = cache().Get("list", "topic:kubernetes");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->entry);
  EXPECT_EQ(answer->generation, 0u);
}

TEST_P(SharedCacheContract, GivesEveryReplicaWhatOneHasPut) {
  ASSERT_TRUE(cache().Put("list", 0, "the answer", seconds{60}));
  const auto answer = other().Get("list", "topic:kubernetes");
  ASSERT_TRUE(answer && answer->entry);
  EXPECT_EQ(answer->entry->payload, "the answer");
  EXPECT_FALSE(answer->entry->outdated);
}

TEST_P(SharedCacheContract, KeepsAnyBytesOfAnySize) {
  std::string payload("\0\r\n$5\r\n\xFF", 9);
  for (int i = 0; i < 800'000; ++i) payload.push_back(static_cast<char>(i * 7));
  const std::string key("k\0 \r\n*1", 7);
  ASSERT_TRUE(cache().Put(key, 0, payload, seconds{60}));
  ASSERT_TRUE(cache().Put("empty", 0, "", seconds{60}));
  EXPECT_TRUE(other().Get(key, "s")->entry->payload == payload);
  EXPECT_EQ(other().Get("empty", "s")->entry->payload, "");
}

TEST_P(SharedCacheContract, MarksWhatWasStoredBeforeAnInvalidationAsOutdated) {
  const uint64_t before = cache().Get("list", "topic:go")->generation;
  ASSERT_TRUE(cache().Put("list", before, "old", seconds{60}));
  ASSERT_TRUE(other().Invalidate("topic:go"));

  const auto answer = cache().Get("list", "topic:go");
  ASSERT_TRUE(answer && answer->entry);
  EXPECT_TRUE(answer->entry->outdated);
  EXPECT_EQ(answer->entry->payload, "old");
  EXPECT_NE(answer->generation, before);

  ASSERT_TRUE(cache().Put("list", answer->generation, "new", seconds{60}));
  EXPECT_FALSE(cache().Get("list", "topic:go")->entry->outdated);
}

TEST_P(SharedCacheContract, AValueComputedBeforeAnInvalidationIsOutdatedWhenItIsPutAfter) {
  const uint64_t seen = cache().Get("list", "topic:go")->generation;
  ASSERT_TRUE(other().Invalidate("topic:go"));
  ASSERT_TRUE(cache().Put("list", seen, "computed from old rows", seconds{60}));
  EXPECT_TRUE(cache().Get("list", "topic:go")->entry->outdated);
}

TEST_P(SharedCacheContract, InvalidatesOneScopeOnly) {
  ASSERT_TRUE(cache().Put("a", 0, "a", seconds{60}));
  ASSERT_TRUE(cache().Put("b", 0, "b", seconds{60}));
  ASSERT_TRUE(cache().Invalidate("topic:a"));
  EXPECT_TRUE(cache().Get("a", "topic:a")->entry->outdated);
  EXPECT_FALSE(cache().Get("b", "topic:b")->entry->outdated);
}

TEST_P(SharedCacheContract, NeverRepeatsAGenerationEvenAfterAFlush) {
  uint64_t last = 0;
  for (int i = 0; i < 50; ++i) {
    if (i % 10 == 9) fixture_->Flush();
    ASSERT_TRUE(cache().Invalidate("topic:go"));
    const uint64_t now = cache().Get("list", "topic:go")->generation;
    EXPECT_GT(now, last);
    last = now;
  }
}

TEST_P(SharedCacheContract, ForgetsAnEntryWhenItsTimeIsOver) {
  ASSERT_TRUE(cache().Put("short", 0, "x", seconds{1}));
  ASSERT_TRUE(cache().Put("long", 0, "y", seconds{100}));
  ASSERT_TRUE(cache().Get("short", "s")->entry);
  fixture_->Pass(milliseconds{1100});
  EXPECT_FALSE(cache().Get("short", "s")->entry);
  EXPECT_TRUE(cache().Get("long", "s")->entry);
}

TEST_P(SharedCacheContract, GivesALockToOneAtATime) {
  EXPECT_EQ(cache().TryLock("list", seconds{60}), true);
  EXPECT_EQ(other().TryLock("list", seconds{60}), false);
  EXPECT_EQ(cache().TryLock("list", seconds{60}), false);
  EXPECT_EQ(other().TryLock("another", seconds{60}), true);
  cache().Unlock("list");
  EXPECT_EQ(other().TryLock("list", seconds{60}), true);
}

TEST_P(SharedCacheContract, EndsALockByItself) {
  EXPECT_EQ(cache().TryLock("list", milliseconds{50}), true);
  fixture_->Pass(milliseconds{100});
  EXPECT_EQ(other().TryLock("list", seconds{60}), true);
}

TEST_P(SharedCacheContract, UnlocksOnlyItsOwnLock) {
  EXPECT_EQ(cache().TryLock("list", milliseconds{50}), true);
  fixture_->Pass(milliseconds{100});
  EXPECT_EQ(other().TryLock("list", seconds{60}), true);
  cache().Unlock("list");  // too late: it is the other's now
  cache().Unlock("never locked");
  EXPECT_EQ(cache().TryLock("list", seconds{60}), false);
}

TEST_P(SharedCacheContract, AnswersAPing) { EXPECT_TRUE(cache().Ping()); }

TEST_P(SharedCacheContract, ServesManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&, t] {
      const std::string key = "k" + std::to_string(t);
      for (int i = 0; i < 100; ++i) {
        const std::string payload = key + ":" + std::to_string(i) + std::string(2000, 'x');
        if (!cache().Put(key, 0, payload, seconds{60})) ++wrong;
        const auto answer = cache().Get(key, "s");
        if (!answer || !answer->entry || answer->entry->payload != payload) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Both, SharedCacheContract,
                         testing::Values(Kind{"Fake", [] { return std::make_unique<FakeFixture>(); }},
                                         Kind{"Redis", [] { return std::make_unique<RedisFixture>(); }}),
                         [](const auto& made) { return std::string(made.param.name); });

TEST(FakeSharedCache, FailsAsToldAndTellsItsListener) {
  struct Heard final : CacheChangeListener {
    void OnEntryChanged(const std::string& key) override { text += "entry " + key + ";"; }
    void OnScopeInvalidated(const std::string& scope) override { text += "scope " + scope + ";"; }
    void OnAllChanged() override { text += "all;"; }
    void OnWatching(bool) override {}
    std::string text;
  } heard;
  FakeClock clock;
  FakeSharedCache cache(clock);
  cache.SetListener(&heard);
  EXPECT_TRUE(cache.Put("k", 0, "v", seconds{1}));
  EXPECT_TRUE(cache.Invalidate("s"));
  cache.FlushAll();
  EXPECT_EQ(heard.text, "entry k;scope s;all;");

  cache.FailWith(Error{ErrorCode::kUnavailable, "down"});
  EXPECT_EQ(cache.Get("k", "s").error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(cache.Put("k", 0, "v", seconds{1}));
  EXPECT_FALSE(cache.Ping());
  EXPECT_TRUE(cache.OtherReplica()->Ping());
  cache.FailWith(std::nullopt);
  EXPECT_TRUE(cache.Ping());
  EXPECT_EQ(cache.calls().ping, 2);
}

}  // namespace
}  // namespace repopulse::test
