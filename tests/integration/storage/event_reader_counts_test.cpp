// The contract of service/event_reader.h: counts, buckets, repositories. Expected values are counted in memory.
#include <algorithm>

#include "integration/storage/event_tables.h"

namespace repopulse {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<EventFilter> SomeFilters() {
  const RepositoryId busy{1};
  return {{.type = {}, .action = {}, .repository = {}},
          {.type = "IssuesEvent", .action = {}, .repository = {}},
          {.type = "IssuesEvent", .action = "opened", .repository = {}},
          {.type = {}, .action = "closed", .repository = {}},
          {.type = "PushEvent", .action = "", .repository = {}},
          {.type = {}, .action = {}, .repository = busy},
          {.type = "PullRequestEvent", .action = {}, .repository = busy},
          {.type = "PullRequestEvent", .action = "closed", .repository = busy},
          {.type = {}, .action = "opened", .repository = busy},
          {.type = "NoSuchEvent", .action = {}, .repository = {}},
          {.type = {}, .action = {}, .repository = RepositoryId{999}}};
}

using CountRow = std::tuple<std::string, std::string, int64_t, TimePoint, TimePoint>;

std::vector<CountRow> Rows(const EventCounts& counts) {
  std::vector<CountRow> rows;
  for (const EventCount& count : counts.counts) {
    rows.emplace_back(count.type, count.action, count.events, count.first, count.last);
  }
  return rows;
}

std::vector<CountRow> Recounted(const std::vector<Told>& events) {
  std::map<std::pair<std::string, std::string>, CountRow> counts;
  for (const Told& event : events) {
    auto [found, added] =
        counts.try_emplace({event.type, event.action}, event.type, event.action, 0, event.created_at, event.created_at);
    auto& [type, action, number, first, last] = found->second;
    ++number;
    first = std::min(first, event.created_at);
    last = std::max(last, event.created_at);
  }
  std::vector<CountRow> rows;
  for (const auto& [key, row] : counts) rows.push_back(row);
  return rows;
}

class EventCountsTest : public EventTablesTest {
 protected:
  EventCounts Counted(const EventFilter& filter, std::optional<TimePoint> since = {}) {
    auto counts = event_reader().Counts(filter, since);
    EXPECT_OK(counts);
    return counts.value_or(EventCounts{});
  }
};

TEST_F(EventCountsTest, OfNothingAreEmpty) {
  const EventCounts counts = Counted({}, At("2024-05-01"));
  EXPECT_THAT(counts.counts, IsEmpty());
  EXPECT_EQ(counts.since, At("2024-05-01"));
  EXPECT_EQ(event_reader().NewestEvent({}).value(), std::nullopt);
}

TEST_F(EventCountsTest, EverCountAll) {
  Store(Random());
  for (const EventFilter& filter : SomeFilters()) {
    const EventCounts counts = Counted(filter);
    EXPECT_EQ(Rows(counts), Recounted(Matching(filter)));
    EXPECT_EQ(counts.since, std::nullopt);
  }
}

TEST_F(EventCountsTest, SinceCountToTheSecond) {
  Store(Random());
  for (const char* since :
       {"2024-05-06T11:58:07Z", "2024-05-05T12:00:00Z", "2024-05-03T23:59:59Z", "2024-05-04T00:00:00Z",
        "2024-05-06T11:59:00Z", "2024-05-02T12:01:40Z", "2024-04-01T00:00:01Z", "2025-01-01T00:00:00Z"}) {
    for (const EventFilter& filter : SomeFilters()) {
      const EventCounts counts = Counted(filter, At(since));
      EXPECT_EQ(Rows(counts), Recounted(Matching(filter, At(since)))) << since;
      EXPECT_EQ(counts.since, At(since));
    }
  }
}

TEST_F(EventCountsTest, AFractionOfASecondLeavesOutWhatIsBeforeIt) {
  Store({{.id = 1, .type = "PushEvent", .action = "", .repository = 1, .created_at = At("2024-05-06T10:00:00Z")},
         {.id = 2, .type = "PushEvent", .action = "", .repository = 1, .created_at = At("2024-05-06T10:00:01Z")}});
  const TimePoint since = At("2024-05-06T10:00:00Z") + std::chrono::microseconds{1};
  EXPECT_EQ(Counted({}, since).counts.at(0).events, 1);
  EXPECT_EQ(Counted({.type = {}, .action = {}, .repository = RepositoryId{1}}, since).counts.at(0).events, 1);
}

TEST_F(EventCountsTest, EventsFromTheFutureCount) {
  Store({{.id = 1, .type = "PushEvent", .action = "", .repository = 1, .created_at = clock_.Now() + minutes{3}}});
  EXPECT_EQ(Counted({}, clock_.Now() - minutes{1}).counts.at(0).events, 1);
}

TEST_F(EventCountsTest, WhereTheSecondsAreDroppedTheWindowBeginsAtTheNextHour) {
  Store(Random());
  Drop(OnDay("2024-05-03"));
  for (const EventFilter& filter : SomeFilters()) {
    const EventCounts counts = Counted(filter, At("2024-05-02T12:00:40Z"));
    EXPECT_EQ(counts.since, At("2024-05-02T13:00:00Z"));
    EXPECT_EQ(Rows(counts), Recounted(Matching(filter, counts.since)));
    EXPECT_EQ(Counted(filter, At("2024-05-03T12:00:40Z")).since, At("2024-05-03T12:00:40Z"));
  }
}

TEST_F(EventCountsTest, HistoryCountsBucketsWithBothEnds) {
  Store(Random());
  const EventFilter filter{.type = {}, .action = {}, .repository = RepositoryId{1}};
  const std::pair<seconds, std::pair<TimePoint, TimePoint>> spans[] = {
      {hours{1}, {At("2024-05-01T12:00:00Z"), At("2024-05-03T11:00:00Z")}},
      {days{1}, {At("2024-05-01"), At("2024-05-03")}}};
  for (const auto& [bucket, span] : spans) {
    std::map<std::tuple<TimePoint, std::string, std::string>, int64_t> expected;
    for (const Told& event : Matching(filter)) {
      const TimePoint begin = TimePoint{event.created_at.time_since_epoch() / bucket * bucket};
      if (begin >= span.first && begin <= span.second) ++expected[{begin, event.type, event.action}];
    }
    auto history = event_reader().History(RepositoryId{1}, bucket, span.first, span.second);
    ASSERT_OK(history);
    std::map<std::tuple<TimePoint, std::string, std::string>, int64_t> told;
    for (const BucketCount& count : *history) told[{count.bucket, count.type, count.action}] += count.events;
    EXPECT_EQ(told, expected);
    EXPECT_TRUE(std::ranges::is_sorted(*history, {}, &BucketCount::bucket));
  }
}

TEST_F(EventCountsTest, MinutesSumUpActions) {
  Store(Random());
  const TimePoint since = At("2024-05-06T11:57:30Z");
  std::map<std::pair<TimePoint, std::string>, int64_t> expected;
  for (const Told& event : Matching({}, At("2024-05-06T11:57:00Z"))) {
    ++expected[{std::chrono::floor<minutes>(event.created_at), event.type}];
  }
  auto buckets = event_reader().Minutes(since);
  ASSERT_OK(buckets);
  std::map<std::pair<TimePoint, std::string>, int64_t> told;
  for (const BucketCount& count : *buckets) {
    EXPECT_TRUE(told.emplace(std::pair(count.bucket, count.type), count.events).second);
    EXPECT_EQ(count.action, "");
  }
  EXPECT_EQ(told, expected);
}

TEST_F(EventCountsTest, TheNewestEventIsTheLastCreated) {
  Store(Random());
  for (const std::optional<RepositoryId> repository : {std::optional<RepositoryId>(), std::optional(RepositoryId{2})}) {
    const auto events = Matching({.type = {}, .action = {}, .repository = repository});
    EXPECT_EQ(event_reader().NewestEvent(repository).value(),
              std::ranges::max_element(events, {}, &Told::created_at)->created_at);
  }
}

TEST_F(EventCountsTest, TheNewestOfEachIsThatOfTheTypesAskedFor) {
  Store(Random());
  const std::vector<RepositoryId> repositories = {RepositoryId{2}, RepositoryId{999'999}, RepositoryId{1}};
  std::vector<std::optional<TimePoint>> expected;
  for (const RepositoryId repository : repositories) {
    expected.emplace_back();
    for (const char* type : {"PushEvent", "IssuesEvent"}) {
      for (const Told& told : Matching({.type = type, .action = {}, .repository = repository})) {
        expected.back() = std::max(expected.back().value_or(told.created_at), told.created_at);
      }
    }
  }
  ASSERT_TRUE(expected[0] && !expected[1] && expected[2]);
  EXPECT_EQ(event_reader().NewestOfEach(repositories, {"PushEvent", "IssuesEvent", "NeverSeenEvent"}).value(),
            expected);
  EXPECT_EQ(event_reader().NewestOfEach(repositories, {"NeverSeenEvent"}).value(),
            std::vector<std::optional<TimePoint>>(3));
}

class EventRepositoriesTest : public EventTablesTest {
 protected:
  using Counted = std::pair<int64_t, int64_t>;  // repository, events
  std::vector<Counted> Paged(const std::string& type, int64_t min_count, std::optional<TimePoint> since, size_t limit) {
    std::vector<Counted> all;
    std::optional<RepositoryCountPosition> after;
    for (;;) {
      auto page = event_reader().Repositories(type, min_count, since, after, limit);
      EXPECT_OK(page);
      if (!page) return all;
      EXPECT_LE(page->items.size(), limit);
      for (const RepositoryCount& count : page->items) all.emplace_back(count.repository.value, count.events);
      if (!page->has_more) return all;
      after = {.events = page->items.back().events, .repository = page->items.back().repository};
    }
  }
  std::vector<Counted> Recounted(const std::string& type, int64_t min_count, std::optional<TimePoint> since) {
    std::map<int64_t, int64_t> counts;
    for (const Told& event : Matching({.type = type, .action = {}, .repository = {}}, since))
      ++counts[event.repository];
    std::vector<Counted> rows;
    for (const auto& [repository, events] : counts) {
      if (events >= min_count && repository != 0) rows.emplace_back(repository, events);
    }
    std::ranges::stable_sort(rows, std::greater<>(), &Counted::second);
    return rows;
  }
};

TEST_F(EventRepositoriesTest, ComeByTheirNumberOfEventsThenById) {
  std::vector<Told> events = Random(4000);
  for (Told& event : events) event.repository = event.id % 97;
  Store(events);
  for (const char* type : {"PushEvent", "IssuesEvent", "NoSuchEvent"}) {
    for (int64_t min_count : {0, 1, 14, 100}) {
      for (size_t limit : {7u, 96u, 97u, 500u}) {
        EXPECT_EQ(Paged(type, min_count, {}, limit), Recounted(type, min_count, {})) << type << min_count;
        const TimePoint since = At("2024-05-04T12:01:00Z");
        EXPECT_EQ(Paged(type, min_count, since, limit), Recounted(type, min_count, since)) << type << min_count;
      }
    }
  }
}

TEST_F(EventRepositoriesTest, TellPresentNamesFirstAndLast) {
  Store({{.id = 1, .type = "PublicEvent", .action = "", .repository = 5, .created_at = At("2024-05-01")},
         {.id = 2, .type = "PublicEvent", .action = "", .repository = 5, .created_at = At("2024-05-03")},
         {.id = 3, .type = "PublicEvent", .action = "", .repository = 6, .created_at = At("2024-05-02")}});
  NameRepository(5, "Old/Name", At("2024-05-01"));
  NameRepository(5, "New/Name", At("2024-05-03"));
  const auto page = event_reader().Repositories("PublicEvent", 1, {}, {}, 10).value();
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[0].name.value().full(), "New/Name");
  EXPECT_EQ(page.items[0].first, At("2024-05-01"));
  EXPECT_EQ(page.items[0].last, At("2024-05-03"));
  EXPECT_FALSE(page.items[1].name);
}

TEST_F(EventRepositoriesTest, OfTheNewestEventsAreNamedOnceEach) {
  Store({{.id = 1, .type = "PublicEvent", .action = "", .repository = 5, .created_at = At("2024-05-01")},
         {.id = 2, .type = "PublicEvent", .action = "", .repository = 6, .created_at = At("2024-05-02")},
         {.id = 3, .type = "PublicEvent", .action = "", .repository = 5, .created_at = At("2024-05-03")},
         {.id = 4, .type = "PublicEvent", .action = "", .repository = 7, .created_at = At("2024-05-04")},
         {.id = 5, .type = "PushEvent", .action = "", .repository = 8, .created_at = At("2024-05-05")}});
  for (const auto& [id, name] : {std::pair(5, "five/five"), {6, "six/six"}, {8, "eight/eight"}}) {
    NameRepository(id, name, At("2024-05-01"));
  }
  const auto named = [&](size_t events_max) {
    std::vector<std::string> names;
    const auto repositories = event_reader().RecentRepositories("PublicEvent", events_max).value();
    for (const RepositoryName& name : repositories) names.push_back(name.full());
    return names;
  };
  EXPECT_EQ(named(10), (std::vector<std::string>{"five/five", "six/six"}));
  EXPECT_EQ(named(2), (std::vector<std::string>{"five/five"}));
  EXPECT_TRUE(event_reader().RecentRepositories("NeverSeenEvent", 10).value().empty());
}

TEST_F(EventRepositoriesTest, AreFoundByAnyNameTheyHaveOrHad) {
  Store({{.id = 1, .type = "PushEvent", .action = "", .repository = 5, .created_at = At("2024-05-01")},
         {.id = 2, .type = "WatchEvent", .action = "started", .repository = 5, .created_at = At("2024-05-03")}});
  NameRepository(5, "Old/Name", At("2024-05-01"));
  NameRepository(5, "New/Name", At("2024-05-03"));
  for (const char* name : {"old/name", "NEW/NAME"}) {
    const auto found = event_reader().FindRepository(Name(name)).value();
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->id, RepositoryId{5});
    EXPECT_EQ(found->name.full(), "New/Name");
    EXPECT_EQ(found->events, 2);
  }
  EXPECT_FALSE(event_reader().FindRepository(Name("no/body")).value());
}

TEST_F(EventRepositoriesTest, AreFoundManyAtOnceInTheOrderAskedFor) {
  Store({{.id = 1, .type = "PushEvent", .action = "", .repository = 5, .created_at = At("2024-05-01")},
         {.id = 2, .type = "WatchEvent", .action = "started", .repository = 5, .created_at = At("2024-05-03")},
         {.id = 3, .type = "PushEvent", .action = "", .repository = 6, .created_at = At("2024-05-03")}});
  NameRepository(5, "Old/Name", At("2024-05-01"));
  NameRepository(5, "New/Name", At("2024-05-03"));
  NameRepository(6, "six/six", At("2024-05-03"));
  Publish({MakeRepository(9, "Nine/Nine")});
  const auto found =
      event_reader()
          .FindRepositories({Name("SIX/six"), Name("old/name"), Name("no/body"), Name("nine/nine"), Name("new/name")})
          .value();
  ASSERT_EQ(found.size(), 5U);
  EXPECT_FALSE(found[2]);
  const std::tuple<size_t, int64_t, const char*, int64_t> known[] = {
      {0, 6, "six/six", 1}, {1, 5, "New/Name", 2}, {3, 9, "Nine/Nine", 0}, {4, 5, "New/Name", 2}};
  for (const auto& [at, id, name, events] : known) {
    ASSERT_TRUE(found[at]) << at;
    EXPECT_EQ(found[at]->id.value, id);
    EXPECT_EQ(found[at]->name.full(), name);
    EXPECT_EQ(found[at]->events, events);
  }
  EXPECT_THAT(event_reader().FindRepositories({}).value(), IsEmpty());
}

TEST_F(EventRepositoriesTest, AreSpelledAsGitHubDescribesThemWhereNoEventToldTheName) {
  Publish({MakeRepository(9, "Kubernetes/KubeCtl")});
  const auto found = event_reader().FindRepository(Name("kubernetes/kubectl")).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name.full(), "Kubernetes/KubeCtl");
  EXPECT_EQ(found->events, 0);
}

