// The read pipeline: two caches, one computation, and what is served when something is missing.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "service/read_pipeline.h"
#include "support/fake_clock.h"
#include "support/fake_shared_cache.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

constexpr auto kFresh = 60s;
constexpr auto kUsable = 3600s;

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
  test::FakeClock clock;
  test::FakeSharedCache shared{clock};

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
    while (computed < n) std::this_thread::yield();
  }
  // Reads until a refresh behind the reader's back has put the n-th computation in place.
  void AwaitServed(const std::string& body) {
    while (Read()->representation->body != body) std::this_thread::yield();
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

const Error kDatabaseGone{ErrorCode::kUnavailable, "no database"};
const Error kRedisGone{ErrorCode::kUnavailable, "no Redis"};

// ---- Fresh

TEST_F(ReadPipelineTest, ComputesOnceThenServesFromNear) {
  ExpectServed("1", ReadSource::kComputed);
  ExpectServed("1", ReadSource::kNear);
  clock.Advance(kFresh - 1s);
  ExpectServed("1", ReadSource::kNear);
  EXPECT_EQ(computed, 1);
}

TEST_F(ReadPipelineTest, AnotherReplicaServesWhatThisOneComputed) {
  ExpectServed("1", ReadSource::kComputed);
  const auto other_cache = shared.OtherReplica();
  Replica other(clock, *other_cache);
  const auto answer = other.pipeline.Read(Query());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->source, ReadSource::kShared);
  EXPECT_EQ(answer->representation->body, "1");
  EXPECT_EQ(other.pipeline.Read(Query())->source, ReadSource::kNear);
  EXPECT_EQ(computed, 1);
}

TEST_F(ReadPipelineTest, DifferentKeysAreDifferentAnswers) {
  EXPECT_EQ(Read("a")->representation->body, "1");
  EXPECT_EQ(Read("b")->representation->body, "2");
}

TEST_F(ReadPipelineTest, ForeignBytesInTheSharedCacheAreComputedAnew) {
  ASSERT_TRUE(shared.Put("k", shared.Get("k", "topic:a")->generation, "of another version", 60s));
  ExpectServed("1", ReadSource::kComputed);
}

// ---- Stale by time

TEST_F(ReadPipelineTest, ServesWhatIsStaleAtOnceAndRefreshesBehind) {
  ExpectServed("1", ReadSource::kComputed);
  clock.Advance(kFresh);
  ExpectServed("1", ReadSource::kNearStale, true);
  AwaitServed("2");
  EXPECT_FALSE(Read()->stale);
}

TEST_F(ReadPipelineTest, ReadersDoNotWaitForARefresh) {
  ExpectServed("1", ReadSource::kComputed);
  clock.Advance(kFresh);
  std::promise<void> go_on;
  while_computing = [&, released = go_on.get_future().share()] { released.wait(); };
  for (int i = 0; i < 100; ++i) ExpectServed("1", ReadSource::kNearStale, true);
  AwaitComputations(2);
  ExpectServed("1", ReadSource::kNearStale, true);
  go_on.set_value();
  AwaitServed("2");
  EXPECT_EQ(computed, 2) << "one refresh for all of them";
}

TEST_F(ReadPipelineTest, ServesWhatIsStaleInTheSharedCacheToo) {
  ExpectServed("1", ReadSource::kComputed);
  clock.Advance(kFresh);
  const auto other_cache = shared.OtherReplica();
  Replica other(clock, *other_cache);
  const auto answer = other.pipeline.Read(Query());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->source, ReadSource::kSharedStale);
  EXPECT_TRUE(answer->stale);
  AwaitComputations(2);
}

TEST_F(ReadPipelineTest, GoesOnServingWhatIsStaleWhileTheDatabaseIsGone) {
  ExpectServed("1", ReadSource::kComputed);
  FailWith(kDatabaseGone);
  clock.Advance(kFresh);
  ExpectServed("1", ReadSource::kNearStale, true);
  AwaitComputations(2);
  clock.Advance(kUsable - kFresh - 1s);
  EXPECT_EQ(Read()->representation->body, "1");
}

TEST_F(ReadPipelineTest, ServesNothingBeyondItsUse) {
  ExpectServed("1", ReadSource::kComputed);
  FailWith(kDatabaseGone);
  clock.Advance(kUsable);
  ExpectFails(ErrorCode::kUnavailable);
}

TEST_F(ReadPipelineTest, WhatIsGoneIsNotServedStaleUntilItsEnd) {
  ExpectServed("1", ReadSource::kComputed);
  FailWith(Error{ErrorCode::kNotFound, "not tracked any more"});
  clock.Advance(kFresh);
  while (Read()) std::this_thread::yield();  // served stale until the refresh has found out
  ExpectFails(ErrorCode::kNotFound);
}

