// What the tests of event storage share.
#pragma once

#include "integration/storage/database.h"

namespace repopulse {

inline Event MakeEvent(int64_t id, std::string type, std::string_view created_at, int64_t repository = 7) {
  return {.id = id,
          .type = std::move(type),
          .action = "",
          .repository = RepositoryId{repository},
          .repository_name = "owner/repository-" + std::to_string(repository),
          .actor_id = 5,
          .actor_login = "octocat",
          .number = {},
          .created_at = At(created_at),
          .payload = ""};
}

// Events first..last of several types, actions and repositories, over some hours and days; the same for the same id.
inline std::vector<Event> Numbered(int64_t first, int64_t last) {
  std::vector<Event> events;
  for (int64_t id = first; id <= last; ++id) {
    Event event = MakeEvent(id, id % 3 == 0 ? "IssuesEvent" : "PushEvent", "2026-06-29T22:00:00Z", 1 + id * 7919 % 997);
    if (id % 3 == 0) event.action = id % 2 == 0 ? "opened" : "closed";
    event.created_at += std::chrono::seconds{id * 17 % 14'400};
    events.push_back(std::move(event));
  }
  return events;
}

inline ImportProgress MakeProgress(std::string name) {
  return {.name = std::move(name),
          .fingerprint = "0123456789abcdef0123456789abcdef",
          .hour = At("2015-01-01"),
          .error = {},
          .started_at = At("2026-07-01T11:00:00Z"),
          .updated_at = At("2026-07-01T11:30:00Z")};
}

class EventTest : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    clock_.Set(At("2026-07-01T12:00:00Z"));
    // What is packed, as the database's own functions read it.
    ASSERT_OK(
        db().Run("CREATE OR REPLACE VIEW rollup_entries AS SELECT repository_id, "
                 "CAST(CONV(HEX(SUBSTRING(counts, seq, 2)), 16, 10) AS SIGNED) AS type_id, "
                 "CAST(CONV(HEX(SUBSTRING(counts, seq + 2, 2)), 16, 10) AS SIGNED) AS action_id, "
                 "CAST(CONV(HEX(SUBSTRING(counts, seq + 4, 4)), 16, 10) AS SIGNED) AS events, "
                 "CAST(CONV(HEX(SUBSTRING(counts, seq + 8, 2)), 16, 10) AS SIGNED) % 4096 AS first_second, "
                 "CAST(CONV(HEX(SUBSTRING(counts, seq + 10, 2)), 16, 10) AS SIGNED) % 4096 AS last_second, "
                 "hour + INTERVAL (CAST(CONV(HEX(SUBSTRING(counts, seq + 8, 2)), 16, 10) AS SIGNED) DIV 4096 + "
                 "16 * (CAST(CONV(HEX(SUBSTRING(counts, seq + 10, 2)), 16, 10) AS SIGNED) DIV 4096)) HOUR AS hour "
                 "FROM event_rollups JOIN seq_1_to_12001_step_12 ON seq < LENGTH(counts)"));
    ASSERT_OK(
        db().Run("CREATE OR REPLACE VIEW unpacked_rollups AS SELECT repository_id, hour, type_id, action_id, "
                 "SUM(events) AS events, hour + INTERVAL MIN(first_second) SECOND AS first_at, "
                 "hour + INTERVAL MAX(last_second) SECOND AS last_at "
                 "FROM rollup_entries GROUP BY repository_id, hour, type_id, action_id"));
    ASSERT_OK(
        db().Run("CREATE OR REPLACE VIEW unpacked_minutes AS SELECT type_id, action_id, "
                 "minute + INTERVAL CAST(CONV(HEX(SUBSTRING(places, seq, 1)), 16, 10) AS SIGNED) SECOND AS created_at, "
                 "CAST(CONV(HEX(SUBSTRING(places, seq + 1, 8)), 16, 10) AS SIGNED) AS repository_id "
                 "FROM event_minutes JOIN seq_1_to_9001_step_9 ON seq < LENGTH(places)"));
  }
  [[nodiscard]] EventStore& events() { return storage_->events(); }
  [[nodiscard]] ImportStore& imports() { return storage_->imports(); }

  IngestResult Ingest(const std::vector<Event>& batch) {
    auto result = events().Ingest(batch, nullptr, clock_.Now());
    EXPECT_OK(result);
    return result.value_or(IngestResult{});
  }
  std::vector<std::string> Lines(std::string_view sql) {
    std::vector<std::string> lines;
    EXPECT_OK(db().Query(sql, {}, [&](const Row& row) { lines.push_back(row.Text(0)); }));
    return lines;
  }
  std::string Text(std::string_view sql) {
    const auto lines = Lines(sql);
    EXPECT_EQ(lines.size(), 1U) << sql;
    return lines.empty() ? "" : lines.front();
  }
  Verification Verify() {
    auto verified = events().Verify([](std::chrono::sys_days) { return true; });
    EXPECT_OK(verified);
    return verified.value_or(Verification{});
  }
  // What Verify() finds wrong, in words.
  std::vector<std::string> Differences() { return Verify().examples; }
};

}  // namespace repopulse