TEST_F(EventRepositoriesTest, ANameThatPassedOnMeansItsPresentHolder) {
  NameRepository(5, "a/name", At("2024-05-01"));
  NameRepository(5, "b/name", At("2024-05-02"));
  NameRepository(6, "b/name", At("2024-05-03"));
  EXPECT_EQ(event_reader().FindRepository(Name("b/name")).value()->id, RepositoryId{6});
  EXPECT_EQ(event_reader().FindRepository(Name("a/name")).value()->name.full(), "a/name");
}

TEST_F(EventRepositoriesTest, TellTheirActivityWhereItWasComputed) {
  ASSERT_OK(db().Run("INSERT INTO repository_activity VALUES (5, 12.5, 1, 2, 3, 4, 5, 6, '2024-05-06 07:08:09')"));
  const auto activity = event_reader().Activity(RepositoryId{5}).value();
  ASSERT_TRUE(activity);
  EXPECT_EQ(activity->activity.score, 12.5);
  EXPECT_EQ(activity->activity.contributions.pull_requests_merged, 5);
  EXPECT_EQ(activity->activity.actors, 6);
  EXPECT_EQ(activity->computed_at, At("2024-05-06T07:08:09Z"));
  EXPECT_FALSE(event_reader().Activity(RepositoryId{6}).value());
  ASSERT_OK(db().Run("INSERT INTO repository_activity VALUES (4, 2.5, 1, 2, 3, 4, 5, 6, '2024-05-06 07:08:09')"));
  const auto each = event_reader().ActivityOfEach({RepositoryId{5}, RepositoryId{6}, RepositoryId{4}, RepositoryId{5}});
  ASSERT_OK(each);
  std::vector<double> scores;
  for (const auto& one : *each) scores.push_back(one ? one->activity.score : -1);
  EXPECT_THAT(scores, ElementsAre(12.5, -1, 2.5, 12.5));
}

}  // namespace
}  // namespace repopulse
