// The contract of service/job_store.h.
#include <thread>

#include "integration/storage/database.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class JobStoreTest : public StorageTest {
 protected:
  JobStart Start(JobKind kind = JobKind::kCollect) { return StartOn(jobs(), kind); }
  JobStart StartOn(JobStore& store, JobKind kind = JobKind::kCollect) {
    auto started = store.Start(kind, "", "api-a", clock_.Now());
    EXPECT_OK(started);
    return started ? *std::move(started) : JobStart{};
  }
  Job Get(JobId id) {
    auto found = jobs().Find(id);
    EXPECT_OK(found);
    EXPECT_TRUE(found->has_value());
    return **found;
  }
  int64_t LeaseConnection(JobId id) {
    return Number("SELECT lease_connection FROM jobs WHERE id = " + std::to_string(id.value));
  }
};

TEST_F(JobStoreTest, RecordsARunningJob) {
  const JobStart started = Start();
  ASSERT_TRUE(started.lease);
  EXPECT_EQ(started.lease->id(), started.id);
  const Job job = Get(started.id);
  EXPECT_EQ(job.kind, JobKind::kCollect);
  EXPECT_EQ(job.state, JobState::kRunning);
  EXPECT_EQ(job.replica, "api-a");
  EXPECT_EQ(job.started_at, clock_.Now());
  EXPECT_EQ(job.heartbeat_at, clock_.Now());
  EXPECT_FALSE(job.finished_at);
  EXPECT_THAT(job.progress.counts, IsEmpty());
  EXPECT_FALSE(job.error);
}

TEST_F(JobStoreTest, DoesNotFindAJobThatNeverWas) { EXPECT_FALSE(jobs().Find(JobId{99}).value().has_value()); }

TEST_F(JobStoreTest, WhoComesWhileOneRunsJoinsIt) {
  const JobStart leader = Start();
  const auto replica = MakeStorage();
  const JobStart joined = StartOn(replica->jobs());
  EXPECT_FALSE(joined.lease);
  EXPECT_EQ(joined.id, leader.id);
}

TEST_F(JobStoreTest, JobsOfOtherKindsRunBesideIt) {
  const JobStart collect = Start(JobKind::kCollect);
  const JobStart prune = Start(JobKind::kPrune);
  EXPECT_TRUE(collect.lease);
  EXPECT_TRUE(prune.lease);
  EXPECT_NE(collect.id, prune.id);
}

TEST_F(JobStoreTest, StacksThatShareAServerDoNotShareLeases) {
  const JobStart ours = Start();
  StorageOptions other = options_;
  other.database += "_other";
  ASSERT_OK(db().Run("CREATE DATABASE " + other.database));
  Storage theirs(other, clock_);
  ASSERT_OK(theirs.schema().MigrateUp());
  EXPECT_TRUE(StartOn(theirs.jobs()).lease);
  ASSERT_OK(db().Run("DROP DATABASE " + other.database));
}

TEST_F(JobStoreTest, HeartbeatsTellProgress) {
  const JobStart started = Start();
  clock_.Advance(std::chrono::seconds{5});
  ASSERT_OK(
      started.lease->Heartbeat({"reading 🚀 \"page\" 2", {{"requests", 2}, {"bytes", 12345678901}}}, clock_.Now()));
  const Job job = Get(started.id);
  EXPECT_EQ(job.state, JobState::kRunning);
  EXPECT_EQ(job.heartbeat_at, clock_.Now());
  EXPECT_EQ(job.progress.step, "reading 🚀 \"page\" 2");
  ASSERT_EQ(job.progress.counts.size(), 2u);
  EXPECT_EQ(job.progress.counts[0].name, "requests");
  EXPECT_EQ(job.progress.counts[1].value, 12345678901);
  // The same again is no lost lease.
  EXPECT_OK(started.lease->Heartbeat(job.progress, clock_.Now()));
}

TEST_F(JobStoreTest, ASuccessEndsIt) {
  JobStart started = Start();
  clock_.Advance(std::chrono::seconds{5});
  ASSERT_OK(started.lease->Finish({"all done", {{"requests", 3}}}, std::nullopt, clock_.Now()));
  const Job job = Get(started.id);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  EXPECT_EQ(job.finished_at, clock_.Now());
  EXPECT_EQ(job.progress.step, "all done");
  EXPECT_FALSE(job.error);
}

