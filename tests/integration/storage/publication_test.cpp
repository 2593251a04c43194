// The contract of service/topic_store.h: publishing a sweep.
#include <thread>

#include "integration/storage/database.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PublicationTest : public TopicTest {
 protected:
  StoredRepository Stored(std::string_view name) {
    auto found = repositories().FindByName(Name(name));
    EXPECT_OK(found);
    EXPECT_TRUE(found.value().has_value()) << name;
    return found.value().value();
  }
  std::vector<Snapshot> Snapshots(int64_t id) {
    auto snapshots = repositories().Snapshots(RepositoryId{id}, OnDay("2000-01-01"), OnDay("2100-01-01"));
    EXPECT_OK(snapshots);
    return *snapshots;
  }
  Topic TopicNow() { return topics().Find(Tagged("kubernetes")).value().value(); }
  void NextHour() { clock_.Advance(std::chrono::hours{1}); }
};

TEST_F(PublicationTest, ServesWhatTheSweepSaw) {
  const Publication published = Publish({MakeRepository(1, "a/one"), MakeRepository(2, "b/two")});
  EXPECT_EQ(published.repositories, 2);
  EXPECT_EQ(published.joined, 2);
  EXPECT_EQ(published.left, 0);
  EXPECT_EQ(published.renamed, 0);
  EXPECT_THAT(Members(), ElementsAre("a/one", "b/two"));
}

