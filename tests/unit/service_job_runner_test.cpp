#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "service/job_runner.h"
#include "support/fake_clock.h"
#include "support/fake_job_store.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

constexpr auto kLong = 60s;  // a deadline that only a failing test reaches

struct JobRunnerTest : testing::Test {
  SystemClock clock;
  test::FakeJobStore store;
  JobRunner runner{store, clock, "replica-1"};

  // Starts the job, waits for its end.
  Job RunToEnd(JobKind kind) {
    const auto started = runner.Start(kind);
    EXPECT_TRUE(started);
    const auto job = runner.Wait(started->id, kLong);
    EXPECT_TRUE(job);
    EXPECT_NE(job->state, JobState::kRunning);
    return *job;
  }
};

TEST_F(JobRunnerTest, RunsTheWorkAndRecordsItsEnd) {
  runner.Register(JobKind::kCollect, [](JobContext& job) {
    job.Add("requests", 2);
    job.Add("requests");
    job.Add("malformed", 0);
    return job.Step("collecting");
  });
  const Job job = RunToEnd(JobKind::kCollect);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(job.replica, "replica-1");
  EXPECT_EQ(job.progress.step, "collecting");
  ASSERT_EQ(job.progress.counts.size(), 2u);
  EXPECT_EQ(job.progress.counts[0].name, "requests");
  EXPECT_EQ(job.progress.counts[0].value, 3);
  EXPECT_FALSE(job.error);
}

TEST_F(JobRunnerTest, TheNextRunOfAKindIsANewJob) {
  runner.Register(JobKind::kPrune, [](JobContext&) { return Status(); });
  EXPECT_NE(RunToEnd(JobKind::kPrune).id, RunToEnd(JobKind::kPrune).id);
}

TEST_F(JobRunnerTest, JoinsTheJobThatRunsHere) {
  std::promise<void> go_on;
  runner.Register(JobKind::kCollect, [released = go_on.get_future().share()](JobContext&) {
    released.wait();
    return Status();
  });
  const auto first = runner.Start(JobKind::kCollect);
  const auto second = runner.Start(JobKind::kCollect);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(first->joined);
  EXPECT_TRUE(second->joined);
  EXPECT_EQ(first->id, second->id);
  go_on.set_value();
  EXPECT_EQ(runner.Wait(second->id, kLong)->state, JobState::kSucceeded);
}

TEST_F(JobRunnerTest, JoinsTheJobThatRunsOnAnotherReplica) {
  const JobId elsewhere = store.RunElsewhere(JobKind::kCollect, clock.Now());
  const auto started = runner.Start(JobKind::kCollect);
  ASSERT_TRUE(started);
  EXPECT_TRUE(started->joined);
  EXPECT_EQ(started->id, elsewhere);
  store.EndElsewhere(JobKind::kCollect, std::nullopt, clock.Now());
  EXPECT_EQ(runner.Wait(elsewhere, kLong)->state, JobState::kSucceeded);
}

TEST_F(JobRunnerTest, KindsRunBesideEachOther) {
  std::promise<void> collect_runs;
  runner.Register(JobKind::kCollect, [&](JobContext&) {
    collect_runs.get_future().wait();
    return Status();
  });
  runner.Register(JobKind::kPrune, [&](JobContext&) {
    collect_runs.set_value();
    return Status();
  });
  const auto collect = runner.Start(JobKind::kCollect);
  EXPECT_EQ(RunToEnd(JobKind::kPrune).state, JobState::kSucceeded);
  EXPECT_EQ(runner.Wait(collect->id, kLong)->state, JobState::kSucceeded);
}

