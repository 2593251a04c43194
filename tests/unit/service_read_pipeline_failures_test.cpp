// The read pipeline: many readers of one answer, and what is served when a server is gone.
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <vector>

#include "support/read_pipeline_fixture.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;
using test::kDatabaseGone;
using test::kFresh;
using test::kRedisGone;
using test::kUsable;
using test::ReadPipelineTest;
using test::Replica;

// ---- One computation

TEST_F(ReadPipelineTest, ManyReadersCauseOneComputation) {
  constexpr int kReaders = 16;
  std::atomic<int> reading{0};
  while_computing = [&] { test::Await([&] { return reading == kReaders; }); };
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
    test::Await([&] { return shared.calls().try_lock > 0; });
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

TEST_F(ReadPipelineTest, DoesNotWaitForAPeerThatHasFailed) {
  const auto peer = shared.OtherReplica();
  ASSERT_TRUE(*peer->TryLock("k", 1h));
  std::jthread peers_failure([&] {
    test::Await([&] { return shared.calls().try_lock > 0; });
    peer->Unlock("k");
  });
  ExpectServed("1", ReadSource::kComputed);  // time stands still here: only the lock tells that the peer is done
  EXPECT_TRUE(*peer->TryLock("k", 1s)) << "and it is free again";
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
