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
