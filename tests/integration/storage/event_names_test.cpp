// Names of repositories, and the words of events: the parts of service/event_store.h that are about texts.
#include "integration/storage/event_test.h"
#include "storage/event_words.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class EventNamesTest : public EventTest {
 protected:
  Event Named(int64_t id, std::string_view created_at, int64_t repository, std::string name) {
    Event event = MakeEvent(id, "PushEvent", created_at, repository);
    event.repository_name = std::move(name);
    return event;
  }
  std::vector<std::string> Names() {
    return Lines("SELECT CONCAT_WS(' ', name, repository_id) FROM repository_names ORDER BY name");
  }
  // By repository, as the newest event spelled it.
  std::vector<std::string> Told() {
    return Lines("SELECT CONCAT_WS(' ', repository_id, full_name) FROM event_repository_totals ORDER BY repository_id");
  }
  std::string StoredName(int64_t repository) {
    return Text("SELECT full_name FROM repositories WHERE id = " + std::to_string(repository));
  }
};

TEST_F(EventNamesTest, ANameBelongsToWhomWasSeenWithItLast) {
  Ingest({Named(1, "2026-07-01T10:00:00Z", 1, "Owner/Name")});
  Ingest({Named(2, "2026-07-01T11:00:00Z", 2, "owner/name")});
  EXPECT_THAT(Names(), ElementsAre("owner/name 2"));
  // What comes late changes nothing.
  Ingest({Named(3, "2026-07-01T10:30:00Z", 1, "OWNER/name")});
  EXPECT_THAT(Names(), ElementsAre("owner/name 2"));
  EXPECT_THAT(Told(), ElementsAre("1 OWNER/name", "2 owner/name"));
}

TEST_F(EventNamesTest, OfOneBatchTheNewestCounts) {
  Ingest({Named(1, "2026-07-01T10:02:00Z", 2, "owner/Name"), Named(2, "2026-07-01T10:00:00Z", 1, "owner/name"),
          Named(3, "2026-07-01T10:01:00Z", 3, "OWNER/NAME"), Named(4, "2026-07-01T10:01:00Z", 3, "owner/old"),
          Named(5, "2026-07-01T10:03:00Z", 3, "owner/new")});
  EXPECT_THAT(Names(), ElementsAre("owner/name 2", "owner/new 3", "owner/old 3"));
  EXPECT_THAT(Told(), ElementsAre("1 owner/name", "2 owner/Name", "3 owner/new"));
  Ingest({Named(6, "2026-07-01T10:02:30Z", 3, "owner/between")});
  EXPECT_THAT(Told(), ElementsAre("1 owner/name", "2 owner/Name", "3 owner/new"));
}

TEST_F(EventNamesTest, TheNewestEventOfAnyTypeTellsThePresentName) {
  int64_t id = 0;
  for (const auto& [type, time, name] : {std::tuple("WatchEvent", "2026-07-01T10:00:00Z", "owner/old"),
                                         {"PushEvent", "2026-07-01T11:00:00Z", "owner/new"},
                                         {"IssuesEvent", "2026-07-01T09:00:00Z", "owner/oldest"}}) {
    Event event = MakeEvent(++id, type, time, 1);
    event.repository_name = name;
    Ingest({event});
  }
  for (const char* name : {"owner/new", "owner/old", "owner/oldest"}) {
    const auto found = storage_->event_reader().FindRepository(*RepositoryName::Parse(name)).value();
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->name.full(), "owner/new");
  }
}

TEST_F(EventNamesTest, AnEventThatIsKnownTellsNoName) {
  Ingest({Named(1, "2026-07-01T10:00:00Z", 1, "owner/name")});
  Ingest({Named(1, "2026-07-01T10:00:00Z", 1, "owner/forged")});
  EXPECT_THAT(Names(), ElementsAre("owner/name 1"));
  EXPECT_THAT(Told(), ElementsAre("1 owner/name"));
}

TEST_F(EventNamesTest, AnEventWithoutANameTakesNoneAway) {
  Ingest({Named(1, "2026-07-01T10:00:00Z", 1, "owner/name"), Named(2, "2026-07-01T10:01:00Z", 1, "")});
  EXPECT_THAT(Told(), ElementsAre("1 owner/name"));
  Ingest({Named(3, "2026-07-01T11:00:00Z", 1, "")});
  EXPECT_THAT(Told(), ElementsAre("1 owner/name"));
}