TEST_F(JobStoreTest, AFailureKeepsItsError) {
  const JobStart started = Start();
  ASSERT_OK(started.lease->Finish({}, Error{ErrorCode::kRateLimited, "GitHub says no"}, clock_.Now()));
  const Job job = Get(started.id);
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.error->code, ErrorCode::kRateLimited);
  EXPECT_EQ(job.error->message, "GitHub says no");
}

TEST_F(JobStoreTest, TheNextMayBeginAsSoonAsTheLeaseIsGone) {
  for (int round = 0; round < 20; ++round) {
    JobStart started = Start();
    ASSERT_TRUE(started.lease) << round;
    ASSERT_OK(started.lease->Finish({}, std::nullopt, clock_.Now()));
  }
}

TEST_F(JobStoreTest, ALeaseGivenUpWithoutAnEndIsAbandoned) {
  JobStart started = Start();
  started.lease.reset();
  const Job job = Get(started.id);
  EXPECT_EQ(job.state, JobState::kAbandoned);
  ASSERT_TRUE(job.error);
  EXPECT_EQ(job.error->code, ErrorCode::kCancelled);
}

TEST_F(JobStoreTest, ADeadLeadersJobIsAbandonedAndItsWorkTakenUp) {
  const JobStart dead = Start();
  Kill(LeaseConnection(dead.id));
  EXPECT_EQ(Get(dead.id).state, JobState::kAbandoned);  // before anybody wrote it down
  clock_.Advance(std::chrono::minutes{1});
  const JobStart next = Start();
  ASSERT_TRUE(next.lease);
  EXPECT_NE(next.id, dead.id);
  EXPECT_EQ(Get(dead.id).state, JobState::kAbandoned);
  EXPECT_EQ(Get(dead.id).finished_at, clock_.Now());
  EXPECT_EQ(Get(next.id).state, JobState::kRunning);
}

TEST_F(JobStoreTest, ALeaderThatLostItsLeaseIsToldToStopAndWritesNothingMore) {
  const JobStart lost = Start();
  ASSERT_OK(lost.lease->Heartbeat({"before", {}}, clock_.Now()));
  Kill(LeaseConnection(lost.id));
  EXPECT_EQ(CodeOf(lost.lease->Heartbeat({"after", {}}, clock_.Now())), ErrorCode::kCancelled);
  EXPECT_EQ(CodeOf(lost.lease->Heartbeat({"after", {}}, clock_.Now())), ErrorCode::kCancelled);
  EXPECT_EQ(CodeOf(lost.lease->Finish({"after", {}}, std::nullopt, clock_.Now())), ErrorCode::kCancelled);
  EXPECT_EQ(Get(lost.id).progress.step, "before");
  EXPECT_EQ(Get(lost.id).state, JobState::kAbandoned);
}

TEST_F(JobStoreTest, ALeaderWhoseJobWasAbandonedByAnotherIsToldToStop) {
  const JobStart slow = Start();
  ASSERT_OK(db().Run("UPDATE jobs SET state = 'abandoned'"));
  EXPECT_EQ(CodeOf(slow.lease->Heartbeat({}, clock_.Now())), ErrorCode::kCancelled);
  EXPECT_EQ(CodeOf(slow.lease->Finish({}, std::nullopt, clock_.Now())), ErrorCode::kCancelled);
}

TEST_F(JobStoreTest, OfManyWhoStartAtOnceOneLeadsAndTheOthersJoinIt) {
  constexpr int kStarters = 4;
  std::vector<std::unique_ptr<Storage>> replicas;
  for (int i = 0; i < kStarters; ++i) replicas.push_back(MakeStorage());
  for (int round = 0; round < 15; ++round) {
    std::vector<JobStart> starts(kStarters);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kStarters; ++i) {
      threads.emplace_back([&, i] { starts[i] = StartOn(replicas[i]->jobs()); });
    }
    for (std::thread& thread : threads) thread.join();
    int leaders = 0;
    for (const JobStart& start : starts) {
      leaders += start.lease ? 1 : 0;
      EXPECT_EQ(start.id, starts[0].id);
    }
    EXPECT_EQ(leaders, 1);
    for (const JobStart& start : starts) {
      if (start.lease) {
        ASSERT_OK(start.lease->Finish({}, std::nullopt, clock_.Now()));
      }
    }
  }
}

