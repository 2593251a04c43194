// Storing in two steps, as an import does: the next batch's events while the one before is counted.
#include <atomic>
#include <future>
#include <thread>

#include "integration/storage/event_test.h"

namespace repopulse {
namespace {

using testing::IsEmpty;
using EventSpan = EventStore::EventSpan;

struct EventStepsTest : EventTest {
  std::unique_ptr<StoredBatch> Store(const std::vector<EventSpan>& parts) {
    auto stored = events().Store(parts);
    EXPECT_OK(stored);
    return stored ? *std::move(stored) : nullptr;
  }
  IngestResult Finish(StoredBatch& batch) {
    const ImportCheckpoint* none = nullptr;
    auto results = batch.Finish({&none, 1}, clock_.Now());
    EXPECT_OK(results);
    return results ? results->front() : IngestResult{};
  }
};

TEST_F(EventStepsTest, TellsAndWritesWhatBecameOfEachPart) {
  Ingest(Numbered(1, 10));
  const std::vector<Event> first = Numbered(6, 20);
  const std::vector<Event> second = Numbered(16, 30);
  auto batch = Store({first, second});
  ImportCheckpoint checkpoint{.progress = MakeProgress("second.json.gz")};
  checkpoint.progress.added = 100;
  const ImportCheckpoint* const checkpoints[] = {nullptr, &checkpoint};
  const auto results = batch->Finish(checkpoints, clock_.Now());
  ASSERT_OK(results);
  ASSERT_EQ(results->size(), 2U);
  EXPECT_EQ(results->at(0).added, 10);
  EXPECT_EQ(results->at(0).duplicates, 5);
  EXPECT_EQ(results->at(0).known.size(), 15U);
  EXPECT_EQ(results->at(1).added, 10);
  EXPECT_EQ(results->at(1).duplicates, 5);
  EXPECT_EQ(imports().Find("second.json.gz").value()->added, 110);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 30);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventStepsTest, LeavesNothingOfABatchThatIsNotFinished) {
  const std::vector<Event> some = Numbered(1, 100);
  Store({some}).reset();
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 0);
  EXPECT_EQ(Ingest(some).added, 100);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventStepsTest, StoresTheNextBatchWhileTheOneBeforeIsOpen) {
  const std::vector<Event> first = Numbered(1, 3'000);
  const std::vector<Event> second = Numbered(2'501, 6'000);  // waits for what the first has stored
  auto older = Store({first});
  auto newer = std::async(std::launch::async, [&] { return Store({second}); });
  EXPECT_EQ(Finish(*older).added, 3'000);
  EXPECT_EQ(Finish(*newer.get()).added, 3'000);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 6'000);
  EXPECT_THAT(Differences(), IsEmpty());
}

// Whoever loses a deadlock is told, and takes the batch at once.
TEST_F(EventStepsTest, CountsOnceWhatOthersStoreMeanwhile) {
  std::atomic<int64_t> added{0};
  std::jthread poller([&] {
    const auto storage = MakeStorage();
    for (int64_t first = 1; first < 9'000; first += 90) {
      auto result = storage->events().Ingest(Numbered(first, first + 100), nullptr, clock_.Now());
      ASSERT_OK(result);
      added += result->added;
    }
  });
  for (int64_t first = 1; first < 9'000; first += 1'000) {
    const std::vector<Event> some = Numbered(first, first + 1'500);
    const ImportCheckpoint* none = nullptr;
    Result<std::vector<IngestResult>> finished = Fail(ErrorCode::kInternal, "not stored");
    if (auto stored = events().Store({some})) finished = (*stored)->Finish({&none, 1}, clock_.Now());
    added += finished ? finished->front().added : Ingest(some).added;
  }
  poller.join();
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), added);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventStepsTest, DropsNoDayWhileABatchIsOpen) {
  const std::vector<Event> some = {MakeEvent(1, "PushEvent", "2026-03-01T10:00:00Z")};
  auto batch = Store({some});
  auto pruning = std::async(std::launch::async, [&] {
    const auto storage = MakeStorage();
    return storage->events().Prune(At("2026-04-01"));
  });
  EXPECT_EQ(Finish(*batch).added, 1);
  const auto pruned = pruning.get();
  ASSERT_OK(pruned);
  EXPECT_EQ(pruned->days_dropped, 1);  // it waited, and so saw the event
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 0);
  EXPECT_EQ(Number("SELECT CAST(SUM(events) AS SIGNED) FROM unpacked_rollups"), 1);
  EXPECT_THAT(Differences(), IsEmpty());
}

}  // namespace
}  // namespace repopulse