TEST_F(EventNamesTest, AStoredRepositoryFollowsANewerEvent) {
  ASSERT_OK(repositories().Save(MakeRepository(1, "owner/before"), At("2026-07-01T10:00:00Z")));
  ASSERT_OK(repositories().Save(MakeRepository(2, "owner/other"), At("2026-07-01T10:00:00Z")));
  Ingest({Named(1, "2026-07-01T09:59:59Z", 1, "owner/ancient")});
  EXPECT_EQ(StoredName(1), "owner/before");
  Ingest({Named(2, "2026-07-01T10:30:00Z", 1, "owner/After"), Named(3, "2026-07-01T10:20:00Z", 1, "owner/between")});
  EXPECT_EQ(StoredName(1), "owner/After");
  EXPECT_EQ(StoredName(2), "owner/other");
  // Later than it was fetched, but earlier than what is known.
  Ingest({Named(4, "2026-07-01T10:10:00Z", 1, "owner/late")});
  EXPECT_EQ(StoredName(1), "owner/After");
  EXPECT_EQ(repositories().FindByName(Name("owner/after")).value()->repository.id, RepositoryId{1});
}

TEST_F(EventNamesTest, RepositoriesFetchedAfterwardsKeepTheirName) {
  Ingest({Named(1, "2026-07-01T10:00:00Z", 1, "owner/told")});
  ASSERT_OK(repositories().Save(MakeRepository(1, "owner/fetched"), At("2026-07-01T11:00:00Z")));
  Ingest({Named(2, "2026-07-01T10:30:00Z", 1, "owner/late")});
  EXPECT_EQ(StoredName(1), "owner/fetched");
}

using EventWordsTest = EventNamesTest;

TEST_F(EventWordsTest, UnknownTypesAndActionsAreKeptAsTheyAre) {
  Event event = MakeEvent(1, "SomethingNewEvent", "2026-07-01T10:00:00Z");
  event.action = "never_heard_of";
  Ingest({event});
  // Another process sees the same words.
  event.id = 2;
  ASSERT_OK(MakeStorage()->events().Ingest({event}, nullptr, clock_.Now()));
  EXPECT_THAT(Lines("SELECT CONCAT_WS(' ', t.word, a.word, r.events) FROM unpacked_rollups r "
                    "JOIN event_words t ON t.id = r.type_id JOIN event_words a ON a.id = r.action_id"),
              ElementsAre("SomethingNewEvent never_heard_of 2"));
}

TEST_F(EventWordsTest, WordsDifferByCase) {
  Ingest({MakeEvent(1, "PushEvent", "2026-07-01T10:00:00Z"), MakeEvent(1, "pushevent", "2026-07-01T10:00:00Z")});
  EXPECT_THAT(Lines("SELECT word FROM event_words ORDER BY id"), ElementsAre("PushEvent", "pushevent"));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events"), 2);
}

TEST_F(EventWordsTest, ThoseBeyondTheBoundCountAsOther) {
  std::vector<Event> invented;
  for (int64_t id = 1; id <= 1'500; ++id) {
    invented.push_back(MakeEvent(id, "Invented" + std::to_string(id), "2026-07-01T10:00:00Z"));
  }
  ASSERT_EQ(Ingest(invented).added, 1'500);
  Event late = MakeEvent(2'000, "Invented5", "2026-07-01T10:00:00Z");
  late.action = "invented_action";
  ASSERT_EQ(Ingest({late}).added, 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM event_words"), static_cast<int64_t>(EventWords::kWordsMax));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM events e JOIN event_words w ON w.id = e.type_id WHERE w.word = 'Other'"), 501);
  EXPECT_EQ(Text("SELECT CONCAT_WS(' ', t.word, a.word) FROM events e JOIN event_words t ON t.id = e.type_id "
                 "JOIN event_words a ON a.id = e.action_id"),
            "Invented5 Other");
  // Known from then on, in this process and in others.
  EXPECT_EQ(Ingest(invented).duplicates, 1'500);
  auto elsewhere = MakeStorage()->events().Ingest(invented, nullptr, clock_.Now());
  ASSERT_OK(elsewhere);
  EXPECT_EQ(elsewhere->duplicates, 1'500);
  EXPECT_THAT(Differences(), IsEmpty());
}

}  // namespace
}  // namespace repopulse
