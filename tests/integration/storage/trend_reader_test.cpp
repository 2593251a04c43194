// The contract of service/trend_reader.h, and of the ranking by what trends.
#include <numeric>

#include "integration/storage/event_test.h"
#include "storage/trending_actors.h"

namespace repopulse {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

// The clock stands at 2026-07-01 12:00.
class TrendReaderTest : public EventTest {
 protected:
  [[nodiscard]] TrendReader& trends() { return storage_->trends(); }

  // `count` stars, each by another actor, at this time.
  void Star(int64_t repository, int count, std::string_view at = "2026-07-01T06:00:00Z", bool same_actor = false,
            const std::string& type = "WatchEvent") {
    std::vector<Event> batch;
    for (int i = 0; i < count; ++i) {
      Event event = MakeEvent(++last_id_, type, at, repository);
      event.action = type == "WatchEvent" ? "started" : "";
      event.actor_id = same_actor ? 1 : last_id_;
      batch.push_back(std::move(event));
    }
    ASSERT_EQ(Ingest(batch).added, count);
  }
  void Fork(int64_t repository, int count, std::string_view at = "2026-07-01T06:00:00Z", bool same_actor = false) {
    Star(repository, count, at, same_actor, "ForkEvent");
  }
  TrendingQuery LastDay() {
    TrendingQuery query;
    query.to = clock_.Now();
    query.from = query.to - hours{24};
    return query;
  }
  TrendingPage Trending(const TrendingQuery& query) {
    auto page = trends().Trending(query);
    EXPECT_OK(page);
    return page.value_or(TrendingPage{});
  }
  static std::vector<int64_t> IdsOf(const TrendingPage& page) {
    std::vector<int64_t> ids;
    for (const TrendingRepository& one : page.items) ids.push_back(one.id.value);
    return ids;
  }
  std::vector<int64_t> Ids() { return IdsOf(Trending(LastDay())); }
  void Save(int64_t id, std::string_view created_at, std::string_view pushed_at, int64_t stars = 10) {
    Repository repository = MakeRepository(id, "owner/repository-" + std::to_string(id), stars);
    repository.created_at = At(created_at);
    repository.pushed_at = At(pushed_at);
    ASSERT_OK(repositories().Save(repository, clock_.Now()));
  }
  int64_t last_id_ = 0;
};

TEST_F(TrendReaderTest, OrdersByTheScoreAndTellsItsParts) {
  Star(1, 6, "2026-07-01T00:00:00Z");  // in the middle: 6 · 3.5
  Star(2, 6, "2026-06-30T12:00:00Z");  // at the begin: 6 · 2
  Fork(2, 2, "2026-07-01T12:00:00Z");  // at the end: 2 · 4
  Star(3, 6, "2026-07-01T06:00:00Z");  // three quarters: 6 · 4.25
  const TrendingPage page = Trending(LastDay());
  EXPECT_THAT(IdsOf(page), ElementsAre(3, 1, 2));
  EXPECT_EQ(page.events, 20);
  const TrendingActivity& last = page.items[2].trending;
  EXPECT_DOUBLE_EQ(last.score.stars, 12);
  EXPECT_DOUBLE_EQ(last.score.forks, 8);
  EXPECT_DOUBLE_EQ(last.score.age, 0);
  EXPECT_EQ(last.stars, 6);
  EXPECT_EQ(last.forks, 2);
  EXPECT_EQ(last.actors, 8);
  ASSERT_TRUE(page.items[0].name);
  EXPECT_EQ(page.items[0].name->full(), "owner/repository-3");
  EXPECT_FALSE(page.items[0].description);
}

TEST_F(TrendReaderTest, FavoursWhatIsNew) {
  Star(1, 20);
  Star(2, 6);
  EXPECT_THAT(Ids(), ElementsAre(1, 2));
  Save(2, "2026-07-01T11:00:00Z", "2026-07-01T11:00:00Z");
  const TrendingPage page = Trending(LastDay());
  EXPECT_THAT(IdsOf(page), ElementsAre(2, 1));
  EXPECT_NEAR(page.items[0].trending.score.age, 200, 0.1);
  EXPECT_NEAR(*page.items[0].trending.age_years, 0, 0.001);
  ASSERT_TRUE(page.items[0].description);
  EXPECT_EQ(page.items[0].description->stargazers_count, 10);
}

TEST_F(TrendReaderTest, NeedsMoreThanFiveStarsInTheWindow) {
  Star(1, 5);
  Star(2, 6);
  Star(3, 5);
  Star(3, 9, "2026-06-30T11:59:59Z");  // before it
  Fork(4, 9);
  EXPECT_THAT(Ids(), ElementsAre(2));
}

TEST_F(TrendReaderTest, NeedsActorsOfTheirOwn) {
  Star(1, 20);
  Star(1, 2, "2026-07-01T07:00:00Z", true);  // 21 of 22
  Star(2, 9);
  Star(2, 2, "2026-07-01T07:00:00Z", true);  // 10 of 11
  Star(3, 9);
  Star(3, 3, "2026-07-01T07:00:00Z", true);  // 10 of 12
  Star(4, 9);
  Star(4, 1, "2026-07-01T07:00:00Z", true);
  Fork(4, 1, "2026-07-01T07:00:00Z", true);  // who stars and forks does two things
  EXPECT_THAT(Ids(), ElementsAre(1, 2, 4));
}

TEST_F(TrendReaderTest, LeavesOutWhatIsGoneOrNoLongerWorkedOn) {
  Star(1, 6);
  Star(2, 6);
  Star(3, 6);
  Save(1, "2020-01-01T00:00:00Z", "2026-04-02T11:59:59Z");  // over 90 days ago
  Save(2, "2020-01-01T00:00:00Z", "2026-04-02T12:00:00Z");
  Save(3, "2020-01-01T00:00:00Z", "2026-07-01T00:00:00Z");
  ASSERT_OK(repositories().MarkGone(RepositoryId{3}, clock_.Now()));
  EXPECT_THAT(Ids(), ElementsAre(2));
}

TEST_F(TrendReaderTest, TakesEventsOfAClockThatIsAheadWhenTheirTimeHasCome) {
  Star(1, 6, "2026-07-01T12:03:00Z");
  EXPECT_THAT(Ids(), IsEmpty());
  clock_.Advance(std::chrono::minutes{3});
  EXPECT_DOUBLE_EQ(Trending(LastDay()).items.at(0).trending.score.stars, 30);
}

TEST_F(TrendReaderTest, SeesWhatComesLateToAnHourItHasReadAlready) {
  Star(1, 5, "2026-07-01T02:00:00Z");
  EXPECT_THAT(Ids(), IsEmpty());
  Star(1, 1, "2026-07-01T02:59:59Z");
  Fork(1, 1, "2026-07-01T02:00:00Z");
  const TrendingPage page = Trending(LastDay());
  EXPECT_THAT(IdsOf(page), ElementsAre(1));
  EXPECT_EQ(page.items[0].trending.stars, 6);
  EXPECT_EQ(page.items[0].trending.forks, 1);
  EXPECT_EQ(page.events, 7);
}

TEST_F(TrendReaderTest, CountsActorsAnewWhereAnHourHasMore) {
  Star(1, 19, "2026-07-01T02:00:00Z");
  Star(1, 1, "2026-07-01T03:00:00Z", true);
  for (int again = 0; again < 2; ++again) EXPECT_EQ(Trending(LastDay()).items.at(0).trending.actors, 19);
  Star(1, 1, "2026-07-01T02:30:00Z", true);  // 19 of 21
  EXPECT_EQ(Trending(LastDay()).items.at(0).trending.actors, 19);
  Fork(1, 1, "2026-07-01T02:40:00Z", true);  // another thing
  EXPECT_EQ(Trending(LastDay()).items.at(0).trending.actors, 20);
  Star(1, 1, "2026-07-01T12:00:00Z", true);  // 20 of 23, the last in an hour that is cut
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST(TrendingActors, AreKeptByHourWhileTheirNumberIsTheSame) {
  const TimePoint hour = At("2026-07-01T02:00:00Z");
  const TimePoint next = hour + hours{1};
  TrendingActors actors;
  actors.Keep(hour, 1, {ActorOf(5, false), ActorOf(5, true)});
  actors.Keep(next, 2, {ActorOf(5, false)});
  ActorsByRepository found;
  const std::vector<GainedHour> asked = {{hour, 1, 2}, {hour, 2, 1}, {next, 2, 2}, {next + hours{1}, 1, 2}};
  const auto missing = actors.Find(asked, found);
  ASSERT_EQ(missing.size(), 3U);
  EXPECT_EQ(missing[0].repository, 2);
  EXPECT_EQ(missing[1].hour, next);
  EXPECT_THAT(found[1], testing::UnorderedElementsAre(ActorOf(5, true), ActorOf(5, false)));
  EXPECT_NE(ActorOf(5, true), ActorOf(5, false));
}

TEST(TrendingActors, AreNotMoreThanTheirMostAndTheLatestStay) {
  const TimePoint hour = At("2026-07-01T02:00:00Z");
  const size_t many = TrendingActors::kBytesMax / sizeof(uint64_t) * 2 / 5;
  const auto each = static_cast<int64_t>(many);
  TrendingActors actors;
  for (int i = 0; i < 3; ++i) actors.Keep(hour + hours{i}, 1, Actors(many));
  actors.Keep(hour + hours{2}, 1, Actors(many));  // again
  ActorsByRepository found;
  const std::vector<GainedHour> asked = {{hour, 1, each}, {hour + hours{1}, 1, each}, {hour + hours{2}, 1, each}};
  const auto missing = actors.Find(asked, found);
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].hour, hour);
}

