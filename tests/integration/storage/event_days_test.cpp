// Days of events: their partitions, and how they are dropped.
#include <thread>

#include "integration/storage/event_test.h"
#include "storage/event_partitions.h"
#include "storage/transaction.h"
#include "support/await.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(EventPartitionNames, SplitTheGapADayIsIn) {
  const std::vector<std::string> none = {"before_max"};
  EXPECT_THAT(PartitionStatements(none, {OnDay("2015-01-01"), OnDay("2015-01-02"), OnDay("2015-01-05")}),
              ElementsAre("ALTER TABLE events REORGANIZE PARTITION before_max INTO ("
                          "PARTITION g20150101 VALUES LESS THAN ('2015-01-01 00:00:00'), "
                          "PARTITION p20150101 VALUES LESS THAN ('2015-01-02 00:00:00'), "
                          "PARTITION p20150102 VALUES LESS THAN ('2015-01-03 00:00:00'), "
                          "PARTITION g20150105 VALUES LESS THAN ('2015-01-05 00:00:00'), "
                          "PARTITION p20150105 VALUES LESS THAN ('2015-01-06 00:00:00'), "
                          "PARTITION before_max VALUES LESS THAN (MAXVALUE))"));
  const std::vector<std::string> some = {"g20150101", "p20150101", "g20150105", "p20150105", "before_max"};
  EXPECT_THAT(PartitionStatements(some, {OnDay("2015-01-01"), OnDay("2015-01-05")}), IsEmpty());
  // All of the gap, its begin, and its end.
  EXPECT_THAT(PartitionStatements(some, {OnDay("2015-01-02"), OnDay("2015-01-03"), OnDay("2015-01-04")}),
              ElementsAre("ALTER TABLE events REORGANIZE PARTITION g20150105 INTO ("
                          "PARTITION p20150102 VALUES LESS THAN ('2015-01-03 00:00:00'), "
                          "PARTITION p20150103 VALUES LESS THAN ('2015-01-04 00:00:00'), "
                          "PARTITION p20150104 VALUES LESS THAN ('2015-01-05 00:00:00'))"));
  EXPECT_THAT(PartitionStatements(some, {OnDay("2015-01-03")}),
              ElementsAre("ALTER TABLE events REORGANIZE PARTITION g20150105 INTO ("
                          "PARTITION g20150103 VALUES LESS THAN ('2015-01-03 00:00:00'), "
                          "PARTITION p20150103 VALUES LESS THAN ('2015-01-04 00:00:00'), "
                          "PARTITION g20150105 VALUES LESS THAN ('2015-01-05 00:00:00'))"));
  EXPECT_THAT(PartitionStatements(some, {OnDay("2014-12-31"), OnDay("2015-01-06")}), SizeIs(2));
}

class EventDaysTest : public EventTest {
 protected:
  std::vector<std::string> Partitions() {
    return Lines(
        "SELECT partition_name FROM information_schema.partitions WHERE table_schema = DATABASE() "
        "AND table_name = 'events' ORDER BY partition_ordinal_position");
  }
  int64_t RowsIn(const std::string& partition) {
    return Number("SELECT COUNT(*) FROM events PARTITION (" + partition + ")");
  }
  EventPruning Prune(std::string_view before) {
    auto pruned = events().Prune(At(before));
    EXPECT_OK(pruned);
    return pruned.value_or(EventPruning{});
  }
};

TEST_F(EventDaysTest, EachDayHasAPartitionOfItsOwn) {
  Ingest({MakeEvent(1, "PushEvent", "2026-06-30T23:59:59Z"), MakeEvent(2, "PushEvent", "2026-07-01T00:00:00Z"),
          MakeEvent(3, "PushEvent", "2026-06-10T12:00:00Z")});
  EXPECT_THAT(Partitions(), ElementsAre("g20260610", "p20260610", "g20260630", "p20260630", "p20260701", "before_max"));
  for (const char* day : {"p20260610", "p20260630", "p20260701"}) EXPECT_EQ(RowsIn(day), 1) << day;
  // Between, before and behind them.
  Ingest({MakeEvent(4, "PushEvent", "2026-06-20T12:00:00Z"), MakeEvent(5, "PushEvent", "2026-06-11T12:00:00Z"),
          MakeEvent(6, "PushEvent", "2015-01-01T12:00:00Z"), MakeEvent(7, "PushEvent", "2026-07-02T00:00:00Z")});
  EXPECT_THAT(Partitions(), ElementsAre("g20150101", "p20150101", "g20260610", "p20260610", "p20260611", "g20260620",
                                        "p20260620", "g20260630", "p20260630", "p20260701", "p20260702", "before_max"));
  for (const char* gap : {"g20150101", "g20260610", "g20260620", "g20260630", "before_max"}) {
    EXPECT_EQ(RowsIn(gap), 0) << gap;
  }
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 7);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventDaysTest, ThoseExpectedAreThereAndTheWordsOfGitHub) {
  ASSERT_OK(events().ExpectDays({OnDay("2015-01-01"), OnDay("2015-01-03")}));
  EXPECT_THAT(Partitions(), ElementsAre("g20150101", "p20150101", "g20150103", "p20150103", "before_max"));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 0);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM event_words WHERE word IN "
                   "('PushEvent', 'WatchEvent', 'PullRequestReviewCommentEvent', 'ReleaseEvent', 'opened', 'created')"),
            6);
  ASSERT_OK(events().ExpectDays({OnDay("2015-01-01"), OnDay("2015-01-03")}));
  EXPECT_THAT(Partitions(), SizeIs(5));
}

