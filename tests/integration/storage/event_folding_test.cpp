// FoldDays() of service/event_store.h: fewer rows that tell the same, whoever writes meanwhile. What readers make of
// folded days is seen in the tests of readers, whose tables have some.
#include <atomic>
#include <thread>

#include "integration/storage/event_test.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

constexpr auto kGoOn = [](std::chrono::sys_days) { return true; };

class EventFoldingTest : public EventTest {
 protected:
  // Three events in each of these hours of a day: two pushes and a star.
  static std::vector<Event> Day(std::string_view day, int64_t repository, std::initializer_list<int> hours) {
    std::vector<Event> events;
    for (const int hour : hours) {
      for (int64_t i = 0; i < 3; ++i) {
        const TimePoint time = At(day) + std::chrono::hours{hour} + std::chrono::minutes{10 * i} + 59s;
        events.push_back(MakeEvent(++last_id_, i < 2 ? "PushEvent" : "WatchEvent", FormatRfc3339(time), repository));
      }
    }
    return events;
  }
  EventFolding Fold() {
    auto folded = events().FoldDays(DayOf(clock_.Now()), kGoOn);
    EXPECT_OK(folded);
    return folded.value_or(EventFolding{});
  }
  int64_t Rows() { return Number("SELECT COUNT(*) FROM event_rollups"); }
  std::vector<std::string> Counted() {
    return Lines(
        "SELECT CONCAT_WS(' ', repository_id, hour, type_id, action_id, events, first_at, last_at) "
        "FROM unpacked_rollups ORDER BY repository_id, hour, type_id, action_id");
  }

  static inline int64_t last_id_ = 0;
};

TEST_F(EventFoldingTest, APastDayOfABusyRepositoryIsOneRowThatTellsTheSame) {
  Ingest(Day("2026-06-28", 7, {0, 3, 4, 15, 16, 23}));
  Ingest(Day("2026-06-29", 7, {1, 2, 17, 22}));
  Ingest(Day("2026-06-29", 8, {5}));
  const auto before = Counted();
  ASSERT_THAT(before, SizeIs(2 * 11));

  const EventFolding folded = Fold();
  EXPECT_EQ(folded.days, 2);
  EXPECT_EQ(folded.rows_removed, 5 + 3);
  EXPECT_THAT(Lines("SELECT CONCAT(repository_id, ' ', hour) FROM event_rollups ORDER BY repository_id, hour"),
              ElementsAre("7 2026-06-28 00:00:00", "7 2026-06-29 00:00:00", "8 2026-06-29 05:00:00"));
  EXPECT_EQ(Counted(), before);
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_EQ(Fold().days, 0) << "nothing has come since";
}

TEST_F(EventFoldingTest, OfADayWithFewHoursNothingIsWon) {
  Ingest(Day("2026-06-28", 7, {0, 3, 4}));
  EXPECT_EQ(Fold().rows_removed, 0);
  EXPECT_EQ(Rows(), 3);
}