TEST_F(PublicationTest, KeepsEveryFieldOfARepository) {
  Repository full = MakeRepository(9'007'199'254'740'993, "Owner-Name/some.Repo_1", 5'000'000'000);
  full.html_url = "https://github.com/Owner-Name/some.Repo_1?a='b'";
  full.description = "Ünï “quotes” 中文 🚀👩‍👩‍👧 \\ % _ ' \" ; -- \n\ttab";
  full.language = "Jupyter Notebook";
  full.license = "NOASSERTION";
  full.fork = true;
  full.archived = true;
  full.forks_count = 0;
  full.open_issues_count = 77;
  full.created_at = At("2007-10-29T14:37:16Z");
  full.updated_at = At("2024-02-29T23:59:59.123456Z");
  full.pushed_at = At("1970-01-01T00:00:01Z");
  Publish({full});
  const StoredRepository stored = Stored("owner-name/some.repo_1");
  EXPECT_EQ(stored.repository.id, full.id);
  EXPECT_EQ(stored.repository.name.full(), "Owner-Name/some.Repo_1");
  EXPECT_EQ(stored.repository.html_url, full.html_url);
  EXPECT_EQ(stored.repository.description, full.description);
  EXPECT_EQ(stored.repository.language, full.language);
  EXPECT_EQ(stored.repository.license, full.license);
  EXPECT_TRUE(stored.repository.fork);
  EXPECT_TRUE(stored.repository.archived);
  EXPECT_EQ(stored.repository.stargazers_count, 5'000'000'000);
  EXPECT_EQ(stored.repository.forks_count, 0);
  EXPECT_EQ(stored.repository.open_issues_count, 77);
  EXPECT_EQ(stored.repository.created_at, full.created_at);
  EXPECT_EQ(stored.repository.updated_at, full.updated_at);
  EXPECT_EQ(stored.repository.pushed_at, full.pushed_at);
  EXPECT_EQ(stored.fetched_at, clock_.Now());
  EXPECT_FALSE(stored.gone_at);
  EXPECT_THAT(stored.topics, ElementsAre(Tagged("kubernetes")));
}

TEST_F(PublicationTest, KeepsWhatIsAbsentAbsentAndEmptyEmpty) {
  Repository bare = MakeRepository(1, "a/bare");
  bare.description.reset();
  bare.language.reset();
  bare.license = "";
  bare.pushed_at.reset();
  Publish({bare});
  const Repository stored = Stored("a/bare").repository;
  EXPECT_FALSE(stored.description);
  EXPECT_FALSE(stored.language);
  EXPECT_EQ(stored.license, "");
  EXPECT_FALSE(stored.pushed_at);
}

TEST_F(PublicationTest, TakesHostileTextAsText) {
  Repository hostile = MakeRepository(1, "a/b");
  hostile.description = "'); DROP TABLE repositories; -- \" ` \\' \\";
  hostile.language = "Go' OR '1'='1";
  Publish({hostile});
  EXPECT_EQ(Stored("a/b").repository.description, hostile.description);
  EXPECT_EQ(Stored("a/b").repository.language, hostile.language);
}

TEST_F(PublicationTest, UpdatesTheTopic) {
  ASSERT_OK(topics().Reschedule(topic_, clock_.Now(), "an error"));
  Publish({MakeRepository(1, "a/one"), MakeRepository(2, "b/two")}, 17);
  const Topic topic = TopicNow();
  EXPECT_EQ(topic.published_at, clock_.Now());
  EXPECT_EQ(topic.next_poll_at, clock_.Now() + std::chrono::hours{1});
  EXPECT_EQ(topic.repositories_count, 2);
  EXPECT_EQ(topic.reported_count, 17);
  EXPECT_TRUE(topic.complete);
  EXPECT_FALSE(topic.last_error);
}

TEST_F(PublicationTest, AWholeSweepIsRemovedWithWhatItRead) {
  const Sweep sweep = Read(topic_, {MakeRepository(1, "a/one")});
  ASSERT_OK(topics().PublishSweep(sweep, true, clock_.Now(), clock_.Now()));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM sweeps") + Number("SELECT COUNT(*) FROM sweep_repositories"), 0);
  EXPECT_EQ(CodeOf(topics().PublishSweep(sweep, true, clock_.Now(), clock_.Now())), ErrorCode::kConflict);
}

TEST_F(PublicationTest, APartialOneOnlyAddsAndTheSweepGoesOn) {
  Publish({MakeRepository(1, "a/one")});
  ASSERT_OK(topics().Reschedule(topic_, clock_.Now(), "GitHub was down"));
  NextHour();
  const Sweep sweep = Read(topic_, {MakeRepository(2, "b/two")}, 1);
  auto published = topics().PublishSweep(sweep, false, clock_.Now(), clock_.Now());
  ASSERT_OK(published);
  EXPECT_EQ(published->repositories, 2);
  EXPECT_EQ(published->joined, 1);
  EXPECT_EQ(published->left, 0);
  EXPECT_THAT(Members(), ElementsAre("a/one", "b/two"));
  EXPECT_FALSE(TopicNow().complete);
  EXPECT_EQ(TopicNow().last_error, "GitHub was down");
  auto goes_on = topics().OpenSweep(topic_, clock_.Now(), clock_.Now());
  ASSERT_OK(goes_on);
  EXPECT_EQ(goes_on->id, sweep.id);
}

TEST_F(PublicationTest, MembersNotSeenLeaveWhereAsManyWereSeenAsReported) {
  Publish({MakeRepository(1, "a/one"), MakeRepository(2, "b/two"), MakeRepository(3, "c/three")});
  NextHour();
  const Publication published = Publish({MakeRepository(2, "b/two"), MakeRepository(4, "d/four")}, 2);
  EXPECT_EQ(published.left, 2);
  EXPECT_EQ(published.joined, 1);
  EXPECT_EQ(published.repositories, 2);
  EXPECT_THAT(Members(), ElementsAre("b/two", "d/four"));
  EXPECT_THAT(Stored("a/one").topics, IsEmpty());
}

TEST_F(PublicationTest, MembersNotSeenStayForTwoSweepsWhereFewerWereSeenThanReported) {
  Publish({MakeRepository(1, "a/one"), MakeRepository(2, "b/two")});
  for (int missed = 1; missed <= 2; ++missed) {
    NextHour();
    EXPECT_EQ(Publish({MakeRepository(1, "a/one")}, 2).left, 0) << missed;
    EXPECT_THAT(Members(), ElementsAre("a/one", "b/two"));
  }
  NextHour();
  EXPECT_EQ(Publish({MakeRepository(1, "a/one")}, 2).left, 1);
  EXPECT_THAT(Members(), ElementsAre("a/one"));
}

TEST_F(PublicationTest, MissedSweepsCountOnlyInARow) {
  const auto one = MakeRepository(1, "a/one");
  const auto two = MakeRepository(2, "b/two");
  Publish({one, two});
  for (int round = 0; round < 3; ++round) {
    NextHour();
    Publish({one}, 2);
    NextHour();
    Publish({one}, 2);
    NextHour();
    Publish({one, two}, 2);
  }
  EXPECT_THAT(Members(), ElementsAre("a/one", "b/two"));
}

TEST_F(PublicationTest, APartialSweepCountsNoMisses) {
  const auto one = MakeRepository(1, "a/one");
  Publish({one, MakeRepository(2, "b/two")});
  for (int round = 0; round < 4; ++round) {
    NextHour();
    const Sweep sweep = Read(topic_, {one}, 2);
    ASSERT_OK(topics().PublishSweep(sweep, false, clock_.Now(), clock_.Now()));
  }
  EXPECT_THAT(Members(), ElementsAre("a/one", "b/two"));
}

TEST_F(PublicationTest, NobodyLeavesAtOnceWhereGitHubCutTheAnswerShort) {
  // An answer that ran into GitHub's time limit reports less than there is, in the worst case nothing.
  Publish({MakeRepository(1, "a/one")});
  NextHour();
  Sweep sweep = Read(topic_, {}, 0);
  sweep.plan.incomplete = true;
  auto published = topics().PublishSweep(sweep, true, clock_.Now(), clock_.Now());
  ASSERT_OK(published);
  EXPECT_EQ(published->left, 0);
  EXPECT_THAT(Members(), ElementsAre("a/one"));
}

TEST_F(PublicationTest, WhoeverComesBackJoinsAgain) {
  Publish({MakeRepository(1, "a/one"), MakeRepository(2, "b/two")});
  NextHour();
  Publish({MakeRepository(1, "a/one")}, 1);
  NextHour();
  const Publication published = Publish({MakeRepository(1, "a/one"), MakeRepository(2, "b/two")});
  EXPECT_EQ(published.joined, 1);
  EXPECT_EQ(published.repositories, 2);
  EXPECT_THAT(Members(), ElementsAre("a/one", "b/two"));
}

TEST_F(PublicationTest, OneTopicsSweepLeavesOtherTopicsMembersAlone) {
  const TopicId other = topics().Track(Tagged("helm"), clock_.Now()).value().id;
  Publish({MakeRepository(1, "a/one"), MakeRepository(2, "b/two")});
  const Sweep sweep = Read(other, {MakeRepository(2, "b/two")});
  ASSERT_OK(topics().PublishSweep(sweep, true, clock_.Now(), clock_.Now()));
  EXPECT_THAT(Members(), ElementsAre("a/one", "b/two"));
  EXPECT_THAT(Stored("b/two").topics, ElementsAre(Tagged("helm"), Tagged("kubernetes")));
}

TEST_F(PublicationTest, ARenamedRepositoryIsFoundUnderBothNames) {
  Publish({MakeRepository(1, "old/name")});
  NextHour();
  EXPECT_EQ(Publish({MakeRepository(1, "new/name")}).renamed, 1);
  EXPECT_EQ(Stored("new/name").repository.id, RepositoryId{1});
  EXPECT_EQ(Stored("OLD/Name").repository.name.full(), "new/name");
}

TEST_F(PublicationTest, AnotherSpellingOfTheSameNameIsNoRename) {
  Publish({MakeRepository(1, "owner/name")});
  NextHour();
  EXPECT_EQ(Publish({MakeRepository(1, "Owner/NAME")}).renamed, 0);
  EXPECT_EQ(Stored("owner/name").repository.name.full(), "Owner/NAME");
}

TEST_F(PublicationTest, ANameTakenOverMeansItsPresentHolder) {
  Publish({MakeRepository(1, "a/name")});
  NextHour();
  Publish({MakeRepository(1, "a/moved"), MakeRepository(2, "a/name")});
  EXPECT_EQ(Stored("a/name").repository.id, RepositoryId{2});
  EXPECT_EQ(Stored("a/moved").repository.id, RepositoryId{1});
}

TEST_F(PublicationTest, ANameTakenOverMeansItsPresentHolderBeforeTheFormerOneIsSeenAgain) {
  Publish({MakeRepository(1, "a/name")});
  NextHour();
  Publish({MakeRepository(2, "a/name")}, 5);  // the former holder is not among the results
  EXPECT_EQ(Stored("a/name").repository.id, RepositoryId{2});
  EXPECT_EQ(Number("SELECT COUNT(*) FROM repositories"), 2);
}

TEST_F(PublicationTest, TwoThatSwapNamesInOneSweepBothKeepTheirOwn) {
  Publish({MakeRepository(1, "a/x"), MakeRepository(2, "a/y")});
  NextHour();
  EXPECT_EQ(Publish({MakeRepository(1, "a/y"), MakeRepository(2, "a/x")}).renamed, 2);
  EXPECT_EQ(Stored("a/y").repository.id, RepositoryId{1});
  EXPECT_EQ(Stored("a/x").repository.id, RepositoryId{2});
}

TEST_F(PublicationTest, OlderNewsDoNotOverwriteNewer) {
  const TopicId other = topics().Track(Tagged("helm"), clock_.Now()).value().id;
  // Read first, published last.
  const Sweep old = Read(other, {MakeRepository(1, "old/name", 10)});
  NextHour();
  Publish({MakeRepository(1, "new/name", 20)});
  NextHour();
  auto published = topics().PublishSweep(old, true, clock_.Now(), clock_.Now());
  ASSERT_OK(published);
  EXPECT_EQ(published->renamed, 0);
  const StoredRepository stored = Stored("new/name");
  EXPECT_EQ(stored.repository.name.full(), "new/name");
  EXPECT_EQ(stored.repository.stargazers_count, 20);
  EXPECT_EQ(stored.fetched_at, At("2024-05-07T13:00:00Z"));
  EXPECT_THAT(Snapshots(1), ElementsAre(testing::Field(&Snapshot::stargazers_count, 20)));
  EXPECT_EQ(Stored("old/name").repository.id, RepositoryId{1});  // it did have that name
}

TEST_F(PublicationTest, AnOlderSightingOfANameDoesNotTakeItFromItsPresentHolder) {
  const TopicId other = topics().Track(Tagged("helm"), clock_.Now()).value().id;
  const Sweep old = Read(other, {MakeRepository(1, "a/name")});
  NextHour();
  Publish({MakeRepository(2, "a/name")});
  ASSERT_OK(topics().PublishSweep(old, true, clock_.Now(), clock_.Now()));
  EXPECT_EQ(Stored("a/name").repository.id, RepositoryId{2});
}

TEST_F(PublicationTest, ASightingEndsBeingGone) {
  Publish({MakeRepository(1, "a/one")});
  ASSERT_OK(db().Run("UPDATE repositories SET gone_at = '2024-05-07 12:30:00'"));
  EXPECT_THAT(Members(), IsEmpty());
  NextHour();
  Publish({MakeRepository(1, "a/one")});
  EXPECT_FALSE(Stored("a/one").gone_at);
  EXPECT_THAT(Members(), ElementsAre("a/one"));
}

TEST_F(PublicationTest, KeepsOneSnapshotADayTheLastSeen) {
  clock_.Set(At("2024-05-07T00:00:00Z"));
  Publish({MakeRepository(1, "a/one", 10)});
  clock_.Set(At("2024-05-07T23:59:59Z"));
  Publish({MakeRepository(1, "a/one", 12)});
  clock_.Set(At("2024-05-08T00:00:00Z"));
  Publish({MakeRepository(1, "a/one", 11)});
  const auto snapshots = Snapshots(1);
  ASSERT_EQ(snapshots.size(), 2u);
  EXPECT_EQ(snapshots[0].day, OnDay("2024-05-07"));
  EXPECT_EQ(snapshots[0].stargazers_count, 12);
  EXPECT_EQ(snapshots[0].forks_count, 3);
  EXPECT_EQ(snapshots[0].open_issues_count, 2);
  EXPECT_EQ(snapshots[1].day, OnDay("2024-05-08"));
  EXPECT_EQ(snapshots[1].stargazers_count, 11);
}

TEST_F(PublicationTest, ASweepThatHasGoneOnIsNotPublishedFromItsEarlierStep) {
  const Sweep sweep = Read(topic_, {MakeRepository(1, "a/one")});
  ASSERT_OK(topics().StorePage(sweep, sweep.plan, {}, clock_.Now()));
  EXPECT_EQ(CodeOf(topics().PublishSweep(sweep, true, clock_.Now(), clock_.Now())), ErrorCode::kConflict);
  EXPECT_THAT(Members(), IsEmpty());
}

TEST_F(PublicationTest, AnEmptyTopicCanBePublished) {
  const Publication published = Publish({}, 0);
  EXPECT_EQ(published.repositories, 0);
  EXPECT_TRUE(TopicNow().published_at);
}

TEST_F(PublicationTest, OneTornInItsMiddleLeavesNothingHalf) {
  Publish({MakeRepository(1, "a/one", 10)});
  NextHour();
  const Sweep sweep = Read(topic_, {MakeRepository(1, "a/renamed", 20), MakeRepository(2, "b/two")});
  // Holds the last table that a publication writes, so that it waits with all before it done.
  auto blocker = Connection::Open(ConnectionTo());
  ASSERT_OK(blocker);
  ASSERT_OK((*blocker)->Run("START TRANSACTION"));
  ASSERT_OK((*blocker)->Run(
      "INSERT INTO repository_snapshots VALUES (1, '2024-05-07', 1, 1, 1) ON DUPLICATE KEY UPDATE forks_count = 1"));
  Result<Publication> published;
  std::thread publisher(
      [&] { published = topics().PublishSweep(sweep, true, clock_.Now(), clock_.Now() + std::chrono::hours{1}); });
  const std::string waiting =
      "SELECT COALESCE(MAX(id), 0) FROM information_schema.processlist WHERE db = DATABASE() AND "
      "info LIKE '%INSERT INTO repository_snapshots%' AND id <> CONNECTION_ID()";
  int64_t connection = 0;
  while ((connection = Number(waiting)) == 0) {
  }
  Kill(connection);
  publisher.join();
  EXPECT_EQ(CodeOf(published), ErrorCode::kUnavailable);
  ASSERT_OK((*blocker)->Run("ROLLBACK"));

  EXPECT_EQ(Stored("a/one").repository.name.full(), "a/one");
  EXPECT_EQ(Stored("a/one").repository.stargazers_count, 10);
  EXPECT_FALSE(repositories().FindByName(Name("a/renamed")).value().has_value());
  EXPECT_THAT(Members(), ElementsAre("a/one"));
  // And it can be done again.
  ASSERT_OK(topics().PublishSweep(sweep, true, clock_.Now(), clock_.Now()));
  EXPECT_THAT(Members(), ElementsAre("a/renamed", "b/two"));
}

TEST_F(PublicationTest, TopicsThatShareRepositoriesArePublishedAtOnceByTwoReplicas) {
  const auto replica = MakeStorage();
  const TopicId other = topics().Track(Tagged("helm"), clock_.Now()).value().id;
  std::vector<Repository> ascending;
  for (int64_t id = 1; id <= 300; ++id) ascending.push_back(MakeRepository(id, "o/r" + std::to_string(id), id));
  const std::vector<Repository> descending(ascending.rbegin(), ascending.rend());
  for (int round = 0; round < 5; ++round) {
    const Sweep first = Read(topic_, ascending);
    const Sweep second = Read(other, descending);
    Result<Publication> a;
    Result<Publication> b;
    std::thread publish_first([&] { a = topics().PublishSweep(first, true, clock_.Now(), clock_.Now()); });
    std::thread publish_second([&] { b = replica->topics().PublishSweep(second, true, clock_.Now(), clock_.Now()); });
    publish_first.join();
    publish_second.join();
    ASSERT_OK(a);
    ASSERT_OK(b);
    EXPECT_EQ(a->repositories, 300);
    EXPECT_EQ(b->repositories, 300);
  }
}

}  // namespace
}  // namespace repopulse