TEST_F(EventDaysTest, SeveralProcessesMakeTheSameDaysAtOnce) {
  std::vector<std::jthread> threads;
  std::atomic<int64_t> added{0};
  for (int64_t worker = 0; worker < 4; ++worker) {
    threads.emplace_back([&, worker] {
      const auto storage = MakeStorage();
      for (int day = 0; day < 5; ++day) {
        Event event = MakeEvent(worker * 10 + day, "PushEvent", "2026-06-01T00:00:00Z");
        event.created_at += std::chrono::days{day * 3 % 5};
        auto result = storage->events().Ingest({event}, nullptr, clock_.Now());
        ASSERT_OK(result);
        added += result->added;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(added, 20);
  EXPECT_THAT(Partitions(), SizeIs(7));
  EXPECT_EQ(RowsIn("before_max"), 0);
}

TEST_F(EventDaysTest, ANewDayWaitsForReadersUnderWay) {
  Ingest({MakeEvent(1, "PushEvent", "2026-06-01T00:00:00Z")});
  auto reader = Connection::Open(ConnectionTo());
  ASSERT_OK(reader);
  ASSERT_OK((*reader)->Run("START TRANSACTION WITH CONSISTENT SNAPSHOT"));
  ASSERT_OK((*reader)->Query("SELECT COUNT(*) FROM events", {}, [](const Row&) {}));
  std::atomic<bool> stored{false};
  std::jthread writer([&] {
    EXPECT_EQ(Ingest({MakeEvent(2, "PushEvent", "2026-06-02T00:00:00Z")}).added, 1);
    stored = true;
  });
  const std::string waiting =
      "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table metadata%' AND db = '" +
      options_.database + "'";
  test::Await([&] { return Number(waiting) > 0 || stored; });
  EXPECT_FALSE(stored);
  ASSERT_OK((*reader)->Query("SELECT COUNT(*) FROM events", {}, [](const Row& row) { EXPECT_EQ(row.Int(0), 1); }));
  ASSERT_OK((*reader)->Run("COMMIT"));
  writer.join();
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 2);
}

TEST_F(EventDaysTest, PruningDropsWholeDaysAndKeepsTheirCounts) {
  Ingest({MakeEvent(1, "PushEvent", "2026-06-01T00:00:00Z"), MakeEvent(2, "PushEvent", "2026-06-01T10:00:30Z"),
          MakeEvent(3, "PushEvent", "2026-06-02T10:00:00Z"), MakeEvent(4, "PushEvent", "2026-06-03T10:00:00Z")});
  ASSERT_OK(
      db().Run("INSERT INTO event_gaps (source_id, from_at, to_at, polled_from, polled_to) VALUES "
               "(1, '2026-05-01', '2026-06-02', '2026-05-01', '2026-06-02'), "
               "(1, '2026-06-02', '2026-06-03', '2026-06-02', '2026-06-03')"));
  const EventPruning pruned = Prune("2026-06-02T23:59:59Z");
  EXPECT_EQ(pruned.days_dropped, 1);
  EXPECT_EQ(pruned.rows_removed, 3);  // two minutes and a gap
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 2);
  EXPECT_THAT(Lines("SELECT CAST(day AS CHAR) FROM event_days_dropped"), ElementsAre("2026-06-01"));
  EXPECT_THAT(Partitions(), ElementsAre("g20260601", "p20260602", "p20260603", "before_max"));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM event_minutes"), 2);
  EXPECT_THAT(Lines("SELECT CAST(day AS CHAR) FROM event_days ORDER BY day"), ElementsAre("2026-06-02", "2026-06-03"));
  EXPECT_EQ(Number("SELECT CAST(SUM(events) AS SIGNED) FROM unpacked_rollups"), 4);
  EXPECT_EQ(Number("SELECT CAST(SUM(events) AS SIGNED) FROM event_totals WHERE bucket_seconds = 86400"), 4);
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_EQ(Prune("2026-06-02T23:59:59Z").days_dropped, 0);
}

TEST_F(EventDaysTest, WhatBelongsToADroppedDayIsNotTakenAgain) {
  const Event old = MakeEvent(1, "PushEvent", "2026-06-01T00:00:00Z");
  Ingest({old});
  Prune("2026-06-15");
  Event late = MakeEvent(2, "PushEvent", "2026-06-01T05:00:00Z");
  late.repository_name = "owner/too-late";
  const Event fresh = MakeEvent(3, "PushEvent", "2026-06-20T00:00:00Z");
  const auto elsewhere = MakeStorage();
  for (EventStore* store : {&events(), &elsewhere->events()}) {
    auto result = store->Ingest({old, late, fresh, late}, nullptr, clock_.Now());
    ASSERT_OK(result);
    EXPECT_EQ(result->expired, 3);
    EXPECT_EQ(result->added + result->duplicates, 1);
    EXPECT_TRUE(result->known[0]);
    EXPECT_TRUE(result->known[1]);
  }
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 1);
  EXPECT_EQ(Number("SELECT CAST(SUM(events) AS SIGNED) FROM unpacked_rollups"), 2);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM repository_names WHERE name = 'owner/too-late'"), 0);
  EXPECT_THAT(Differences(), IsEmpty());
  // Other days as old as that may come still: an archive that is imported late.
  EXPECT_EQ(Ingest({MakeEvent(4, "PushEvent", "2026-06-02T00:00:00Z")}).added, 1);
}

TEST_F(EventDaysTest, ADayWithoutEventsIsNotRecordedAsDropped) {
  Ingest({MakeEvent(1, "PushEvent", "2026-06-01T00:00:00Z")});
  ASSERT_OK(db().Run("DELETE FROM events"));
  EXPECT_EQ(Prune("2026-06-15").days_dropped, 0);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM event_days_dropped"), 0);
  EXPECT_EQ(Ingest({MakeEvent(2, "PushEvent", "2026-06-01T00:00:00Z")}).added, 1);
}

TEST_F(EventDaysTest, GoesOnWithAPruningThatWasCutShort) {
  Ingest({MakeEvent(1, "PushEvent", "2026-06-01T00:00:00Z"), MakeEvent(2, "PushEvent", "2026-06-20T00:00:00Z")});
  // As a crash leaves it between the two: the day is recorded and its minutes are gone, its partition is still there.
  ASSERT_OK(db().Run("INSERT INTO event_days_dropped VALUES ('2026-06-01', '2026-06-21')"));
  ASSERT_OK(db().Run("DELETE FROM event_minutes WHERE minute < '2026-06-02'"));
  EXPECT_EQ(Ingest({MakeEvent(3, "PushEvent", "2026-06-01T00:00:00Z")}).expired, 1);
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_EQ(Prune("2026-06-15").days_dropped, 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 1);
}

TEST_F(EventDaysTest, ADayMayBePrunedWhileItsEventsComeIn) {
  const std::vector<Event> old = [] {
    std::vector<Event> made = Numbered(1, 2'000);
    for (size_t i = 0; i < made.size(); ++i) made[i].created_at = At("2026-06-01T00:00:00Z") + std::chrono::seconds{i};
    return made;
  }();
  std::atomic<int64_t> added{0};
  std::atomic<bool> pruned{false};
  std::jthread writer([&] {
    for (size_t i = 0; i < old.size(); i += 20) {
      const auto begin = old.begin() + static_cast<ptrdiff_t>(i);
      auto result = events().Ingest({begin, begin + 20}, nullptr, clock_.Now());
      ASSERT_OK(result);
      EXPECT_EQ(result->added + result->expired, 20);
      added += result->added;
      if (i == 200) test::Await([&] { return pruned.load(); });
    }
  });
  test::Await([&] { return added >= 100; });
  const auto other = MakeStorage();
  auto result = other->events().Prune(At("2026-06-15"));
  pruned = true;
  ASSERT_OK(result);
  EXPECT_EQ(result->days_dropped, 1);
  writer.join();
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 0);
  EXPECT_EQ(Number("SELECT CAST(SUM(events) AS SIGNED) FROM unpacked_rollups"), added);
  EXPECT_LT(added, 2'000);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventDaysTest, ReadersDoNotMindANewDay) {
  Ingest({MakeEvent(1, "PushEvent", "2026-06-30T10:00:00Z")});
  int attempts = 0;
  const auto elsewhere = MakeStorage();
  const auto counted = InSnapshot(db(), [&](Connection& same) -> Result<int64_t> {
    if (++attempts == 1) {
      EXPECT_OK(elsewhere->events().Ingest({MakeEvent(2, "PushEvent", "2026-06-10T10:00:00Z")}, nullptr, clock_.Now()));
    }
    int64_t events = 0;
    auto read = same.Query("SELECT COUNT(*) FROM events", {}, [&](const Row& row) { events = row.Int(0); });
    if (!read) return tl::make_unexpected(std::move(read.error()));
    return events;
  });
  ASSERT_OK(counted);
  EXPECT_EQ(*counted, 2);
  EXPECT_EQ(attempts, 2);  // the first snapshot was older than the table
}

}  // namespace
}  // namespace repopulse