TEST_F(EventFoldingTest, TodayStaysAsItIs) {
  clock_.Set(At("2026-06-29T23:59:59Z"));
  Ingest(Day("2026-06-29", 7, {0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(Fold().days, 0);
  EXPECT_EQ(Rows(), 6);
  clock_.Set(At("2026-06-30T00:00:00Z"));
  EXPECT_EQ(Fold().days, 1);
  EXPECT_EQ(Rows(), 1);
}

TEST_F(EventFoldingTest, WhatComesLateIsCountedAndFoldedTheNextTime) {
  Ingest(Day("2026-06-28", 7, {0, 3, 4, 15}));
  Fold();
  Ingest(Day("2026-06-28", 7, {0, 3, 5, 6, 7}));  // of the folded row's own hour, of one in it, of new ones
  EXPECT_EQ(Rows(), 1 + 4);
  EXPECT_THAT(Differences(), IsEmpty());
  const auto before = Counted();
  EXPECT_THAT(before, SizeIs(2 * 7));

  EXPECT_EQ(Fold().rows_removed, 4);
  EXPECT_EQ(Rows(), 1);
  EXPECT_EQ(Counted(), before);
  EXPECT_EQ(Number("SELECT LENGTH(counts) FROM event_rollups"), 7 * 2 * 12) << "each hour and type once";
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventFoldingTest, EndsWhenToldToAndBeginsTheDayAgain) {
  Ingest(Day("2026-06-28", 7, {0, 3, 4, 15}));
  Ingest(Day("2026-06-29", 7, {0, 3, 4, 15}));
  int asked = 0;
  const auto ended = events().FoldDays(DayOf(clock_.Now()), [&](std::chrono::sys_days) { return ++asked < 2; });
  ASSERT_OK(ended);
  EXPECT_EQ(ended->days, 0);
  EXPECT_EQ(Rows(), 1 + 4);
  EXPECT_EQ(Fold().days, 2);
  EXPECT_EQ(Rows(), 2);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventFoldingTest, ADayMayBeFoldedWhileItsEventsComeIn) {
  std::vector<std::vector<Event>> batches;
  for (int i = 0; i < 40; ++i) {
    std::vector<Event> batch;
    for (int64_t repository = 1; repository <= 20; ++repository) {
      const auto some = Day("2026-06-28", repository, {i % 24, (i * 7 + 5) % 24});
      batch.insert(batch.end(), some.begin(), some.end());
    }
    batches.push_back(std::move(batch));
  }
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (const auto& batch : batches) EXPECT_OK(events().Ingest(batch, nullptr, clock_.Now()));
    done = true;
  });
  int64_t removed = 0;
  int rounds = 0;
  while (!done) {
    removed += Fold().rows_removed;
    ++rounds;
  }
  writer.join();
  removed += Fold().rows_removed;
  EXPECT_GT(removed, 20 * 20);
  EXPECT_GT(rounds, 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 40 * 20 * 6);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventFoldingTest, WaitsForWhoIsRaisingARow) {
  Ingest(Day("2026-06-28", 7, {0, 3, 4, 15}));
  const auto late = Day("2026-06-28", 7, {3, 3});
  auto batch = events().Store({std::span(late)});
  ASSERT_OK(batch);
  std::thread folder([&] { EXPECT_EQ(Fold().rows_removed, 3); });
  const auto waits = [&] {
    return Number(
               "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%FROM event_rollups%' "
               "AND time_ms > 20 AND id <> CONNECTION_ID()") > 0;
  };
  for (const auto end = std::chrono::steady_clock::now() + 2s; !waits() && std::chrono::steady_clock::now() < end;) {
    std::this_thread::yield();
  }
  const std::vector<const ImportCheckpoint*> no_checkpoint = {nullptr};
  EXPECT_OK((*batch)->Finish(no_checkpoint, clock_.Now()));
  folder.join();
  EXPECT_EQ(Number("SELECT CAST(SUM(events) AS SIGNED) FROM unpacked_rollups"), 4 * 3 + 2 * 3);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventFoldingTest, VerifyingTellsAnHourThatIsCountedInAnotherDay) {
  Ingest(Day("2026-06-28", 7, {0, 3, 4, 15}));
  Fold();
  // The first entry's hour goes 32 hours further: two in the upper half of what the last second's bytes have to spare.
  ASSERT_GT(
      db().Execute(
              "UPDATE event_rollups SET counts = INSERT(counts, 11, 1, UNHEX(HEX(32 + ORD(SUBSTRING(counts, 11, 1)))))")
          .value(),
      0);
  EXPECT_THAT(Differences(), testing::Not(IsEmpty()));
}

TEST_F(EventFoldingTest, AnEarlierLayoutHasARowForEachHourAgain) {
  Ingest(Day("2026-06-28", 7, {0, 3, 4, 15, 16, 23}));
  Ingest(Day("2026-06-29", 8, {5, 9}));
  const auto before = Counted();
  Fold();
  Ingest(Day("2026-06-28", 9, {1, 2}));
  const auto with_late = Counted();
  ASSERT_THAT(storage_->migrations().Down(2).value(), ElementsAre(9, 8));
  EXPECT_EQ(Rows(), 6 + 2 + 2);
  EXPECT_EQ(Counted(), with_late);
  ASSERT_THAT(storage_->migrations().Up().value(), ElementsAre(8, 9));
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_EQ(Fold().rows_removed, 5);
  EXPECT_EQ(Counted(), with_late);
}

}  // namespace
}  // namespace repopulse
