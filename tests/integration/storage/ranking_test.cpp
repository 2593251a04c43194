// The contract of domain/ranking.h and TopicStore::Rank().
#include <algorithm>
#include <limits>

#include "integration/storage/database.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RankingTest : public TopicTest {
 protected:
  RankingQuery Query(RankingSort sort = RankingSort::kPopularity) {
    return {.topic = Tagged("kubernetes"),
            .sort = sort,
            .language = {},
            .min_stars = {},
            .archived = {},
            .after = {},
            .limit = 100,
            .baseline_day = DayOf(clock_.Now()) - std::chrono::days{7}};
  }
  RankingPage Ranked(const RankingQuery& query) {
    auto page = topics().Rank(query);
    EXPECT_OK(page);
    return page.value_or(RankingPage{});
  }
  std::vector<int64_t> Ids(const RankingQuery& query) { return IdsOf(Ranked(query)); }
  static std::vector<int64_t> IdsOf(const RankingPage& page) {
    std::vector<int64_t> ids;
    for (const RankedRepository& ranked : page.items) ids.push_back(ranked.repository.id.value);
    return ids;
  }
  static std::vector<int64_t> RanksOf(const RankingPage& page) {
    std::vector<int64_t> ranks;
    for (const RankedRepository& ranked : page.items) ranks.push_back(ranked.rank);
    return ranks;
  }
  // Publishes (id, stars) pairs at noon of that day.
  void PublishOn(std::string_view day, const std::vector<std::pair<int64_t, int64_t>>& stars) {
    clock_.Set(At(day) + std::chrono::hours{12});
    std::vector<Repository> seen;
    for (const auto& [id, count] : stars) seen.push_back(MakeRepository(id, "o/r" + std::to_string(id), count));
    Publish(seen);
  }
  static std::map<int64_t, std::optional<int64_t>> RankChanges(const RankingPage& page) {
    std::map<int64_t, std::optional<int64_t>> changes;
    for (const RankedRepository& ranked : page.items) changes[ranked.repository.id.value] = ranked.rank_change;
    return changes;
  }
};

TEST_F(RankingTest, OfAnUnknownTopicIsEmpty) {
  RankingQuery query = Query();
  query.topic = Tagged("unknown");
  EXPECT_THAT(Ids(query), IsEmpty());
}

TEST_F(RankingTest, OfAnUntrackedTopicIsEmpty) {
  Publish({MakeRepository(1, "a/one")});
  ASSERT_OK(topics().Untrack(Tagged("kubernetes")));
  EXPECT_THAT(Ids(Query()), IsEmpty());
}

