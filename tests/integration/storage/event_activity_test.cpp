// Contributions, activity scores and the progress of imports: service/event_store.h and service/import_store.h.
#include "integration/storage/event_test.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class EventActivityTest : public EventTest {
 protected:
  void Contribute(std::string type, std::string action, int64_t actor, std::string_view at = "2026-06-20T00:00:00Z",
                  int64_t repository = 7, std::string login = "octocat", bool merged = false) {
    Event event = MakeEvent(++last_id_, std::move(type), at, repository);
    event.action = std::move(action);
    event.actor_id = actor;
    event.actor_login = std::move(login);
    event.merged = merged;
    ASSERT_EQ(Ingest({event}).added, 1);
  }
  void TrackDirectly(int64_t repository, bool muted = false) {
    ASSERT_OK(
        db().Execute("INSERT INTO tracked_repositories (repository_id, requested, muted, added_at) VALUES (?, 1, ?, ?)",
                     {repository, muted, clock_.Now()}));
  }
  std::vector<int64_t> Due(const std::vector<RepositoryId>& among, std::string_view before, size_t limit = 10) {
    auto due = events().ActivityDue(among, At(before), limit);
    EXPECT_OK(due);
    std::vector<int64_t> ids;
    for (const RepositoryId id : due.value_or(std::vector<RepositoryId>{})) ids.push_back(id.value);
    return ids;
  }
  int64_t last_id_ = 0;
};

TEST_F(EventActivityTest, TellsWhatEachActorContributed) {
  Contribute("IssueCommentEvent", "created", 1);
  Contribute("IssueCommentEvent", "created", 1);
  Contribute("IssuesEvent", "opened", 1);
  Contribute("IssuesEvent", "closed", 1);
  Contribute("PullRequestEvent", "opened", 2);
  Contribute("PullRequestReviewCommentEvent", "created", 2);
  Contribute("PullRequestEvent", "closed", 2, "2026-06-21T00:00:00Z", 7, "octocat", true);
  Contribute("PullRequestEvent", "merged", 2, "2026-06-22T00:00:00Z", 7, "octocat", true);
  Contribute("PullRequestEvent", "closed", 2);
  // None of these: nothing that counts, a bot's, earlier, another repository's.
  Contribute("WatchEvent", "started", 3);
  Contribute("IssuesEvent", "opened", 4, "2026-06-20T00:00:00Z", 7, "renovate[bot]");
  Contribute("IssuesEvent", "opened", 5, "2026-05-31T23:59:59Z");
  Contribute("IssuesEvent", "opened", 6, "2026-06-20T00:00:00Z", 8);
  auto contributions = events().ContributionsTo(RepositoryId{7}, At("2026-06-01"));
  ASSERT_OK(contributions);
  ASSERT_EQ(contributions->size(), 2U);
  const Contributions& first = (*contributions)[0];
  EXPECT_EQ(first.issue_comments, 2);
  EXPECT_EQ(first.issues_opened, 1);
  EXPECT_EQ(first.pull_requests_opened + first.review_comments + first.pull_requests_merged, 0);
  const Contributions& second = (*contributions)[1];
  EXPECT_EQ(second.pull_requests_opened, 1);
  EXPECT_EQ(second.review_comments, 1);
  EXPECT_EQ(second.pull_requests_merged, 2);
  EXPECT_EQ(second.issue_comments + second.issues_opened, 0);
}

TEST_F(EventActivityTest, IsDueForRepositoriesSomebodyFollowsThatHaveEvents) {
  for (int64_t repository : {1, 2, 3, 4, 5}) Contribute("WatchEvent", "started", 1, "2026-06-20T00:00:00Z", repository);
  TrackDirectly(1);
  TrackDirectly(2, true);  // muted
  TrackDirectly(6);        // no events
  auto topic = topics().Track(Tagged("kubernetes"), clock_.Now());
  ASSERT_OK(topic);
  ASSERT_OK(
      db().Execute("INSERT INTO topic_repositories (topic_id, repository_id, first_seen_at, left_at) VALUES "
                   "(?, 3, ?, NULL), (?, 4, ?, ?)",
                   {topic->id, clock_.Now(), topic->id, clock_.Now(), clock_.Now()}));
  EXPECT_THAT(Due({}, "2026-07-01"), ElementsAre(1, 3));
  EXPECT_THAT(Due({RepositoryId{3}, RepositoryId{5}}, "2026-07-01"), ElementsAre(3));
  EXPECT_THAT(Due({}, "2026-07-01", 1), ElementsAre(1));
}