TEST(TrendingActors, CountThePlacesOfFewToo) {
  const TimePoint hour = At("2026-07-01T02:00:00Z");
  const auto places = static_cast<int64_t>(TrendingActors::kBytesMax / 100);  // with 120 bytes each
  TrendingActors actors;
  actors.Keep(hour, 1, {ActorOf(1, false)});
  for (int64_t i = 0; i < places; ++i) actors.Keep(hour + hours{1 + i % 10}, i, {ActorOf(1, false)});
  ActorsByRepository found;
  EXPECT_EQ(actors.Find(std::vector<GainedHour>{{hour, 1, 1}}, found).size(), 1U);
}

TEST_F(TrendReaderTest, AddsUpCutAndWholeHoursTheSame) {
  Star(1, 3, "2026-06-30T12:30:00Z");  // in the hour in which the window begins
  Star(1, 3, "2026-06-30T12:29:59Z");  // before it
  Star(1, 4, "2026-07-01T12:30:00Z");  // at its end
  Star(1, 4, "2026-07-01T12:30:01Z");  // after it
  Star(1, 2, "2026-06-30T13:00:00Z");  // at the begin of a whole hour: 30 minutes of 24 hours
  TrendingQuery query = LastDay();
  query.to += std::chrono::minutes{30};
  query.from += std::chrono::minutes{30};
  const TrendingPage page = Trending(query);
  ASSERT_EQ(page.items.size(), 1U);
  EXPECT_EQ(page.items[0].trending.stars, 9);
  EXPECT_DOUBLE_EQ(page.items[0].trending.score.stars, 3 * 2.0 + 4 * 5.0 + 2 * (2 + 3 * 30.0 / 1440));
}

