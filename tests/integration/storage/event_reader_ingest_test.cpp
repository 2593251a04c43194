// What was stored through EventStore is what EventReader tells: the two sides agree about the tables.
#include <algorithm>

#include "integration/storage/event_tables.h"

namespace repopulse {
namespace {

class EventReaderIngestTest : public EventTablesTest {
 protected:
  void Ingest(const std::vector<Told>& events) {
    std::vector<Event> batch;
    for (const Told& told : events) {
      Event event;
      event.id = told.id;
      event.type = told.type;
      event.action = told.action;
      event.repository = RepositoryId{told.repository};
      event.repository_name = "owner/r" + std::to_string(told.repository);
      event.actor_id = told.actor;
      event.actor_login = told.bot ? "some[bot]" : "octocat";
      event.created_at = told.created_at;
      batch.push_back(std::move(event));
    }
    auto result = storage_->events().Ingest(batch, nullptr, clock_.Now());
    ASSERT_OK(result);
    ASSERT_EQ(result->added, static_cast<int64_t>(events.size()));
    told_ = events;
  }
};

TEST_F(EventReaderIngestTest, WhatWasStoredIsTold) {
  Ingest(Random());
  for (const EventFilter& filter :
       {EventFilter{}, EventFilter{.type = "IssuesEvent", .action = "closed", .repository = {}},
        EventFilter{.type = "PullRequestEvent", .action = {}, .repository = RepositoryId{1}}}) {
    for (const std::optional<TimePoint> since :
         {std::optional<TimePoint>(), std::optional(At("2024-05-03T12:01:17Z"))}) {
      const auto counts = event_reader().Counts(filter, since).value();
      int64_t events = 0;
      for (const EventCount& count : counts.counts) events += count.events;
      EXPECT_EQ(events, static_cast<int64_t>(Matching(filter, since).size()));
    }
    std::vector<Told> newest = Matching(filter);
    std::ranges::sort(newest, IsNewer);
    const auto page = event_reader()
                          .List({.repository = filter.repository,
                                 .type = filter.type,
                                 .action = filter.action,
                                 .since = {},
                                 .until = {},
                                 .after = {}})
                          .value();
    ASSERT_EQ(page.items.size(), 30u);
    for (size_t i = 0; i < page.items.size(); ++i) {
      EXPECT_EQ(page.items[i].id, newest[i].id);
      EXPECT_EQ(page.items[i].repository_name, "owner/r" + std::to_string(newest[i].repository));
    }
    std::vector<TimePoint> times;
    for (const Told& event : Matching(filter)) times.push_back(event.created_at);
    EXPECT_EQ(event_reader().Intervals(filter, EventReader::Percentiles::kWanted).value().mean_seconds,
              StatisticsOf(times).mean_seconds);
  }
  const auto window = event_reader().Window(RepositoryId{1}, At("2024-05-01"), 100'000, BotFilter::kOnly).value();
  std::vector<Told> bots = Matching({.type = {}, .action = {}, .repository = RepositoryId{1}}, At("2024-05-01"));
  std::erase_if(bots, [](const Told& event) { return !event.bot; });
  EXPECT_EQ(window.events.size(), bots.size());
}

// Among the many events of the repository its few of the type are found through those of all repositories.
TEST_F(EventReaderIngestTest, TellsTheRareEventsOfABusyRepository) {
  std::vector<Told> all;
  for (int64_t id = 1; id <= 9'000; ++id) {
    const bool rare = id % 60 == 0;
    all.push_back({.id = id,
                   .type = rare ? "IssuesEvent" : "PushEvent",
                   .action = rare ? (id % 120 == 0 ? "closed" : "opened") : "",
                   .repository = id % 7 == 0 ? 2 : 1,
                   .created_at = At("2024-05-01T00:00:00Z") + std::chrono::seconds{id * 37}});
  }
  Ingest(all);
  for (const std::optional<std::string>& action :
       {std::optional<std::string>(), std::optional<std::string>("closed")}) {
    const EventFilter filter{.type = "IssuesEvent", .action = action, .repository = RepositoryId{1}};
    std::vector<Told> matching = Matching(filter);
    std::ranges::sort(matching, IsNewer);
    ASSERT_GT(matching.size(), 50U);
    const auto page = event_reader()
                          .List({.repository = filter.repository,
                                 .type = filter.type,
                                 .action = filter.action,
                                 .since = At("2024-05-01T00:30:00Z"),
                                 .until = {},
                                 .after = {},
                                 .offset = 20})
                          .value();
    ASSERT_EQ(page.items.size(), 30U);
    for (size_t i = 0; i < page.items.size(); ++i) EXPECT_EQ(page.items[i].id, matching[i + 20].id);
    std::vector<TimePoint> times;
    for (const Told& event : matching) times.push_back(event.created_at);
    const auto expected = StatisticsOf(times);
    const auto told = event_reader().Intervals(filter, EventReader::Percentiles::kWanted).value();
    EXPECT_EQ(told.median_seconds, expected.median_seconds);
    EXPECT_EQ(told.p90_seconds, expected.p90_seconds);
    EXPECT_EQ(told.percentile_intervals, expected.percentile_intervals);
    const auto mean = event_reader().Intervals(filter, EventReader::Percentiles::kNotWanted).value();
    EXPECT_EQ(mean.mean_seconds, expected.mean_seconds);
    EXPECT_EQ(mean.median_seconds, std::nullopt);
  }
}

TEST_F(EventReaderIngestTest, PrunedDaysLeaveTheirCounts) {
  Ingest(Random());
  ASSERT_OK(storage_->events().Prune(At("2024-05-03")));
  const auto counts = event_reader().Counts({}, At("2024-05-02T12:00:40Z")).value();
  EXPECT_EQ(counts.since, At("2024-05-02T13:00:00Z"));
  int64_t events = 0;
  for (const EventCount& count : counts.counts) events += count.events;
  EXPECT_EQ(events, static_cast<int64_t>(Matching({}, counts.since).size()));
}

}  // namespace
}  // namespace repopulse