TEST_F(RankingTest, OrdersByStarsAndTiesByAscendingId) {
  Publish({MakeRepository(5, "a/five", 10), MakeRepository(3, "a/three", 10), MakeRepository(9, "a/nine", 99),
           MakeRepository(1, "a/one", 0)});
  const RankingPage page = Ranked(Query());
  EXPECT_THAT(IdsOf(page), ElementsAre(9, 3, 5, 1));
  EXPECT_THAT(RanksOf(page), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(page.total, 4);
  EXPECT_FALSE(page.has_more);
  EXPECT_EQ(page.items[0].position.key, 99);
  EXPECT_EQ(page.items[0].position.id, RepositoryId{9});
}

TEST_F(RankingTest, OrdersByTimesNewestFirstAndNeverPushedLast) {
  auto first = MakeRepository(1, "a/one");
  auto second = MakeRepository(2, "a/two");
  auto third = MakeRepository(3, "a/three");
  auto fourth = MakeRepository(4, "a/four");
  first.pushed_at.reset();
  third.pushed_at.reset();
  second.pushed_at = At("1970-01-01T00:00:00Z");
  fourth.pushed_at = At("2024-05-07T11:59:59.000001Z");
  first.created_at = At("2021-01-01");
  third.created_at = At("2021-01-01T00:00:00.000001Z");
  second.updated_at = At("2024-05-07");
  Publish({first, second, third, fourth});
  EXPECT_THAT(Ids(Query(RankingSort::kActivity)), ElementsAre(4, 2, 1, 3));
  EXPECT_THAT(Ids(Query(RankingSort::kNewest)), ElementsAre(3, 1, 2, 4));
  EXPECT_THAT(Ids(Query(RankingSort::kUpdated)), ElementsAre(2, 1, 3, 4));
  EXPECT_THAT(Ids(Query(RankingSort::kStored)), ElementsAre(1, 2, 3, 4));
  const RankingPage page = Ranked(Query(RankingSort::kActivity));
  EXPECT_EQ(page.items[1].position.key, 0);
  EXPECT_EQ(page.items[2].position.key, std::numeric_limits<int64_t>::min());
}

TEST_F(RankingTest, ActivityIsTheScoreAndBehindItWhenItWasPushed) {
  std::vector<Repository> seen;
  for (int64_t id = 1; id <= 6; ++id) {
    seen.push_back(MakeRepository(id, "o/r" + std::to_string(id)));
    seen.back().pushed_at = At("2024-05-02") + std::chrono::hours{id};
  }
  seen[5].pushed_at.reset();
  Publish(seen);
  ASSERT_OK(
      db().Run("INSERT INTO repository_activity VALUES (2, 0, 0, 0, 0, 0, 0, 0, '2024-05-07'), "
               "(3, 1.5, 1, 2, 3, 4, 5, 6, '2024-05-06 07:08:09'), (4, 1.500002, 0, 0, 0, 0, 0, 0, '2024-05-07')"));
  const RankingPage page = Ranked(Query(RankingSort::kActivity));
  EXPECT_THAT(IdsOf(page), ElementsAre(4, 3, 2, 5, 1, 6));
  EXPECT_EQ(page.items[1].position.key, (int64_t{1} << 62) + 1'500'000);
  EXPECT_EQ(page.items[1].activity.value().activity.score, 1.5);
  EXPECT_EQ(page.items[1].activity->activity.contributions.review_comments, 4);
  EXPECT_EQ(page.items[1].activity->computed_at, At("2024-05-06T07:08:09Z"));
  EXPECT_EQ(page.items[2].activity.value().activity.score, 0);
  EXPECT_FALSE(page.items[3].activity);
  EXPECT_EQ(page.items[3].position.key, At("2024-05-02T05:00:00Z").time_since_epoch().count());
  EXPECT_FALSE(Ranked(Query()).items[0].activity);

  RankingQuery query = Query(RankingSort::kActivity);
  query.limit = 1;
  std::vector<int64_t> paged;
  for (;;) {
    const RankingPage one = Ranked(query);
    for (int64_t id : IdsOf(one)) paged.push_back(id);
    if (!one.has_more) break;
    query.after = one.items.back().position;
  }
  EXPECT_THAT(paged, ElementsAre(4, 3, 2, 5, 1, 6));
}

TEST_F(RankingTest, LeavesOutWhoLeftAndWhoIsGone) {
  Publish({MakeRepository(1, "a/one", 30), MakeRepository(2, "a/two", 20), MakeRepository(3, "a/three", 10)});
  ASSERT_OK(db().Run("UPDATE topic_repositories SET left_at = '2024-05-07' WHERE repository_id = 1"));
  ASSERT_OK(db().Run("UPDATE repositories SET gone_at = '2024-05-07' WHERE id = 2"));
  const RankingPage page = Ranked(Query());
  EXPECT_THAT(IdsOf(page), ElementsAre(3));
  EXPECT_THAT(RanksOf(page), ElementsAre(1));
  EXPECT_EQ(page.total, 1);
}

TEST_F(RankingTest, FiltersDoNotChangeRanks) {
  auto first = MakeRepository(1, "a/one", 40);
  auto second = MakeRepository(2, "a/two", 30);
  auto third = MakeRepository(3, "a/three", 20);
  auto fourth = MakeRepository(4, "a/four", 10);
  second.language = "Rust";
  third.language.reset();
  fourth.language = "RUST";
  first.archived = true;
  fourth.archived = true;
  Publish({first, second, third, fourth});

  RankingQuery by_language = Query();
  by_language.language = "rust";
  const RankingPage rust = Ranked(by_language);
  EXPECT_THAT(IdsOf(rust), ElementsAre(2, 4));
  EXPECT_THAT(RanksOf(rust), ElementsAre(2, 4));
  EXPECT_EQ(rust.total, 2);

  RankingQuery archived = Query();
  archived.archived = true;
  EXPECT_THAT(Ids(archived), ElementsAre(1, 4));
  archived.archived = false;
  EXPECT_THAT(Ids(archived), ElementsAre(2, 3));

  RankingQuery starred = Query();
  starred.min_stars = 20;
  EXPECT_THAT(Ids(starred), ElementsAre(1, 2, 3));

  RankingQuery all = by_language;
  all.archived = true;
  all.min_stars = 10;
  EXPECT_THAT(RanksOf(Ranked(all)), ElementsAre(4));
}

TEST_F(RankingTest, TakesAHostileLanguageAsText) {
  Publish({MakeRepository(1, "a/one")});
  for (const char* hostile : {"Go' OR '1'='1", "%", "_o", "\xff\xfe", "", "Go\\"}) {
    RankingQuery query = Query();
    query.language = hostile;
    EXPECT_THAT(Ids(query), IsEmpty()) << hostile;
  }
}

TEST_F(RankingTest, PagesMeetWithoutGapOrOverlapEvenAtEqualKeys) {
  std::vector<Repository> seen;
  for (int64_t id = 1; id <= 47; ++id) {
    auto repository = MakeRepository(id, "o/r" + std::to_string(id), id % 3);
    if (id % 2 == 0) repository.pushed_at.reset();
    seen.push_back(repository);
  }
  Publish(seen);
  for (RankingSort sort : {RankingSort::kPopularity, RankingSort::kActivity, RankingSort::kNewest,
                           RankingSort::kUpdated, RankingSort::kStored}) {
    const std::vector<int64_t> whole = Ids(Query(sort));
    ASSERT_EQ(whole.size(), 47u);
    RankingQuery query = Query(sort);
    query.limit = 5;
    std::vector<int64_t> paged;
    for (int page_number = 1; page_number <= 10; ++page_number) {
      const RankingPage page = Ranked(query);
      EXPECT_EQ(page.total, 47);
      EXPECT_EQ(page.has_more, page_number < 10);
      EXPECT_EQ(page.items.front().rank, static_cast<int64_t>(paged.size()) + 1);
      for (int64_t id : IdsOf(page)) paged.push_back(id);
      query.after = page.items.back().position;
    }
    EXPECT_EQ(paged, whole) << ToString(sort);
    EXPECT_THAT(Ids(query), IsEmpty());
  }
}

TEST_F(RankingTest, AnExactlyFullPageHasNoMore) {
  Publish({MakeRepository(1, "a/one"), MakeRepository(2, "a/two")});
  RankingQuery query = Query();
  query.limit = 2;
  EXPECT_FALSE(Ranked(query).has_more);
  query.limit = 1;
  EXPECT_TRUE(Ranked(query).has_more);
}

TEST_F(RankingTest, APageBehindAPlaceThatIsNoMoreGoesOnAfterIt) {
  Publish({MakeRepository(1, "a/one", 30), MakeRepository(2, "a/two", 20), MakeRepository(3, "a/three", 10)});
  RankingQuery query = Query();
  query.after = RankingPosition{.key = 25, .id = RepositoryId{77}};
  EXPECT_THAT(Ids(query), ElementsAre(2, 3));
}

TEST_F(RankingTest, ReadsListsLongerThanOneStatementTakes) {
  std::vector<Repository> seen;
  for (int64_t id = 1; id <= 1203; ++id) seen.push_back(MakeRepository(id, "o/r" + std::to_string(id), id));
  Publish(seen);
  RankingQuery query = Query();
  query.limit = 1203;
  const auto ids = Ids(query);
  ASSERT_EQ(ids.size(), 1203u);
  EXPECT_TRUE(std::ranges::is_sorted(ids, std::greater<>()));
}

TEST_F(RankingTest, GrowthComparesWithTheBaselinesDay) {
  PublishOn("2024-05-01", {{1, 100}, {2, 0}, {3, 50}});
  PublishOn("2024-05-05", {{1, 110}, {2, 1}, {3, 50}});
  PublishOn("2024-05-08", {{1, 125}, {2, 7}, {3, 40}});
  const RankingPage page = Ranked(Query());
  ASSERT_EQ(page.items.size(), 3u);
  EXPECT_EQ(page.items[0].growth->since, OnDay("2024-05-01"));
  EXPECT_EQ(page.items[0].growth->stars, 25);
  EXPECT_DOUBLE_EQ(page.items[0].growth->percent.value(), 25.0);
  EXPECT_EQ(page.items[1].growth->stars, -10);
  EXPECT_DOUBLE_EQ(page.items[1].growth->percent.value(), -20.0);
  EXPECT_EQ(page.items[2].growth->stars, 7);
  EXPECT_FALSE(page.items[2].growth->percent);
}

TEST_F(RankingTest, GrowthTakesTheNextDayWhereTheBaselinesIsMissing) {
  PublishOn("2024-04-30", {{1, 1}});
  PublishOn("2024-05-03", {{1, 100}});
  PublishOn("2024-05-04", {{1, 200}});
  PublishOn("2024-05-08", {{1, 300}});
  const RankingPage page = Ranked(Query());
  EXPECT_EQ(page.items[0].growth->since, OnDay("2024-05-03"));
  EXPECT_EQ(page.items[0].growth->stars, 200);
}

TEST_F(RankingTest, TodaysSnapshotIsNoBaseline) {
  PublishOn("2024-05-08", {{1, 300}});
  const RankingPage page = Ranked(Query());
  EXPECT_FALSE(page.items[0].growth);
  EXPECT_FALSE(page.items[0].rank_change);
}

TEST_F(RankingTest, GrowthIsThereInEveryOrder) {
  PublishOn("2024-05-01", {{1, 100}});
  PublishOn("2024-05-08", {{1, 125}});
  for (RankingSort sort : {RankingSort::kActivity, RankingSort::kNewest, RankingSort::kUpdated, RankingSort::kStored}) {
    const RankingPage page = Ranked(Query(sort));
    EXPECT_EQ(page.items[0].growth->stars, 25) << ToString(sort);
    EXPECT_FALSE(page.items[0].rank_change) << ToString(sort);
  }
}

TEST_F(RankingTest, RankChangeCountsPlacesGainedSinceTheBaseline) {
  PublishOn("2024-05-01", {{1, 100}, {2, 90}, {3, 80}, {4, 70}});
  PublishOn("2024-05-08", {{1, 100}, {2, 90}, {3, 80}, {4, 95}});
  const RankingPage page = Ranked(Query());
  EXPECT_THAT(IdsOf(page), ElementsAre(1, 4, 2, 3));
  EXPECT_THAT(RankChanges(page), ElementsAre(std::pair(1, 0), std::pair(2, -1), std::pair(3, -1), std::pair(4, 2)));
}

TEST_F(RankingTest, NewcomersNeitherHaveARankChangeNorPushOthersDown) {
  PublishOn("2024-05-01", {{1, 100}, {2, 90}});
  PublishOn("2024-05-08", {{1, 100}, {2, 90}, {3, 1000}});
  const RankingPage page = Ranked(Query());
  EXPECT_THAT(RankChanges(page), ElementsAre(std::pair(1, 0), std::pair(2, 0), std::pair(3, std::nullopt)));
  EXPECT_EQ(page.items[2].rank, 3);
}

TEST_F(RankingTest, WhoLeftDoesNotCountAsOvertaken) {
  PublishOn("2024-05-01", {{1, 100}, {2, 90}, {3, 80}});
  PublishOn("2024-05-08", {{2, 90}, {3, 80}});
  EXPECT_THAT(RankChanges(Ranked(Query())), ElementsAre(std::pair(2, 0), std::pair(3, 0)));
}

TEST_F(RankingTest, RankChangeTakesEachMembersOwnFirstSnapshotAfterTheBaseline) {
  PublishOn("2024-05-01", {{1, 100}, {2, 50}});
  PublishOn("2024-05-04", {{1, 100}, {2, 60}, {3, 40}});
  PublishOn("2024-05-06", {{1, 100}, {2, 70}, {3, 60}});
  PublishOn("2024-05-08", {{1, 100}, {2, 80}, {3, 90}});
  // Then 1: 100, 2: 50, 3: 40; now 1: 100, 3: 90, 2: 80.
  EXPECT_THAT(RankChanges(Ranked(Query())), ElementsAre(std::pair(1, 0), std::pair(2, -1), std::pair(3, 1)));
}

TEST_F(RankingTest, RankChangeIsTheSameOnAFilteredPage) {
  PublishOn("2024-05-01", {{1, 100}, {2, 90}, {3, 80}});
  PublishOn("2024-05-08", {{1, 10}, {2, 90}, {3, 80}});
  RankingQuery query = Query();
  query.min_stars = 50;
  query.after = RankingPosition{.key = 90, .id = RepositoryId{2}};
  const RankingPage page = Ranked(query);
  EXPECT_THAT(RankChanges(page), ElementsAre(std::pair(3, 1)));
  EXPECT_THAT(RanksOf(page), ElementsAre(2));
}

}  // namespace
}  // namespace repopulse