TEST_F(ReadPipelineTest, AnswersThatSayNotYetAreNotServedStale) {
  for (const int not_yet : {202, 301}) {
    status = not_yet;
    const std::string key = std::to_string(not_yet);
    const int before = computed;
    EXPECT_EQ(Read(key)->representation->status, not_yet);
    EXPECT_EQ(Read(key)->source, ReadSource::kNear) << "it is fresh for its time";
    clock.Advance(kFresh);
    EXPECT_EQ(Read(key)->source, ReadSource::kComputed);
    EXPECT_EQ(computed, before + 2);
  }
}

// ---- Invalidated

TEST_F(ReadPipelineTest, WhatWasInvalidatedIsComputedBeforeItIsServed) {
  ExpectServed("1", ReadSource::kComputed);
  Invalidate();
  ExpectServed("2", ReadSource::kComputed);
  ExpectServed("2", ReadSource::kNear);
}

TEST_F(ReadPipelineTest, WhatWasInvalidatedIsTheAnswerOfLastResort) {
  for (const ErrorCode ours :
       {ErrorCode::kUnavailable, ErrorCode::kTimeout, ErrorCode::kInternal, ErrorCode::kMalformed}) {
    const std::string key(ToString(ours));
    FailWith(std::nullopt);
    const std::string body = Read(key)->representation->body;
    Invalidate();
    FailWith(Error{ours, "our fault"});
    const auto answer = Read(key);
    ASSERT_TRUE(answer) << key;
    EXPECT_EQ(answer->representation->body, body);
    EXPECT_EQ(answer->source, ReadSource::kLastResort);
    EXPECT_TRUE(answer->stale);
  }
}

TEST_F(ReadPipelineTest, AReplicaWithoutTheOldAnswerTakesItFromTheSharedCache) {
  ExpectServed("1", ReadSource::kComputed);
  Invalidate();
  FailWith(kDatabaseGone);
  const auto other_cache = shared.OtherReplica();
  Replica other(clock, *other_cache);
  const auto answer = other.pipeline.Read(Query());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->source, ReadSource::kLastResort);
}

TEST_F(ReadPipelineTest, NoOldAnswerHidesThatSomethingIsNotThere) {
  for (const ErrorCode truth :
       {ErrorCode::kNotFound, ErrorCode::kGone, ErrorCode::kInvalidArgument, ErrorCode::kConflict}) {
    FailWith(std::nullopt);
    ASSERT_TRUE(Read());
    Invalidate();
    FailWith(Error{truth, "so it is"});
    ExpectFails(truth);
  }
}

TEST_F(ReadPipelineTest, LastResortsAreOnlyWholeAnswersWithinTheirUse) {
  for (const int other : {202, 301}) {
    FailWith(std::nullopt);
    status = other;
    ASSERT_TRUE(Read());
    Invalidate();
    FailWith(kDatabaseGone);
    ExpectFails(ErrorCode::kUnavailable);
  }
  FailWith(std::nullopt);
  status = 200;
  ASSERT_TRUE(Read());
  Invalidate();
  FailWith(kDatabaseGone);
  clock.Advance(kUsable);
  ExpectFails(ErrorCode::kUnavailable);
}

TEST_F(ReadPipelineTest, AComputationOvertakenByAChangeIsServedOnce) {
  while_computing = [this] {
    if (computed == 1) Invalidate();
  };
  ExpectServed("1", ReadSource::kComputed);
  ExpectServed("2", ReadSource::kComputed);
}

// ---- One computation

TEST_F(ReadPipelineTest, ManyReadersCauseOneComputation) {
  constexpr int kReaders = 16;
  std::atomic<int> reading{0};
  while_computing = [&] {
    while (reading < kReaders) std::this_thread::yield();
  };
  std::vector<std::jthread> readers;
  std::atomic<int> served{0};
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      ++reading;
      if (const auto answer = Read(); answer && answer->representation->body == "1") ++served;
    });
  }
  readers.clear();
  EXPECT_EQ(served, kReaders);
  EXPECT_EQ(computed, 1);
}

TEST_F(ReadPipelineTest, AReaderThatWaitsTooLongGetsTheOldAnswerOrATimeout) {
  Replica impatient(clock, shared, {.flight_deadline = 20ms});
  std::promise<void> go_on;
  const auto released = go_on.get_future().share();
  while_computing = [&] { released.wait(); };
  std::jthread leader([&] { (void)impatient.pipeline.Read(Query()); });
  AwaitComputations(1);
  const auto follower = impatient.pipeline.Read(Query());
  ASSERT_FALSE(follower);
  EXPECT_EQ(follower.error().code, ErrorCode::kTimeout);
  go_on.set_value();
  leader.join();

  std::promise<void> go_on_again;
  const auto released_again = go_on_again.get_future().share();
  while_computing = [&] { released_again.wait(); };
  ASSERT_TRUE(shared.Invalidate("topic:a"));
  impatient.near.OnScopeInvalidated("topic:a");
  std::jthread second_leader([&] { (void)impatient.pipeline.Read(Query()); });
  AwaitComputations(2);
  const auto with_old_answer = impatient.pipeline.Read(Query());
  EXPECT_TRUE(with_old_answer && with_old_answer->source == ReadSource::kLastResort);
  go_on_again.set_value();
}

