// The contract of service/event_store.h: what is stored, once, and what is counted of it.
#include "integration/storage/event_test.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Both ways of writing many rows: MariaDB's arrays, and the statements that MySQL needs.
class EventStoreTest : public EventTest, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    options_.bulk_arrays = GetParam();
    storage_ = MakeStorage();
    EventTest::SetUp();
  }
};
INSTANTIATE_TEST_SUITE_P(BulkArraysAndGroups, EventStoreTest, testing::Bool(),
                         [](const auto& with) { return with.param ? "Arrays" : "Groups"; });

TEST_P(EventStoreTest, StoresEveryFieldOfAnEvent) {
  Event event = MakeEvent(42, "PullRequestEvent", "2026-07-01T10:20:30Z");
  event.action = "closed";
  event.repository = RepositoryId{7};
  event.repository_name = "Octo/Hello";
  event.actor_id = 99;
  event.actor_login = "dependabot[bot]";
  event.number = 1234;
  event.merged = true;
  event.payload = R"({"action":"closed","emoji":"🚀"})";
  ASSERT_EQ(Ingest({event}).added, 1);
  EXPECT_EQ(
      Text(R"(SELECT CONCAT_WS('|', e.created_at, e.id, t.word, a.word, e.repository_id, e.actor_id, e.actor_login,
                      e.bot, e.merged, e.number, e.payload)
                    FROM events e JOIN event_words t ON t.id = e.type_id JOIN event_words a ON a.id = e.action_id)"),
      "2026-07-01 10:20:30|42|PullRequestEvent|closed|7|99|dependabot[bot]|1|1|1234|"
      R"({"action":"closed","emoji":"🚀"})");
  EXPECT_EQ(Text("SELECT CONCAT_WS('|', name, repository_id, seen_at) FROM repository_names"),
            "octo/hello|7|2026-07-01 10:20:30.000000");
  EXPECT_EQ(Text("SELECT full_name FROM event_repository_totals"), "Octo/Hello");
}

