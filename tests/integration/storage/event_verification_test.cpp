// What Verify() of service/event_store.h finds: each kind of difference, made by hand, is told.
#include "integration/storage/event_test.h"

namespace repopulse {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EventVerificationTest : public EventTest {
 protected:
  // Three events of two repositories on two days.
  void SetUp() override {
    EventTest::SetUp();
    Ingest({MakeEvent(1, "WatchEvent", "2026-06-01T10:00:05Z", 7),
            MakeEvent(2, "WatchEvent", "2026-06-01T10:00:10Z", 7),
            MakeEvent(3, "PushEvent", "2026-06-02T11:00:00Z", 8)});
  }
  void Spoil(std::string_view sql) { ASSERT_GT(db().Execute(sql).value(), 0) << sql; }
};

TEST_F(EventVerificationTest, AgreesWithWhatWasStoredAndSaysHowMuchItCompared) {
  std::vector<std::string> days;
  auto verified = events().Verify([&](std::chrono::sys_days day) {
    days.push_back(FormatDay(day));
    return true;
  });
  ASSERT_OK(verified);
  EXPECT_THAT(days, ElementsAre("2026-06-01", "2026-06-02"));
  EXPECT_EQ(verified->events, 3);
  EXPECT_EQ(verified->rollups, 2);
  EXPECT_EQ(verified->totals, 8);  // two minutes, hours, days and repositories
  EXPECT_EQ(verified->differences, 0);
  EXPECT_THAT(verified->examples, IsEmpty());
}

TEST_F(EventVerificationTest, EndsWhenToldTo) {
  Spoil("DELETE FROM event_rollups WHERE repository_id = 8");
  int days = 0;
  auto verified = events().Verify([&](std::chrono::sys_days) { return ++days < 1; });
  ASSERT_OK(verified);
  EXPECT_EQ(days, 1);
  EXPECT_EQ(verified->differences, 0);
}

TEST_F(EventVerificationTest, TellsAnEventThatIsNotCounted) {
  Spoil(
      "INSERT INTO events SELECT created_at + INTERVAL 1 SECOND, id, type_id, action_id, repository_id, actor_id, "
      "actor_login, bot, merged, number, payload FROM events WHERE id = 2");
  EXPECT_THAT(Differences(),
              Contains("rollup of repository 7, hour 2026-06-01T10:00:00Z, WatchEvent: counted 3 from "
                       "2026-06-01T10:00:05Z to 2026-06-01T10:00:11Z, stored 2 from 2026-06-01T10:00:05Z "
                       "to 2026-06-01T10:00:10Z"));
}

TEST_F(EventVerificationTest, TellsAnEventThatIsCountedButGone) {
  Spoil("DELETE FROM events WHERE id = 3");
  EXPECT_THAT(Differences(), Contains(AllOf(HasSubstr("total of 86400 s from 2026-06-02T00:00:00Z, PushEvent"),
                                            HasSubstr("counted none, stored 1"))));
}

TEST_F(EventVerificationTest, TellsAMissingRollup) {
  Spoil("DELETE FROM event_rollups WHERE repository_id = 8");
  EXPECT_THAT(Differences(),
              Contains(AllOf(HasSubstr("rollup of repository 8, hour 2026-06-02T11"), HasSubstr("stored none"))));
}

TEST_F(EventVerificationTest, TellsARollupWithoutEvents) {
  Spoil("INSERT INTO event_rollups SELECT 9, hour, counts FROM event_rollups WHERE repository_id = 8");
  Spoil(
      "INSERT INTO event_repository_totals SELECT type_id, 9, events, first_at, last_at, full_name FROM "
      "event_repository_totals "
      "WHERE repository_id = 8");
  EXPECT_THAT(Differences(), ElementsAre(AllOf(HasSubstr("2026-06-02T00:00:00Z, PushEvent, against the rollups"),
                                               HasSubstr("counted 2"), HasSubstr("stored 1"))));
}

TEST_F(EventVerificationTest, TellsARollupWithAnotherNumberFirstOrLast) {
  for (const char* change : {"INSERT(counts, 5, 4, UNHEX('00000003'))", "INSERT(counts, 9, 2, UNHEX('0004'))",
                             "INSERT(counts, 11, 2, UNHEX('000B'))", "CONCAT(counts, counts)"}) {
    Spoil("CREATE OR REPLACE TABLE before_that AS SELECT counts FROM event_rollups WHERE repository_id = 7");
    Spoil("UPDATE event_rollups SET counts = " + std::string(change) + " WHERE repository_id = 7");
    EXPECT_THAT(Differences(), Contains(HasSubstr("rollup of repository 7"))) << change;
    EXPECT_THAT(Differences(), Contains(HasSubstr("total of repository 7, WatchEvent, against its rollups"))) << change;
    Spoil("UPDATE event_rollups SET counts = (SELECT counts FROM before_that) WHERE repository_id = 7");
  }
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(EventVerificationTest, TellsARollupThatEndsWithinAnEntry) {
  Spoil("UPDATE event_rollups SET counts = CONCAT(counts, 'x') WHERE repository_id = 7");
  EXPECT_THAT(Differences(), Contains(HasSubstr("which ends within an entry")));
}

TEST_F(EventVerificationTest, TellsMinutesThatAreWrongMissingOrTooMany) {
  const std::string name = "total of 60 s from 2026-06-02T11:00:00Z, PushEvent";
  const std::string where = " WHERE minute >= '2026-06-02'";
  for (const char* change : {"CONCAT(places, places)",             // one more
                             "INSERT(places, 1, 1, UNHEX('01'))",  // at another time
                             "INSERT(places, 9, 1, UNHEX('09'))",  // in another repository
                             "CONCAT(places, 'x')", "''"}) {
    Spoil("CREATE OR REPLACE TABLE before_that AS SELECT places FROM event_minutes" + where);
    Spoil("UPDATE event_minutes SET places = " + std::string(change) + where);
    EXPECT_THAT(Differences(), ElementsAre(HasSubstr(name))) << change;
    Spoil("UPDATE event_minutes SET places = (SELECT places FROM before_that)" + where);
  }
  Spoil("INSERT INTO event_kinds SELECT type_id, 77 FROM event_kinds");
  Spoil("INSERT INTO event_minutes SELECT type_id, 77, minute, places FROM event_minutes" + where);
  EXPECT_THAT(Differences(), ElementsAre(AllOf(HasSubstr(name), HasSubstr("counted none"))));
  Spoil("DELETE FROM event_minutes" + where);
  EXPECT_THAT(Differences(), ElementsAre(AllOf(HasSubstr(name), HasSubstr("stored none"))));
}

TEST_F(EventVerificationTest, TellsDaysAndKindsThatAreNotListed) {
  Spoil("DELETE FROM event_days WHERE day = '2026-06-02'");
  EXPECT_THAT(Differences(), ElementsAre(HasSubstr("day 2026-06-02, which is not listed")));
  Spoil("INSERT INTO event_days (day) VALUES ('2026-06-02')");
  Spoil("DELETE k FROM event_kinds k JOIN event_words w ON w.id = k.type_id WHERE w.word = 'PushEvent'");
  EXPECT_THAT(Differences(), Contains(HasSubstr("kind PushEvent, which is not listed")));
}

TEST_F(EventVerificationTest, TellsTotalsOfEachSizeThatAreWrongMissingOrTooMany) {
  for (const char* size : {"3600", "86400"}) {
    const std::string where = std::string(" WHERE bucket_seconds = ") + size + " AND bucket >= '2026-06-02'";
    const std::string name = std::string("total of ") + size + " s from 2026-06-02";
    Spoil("UPDATE event_totals SET events = 5" + where);
    EXPECT_THAT(Differences(), Contains(AllOf(HasSubstr(name), HasSubstr("stored 5")))) << size;
    Spoil("DELETE FROM event_totals" + where);
    EXPECT_THAT(Differences(), Contains(AllOf(HasSubstr(name), HasSubstr("stored none")))) << size;
    Spoil("INSERT INTO event_totals VALUES (" + std::string(size) +
          ", '2026-06-02', 1, 77, 1, '2026-06-02 11:00:00', '2026-06-02 11:00:00')");
    EXPECT_THAT(Differences(), Contains(AllOf(HasSubstr(name), HasSubstr("counted none")))) << size;
  }
}

TEST_F(EventVerificationTest, TellsTotalsOfRepositoriesThatAreWrongMissingOrTooMany) {
  Spoil("UPDATE event_repository_totals SET events = 5 WHERE repository_id = 7");
  EXPECT_THAT(Differences(), ElementsAre(AllOf(HasSubstr("total of repository 7"), HasSubstr("stored 5"))));
  Spoil("UPDATE event_repository_totals SET repository_id = 9 WHERE repository_id = 7");
  EXPECT_THAT(Differences(), ElementsAre(AllOf(HasSubstr("total of repository 7"), HasSubstr("stored none")),
                                         AllOf(HasSubstr("total of repository 9"), HasSubstr("counted none"))));
}

TEST_F(EventVerificationTest, CountsAllDifferencesButTellsTheFirst) {
  Ingest(Numbered(100, 400));
  Spoil("UPDATE event_rollups SET counts = CONCAT(counts, counts)");
  const Verification verified = Verify();
  EXPECT_GT(verified.differences, 200);
  EXPECT_THAT(verified.examples, SizeIs(20));
}

TEST_F(EventVerificationTest, TellsWhatIsWrongInDroppedDaysToo) {
  ASSERT_OK(events().Prune(At("2026-06-02")));
  EXPECT_THAT(Differences(), IsEmpty());
  Spoil("UPDATE event_rollups SET counts = CONCAT(counts, counts) WHERE repository_id = 7");
  EXPECT_THAT(Differences(), SizeIs(2));
}

}  // namespace
}  // namespace repopulse
