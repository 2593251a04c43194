// The contract of service/repository_store.h.
#include "integration/storage/database.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RepositoryStoreTest : public TopicTest {
 protected:
  RepositoryPage Listed(const RepositoryListQuery& query) {
    auto page = repositories().List(query);
    EXPECT_OK(page);
    return page.value_or(RepositoryPage{});
  }
  std::vector<int64_t> Search(std::string_view text) {
    const RepositoryPage page = Listed({.text = std::string(text), .active = {}, .after = {}, .limit = 100});
    EXPECT_EQ(page.total, static_cast<int64_t>(page.items.size()));
    return IdsOf(page);
  }
  static std::vector<int64_t> IdsOf(const RepositoryPage& page) {
    std::vector<int64_t> ids;
    for (const StoredRepository& stored : page.items) ids.push_back(stored.repository.id.value);
    return ids;
  }
};

TEST_F(RepositoryStoreTest, DoesNotFindWhatWasNeverSeen) {
  EXPECT_FALSE(repositories().FindByName(Name("no/body")).value().has_value());
}

TEST_F(RepositoryStoreTest, FindsByNameInAnyCaseAndTellsTheCanonicalSpelling) {
  Publish({MakeRepository(1, "KubeRnetes/KubernetES")});
  auto found = repositories().FindByName(Name("kubernetes/KUBERNETES"));
  ASSERT_OK(found);
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->repository.name.full(), "KubeRnetes/KubernetES");
}

TEST_F(RepositoryStoreTest, ToldTopicsAreThoseTrackedAndJoinedNow) {
  const TopicId helm = topics().Track(Tagged("helm"), clock_.Now()).value().id;
  Publish({MakeRepository(1, "a/one")});
  ASSERT_OK(topics().PublishSweep(Read(helm, {MakeRepository(1, "a/one")}), true, clock_.Now(), clock_.Now()));
  EXPECT_THAT(repositories().FindByName(Name("a/one")).value()->topics,
              ElementsAre(Tagged("helm"), Tagged("kubernetes")));
  ASSERT_OK(topics().Untrack(Tagged("kubernetes")));
  EXPECT_THAT(repositories().FindByName(Name("a/one")).value()->topics, ElementsAre(Tagged("helm")));
}

TEST_F(RepositoryStoreTest, ListsByIdInPages) {
  Publish({MakeRepository(3, "a/three"), MakeRepository(1, "a/one"), MakeRepository(2, "a/two")});
  const RepositoryPage first = Listed({.text = {}, .active = {}, .after = {}, .limit = 2});
  EXPECT_THAT(IdsOf(first), ElementsAre(1, 2));
  EXPECT_EQ(first.total, 3);
  EXPECT_TRUE(first.has_more);
  EXPECT_THAT(first.items[0].topics, ElementsAre(Tagged("kubernetes")));
  const RepositoryPage second = Listed({.text = {}, .active = {}, .after = RepositoryId{2}, .limit = 2});
  EXPECT_THAT(IdsOf(second), ElementsAre(3));
  EXPECT_EQ(second.total, 3);
  EXPECT_FALSE(second.has_more);
}

TEST_F(RepositoryStoreTest, SearchesNameAndDescriptionWithoutRegardToCase) {
  auto first = MakeRepository(1, "Owner/Console");
  auto second = MakeRepository(2, "b/two");
  auto third = MakeRepository(3, "c/three");
  first.description.reset();
  second.description = "A CONSOLE for Ünicode 🚀";
  third.description = "something else 🎉";
  Publish({first, second, third});
  EXPECT_THAT(Search("console"), ElementsAre(1, 2));
  EXPECT_THAT(Search("owner/con"), ElementsAre(1));
  EXPECT_THAT(Search("ÜNICODE"), ElementsAre(2));
  EXPECT_THAT(Search("🚀"), ElementsAre(2));
  EXPECT_THAT(Search("nowhere"), IsEmpty());
}

TEST_F(RepositoryStoreTest, TakesTheSearchedTextLiterally) {
  auto first = MakeRepository(1, "a/one");
  auto second = MakeRepository(2, "a/two");
  first.description = "100% sure_thing! back\\slash 'quoted'";
  second.description = "100 times surely";
  Publish({first, second});
  for (const char* text : {"100%", "sure_", "!", "\\", "k\\s", "'quoted'", "thing! b"}) {
    EXPECT_THAT(Search(text), ElementsAre(1)) << text;
  }
  EXPECT_THAT(Search("' OR 1=1 -- "), IsEmpty());
  EXPECT_THAT(Search("\xff"), IsEmpty());
  EXPECT_THAT(Search("%"), ElementsAre(1));
}

TEST_F(RepositoryStoreTest, NoneIsActiveWhileNoEventsAreCollected) {
  Publish({MakeRepository(1, "a/one")});
  EXPECT_THAT(IdsOf(Listed({.text = {}, .active = true, .after = {}, .limit = 10})), IsEmpty());
  EXPECT_THAT(IdsOf(Listed({.text = {}, .active = false, .after = {}, .limit = 10})), ElementsAre(1));
}