TEST_P(EventStoreTest, KeepsLargeNumbersWhole) {
  const int64_t large = 9'007'199'254'740'993;  // 2^53 + 1
  ASSERT_EQ(Ingest({MakeEvent(large, "PushEvent", "2026-07-01T10:59:59Z", large)}).added, 1);
  EXPECT_EQ(Text("SELECT CONCAT_WS('|', created_at, repository_id) FROM unpacked_minutes"),
            "2026-07-01 10:59:59|9007199254740993");
  EXPECT_EQ(Text("SELECT CONCAT_WS('|', hour, events, first_at, last_at) FROM unpacked_rollups"),
            "2026-07-01 10:00:00|1|2026-07-01 10:59:59|2026-07-01 10:59:59");
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(EventStoreTest, StoresWhatMostEventsLackAsNothing) {
  Event event = MakeEvent(1, "SomethingNewEvent", "2026-07-01T10:00:00Z");
  event.repository = {};
  event.repository_name = "";
  event.actor_login = "octocat";
  ASSERT_EQ(Ingest({event}).added, 1);
  EXPECT_EQ(Number("SELECT action_id FROM events"), 0);
  EXPECT_EQ(Number("SELECT number IS NULL AND payload IS NULL AND NOT bot AND NOT merged FROM events"), 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM repository_names"), 0);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(EventStoreTest, CountsByRepositoryAndHourByRepositoryAndByTime) {
  Ingest({MakeEvent(1, "WatchEvent", "2026-07-01T10:00:01Z", 7), MakeEvent(2, "WatchEvent", "2026-07-01T10:00:59Z", 7),
          MakeEvent(3, "WatchEvent", "2026-07-01T11:30:00Z", 7), MakeEvent(4, "PushEvent", "2026-07-01T10:00:30Z", 7),
          MakeEvent(5, "WatchEvent", "2026-07-01T10:01:00Z", 8)});
  Ingest({MakeEvent(6, "WatchEvent", "2026-07-01T10:00:00Z", 7)});
  EXPECT_EQ(Lines("SELECT CONCAT_WS(' ', r.repository_id, r.hour, t.word, r.events, TIME(r.first_at), TIME(r.last_at)) "
                  "FROM unpacked_rollups r JOIN event_words t ON t.id = r.type_id ORDER BY 1"),
            (std::vector<std::string>{"7 2026-07-01 10:00:00 PushEvent 1 10:00:30 10:00:30",
                                      "7 2026-07-01 10:00:00 WatchEvent 3 10:00:00 10:00:59",
                                      "7 2026-07-01 11:00:00 WatchEvent 1 11:30:00 11:30:00",
                                      "8 2026-07-01 10:00:00 WatchEvent 1 10:01:00 10:01:00"}));
  EXPECT_EQ(Lines("SELECT CONCAT_WS(' ', r.repository_id, t.word, r.events, TIME(r.first_at), TIME(r.last_at)) "
                  "FROM event_repository_totals r JOIN event_words t ON t.id = r.type_id ORDER BY 1"),
            (std::vector<std::string>{"7 PushEvent 1 10:00:30 10:00:30", "7 WatchEvent 4 10:00:00 11:30:00",
                                      "8 WatchEvent 1 10:01:00 10:01:00"}));
  EXPECT_EQ(
      Lines("SELECT CONCAT_WS(' ', r.bucket_seconds, TIME(r.bucket), r.events, TIME(r.first_at), TIME(r.last_at)) "
            "FROM event_totals r JOIN event_words t ON t.id = r.type_id WHERE t.word = 'WatchEvent' "
            "ORDER BY r.bucket_seconds, r.bucket"),
      (std::vector<std::string>{"3600 10:00:00 4 10:00:00 10:01:00", "3600 11:00:00 1 11:30:00 11:30:00",
                                "86400 00:00:00 5 10:00:00 11:30:00"}));
  EXPECT_EQ(Lines("SELECT CONCAT_WS(' ', t.word, TIME(m.created_at), m.repository_id) "
                  "FROM unpacked_minutes m JOIN event_words t ON t.id = m.type_id ORDER BY 1"),
            (std::vector<std::string>{"PushEvent 10:00:30 7", "WatchEvent 10:00:00 7", "WatchEvent 10:00:01 7",
                                      "WatchEvent 10:00:59 7", "WatchEvent 10:01:00 8", "WatchEvent 11:30:00 7"}));
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(EventStoreTest, CountsWhatComesAgainOnce) {
  const std::vector<Event> events = Numbered(1, 50);
  ASSERT_EQ(Ingest(events).added, 50);
  const IngestResult again = Ingest(events);
  EXPECT_EQ(again.added, 0);
  EXPECT_EQ(again.duplicates, 50);
  EXPECT_EQ(again.known, std::vector<bool>(50, true));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 50);
  EXPECT_EQ(Number("SELECT CAST(SUM(events) AS SIGNED) FROM unpacked_rollups"), 50);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(EventStoreTest, TellsWhichEventsOfABatchWereKnown) {
  Ingest({MakeEvent(2, "PushEvent", "2026-07-01T10:00:02Z"), MakeEvent(4, "PushEvent", "2026-07-01T10:00:04Z")});
  // In no order, and one of them twice.
  const IngestResult mixed =
      Ingest({MakeEvent(4, "PushEvent", "2026-07-01T10:00:04Z"), MakeEvent(3, "PushEvent", "2026-07-01T10:00:03Z"),
              MakeEvent(2, "PushEvent", "2026-07-01T10:00:02Z"), MakeEvent(3, "PushEvent", "2026-07-01T10:00:03Z")});
  EXPECT_THAT(mixed.known, ElementsAre(true, false, true, false));
  EXPECT_EQ(mixed.added, 1);
  EXPECT_EQ(mixed.duplicates, 3);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(EventStoreTest, FindsOutWhatIsNewInLargeBatchesToo) {
  ASSERT_EQ(Ingest(Numbered(1, 3'000)).added, 3'000);
  const IngestResult mixed = Ingest(Numbered(2'001, 5'500));
  EXPECT_EQ(mixed.added, 2'500);
  EXPECT_EQ(mixed.duplicates, 1'000);
  EXPECT_TRUE(mixed.known[999]);
  EXPECT_FALSE(mixed.known[1'000]);
  const IngestResult again = Ingest(Numbered(1, 5'500));
  EXPECT_EQ(again.added, 0);
  EXPECT_EQ(again.duplicates, 5'500);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(EventStoreTest, TellsEventsWithTheSameIdApart) {
  const IngestResult result =
      Ingest({MakeEvent(1, "PushEvent", "2026-07-01T10:00:00Z"), MakeEvent(1, "WatchEvent", "2026-07-01T10:00:00Z"),
              MakeEvent(1, "PushEvent", "2026-07-01T10:00:01Z")});
  EXPECT_EQ(result.added, 3);
  EXPECT_EQ(result.duplicates, 0);
}

TEST_P(EventStoreTest, AddsAPayloadThatWasNotKept) {
  Event bare = MakeEvent(1, "PushEvent", "2026-07-01T10:00:00Z");
  Event full = bare;
  full.payload = R"({"ref":"refs/heads/main"})";
  Ingest({bare});
  EXPECT_EQ(Ingest({full}).added, 0);
  EXPECT_EQ(Text("SELECT payload FROM events"), full.payload);
  Event other = full;
  other.payload = "{}";
  Ingest({other, bare});
  EXPECT_EQ(Text("SELECT payload FROM events"), full.payload);
  // Of two copies in one batch, the one that has it counts.
  bare.id = full.id = 2;
  EXPECT_EQ(Ingest({bare, full}).added, 1);
  EXPECT_EQ(Text("SELECT payload FROM events WHERE id = 2"), full.payload);
}

TEST_P(EventStoreTest, AddsPayloadsToALargeBatchOfKnownEvents) {
  std::vector<Event> events = Numbered(1, 2'000);
  Ingest(events);
  for (Event& event : events) event.payload = "{}";
  EXPECT_EQ(Ingest(events).duplicates, 2'000);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events WHERE payload = '{}'"), 2'000);
}

TEST_P(EventStoreTest, TakesPayloadsThatFillSeveralMessages) {
  std::vector<Event> events = Numbered(1, 20);
  for (Event& event : events) event.payload = R"({"body":")" + std::string(1'000'000, 'x') + R"("})";
  EXPECT_EQ(Ingest(events).added, 20);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events WHERE LENGTH(payload) = 1000011"), 20);
}

TEST_P(EventStoreTest, TakesAsManyEventsAsItSays) {
  EXPECT_EQ(Ingest(Numbered(1, 20'000)).added, 20'000);
  EXPECT_EQ(CodeOf(events().Ingest(Numbered(1, 20'001), nullptr, clock_.Now())), ErrorCode::kInternal);
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_P(EventStoreTest, WritesAnImportsProgressWithTheBatch) {
  ImportCheckpoint checkpoint{.progress = MakeProgress("2015-01-01-0.json.gz")};
  checkpoint.progress.lines_done = 10;
  checkpoint.progress.added = 100;
  checkpoint.progress.duplicates = 5;
  ASSERT_OK(events().Ingest(Numbered(1, 3), nullptr, clock_.Now()));
  ASSERT_OK(events().Ingest(Numbered(1, 9), &checkpoint, clock_.Now()));
  auto stored = imports().Find("2015-01-01-0.json.gz");
  ASSERT_OK(stored);
  ASSERT_TRUE(stored->has_value());
  EXPECT_EQ((*stored)->added, 106);
  EXPECT_EQ((*stored)->duplicates, 8);
  EXPECT_EQ((*stored)->lines_done, 10);
  EXPECT_EQ((*stored)->updated_at, clock_.Now());
  // Lines may also hold no event to store.
  checkpoint.progress.lines_done = 20;
  ASSERT_OK(events().Ingest({}, &checkpoint, clock_.Now()));
  EXPECT_EQ(imports().Find("2015-01-01-0.json.gz").value()->lines_done, 20);
}

TEST_P(EventStoreTest, KeepsNothingOfABatchThatFails) {
  Ingest({MakeEvent(1, "PushEvent", "2026-07-01T09:00:00Z")});
  ASSERT_OK(db().Run("RENAME TABLE imports TO imports_elsewhere"));
  const ImportCheckpoint checkpoint{.progress = MakeProgress("file")};
  EXPECT_THAT(events().Ingest(Numbered(10, 20), &checkpoint, clock_.Now()).error().message, HasSubstr("imports"));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 1);
  EXPECT_THAT(Differences(), IsEmpty());
}

}  // namespace
}  // namespace repopulse
