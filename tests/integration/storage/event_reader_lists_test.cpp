// The contract of service/event_reader.h: lists, windows and intervals. Expected values are computed in memory.
#include <algorithm>

#include "integration/storage/event_tables.h"

namespace repopulse {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<int64_t> IdsOf(std::vector<Told> events) {
  std::ranges::sort(events, IsNewer);
  std::vector<int64_t> ids;
  for (const Told& event : events) ids.push_back(event.id);
  return ids;
}

EventListQuery QueryOf(const EventFilter& filter) {
  return {.repository = filter.repository,
          .type = filter.type,
          .action = filter.action,
          .since = {},
          .until = {},
          .after = {}};
}

std::vector<EventFilter> SomeFilters() {
  const RepositoryId busy{1};
  const RepositoryId quiet{3};
  return {{.type = {}, .action = {}, .repository = {}},
          {.type = "IssuesEvent", .action = {}, .repository = {}},
          {.type = "IssuesEvent", .action = "opened", .repository = {}},
          {.type = {}, .action = "closed", .repository = {}},
          {.type = {}, .action = {}, .repository = busy},
          {.type = "PullRequestEvent", .action = {}, .repository = busy},
          {.type = "PullRequestEvent", .action = "closed", .repository = busy},
          {.type = "WatchEvent", .action = {}, .repository = quiet},
          {.type = {}, .action = "opened", .repository = quiet},
          {.type = "NoSuchEvent", .action = {}, .repository = busy}};
}

class EventListsTest : public EventTablesTest {
 protected:
  EventListPage Listed(const EventListQuery& query) {
    auto page = event_reader().List(query);
    EXPECT_OK(page);
    return page.value_or(EventListPage{});
  }
  static std::vector<int64_t> Ids(const EventListPage& page) {
    std::vector<int64_t> ids;
    for (const Event& event : page.items) ids.push_back(event.id);
    return ids;
  }
  std::vector<int64_t> Paged(EventListQuery query) {
    std::vector<int64_t> ids;
    for (;;) {
      const EventListPage page = Listed(query);
      for (int64_t id : Ids(page)) ids.push_back(id);
      if (!page.has_more || page.items.empty()) return ids;
      EXPECT_EQ(page.items.size(), query.limit);
      const Event& last = page.items.back();
      query.after = {.created_at = last.created_at, .id = last.id, .type = last.type};
    }
  }
};

TEST_F(EventListsTest, OfNothingAreEmpty) {
  const EventListPage page = Listed(QueryOf({}));
  EXPECT_THAT(page.items, IsEmpty());
  EXPECT_FALSE(page.has_more);
  EXPECT_EQ(page.total, 0);
}

TEST_F(EventListsTest, ShowAnEventWhole) {
  Store({{.id = 11,
          .type = "IssuesEvent",
          .action = "opened",
          .repository = 5,
          .created_at = At("2024-05-01"),
          .actor = 3}});
  NameRepository(5, "A/Name", At("2024-05-01"));
  const EventListPage page = Listed(QueryOf({}));
  ASSERT_EQ(page.items.size(), 1u);
  const Event& event = page.items[0];
  EXPECT_EQ(event.id, 11);
  EXPECT_EQ(event.type, "IssuesEvent");
  EXPECT_EQ(event.action, "opened");
  EXPECT_EQ(event.repository, RepositoryId{5});
  EXPECT_EQ(event.repository_name, "A/Name");
  EXPECT_EQ(event.actor_id, 3);
  EXPECT_EQ(event.actor_login, "octocat");
  EXPECT_EQ(event.number, 5);
  EXPECT_FALSE(event.merged);
  EXPECT_EQ(event.created_at, At("2024-05-01"));
  EXPECT_EQ(event.payload, R"({"number":5})");
}

TEST_F(EventListsTest, PagesMeetWithoutGapOrOverlapNewestFirst) {
  Store(Random());
  for (const EventFilter& filter : SomeFilters()) {
    EventListQuery query = QueryOf(filter);
    query.limit = 30;
    EXPECT_EQ(Paged(query), IdsOf(Matching(filter)));
  }
}

// The last event of a page is in the last second of a minute or an hour, and others share its second.
TEST_F(EventListsTest, PagesMeetAtTheEndsOfHours) {
  std::vector<Told> events;
  for (int64_t i = 0; i < 60; ++i) {
    events.push_back(
        {.id = i,
         .type = "IssuesEvent",
         .action = i % 2 == 0 ? "opened" : "closed",
         .repository = 1,
         .created_at = At("2024-05-01T10:59:59Z") - std::chrono::hours{i / 6} + seconds{i % 3 == 0 ? 1 : 0}});
  }
  Store(events);
  for (const EventFilter& filter : SomeFilters()) {
    for (size_t limit = 1; limit < 10; ++limit) {
      EventListQuery query = QueryOf(filter);
      query.limit = limit;
      EXPECT_EQ(Paged(query), IdsOf(Matching(filter))) << limit;
    }
  }
}

TEST_F(EventListsTest, OffsetsLeaveOutSoMany) {
  Store(Random());
  for (const EventFilter& filter : SomeFilters()) {
    const std::vector<int64_t> all = IdsOf(Matching(filter));
    EventListQuery query = QueryOf(filter);
    for (size_t offset : {1u, 29u, 60u, 333u, 5000u}) {
      query.offset = offset;
      const size_t from = std::min(offset, all.size());
      const size_t to = std::min(offset + query.limit, all.size());
      const EventListPage page = Listed(query);
      EXPECT_EQ(Ids(page), std::vector(all.begin() + static_cast<long>(from), all.begin() + static_cast<long>(to)))
          << offset;
      EXPECT_EQ(page.has_more, to < all.size());
    }
  }
}

TEST_F(EventListsTest, SinceIsInclusiveAndUntilIsNot) {
  Store(Random());
  const TimePoint since = At("2024-05-02T12:00:30Z");
  const TimePoint until = At("2024-05-05T11:58:31Z");
  for (const EventFilter& filter : SomeFilters()) {
    EventListQuery query = QueryOf(filter);
    query.since = since;
    query.until = until;
    query.limit = 17;
    std::vector<Told> expected = Matching(filter, since);
    std::erase_if(expected, [&](const Told& event) { return event.created_at >= until; });
    EXPECT_EQ(Paged(query), IdsOf(expected));
    EXPECT_EQ(Listed(query).total, std::nullopt);
  }
}

TEST_F(EventListsTest, TotalsCountOverAllTime) {
  Store(Random());
  Drop(OnDay("2024-05-03"));
  for (const EventFilter& filter : SomeFilters()) {
    const auto total = Listed(QueryOf(filter)).total;
    if (filter.action) {
      EXPECT_FALSE(total);
    } else {
      EXPECT_EQ(total, static_cast<int64_t>(Matching(filter).size()));
    }
  }
}

TEST_F(EventListsTest, EndWhereEventsWereDropped) {
  Store(Random());
  Drop(OnDay("2024-05-03"));
  for (const EventFilter& filter : SomeFilters()) {
    EXPECT_EQ(Paged(QueryOf(filter)), IdsOf(Matching(filter, At("2024-05-03"))));
  }
}

// Every event an hour from the next, most of another type: the rollups' hours are far apart.
TEST_F(EventListsTest, GoOnBehindDaysThatWereDropped) {
  std::vector<Told> events;
  for (int64_t id = 1; id <= 30; ++id) {
    events.push_back({.id = id,
                      .type = "PushEvent",
                      .action = "",
                      .repository = 1,
                      .created_at = At("2024-05-01") + std::chrono::days{(id - 1) / 10} + seconds{id}});
  }
  Store(events);
  ASSERT_OK(db().Run("DELETE FROM events WHERE DATE(created_at) = '2024-05-02'"));
  ASSERT_OK(db().Run("DELETE FROM event_days WHERE day = '2024-05-02'"));
  EventListQuery query = QueryOf({.type = {}, .action = {}, .repository = RepositoryId{1}});
  query.limit = 15;
  EXPECT_THAT(Ids(Listed(query)), ElementsAre(30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 10, 9, 8, 7, 6));
  query.offset = 12;
  EXPECT_THAT(Ids(Listed(query)), ElementsAre(8, 7, 6, 5, 4, 3, 2, 1));
}

TEST_F(EventListsTest, FindRareTypesInABusyRepository) {
  std::vector<Told> events;
  for (int64_t i = 0; i < 2000; ++i) {
    const bool rare = i % 40 == 0;
    events.push_back({.id = i,
                      .type = rare ? "ReleaseEvent" : "PushEvent",
                      .action = rare ? "published" : "",
                      .repository = 1,
                      .created_at = At("2024-05-01") + std::chrono::minutes{i * 5}});
  }
  // A busy minute in each hour makes going through the whole costlier than from one hour to the next.
  for (int64_t i = 0; i < 20'000; ++i) {
    events.push_back({.id = 10'000 + i,
                      .type = "PushEvent",
                      .action = "",
                      .repository = 1,
                      .created_at = At("2024-05-01T00:30:00Z") + std::chrono::hours{i % 160}});
  }
  Store(events);
  for (const EventFilter& filter :
       {EventFilter{.type = "ReleaseEvent", .action = {}, .repository = RepositoryId{1}},
        EventFilter{.type = "ReleaseEvent", .action = "published", .repository = RepositoryId{1}}}) {
    EventListQuery query = QueryOf(filter);
    EXPECT_EQ(Paged(query), IdsOf(Matching(filter)));
    query.offset = 13;
    query.limit = 20;
    const auto all = IdsOf(Matching(filter));
    EXPECT_EQ(Ids(Listed(query)), std::vector(all.begin() + 13, all.begin() + 33));
  }
}

class EventWindowTest : public EventTablesTest {};

TEST_F(EventWindowTest, IsBoundByTimeOrByNumberWhicheverIsLess) {
  Store(Random());
  for (BotFilter bots : {BotFilter::kInclude, BotFilter::kExclude, BotFilter::kOnly}) {
    std::vector<Told> counted = Matching({.type = {}, .action = {}, .repository = RepositoryId{1}});
    std::erase_if(counted, [&](const Told& event) {
      return (bots == BotFilter::kExclude && event.bot) || (bots == BotFilter::kOnly && !event.bot);
    });
    std::ranges::sort(counted, IsNewer);
    for (const auto& [since, events_max] : std::vector<std::pair<TimePoint, size_t>>{
             {At("2024-05-05T12:00:30Z"), 500}, {At("2024-04-01"), 50}, {At("2024-04-01"), 100'000}}) {
      std::vector<Told> within = counted;
      std::erase_if(within, [&, from = since](const Told& event) { return event.created_at < from; });
      const bool by_number = within.size() > events_max;
      if (by_number) within.resize(events_max);

      auto window = event_reader().Window(RepositoryId{1}, since, events_max, bots);
      ASSERT_OK(window);
      EXPECT_EQ(window->bound, by_number ? WindowBound::kEvents : WindowBound::kTime);
      EXPECT_EQ(window->from, by_number ? within.back().created_at : since);
      ASSERT_EQ(window->events.size(), within.size());
      for (size_t i = 0; i < within.size(); ++i) {
        EXPECT_EQ(window->events[i].created_at, within[i].created_at);
        EXPECT_EQ(window->events[i].type, within[i].type);
        EXPECT_EQ(window->events[i].action, within[i].action);
        EXPECT_EQ(window->events[i].actor_id, within[i].actor);
      }
    }
  }
}

TEST_F(EventWindowTest, WithExactlySoManyEventsIsBoundByTime) {
  Store({{.id = 1, .type = "PushEvent", .action = "", .repository = 1, .created_at = At("2024-05-01")},
         {.id = 2, .type = "PushEvent", .action = "", .repository = 1, .created_at = At("2024-05-02")}});
  EXPECT_EQ(event_reader().Window(RepositoryId{1}, At("2024-05-01"), 2, BotFilter::kInclude)->bound,
            WindowBound::kTime);
  EXPECT_EQ(event_reader().Window(RepositoryId{1}, At("2024-05-01"), 1, BotFilter::kInclude)->bound,
            WindowBound::kEvents);
  EXPECT_THAT(event_reader().Window(RepositoryId{9}, At("2024-05-01"), 2, BotFilter::kInclude)->events, IsEmpty());
}

class EventIntervalsTest : public EventTablesTest {
 protected:
  void ExpectIntervals(const EventFilter& filter, const std::vector<Told>& all, std::vector<Told> newest) {
    auto told = event_reader().Intervals(filter, EventReader::Percentiles::kWanted);
    ASSERT_OK(told);
    const auto times = [](const std::vector<Told>& events) {
      std::vector<TimePoint> result;
      for (const Told& event : events) result.push_back(event.created_at);
      return result;
    };
    const IntervalStatistics whole = StatisticsOf(times(all));
    EXPECT_EQ(told->events, whole.events);
    EXPECT_EQ(told->first, whole.first);
    EXPECT_EQ(told->last, whole.last);
    EXPECT_EQ(told->mean_seconds, whole.mean_seconds);
    std::ranges::sort(newest, IsNewer);
    newest.resize(std::min(newest.size(), EventReader::kPercentileEventsMax));
    const IntervalStatistics part = StatisticsOf(times(newest));
    EXPECT_EQ(told->median_seconds, part.median_seconds);
    EXPECT_EQ(told->p90_seconds, part.p90_seconds);
    EXPECT_EQ(told->percentile_intervals, part.percentile_intervals);
  }
};

TEST_F(EventIntervalsTest, AreOfAllAndPercentilesOfTheNewest) {
  Store(Random(4000));
  for (const EventFilter& filter : SomeFilters()) ExpectIntervals(filter, Matching(filter), Matching(filter));
  const EventFilter one{.type = "PullRequestEvent", .action = "opened", .repository = RepositoryId{1}};
  const auto exact = event_reader().Intervals(one, EventReader::Percentiles::kWanted).value();
  EXPECT_EQ(exact.percentile_intervals, exact.events - 1);
}

TEST_F(EventIntervalsTest, OutliveTheirEvents) {
  Store(Random(4000));
  Drop(OnDay("2024-05-05"));
  for (const EventFilter& filter : SomeFilters()) {
    ExpectIntervals(filter, Matching(filter), Matching(filter, At("2024-05-05")));
  }
  Drop(OnDay("2024-06-01"));
  for (const EventFilter& filter : SomeFilters()) ExpectIntervals(filter, Matching(filter), {});
}

TEST_F(EventIntervalsTest, EqualSecondsAreIntervalsOfZero) {
  Store({{.id = 1, .type = "PushEvent", .action = "", .repository = 1, .created_at = At("2024-05-01")},
         {.id = 2, .type = "PushEvent", .action = "", .repository = 1, .created_at = At("2024-05-01")}});
  const auto intervals = event_reader().Intervals({}, EventReader::Percentiles::kWanted).value();
  EXPECT_EQ(intervals.mean_seconds, 0);
  EXPECT_EQ(intervals.median_seconds, 0);
  EXPECT_EQ(intervals.percentile_intervals, 1);
}

}  // namespace
}  // namespace repopulse