TEST_F(JobRunnerTest, RecordsWhyTheWorkFailed) {
  runner.Register(JobKind::kCollect, [](JobContext& job) -> Status {
    job.Add("requests", 7);
    return Fail(ErrorCode::kUnavailable, "GitHub is gone");
  });
  const Job job = RunToEnd(JobKind::kCollect);
  EXPECT_EQ(job.state, JobState::kFailed);
  ASSERT_TRUE(job.error);
  EXPECT_EQ(job.error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(job.error->message, "GitHub is gone");
  EXPECT_EQ(job.progress.counts.at(0).value, 7) << "what was done until then";
}

TEST_F(JobRunnerTest, WorkThatThrowsIsAFailedJob) {
  runner.Register(JobKind::kCollect, [](JobContext&) -> Status { throw std::runtime_error("a bug"); });
  runner.Register(JobKind::kPrune, [](JobContext&) -> Status { throw 42; });  // NOLINT: no std::exception on purpose
  for (const JobKind kind : {JobKind::kCollect, JobKind::kPrune}) {
    const Job job = RunToEnd(kind);
    EXPECT_EQ(job.state, JobState::kFailed);
    ASSERT_TRUE(job.error);
    EXPECT_EQ(job.error->code, ErrorCode::kInternal);
    EXPECT_FALSE(store.IsHeld(kind)) << "the lease is free again";
  }
}

TEST_F(JobRunnerTest, AKindWithoutWorkIsAFailedJob) {
  EXPECT_EQ(RunToEnd(JobKind::kBootstrap).error->code, ErrorCode::kInternal);
}

TEST_F(JobRunnerTest, AStoreThatFailsIsTheStartersError) {
  store.FailWith(Error{ErrorCode::kUnavailable, "no database"});
  const auto started = runner.Start(JobKind::kCollect);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(runner.Wait(JobId{1}, kLong).error().code, ErrorCode::kUnavailable);
}

TEST_F(JobRunnerTest, WaitEndsAtItsDeadlineWithTheJobAsItIs) {
  const JobId elsewhere = store.RunElsewhere(JobKind::kCollect, clock.Now());
  const auto begin = clock.SteadyNow();
  const auto job = runner.Wait(elsewhere, 30ms);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->state, JobState::kRunning);
  EXPECT_GE(clock.SteadyNow() - begin, 30ms);
  EXPECT_EQ(runner.Wait(elsewhere, 0ms)->state, JobState::kRunning);
}

TEST_F(JobRunnerTest, WaitKnowsNoJobThatNeverWas) {
  EXPECT_EQ(runner.Wait(JobId{99}, kLong).error().code, ErrorCode::kNotFound);
}

TEST_F(JobRunnerTest, WaitEndsWhenTheWaiterIsAskedToStop) {
  const JobId elsewhere = store.RunElsewhere(JobKind::kCollect, clock.Now());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(runner.Wait(elsewhere, kLong, stop.get_token())->state, JobState::kRunning);
}

TEST_F(JobRunnerTest, StopAsksJobsToStopAndLetsWaitersGo) {
  std::promise<void> running;
  runner.Register(JobKind::kCollect, [&](JobContext& job) {
    running.set_value();
    return job.Sleep(1h);
  });
  const auto started = runner.Start(JobKind::kCollect);
  running.get_future().wait();
  std::jthread waiter([&] { EXPECT_TRUE(runner.Wait(started->id, kLong)); });
  runner.Stop();
  waiter.join();
  runner.Join();
  const auto job = store.Find(started->id);
  EXPECT_EQ((*job)->state, JobState::kFailed);
  EXPECT_EQ((*job)->error->code, ErrorCode::kCancelled);
  EXPECT_FALSE(store.IsHeld(JobKind::kCollect));
  EXPECT_EQ(runner.Start(JobKind::kCollect).error().code, ErrorCode::kUnavailable) << "no new jobs";
}

TEST_F(JobRunnerTest, ALostLeaseStopsTheWork) {
  std::atomic<int> steps{0};
  runner.Register(JobKind::kCollect, [&](JobContext& job) -> Status {
    store.LoseLeases();
    for (;; ++steps) {
      if (auto alive = job.Step("on and on"); !alive) return alive;
    }
  });
  EXPECT_EQ(RunToEnd(JobKind::kCollect).error->code, ErrorCode::kCancelled);
  EXPECT_EQ(steps, 0);
}

TEST(JobContext, SleepKeepsTheLeaseAlive) {
  test::FakeClock clock;
  test::FakeJobStore store;
  auto start = store.Start(JobKind::kCollect, "", "replica-1", clock.Now());
  std::stop_source stop;
  JobContext job(*start->lease, "", clock, stop.get_token());
  int heartbeats = 0;
  store.OnHeartbeat([&] {
    ++heartbeats;
    clock.Advance(5s);
  });
  const auto begin = clock.SteadyNow();
  EXPECT_TRUE(job.Sleep(60s));
  EXPECT_EQ(clock.SteadyNow() - begin, 60s);
  EXPECT_EQ(heartbeats, 12);
  stop.request_stop();
  EXPECT_EQ(job.Sleep(60s).error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace repopulse