TEST_F(EventActivityTest, IsDueAgainWhenItIsOldTheOldestFirst) {
  for (int64_t repository : {1, 2, 3}) {
    Contribute("WatchEvent", "started", 1, "2026-06-20T00:00:00Z", repository);
    TrackDirectly(repository);
  }
  const ActivityScore score{.score = 12.345678901234567, .contributions = {.issue_comments = 3}, .actors = 2};
  ASSERT_OK(
      events().SaveActivity({{RepositoryId{1}, score, At("2026-06-25")}, {RepositoryId{2}, score, At("2026-06-24")}}));
  EXPECT_EQ(Number("SELECT score = 12.345678901234567 AND issue_comments = 3 AND actors = 2 FROM repository_activity "
                   "WHERE repository_id = 1"),
            1);
  EXPECT_THAT(Due({}, "2026-07-01"), ElementsAre(3, 2, 1));
  EXPECT_THAT(Due({}, "2026-06-25"), ElementsAre(3, 2));
  ASSERT_OK(
      events().SaveActivity({{RepositoryId{2}, score, At("2026-07-01")}, {RepositoryId{3}, score, At("2026-07-01")}}));
  EXPECT_THAT(Due({}, "2026-06-25"), IsEmpty());
}

using ImportStoreTest = EventTest;

TEST_F(ImportStoreTest, KeepsTheProgressOfEachFile) {
  EXPECT_EQ(imports().Find("file").value(), std::nullopt);
  ImportProgress progress = MakeProgress("file");
  progress.only_tracked = true;
  progress.state = ImportState::kFailed;
  progress.lines_done = 1;
  progress.read = 2;
  progress.added = 3;
  progress.duplicates = 4;
  progress.expired = 5;
  progress.skipped = 6;
  progress.bad = 7;
  progress.other_format = 8;
  progress.error = std::string(600, 'x');
  ASSERT_OK(imports().Save(progress));
  const ImportProgress stored = imports().Find("file").value().value();
  EXPECT_EQ(stored.fingerprint, progress.fingerprint);
  EXPECT_TRUE(stored.only_tracked);
  EXPECT_EQ(stored.hour, progress.hour);
  EXPECT_EQ(stored.state, ImportState::kFailed);
  EXPECT_EQ((std::vector<int64_t>{stored.lines_done, stored.read, stored.added, stored.duplicates, stored.expired,
                                  stored.skipped, stored.bad, stored.other_format}),
            (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(stored.error, std::string(500, 'x'));
  EXPECT_EQ(stored.started_at, progress.started_at);
  EXPECT_EQ(stored.updated_at, progress.updated_at);
}

TEST_F(ImportStoreTest, OverwritesByNameAndListsTheLastChangedFirst) {
  for (const char* name : {"a", "b", "c"}) {
    ImportProgress progress = MakeProgress(name);
    progress.updated_at = clock_.Now();
    clock_.Advance(std::chrono::seconds{1});
    ASSERT_OK(imports().Save(progress));
  }
  ImportProgress again = MakeProgress("a");
  again.updated_at = clock_.Now();
  again.state = ImportState::kDone;
  again.hour = {};
  ASSERT_OK(imports().Save(again));
  auto recent = imports().Recent(2);
  ASSERT_OK(recent);
  ASSERT_EQ(recent->size(), 2U);
  EXPECT_EQ((*recent)[0].name, "a");
  EXPECT_EQ((*recent)[0].state, ImportState::kDone);
  EXPECT_EQ((*recent)[0].hour, std::nullopt);
  EXPECT_EQ((*recent)[1].name, "c");
}

}  // namespace
}  // namespace repopulse
