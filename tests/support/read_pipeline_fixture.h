// A read pipeline between a shared cache and a "database" that a test makes fail, throw or wait.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "service/read_pipeline.h"
#include "support/await.h"
#include "support/fake_clock.h"
#include "support/fake_shared_cache.h"

namespace repopulse::test {

using namespace std::chrono_literals;

inline constexpr auto kFresh = 60s;
inline constexpr auto kUsable = 3600s;

// One replica: its near-cache and its pipeline, over a shared cache.
struct Replica {
  Replica(const Clock& clock, SharedCache& shared, ReadPipeline::Options options = {})
      : near(clock, 16 << 20), pipeline(clock, near, shared, options) {
    near.OnWatching(true);
  }
  NearCache near;
  ReadPipeline pipeline;
};

struct ReadPipelineTest : testing::Test {
  FakeClock clock;
  FakeSharedCache shared{clock};

  // What the database answers: the number of the computation, or `failing`.
  std::atomic<int> computed{0};
  std::atomic<int> status{200};
  std::mutex mutex;
  std::optional<Error> failing;
  std::function<void()> while_computing = [] {};

  Replica replica{clock, shared};  // last: its refreshers use the rest until they end

  ReadQuery Query(const std::string& key = "k", const std::string& scope = "topic:a") {
    return {key, scope, [this] { return Compute(); }};
  }
  Result<Representation> Compute() {
    const int n = ++computed;
    while_computing();
    const std::lock_guard lock(mutex);
    if (failing) return tl::make_unexpected(*failing);
    Representation made;
    made.status = status;
    made.body = std::to_string(n);
    made.data_as_of = clock.Now();
    made.fresh_until = clock.Now() + kFresh;
    made.usable_until = clock.Now() + kUsable;
    return made;
  }
  void FailWith(std::optional<Error> error) {
    const std::lock_guard lock(mutex);
    failing = std::move(error);
  }
  Result<ReadAnswer> Read(const std::string& key = "k") { return replica.pipeline.Read(Query(key)); }
  // The administrator changed something: what a replica hears of it, and what is shared.
  void Invalidate(const std::string& scope = "topic:a") {
    ASSERT_TRUE(shared.Invalidate(scope));
    replica.near.OnScopeInvalidated(scope);
  }
  void AwaitComputations(int n) {
    Await([&] { return computed >= n; });
  }
  // Reads until a refresh behind the reader's back has put the n-th computation in place.
  void AwaitServed(const std::string& body) {
    Await([&] { return Read()->representation->body == body; });
  }
  void ExpectServed(const std::string& body, ReadSource source, bool stale = false) {
    const auto answer = Read();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->representation->body, body);
    EXPECT_EQ(ToString(answer->source), ToString(source));
    EXPECT_EQ(answer->stale, stale);
  }
  void ExpectFails(ErrorCode code) {
    const auto answer = Read();
    ASSERT_FALSE(answer);
    EXPECT_EQ(ToString(answer.error().code), ToString(code));
  }
};

inline const Error kDatabaseGone{ErrorCode::kUnavailable, "no database"};
inline const Error kRedisGone{ErrorCode::kUnavailable, "no Redis"};

}  // namespace repopulse::test
