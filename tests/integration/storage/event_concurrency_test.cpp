// Events are counted once, whoever stores them at the same time and whatever fails in the middle.
#include <random>
#include <set>
#include <thread>

#include "integration/storage/event_test.h"
#include "support/await.h"

namespace repopulse {
namespace {

using testing::IsEmpty;

using EventConcurrencyTest = EventTest;

TEST_F(EventConcurrencyTest, TwoProcessesWithTheSameEventsStoreThemOnce) {
  std::atomic<int64_t> added{0};
  std::atomic<int64_t> duplicates{0};
  std::vector<std::jthread> threads;
  for (int64_t worker = 0; worker < 3; ++worker) {
    threads.emplace_back([&, worker] {
      const auto storage = MakeStorage();
      // Overlapping windows of different sizes, so that small and large batches meet.
      for (int64_t first = 1; first < 6'000; first += 700) {
        auto result = storage->events().Ingest(Numbered(first, first + 600 + worker * 700), nullptr, clock_.Now());
        ASSERT_OK(result);
        added += result->added;
        duplicates += result->duplicates;
      }
    });
  }
  threads.clear();
  EXPECT_GT(duplicates, 0);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), added);
  std::set<int64_t> ids;
  for (int64_t worker = 0; worker < 3; ++worker) {
    for (int64_t first = 1; first < 6'000; first += 700) {
      for (int64_t id = first; id <= first + 600 + worker * 700; ++id) ids.insert(id);
    }
  }
  EXPECT_EQ(added, static_cast<int64_t>(ids.size()));
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventConcurrencyTest, PublicationsAndEventsOfTheSameRepositoriesDoNotDisturbEachOther) {
  auto topic = topics().Track(Tagged("kubernetes"), clock_.Now());
  ASSERT_OK(topic);
  std::atomic<bool> done{false};
  std::jthread publisher([&] {
    while (!done) {
      for (int64_t id = 1; id <= 50; ++id) {
        const Repository repository = MakeRepository(id, "owner/repository-" + std::to_string(id));
        ASSERT_OK(repositories().Save(repository, clock_.Now()));
      }
    }
  });
  for (int64_t round = 0; round < 10; ++round) {
    std::vector<Event> batch = Numbered(round * 1'000 + 1, round * 1'000 + 1'000);
    for (Event& event : batch) {
      event.created_at += std::chrono::days{1};
      event.repository.value = 1 + event.id % 50;
      event.repository_name =
          "owner/repository-" + std::to_string(event.repository.value) + (event.id % 2 == 0 ? "" : "x");
    }
    EXPECT_EQ(Ingest(batch).added, 1'000);
  }
  done = true;
  publisher.join();
  EXPECT_THAT(Differences(), IsEmpty());
}

// The connection that stores them is ended again and again at random moments; the caller simply tries again.
TEST_F(EventConcurrencyTest, AKilledConnectionLosesNothingAndCountsNothingTwice) {
  constexpr int64_t kBatches = 40;
  constexpr int64_t kSize = 400;
  constexpr int kKills = 60;
  std::atomic<int> kills{0};
  std::jthread killer([&](const std::stop_token& stop) {
    auto connection = Connection::Open(ConnectionTo());
    ASSERT_OK(connection);
    std::mt19937 random(7);
    const std::string find =
        "SELECT id FROM information_schema.processlist WHERE command IN ('Query', 'Execute', 'Bulk execute') "
        "AND id <> CONNECTION_ID() AND db = '" +
        options_.database + "'";
    while (!stop.stop_requested() && kills < kKills) {
      std::vector<int64_t> ids;
      ASSERT_OK((*connection)->Query(find, {}, [&](const Row& row) { ids.push_back(row.Int(0)); }));
      for (const int64_t id : ids) {
        if (random() % 4 == 0 && (*connection)->Run("KILL " + std::to_string(id))) ++kills;
      }
    }
  });
  for (int64_t batch = 0; batch < kBatches; ++batch) {
    const std::vector<Event> some = Numbered(batch * kSize + 1, batch * kSize + kSize + 100);
    for (bool stored = false; !stored;) {
      ImportCheckpoint checkpoint{.progress = MakeProgress("file")};
      // As an import does: what is committed tells where it stands, not what the call said.
      auto progress = imports().Find("file");
      if (!progress) continue;
      if (*progress) checkpoint.progress = **progress;
      if (checkpoint.progress.lines_done > batch) break;
      checkpoint.progress.lines_done = batch + 1;
      stored = events().Ingest(some, &checkpoint, clock_.Now()).has_value();
    }
  }
  killer.request_stop();
  killer.join();
  EXPECT_GT(kills, 0);
  RecordProperty("kills", kills);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), kBatches * kSize + 100);
  EXPECT_EQ(Number("SELECT events_new FROM imports"), kBatches * kSize + 100);
  EXPECT_EQ(Number("SELECT events_duplicate FROM imports"), (kBatches - 1) * 100);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventConcurrencyTest, VerifiesWhileEventsComeIn) {
  Ingest(Numbered(1, 1'000));
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    const auto storage = MakeStorage();
    for (int64_t first = 1'001; !done; first += 300) {
      ASSERT_OK(storage->events().Ingest(Numbered(first, first + 299), nullptr, clock_.Now()));
    }
  });
  for (int round = 0; round < 5; ++round) EXPECT_THAT(Differences(), IsEmpty());
  done = true;
}

TEST_F(EventConcurrencyTest, AFailureOfTheServerIsTold) {
  ASSERT_EQ(Ingest(Numbered(1, 10)).added, 10);
  OrderServer("stop", "mariadb");
  EXPECT_EQ(CodeOf(events().Ingest(Numbered(1, 20), nullptr, clock_.Now())), ErrorCode::kUnavailable);
  OrderServer("start", "mariadb");
  test::Await([&] { return events().Ingest(Numbered(1, 20), nullptr, clock_.Now()).has_value(); });
  auto verified = MakeStorage()->events().Verify([](std::chrono::sys_days) { return true; });
  ASSERT_OK(verified);
  EXPECT_EQ(verified->events, 20);
  EXPECT_EQ(verified->differences, 0);
}

}  // namespace
}  // namespace repopulse
