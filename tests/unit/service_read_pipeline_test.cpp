// The read pipeline: what is fresh, stale, invalidated or gone, and what is served then.
#include <gtest/gtest.h>

#include <future>

#include "base/time_format.h"
#include "support/read_pipeline_fixture.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;
using test::kDatabaseGone;
using test::kFresh;
using test::kUsable;
using test::ReadPipelineTest;
using test::Replica;

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
  EXPECT_FALSE(Read()->outlasting) << "something newer is being made";
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

TEST_F(ReadPipelineTest, SaysThatNothingNewerCanBeHadAsLongAsComputingFails) {
  ExpectServed("1", ReadSource::kComputed);
  FailWith(kDatabaseGone);
  clock.Advance(kFresh);
  test::Await([&] { return Read()->outlasting; });
  EXPECT_EQ(Read()->source, ReadSource::kNearStale);
  FailWith(std::nullopt);
  test::Await([&] { return !Read()->outlasting; });
}

TEST_F(ReadPipelineTest, WhatIsNotThereIsNoReasonToSayThatNothingNewerCanBeHad) {
  ExpectServed("1", ReadSource::kComputed);
  FailWith(Error{ErrorCode::kNotFound, "not tracked"});
  EXPECT_FALSE(Read("another"));
  clock.Advance(kFresh);
  EXPECT_FALSE(Read()->outlasting);
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
  test::Await([&] { return !Read(); });  // served stale until the refresh has found out
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

// ---- Dated when made

struct DatedAnswers : ReadPipelineTest {
  std::string words = "a";

  ReadQuery Dated() {
    return {"dated", "topic:a", [this]() -> Result<Representation> {
              Representation made;
              made.body = words;
              made.etag = words;
              made.headers = "Last-Modified: " + FormatHttpDate(clock.Now()) + "\r\nVary: x\r\n";
              made.data_as_of = clock.Now();
              made.fresh_until = clock.Now() + kFresh;
              made.usable_until = clock.Now() + kUsable;
              made.dated_when_made = true;
              return made;
            }};
  }
  void ExpectDate(const Result<ReadAnswer>& answer, TimePoint date) {
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->representation->data_as_of, date);
    EXPECT_EQ(answer->representation->headers, "Last-Modified: " + FormatHttpDate(date) + "\r\nVary: x\r\n");
    EXPECT_EQ(answer->representation->fresh_until, clock.Now() + kFresh);
  }
};

TEST_F(DatedAnswers, AreAsOldAsTheOnesBeforeThatSayTheSame) {
  const TimePoint first = clock.Now();
  ExpectDate(replica.pipeline.Read(Dated()), first);
  clock.Advance(5s);
  Invalidate();
  ExpectDate(replica.pipeline.Read(Dated()), first);
  clock.Advance(5s);
  ASSERT_TRUE(replica.pipeline.Refresh(Dated()));
  ExpectDate(replica.pipeline.Read(Dated()), first);
  words = "b";
  Invalidate();
  ExpectDate(replica.pipeline.Read(Dated()), clock.Now());
}

TEST_F(DatedAnswers, KeepTheirAgeInAnotherReplicaAndBehindTheReadersBack) {
  const TimePoint first = clock.Now();
  ExpectDate(replica.pipeline.Read(Dated()), first);
  clock.Advance(kFresh + 1s);
  const auto other_cache = shared.OtherReplica();
  Replica other(clock, *other_cache);
  EXPECT_TRUE(other.pipeline.Read(Dated())->stale);
  test::Await([&] { return !other.pipeline.Read(Dated())->stale; });
  ExpectDate(other.pipeline.Read(Dated()), first);
}

TEST_F(DatedAnswers, AreDatedAnewWhereTheOneBeforeIsNotKnown) {
  ASSERT_TRUE(replica.pipeline.Read(Dated()));
  clock.Advance(5s);
  test::FakeSharedCache empty{clock};
  Replica other(clock, empty);
  ExpectDate(other.pipeline.Read(Dated()), clock.Now());
}

TEST_F(DatedAnswers, OfDataAreAsOldAsTheirData) {
  ReadQuery query = Dated();
  query.compute = [compute = query.compute] {
    auto made = compute();
    made->dated_when_made = false;
    return made;
  };
  ASSERT_TRUE(replica.pipeline.Read(query));
  clock.Advance(5s);
  Invalidate();
  ExpectDate(replica.pipeline.Read(query), clock.Now());
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
    const std::string body = Read(key)->representation->body.str();
    Invalidate();
    FailWith(Error{ours, "our fault"});
    const auto answer = Read(key);
    ASSERT_TRUE(answer) << key;
    EXPECT_EQ(answer->representation->body, body);
    EXPECT_EQ(answer->source, ReadSource::kLastResort);
    EXPECT_TRUE(answer->outlasting);
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

// ---- clocks that are not the real one

TEST_F(ReadPipelineTest, ComputesAnewWhatAClockThatWasAheadCalledFresh) {
  test::FakeClock ahead(test::FakeClock::kStart + std::chrono::hours{24 * 365});
  Representation made;
  made.body = "from the future";
  made.fresh_until = ahead.Now() + kFresh;
  made.usable_until = ahead.Now() + kUsable;
  ASSERT_TRUE(shared.Put("k", shared.Get("k", "topic:a")->generation, EncodeRepresentation(made), 1h));
  ExpectServed("1", ReadSource::kComputed);
}

TEST_F(ReadPipelineTest, SharesNoAnswersBetweenRealms) {
  Replica replay(clock, shared, {.realm = "@2015-01-01T03:00:00Z/1"});
  Replica same_replay(clock, shared, {.realm = "@2015-01-01T03:00:00Z/1"});
  ExpectServed("1", ReadSource::kComputed);
  EXPECT_EQ(replay.pipeline.Read(Query())->representation->body, "2");
  EXPECT_EQ(same_replay.pipeline.Read(Query())->representation->body, "2");
  ASSERT_TRUE(replay.pipeline.Refresh(Query()));
  EXPECT_EQ(replica.pipeline.Read(Query())->representation->body, "1");
}

}  // namespace
}  // namespace repopulse
