// The contract of service/topic_store.h: sweeps under way.
#include <thread>

#include "integration/storage/database.h"

namespace repopulse {
namespace {

class SweepTest : public TopicTest {
 protected:
  Sweep Open(std::chrono::minutes restart_after = std::chrono::hours{6}) {
    auto sweep = topics().OpenSweep(topic_, clock_.Now(), clock_.Now() - restart_after);
    EXPECT_OK(sweep);
    return sweep.value_or(Sweep{});
  }
  int64_t StagedRows() { return Number("SELECT COUNT(*) FROM sweep_repositories"); }
};

TEST_F(SweepTest, BeginsWithTheWholeTopic) {
  const Sweep sweep = Open();
  EXPECT_EQ(sweep.topic, topic_);
  EXPECT_EQ(sweep.started_at, clock_.Now());
  EXPECT_EQ(sweep.step, 0);
  EXPECT_EQ(sweep.plan, StartSweep());
}

TEST_F(SweepTest, OfAnUnknownTopicIsNotFound) {
  EXPECT_EQ(CodeOf(topics().OpenSweep(TopicId{99}, clock_.Now(), clock_.Now())), ErrorCode::kNotFound);
}

TEST_F(SweepTest, GoesOnWhereItStoppedWithEveryPartOfItsPlan) {
  const Sweep begun = Open();
  const SweepPlan plan{.pending = {{.stars_min = {}, .stars_max = 7, .created = {}},
                                   {.stars_min = 3,
                                    .stars_max = 3,
                                    .created = CreatedRange{At("2020-01-01T00:00:00Z"), At("2021-01-01T00:00:00Z")}}},
                       .page = 4,
                       .delivered = 300,
                       .stars_lowest = 8,
                       .reported_count = 12345678901,
                       .incomplete = true,
                       .requests = 17};
  ASSERT_OK(topics().StorePage(begun, plan, {}, clock_.Now()));
  clock_.Advance(std::chrono::minutes{5});
  const Sweep resumed = Open();
  EXPECT_EQ(resumed.id, begun.id);
  EXPECT_EQ(resumed.started_at, begun.started_at);
  EXPECT_EQ(resumed.step, 1);
  EXPECT_EQ(resumed.plan, plan);
}

TEST_F(SweepTest, IsBegunAnewWhereItWasNotTouchedForLong) {
  const Sweep begun = Open();
  ASSERT_OK(topics().StorePage(begun, begun.plan, {MakeRepository(1, "a/b")}, clock_.Now()));
  clock_.Advance(std::chrono::minutes{61});
  const Sweep anew = Open(std::chrono::minutes{60});
  EXPECT_NE(anew.id, begun.id);
  EXPECT_EQ(anew.step, 0);
  EXPECT_EQ(StagedRows(), 0);
  EXPECT_EQ(CodeOf(topics().StorePage(begun, begun.plan, {}, clock_.Now())), ErrorCode::kConflict);
}

TEST_F(SweepTest, IsTouchedByEachPage) {
  Sweep sweep = Open();
  clock_.Advance(std::chrono::minutes{50});
  ASSERT_OK(topics().StorePage(sweep, sweep.plan, {}, clock_.Now()));
  clock_.Advance(std::chrono::minutes{50});
  EXPECT_EQ(Open(std::chrono::minutes{60}).id, sweep.id);
}

TEST_F(SweepTest, IsBegunAnewWhereItsPlanIsOfAnotherProgram) {
  const Sweep begun = Open();
  ASSERT_OK(db().Run("UPDATE sweeps SET plan = '{\"stars\": []}'"));
  EXPECT_NE(Open().id, begun.id);
}

TEST_F(SweepTest, OneStepIsTakenByOneCollectorOnly) {
  const Sweep sweep = Open();
  ASSERT_OK(topics().StorePage(sweep, sweep.plan, {MakeRepository(1, "a/one")}, clock_.Now()));
  EXPECT_EQ(CodeOf(topics().StorePage(sweep, sweep.plan, {MakeRepository(2, "a/two")}, clock_.Now())),
            ErrorCode::kConflict);
  EXPECT_EQ(StagedRows(), 1);
}

TEST_F(SweepTest, OfTwoCollectorsAtOnceExactlyOneStoresEachPage) {
  const auto other = MakeStorage();
  for (int round = 0; round < 20; ++round) {
    const Sweep sweep = Open();
    std::atomic<int> stored{0};
    const auto store = [&](Storage& storage) {
      auto status = storage.topics().StorePage(sweep, sweep.plan, {MakeRepository(round, "a/b")}, clock_.Now());
      if (status) {
        ++stored;
      } else {
        EXPECT_EQ(status.error().code, ErrorCode::kConflict) << status.error().message;
      }
    };
    std::thread a([&] { store(*storage_); });
    std::thread b([&] { store(*other); });
    a.join();
    b.join();
    EXPECT_EQ(stored, 1);
  }
  EXPECT_EQ(StagedRows(), 20);
}

TEST_F(SweepTest, TwoCollectorsOpenTheSameOne) {
  const auto other = MakeStorage();
  std::optional<SweepId> first;
  std::optional<SweepId> second;
  std::thread a([&] { first = topics().OpenSweep(topic_, clock_.Now(), clock_.Now()).value().id; });
  std::thread b([&] { second = other->topics().OpenSweep(topic_, clock_.Now(), clock_.Now()).value().id; });
  a.join();
  b.join();
  EXPECT_EQ(first, second);
}

TEST_F(SweepTest, ARepositorySeenTwiceIsStoredOnceAsSeenLast) {
  // Pages move while they are read; and one page may repeat an id.
  const Sweep sweep = Open();
  ASSERT_OK(topics().StorePage(
      sweep, sweep.plan,
      {MakeRepository(1, "a/old", 5), MakeRepository(2, "a/other", 4), MakeRepository(1, "a/new", 6)}, clock_.Now()));
  EXPECT_EQ(StagedRows(), 2);
  EXPECT_EQ(Number("SELECT stargazers_count FROM sweep_repositories WHERE repository_id = 1"), 6);
  Sweep next = sweep;
  ++next.step;
  ASSERT_OK(topics().StorePage(next, sweep.plan, {MakeRepository(1, "a/newest", 7)}, clock_.Now()));
  EXPECT_EQ(Number("SELECT stargazers_count FROM sweep_repositories WHERE repository_id = 1"), 7);
}

TEST_F(SweepTest, StoresPagesOfAnySize) {
  std::vector<Repository> many;
  for (int64_t id = 1; id <= 1001; ++id) many.push_back(MakeRepository(id, "owner/r" + std::to_string(id)));
  const Sweep sweep = Open();
  ASSERT_OK(topics().StorePage(sweep, sweep.plan, many, clock_.Now()));
  EXPECT_EQ(StagedRows(), 1001);
}

TEST_F(SweepTest, APageThatCannotBeStoredLeavesNothingAndDoesNotAdvance) {
  Repository bad = MakeRepository(2, "a/bad");
  bad.description = "\xff\xfe not UTF-8";
  std::vector<Repository> page(300, bad);
  for (int64_t i = 0; i < 300; ++i) page[static_cast<size_t>(i)].id = RepositoryId{i};
  for (size_t i = 0; i < 260; ++i) page[i].description = "good";  // the first batch of rows is good
  const Sweep sweep = Open();
  EXPECT_EQ(CodeOf(topics().StorePage(sweep, sweep.plan, page, clock_.Now())), ErrorCode::kInternal);
  EXPECT_EQ(StagedRows(), 0);
  EXPECT_EQ(Open().step, 0);
}

TEST_F(SweepTest, CutsTextsThatNoColumnHolds) {
  Repository huge = MakeRepository(1, "a/b");
  huge.html_url = "https://github.com/" + std::string(5000, 'x');
  huge.language = std::string(5000, 'l');
  huge.license = std::string(5000, 'L');
  huge.description = std::string(5000, 'd');
  const Sweep sweep = Open();
  EXPECT_OK(topics().StorePage(sweep, sweep.plan, {huge}, clock_.Now()));
}

}  // namespace
}  // namespace repopulse