TEST_F(TrendReaderTest, CountsBothEndsOfAWindowWithoutAWholeHour) {
  Star(1, 9, "2026-07-01T11:09:59Z");
  Star(1, 3, "2026-07-01T11:10:00Z");
  Star(1, 4, "2026-07-01T11:50:00Z");
  Star(1, 9, "2026-07-01T11:50:01Z");
  TrendingQuery query;
  query.from = At("2026-07-01T11:10:00Z");
  query.to = At("2026-07-01T11:50:00Z");
  const TrendingPage page = Trending(query);
  ASSERT_EQ(page.items.size(), 1U);
  EXPECT_EQ(page.items[0].trending.stars, 7);
  EXPECT_EQ(page.items[0].trending.actors, 7);
  EXPECT_DOUBLE_EQ(page.items[0].trending.score.stars, 3 * 2.0 + 4 * 5.0);
}

TEST_F(TrendReaderTest, FindsANewOneAmongManyThatHaveMoreStars) {
  for (int64_t id = 1; id <= 120; ++id) Star(id, 20);
  Star(500, 6);
  Save(500, "2026-07-01T11:00:00Z", "2026-07-01T11:00:00Z");
  TrendingQuery query = LastDay();
  query.limit = 3;
  EXPECT_THAT(IdsOf(Trending(query)), ElementsAre(500, 1, 2));
  query.limit = 30;
  std::vector<int64_t> ids;
  for (bool more = true; more;) {
    const TrendingPage page = Trending(query);
    for (const int64_t id : IdsOf(page)) ids.push_back(id);
    more = page.has_more;
    if (more) query.after = page.items.back().position;
  }
  ASSERT_EQ(ids.size(), 121U);
  EXPECT_EQ(ids.front(), 500);
  EXPECT_EQ(ids.back(), 120);
}

TEST_F(TrendReaderTest, LooksFurtherWhereTheBestDoNotHold) {
  for (int64_t id = 1; id <= 60; ++id) Star(id, 30, "2026-07-01T06:00:00Z", true);  // each by one actor
  for (int64_t id = 101; id <= 103; ++id) Star(id, 6);
  EXPECT_THAT(Ids(), ElementsAre(101, 102, 103));
}