TEST_F(ReadPipelineTest, WaitsForAnotherReplicasComputation) {
  const auto peer = shared.OtherReplica();
  ASSERT_TRUE(*peer->TryLock("k", 5s));
  std::jthread peers_work([&] {
    while (shared.calls().try_lock == 0) std::this_thread::yield();
    Representation made;
    made.body = "the peer's";
    made.fresh_until = clock.Now() + kFresh;
    made.usable_until = clock.Now() + kUsable;
    const auto generation = peer->Get("k", "topic:a")->generation;
    ASSERT_TRUE(peer->Put("k", generation, EncodeRepresentation(made), 60s));
  });
  ExpectServed("the peer's", ReadSource::kShared);
  EXPECT_EQ(computed, 0);
}

TEST_F(ReadPipelineTest, ComputesItselfWhereThePeerDoesNotFinish) {
  const auto peer = shared.OtherReplica();
  ASSERT_TRUE(*peer->TryLock("k", 1h));
  clock.MoveByLook(100ms);
  EXPECT_EQ(Read()->source, ReadSource::kComputed);
  EXPECT_EQ(computed, 1);
}

TEST_F(ReadPipelineTest, GivesTheLockFree) {
  const auto peer = shared.OtherReplica();
  ASSERT_TRUE(Read("done"));
  EXPECT_TRUE(*peer->TryLock("done", 1s));
  FailWith(kDatabaseGone);
  ASSERT_FALSE(Read("failed"));
  EXPECT_TRUE(*peer->TryLock("failed", 1s));
  while_computing = [] { throw std::runtime_error("a bug"); };
  ASSERT_FALSE(Read("thrown"));
  EXPECT_TRUE(*peer->TryLock("thrown", 1s));
}

// ---- Failures

TEST_F(ReadPipelineTest, WithoutRedisItComputesAndServesFromNearForASecond) {
  shared.FailWith(kRedisGone);
  replica.near.OnWatching(false);
  ExpectServed("1", ReadSource::kComputed);
  ExpectServed("1", ReadSource::kNear);
  clock.Advance(1s);
  ExpectServed("2", ReadSource::kComputed);
}

TEST_F(ReadPipelineTest, WithoutRedisAndDatabaseTheNearAnswerIsTheLastResort) {
  ExpectServed("1", ReadSource::kComputed);
  shared.FailWith(kRedisGone);
  replica.near.OnWatching(false);
  replica.near.OnAllChanged();
  FailWith(kDatabaseGone);
  ExpectServed("1", ReadSource::kLastResort, true);
}

TEST_F(ReadPipelineTest, WhatWasNeverCachedFailsWithTheDatabase) {
  FailWith(kDatabaseGone);
  ExpectFails(ErrorCode::kUnavailable);
  FailWith(std::nullopt);
  ExpectServed("2", ReadSource::kComputed);
}

TEST_F(ReadPipelineTest, AComputationThatThrowsIsAnInternalErrorAndNothingSticks) {
  while_computing = [] { throw std::runtime_error("a bug"); };
  ExpectFails(ErrorCode::kInternal);
  while_computing = [] { throw 42; };  // NOLINT: not an std::exception on purpose
  ExpectFails(ErrorCode::kInternal);
  while_computing = [] {};
  ExpectServed("3", ReadSource::kComputed);
  Invalidate();
  while_computing = [] { throw std::runtime_error("a bug"); };
  ExpectServed("3", ReadSource::kLastResort, true);
}

// ---- Refresh

TEST_F(ReadPipelineTest, RefreshComputesAndStoresWhateverIsCached) {
  ExpectServed("1", ReadSource::kComputed);
  EXPECT_TRUE(replica.pipeline.Refresh(Query()));
  ExpectServed("2", ReadSource::kNear);
  const auto other_cache = shared.OtherReplica();
  Replica other(clock, *other_cache);
  EXPECT_EQ(other.pipeline.Read(Query())->representation->body, "2");
}

TEST_F(ReadPipelineTest, AFailedRefreshSaysSoAndKeepsWhatIsServed) {
  ExpectServed("1", ReadSource::kComputed);
  FailWith(kDatabaseGone);
  const auto refreshed = replica.pipeline.Refresh(Query());
  ASSERT_FALSE(refreshed);
  EXPECT_EQ(refreshed.error().code, ErrorCode::kUnavailable);
  ExpectServed("1", ReadSource::kNear);
  while_computing = [] { throw std::runtime_error("a bug"); };
  EXPECT_EQ(replica.pipeline.Refresh(Query()).error().code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace repopulse