TEST_F(RepositoryStoreTest, SavesWhatGitHubToldLastAndItsSnapshot) {
  clock_.Set(At("2024-05-07T12:00:00Z"));
  ASSERT_OK(repositories().Save(MakeRepository(7, "Old/Name", 10), clock_.Now()));
  ASSERT_OK(repositories().MarkGone(RepositoryId{7}, clock_.Now()));
  ASSERT_TRUE(repositories().FindByName(Name("old/name")).value()->gone_at.has_value());
  clock_.Advance(std::chrono::hours{1});
  ASSERT_OK(repositories().Save(MakeRepository(7, "New/Name", 12), clock_.Now()));
  ASSERT_OK(repositories().Save(MakeRepository(7, "Old/Name", 10), At("2024-05-07T12:30:00Z")));  // comes late

  const auto found = repositories().FindByName(Name("old/name")).value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->repository.name.full(), "New/Name") << "an earlier name leads to it";
  EXPECT_EQ(found->repository.stargazers_count, 12);
  EXPECT_FALSE(found->gone_at.has_value()) << "it is there again";
  EXPECT_EQ(Number("SELECT stargazers_count FROM repository_snapshots WHERE repository_id = 7"), 12);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM repository_names WHERE name IN ('old/name', 'new/name')"), 2);
}

TEST_F(RepositoryStoreTest, FindsManyByAnyNameInTheOrderAskedFor) {
  clock_.Set(At("2024-05-07T12:00:00Z"));
  ASSERT_OK(repositories().Save(MakeRepository(7, "Old/Name", 10), clock_.Now()));
  clock_.Advance(std::chrono::hours{1});
  ASSERT_OK(repositories().Save(MakeRepository(7, "New/Name", 12), clock_.Now()));
  Publish({MakeRepository(3, "a/three"), MakeRepository(1, "a/one")});
  const auto found =
      repositories()
          .FindByNames({Name("A/Three"), Name("no/body"), Name("old/name"), Name("a/one"), Name("new/name")})
          .value();
  ASSERT_EQ(found.size(), 5U);
  EXPECT_FALSE(found[1]);
  std::vector<int64_t> ids;
  for (const size_t i : {0, 2, 3, 4}) {
    ASSERT_TRUE(found[i]);
    ids.push_back(found[i]->repository.id.value);
  }
  EXPECT_THAT(ids, ElementsAre(3, 7, 1, 7));
  EXPECT_EQ(found[2]->repository.name.full(), "New/Name");
  EXPECT_EQ(found[3]->topics.size(), 1U);
  EXPECT_THAT(found[4]->topics, IsEmpty());
  EXPECT_THAT(repositories().FindByNames({}).value(), IsEmpty());
}

TEST_F(RepositoryStoreTest, ReadsSnapshotsOfEachInTheOrderAskedFor) {
  for (const char* day : {"2024-05-01", "2024-05-02", "2024-05-04"}) {
    clock_.Set(At(day));
    Publish({MakeRepository(1, "a/one", 10), MakeRepository(2, "a/two", 20)});
  }
  const auto each = repositories()
                        .SnapshotsOfEach({RepositoryId{2}, RepositoryId{9}, RepositoryId{1}, RepositoryId{2}},
                                         OnDay("2024-05-02"), OnDay("2024-05-04"))
                        .value();
  ASSERT_EQ(each.size(), 4U);
  EXPECT_THAT(each[1], IsEmpty());
  for (const auto& [at, stars] : {std::pair<size_t, int64_t>{0, 20}, {2, 10}, {3, 20}}) {
    ASSERT_EQ(each[at].size(), 2U);
    EXPECT_EQ(FormatDay(each[at][0].day), "2024-05-02");
    EXPECT_EQ(FormatDay(each[at][1].day), "2024-05-04");
    EXPECT_EQ(each[at][0].stargazers_count, stars);
  }
  EXPECT_THAT(repositories().SnapshotsOfEach({}, OnDay("2024-05-02"), OnDay("2024-05-04")).value(), IsEmpty());
}

TEST_F(RepositoryStoreTest, ReadsSnapshotsOfBothEndDaysOldestFirst) {
  for (const char* day : {"2024-05-01", "2024-05-02", "2024-05-04", "2024-05-05"}) {
    clock_.Set(At(day));
    Publish({MakeRepository(1, "a/one"), MakeRepository(2, "a/two")});
  }
  const auto days = [&](std::string_view from, std::string_view to) {
    std::vector<std::string> found;
    auto snapshots = repositories().Snapshots(RepositoryId{1}, OnDay(from), OnDay(to));
    EXPECT_OK(snapshots);
    for (const Snapshot& snapshot : *snapshots) found.push_back(FormatDay(snapshot.day));
    return found;
  };
  EXPECT_THAT(days("2024-05-02", "2024-05-04"), ElementsAre("2024-05-02", "2024-05-04"));
  EXPECT_THAT(days("2024-05-03", "2024-05-03"), IsEmpty());
  EXPECT_THAT(days("2024-05-05", "2024-05-01"), IsEmpty());
  EXPECT_THAT(days("2024-01-01", "2024-12-31"), ElementsAre("2024-05-01", "2024-05-02", "2024-05-04", "2024-05-05"));
  EXPECT_THAT(repositories().Snapshots(RepositoryId{9}, OnDay("2024-01-01"), OnDay("2024-12-31")).value(), IsEmpty());
}

}  // namespace
}  // namespace repopulse