TEST_F(TrendReaderTest, GoesOnBehindAPlaceWithoutRepeatingOrLeavingOut) {
  std::vector<int64_t> want(7);
  std::iota(want.begin(), want.end(), 1);
  for (const int64_t id : want) Star(id, 6);  // all of one score: by id
  Star(8, 9);
  Star(8, 9, "2026-07-01T07:00:00Z", true);  // would be first
  std::vector<int64_t> ids;
  TrendingQuery query = LastDay();
  query.limit = 2;
  for (bool more = true; more;) {
    const TrendingPage page = Trending(query);
    for (const int64_t id : IdsOf(page)) ids.push_back(id);
    more = page.has_more;
    ASSERT_LE(page.items.size(), 2U);
    if (more) query.after = page.items.back().position;
  }
  EXPECT_EQ(ids, want);
}

TEST_F(TrendReaderTest, OfNothingIsEmpty) {
  EXPECT_THAT(Ids(), IsEmpty());
  Fork(1, 9);
  EXPECT_THAT(Ids(), IsEmpty());
}

// ---- topics

class TopicTrendsTest : public TrendReaderTest {
 protected:
  void SetUp() override {
    TrendReaderTest::SetUp();
    auto tracked = topics().Track(Tagged("kubernetes"), clock_.Now());
    ASSERT_OK(tracked);
    topic_ = tracked->id;
  }
  void Join(int64_t id, std::string_view at, int64_t stars = 10) {
    Save(id, "2020-01-01T00:00:00Z", "2026-07-01T00:00:00Z", stars);
    ASSERT_OK(db().Execute("INSERT INTO topic_repositories (topic_id, repository_id, first_seen_at) VALUES (?, ?, ?)",
                           {topic_, id, At(at)}));
  }
  TopicId topic_;
};

TEST_F(TopicTrendsTest, TrendingIsOfTheMembers) {
  Star(1, 6);
  Star(2, 7);
  Join(1, "2026-06-01T00:00:00Z");
  TrendingQuery query = LastDay();
  query.topic = Tagged("kubernetes");
  const TrendingPage page = Trending(query);
  EXPECT_THAT(IdsOf(page), ElementsAre(1));
  EXPECT_EQ(page.events, 6);
  query.topic = Tagged("unknown");
  EXPECT_THAT(IdsOf(Trending(query)), IsEmpty());
}

TEST_F(TopicTrendsTest, RankingPutsThoseThatTrendBeforeAllOthersByStars) {
  for (const int64_t id : {1, 2, 3, 4}) Join(id, "2026-06-01T00:00:00Z", 100 * id);
  Star(1, 6);
  Star(2, 8);
  Star(3, 5);  // too few to trend
  RankingQuery query{.topic = Tagged("kubernetes"),
                     .sort = RankingSort::kTrending,
                     .language = {},
                     .min_stars = {},
                     .archived = {},
                     .after = {},
                     .limit = 3,
                     .trending_to = clock_.Now(),
                     .baseline_day = OnDay("2026-06-24")};
  auto page = topics().Rank(query);
  ASSERT_OK(page);
  std::vector<int64_t> ids;
  for (const RankedRepository& one : page->items) ids.push_back(one.repository.id.value);
  EXPECT_THAT(ids, ElementsAre(2, 1, 4));
  ASSERT_TRUE(page->items[0].trending);
  EXPECT_EQ(page->items[0].trending->stars, 8);
  EXPECT_FALSE(page->items[2].trending);
  query.after = page->items.back().position;
  page = topics().Rank(query);
  ASSERT_OK(page);
  ASSERT_EQ(page->items.size(), 1U);
  EXPECT_EQ(page->items[0].repository.id.value, 3);
  EXPECT_EQ(page->items[0].rank, 4);
}

TEST_F(TopicTrendsTest, NewcomersJoinedAfterTheFirstDay) {
  Join(1, "2026-06-01T00:00:00Z");
  Join(2, "2026-06-01T23:00:00Z");  // of the first collection
  Join(3, "2026-06-05T00:00:00Z");  // too long ago
  Join(4, "2026-06-20T00:00:00Z");
  Join(5, "2026-06-25T00:00:00Z");
  Join(6, "2026-06-26T00:00:00Z");
  ASSERT_OK(db().Execute("UPDATE topic_repositories SET left_at = ? WHERE repository_id = 6", {clock_.Now()}));
  auto found = trends().Newcomers(Tagged("kubernetes"), At("2026-06-10"), 10);
  ASSERT_OK(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].repository.id.value, 5);
  EXPECT_EQ((*found)[0].joined_at, At("2026-06-25"));
  EXPECT_EQ((*found)[1].repository.id.value, 4);
  found = trends().Newcomers(Tagged("kubernetes"), At("2026-06-10"), 1);
  ASSERT_OK(found);
  EXPECT_EQ(found->size(), 1U);
}

}  // namespace
}  // namespace repopulse