TEST_F(JobStoreTest, AJoinerDoesNotTakeADeadLeadersRowForTheNewLeaders) {
  JobStart dead = Start();
  dead.lease.reset();
  // A new leader that has the lock but has not written its row yet.
  auto leader = Connection::Open(ConnectionTo());
  ASSERT_OK(leader);
  ASSERT_OK((*leader)->Run("DO GET_LOCK('repopulse:collect:" + options_.database + "', 0)"));
  std::thread writes_late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
    ASSERT_OK((*leader)->Run(
        "INSERT INTO jobs (id, kind, state, replica, lease_connection, started_at, heartbeat_at, step, counts) VALUES "
        "(77, 'collect', 'running', 'api-b', CONNECTION_ID(), '2024-05-07', '2024-05-07', '', '{}')"));
  });
  const JobStart joined = Start();
  writes_late.join();
  EXPECT_FALSE(joined.lease);
  EXPECT_EQ(joined.id, JobId{77});
}

TEST_F(JobStoreTest, AJoinerDoesNotWaitLongForALeaderThatNeverWritesItsRow) {
  auto leader = Connection::Open(ConnectionTo());
  ASSERT_OK(leader);
  ASSERT_OK((*leader)->Run("DO GET_LOCK('repopulse:collect:" + options_.database + "', 0)"));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(CodeOf(jobs().Start(JobKind::kCollect, "", "api-a", clock_.Now())), ErrorCode::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{3});
}

TEST_F(JobStoreTest, ListsTheNewestFirst) {
  JobStart first = Start();
  first.lease.reset();
  const JobStart second = Start(JobKind::kPrune);
  const JobStart third = Start();
  auto recent = jobs().Recent(2);
  ASSERT_OK(recent);
  ASSERT_EQ(recent->size(), 2u);
  EXPECT_EQ((*recent)[0].id, third.id);
  EXPECT_EQ((*recent)[1].id, second.id);
  EXPECT_EQ(jobs().Recent(10).value()[2].state, JobState::kAbandoned);
}

TEST_F(JobStoreTest, PrunesWhatEndedBeforeAndSweepsNotTouchedSince) {
  JobStart old = Start();
  ASSERT_OK(old.lease->Finish({}, std::nullopt, clock_.Now()));
  old.lease.reset();
  const TopicId topic = topics().Track(Tagged("kubernetes"), clock_.Now()).value().id;
  const TopicId other = topics().Track(Tagged("helm"), clock_.Now()).value().id;
  auto sweep = topics().OpenSweep(topic, clock_.Now(), clock_.Now());
  ASSERT_OK(sweep);
  ASSERT_OK(topics().StorePage(*sweep, sweep->plan, {MakeRepository(1, "a/b")}, clock_.Now()));
  clock_.Advance(std::chrono::hours{1});
  const TimePoint before = clock_.Now();
  JobStart young = Start();
  ASSERT_OK(young.lease->Finish({}, std::nullopt, clock_.Now()));
  young.lease.reset();
  const JobStart running = Start();
  ASSERT_OK(topics().OpenSweep(other, clock_.Now(), clock_.Now()));

  auto removed = jobs().Prune(before);
  ASSERT_OK(removed);
  EXPECT_EQ(*removed, 3);  // a job, a sweep, its one repository
  std::vector<JobId> left;
  const std::vector<Job> recent = jobs().Recent(10).value();
  for (const Job& job : recent) left.push_back(job.id);
  EXPECT_THAT(left, ElementsAre(running.id, young.id));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM sweeps"), 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM sweep_repositories"), 0);
  EXPECT_EQ(jobs().Prune(before).value(), 0);
}

TEST_F(JobStoreTest, OneWithAnotherArgumentIsNotJoined) {
  auto running = jobs().Start(JobKind::kImport, "2015-01-01-0", "api-a", clock_.Now());
  ASSERT_OK(running);
  EXPECT_EQ(jobs().Find(running->id).value()->argument, "2015-01-01-0");
  auto same = jobs().Start(JobKind::kImport, "2015-01-01-0", "api-b", clock_.Now());
  ASSERT_OK(same);
  EXPECT_EQ(same->id, running->id);
  EXPECT_EQ(same->lease, nullptr);
  EXPECT_EQ(CodeOf(jobs().Start(JobKind::kImport, "2015-01-01-1", "api-b", clock_.Now())), ErrorCode::kConflict);
}

}  // namespace
}  // namespace repopulse
