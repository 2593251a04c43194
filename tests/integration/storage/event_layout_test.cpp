// Migration 0007 lays events and their counts out anew: nothing of what is stored is lost on the way, in either
// direction.
#include "integration/storage/event_test.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class EventLayoutTest : public EventTest {
 protected:
  std::vector<std::string> Stored() {
    std::vector<std::string> all;
    for (const char* sql :
         {"SELECT CONCAT_WS(' ', 'event', repository_id, type_id, created_at, id, action_id, actor_id) FROM events "
          "ORDER BY repository_id, type_id, created_at, id",
          "SELECT CONCAT_WS(' ', 'hour', repository_id, hour, type_id, action_id, events, first_at, last_at) "
          "FROM unpacked_rollups ORDER BY repository_id, hour, type_id, action_id",
          "SELECT CONCAT_WS(' ', 'minute', type_id, action_id, created_at, repository_id) FROM unpacked_minutes "
          "ORDER BY type_id, action_id, created_at, repository_id",
          "SELECT CONCAT_WS(' ', 'total', bucket_seconds, bucket, type_id, action_id, events, first_at, last_at) "
          "FROM event_totals ORDER BY bucket_seconds, bucket, type_id, action_id",
          "SELECT CONCAT_WS(' ', 'repository', repository_id, type_id, events, first_at, last_at, full_name) "
          "FROM event_repository_totals ORDER BY repository_id, type_id",
          "SELECT CONCAT_WS(' ', 'name', name, repository_id, seen_at) FROM repository_names ORDER BY name",
          "SELECT CONCAT_WS(' ', 'kind', type_id, action_id) FROM event_kinds ORDER BY type_id, action_id",
          "SELECT CONCAT_WS(' ', 'day', day) FROM event_days ORDER BY day"}) {
      const auto lines = Lines(sql);
      EXPECT_FALSE(lines.empty()) << sql;
      all.insert(all.end(), lines.begin(), lines.end());
    }
    return all;
  }
};

TEST_F(EventLayoutTest, GoesDownAndUpAgainWithAllThatIsStored) {
  Ingest(Numbered(1, 1'500));
  Ingest(Numbered(1'200, 3'000));  // of the same hours and minutes
  ASSERT_OK(events().Prune(At("2026-06-30")));
  const auto before = Stored();

  ASSERT_THAT(storage_->migrations().Down(3).value(), ElementsAre(9, 8, 7));
  EXPECT_EQ(Number("SELECT CAST(SUM(events) AS SIGNED) FROM event_rollups"), 3'000);  // also of the day that is gone
  const char* const grouped =
      "FROM (SELECT repository_id, DATE_FORMAT(created_at, '%Y-%m-%d %H:00:00') AS hour, type_id, action_id, "
      "COUNT(*) AS events, MIN(created_at) AS first_at, MAX(created_at) AS last_at FROM events GROUP BY 1, 2, 3, 4) e";
  EXPECT_EQ(Number(std::string("SELECT COUNT(*) ") + grouped),
            Number(std::string("SELECT COUNT(*) ") + grouped +
                   " JOIN event_rollups r USING (repository_id, hour, type_id, action_id, events, first_at, last_at)"));
  EXPECT_EQ(Number("SELECT CAST(SUM(events) AS SIGNED) FROM event_totals WHERE bucket_seconds = 60"),
            Number("SELECT COUNT(*) FROM events"));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM repository_names WHERE full_name IS NULL OR LOWER(full_name) <> name"), 0);

  ASSERT_THAT(storage_->migrations().Up().value(), ElementsAre(7, 8, 9));
  EXPECT_EQ(Stored(), before);
  EXPECT_THAT(Differences(), IsEmpty());
}

}  // namespace
}  // namespace repopulse
