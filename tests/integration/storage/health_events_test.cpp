// The contract of service/trend_reader.h: the events that health is told from.
#include <algorithm>

#include "integration/storage/event_test.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HealthEventsTest : public EventTest {
 protected:
  [[nodiscard]] TrendReader& trends() { return storage_->trends(); }

  int64_t last_id_ = 0;
};

TEST_F(HealthEventsTest, ReadsTheEventsThatHealthIsToldFrom) {
  Event opened = MakeEvent(1, "IssuesEvent", "2026-06-30T10:00:00Z");
  opened.action = "opened";
  opened.number = 17;
  Event bots = MakeEvent(2, "IssueCommentEvent", "2026-06-30T11:00:00Z");
  bots.action = "created";
  bots.actor_login = "renovate[bot]";
  bots.number = 17;
  const std::vector<Event> others = {MakeEvent(3, "WatchEvent", "2026-06-30T12:00:00Z"),
                                     MakeEvent(4, "PushEvent", "2026-06-30T12:00:00Z", 8),
                                     MakeEvent(5, "PushEvent", "2026-06-28T12:00:00Z")};
  Ingest({opened, bots});
  Ingest(others);
  auto sample = trends().HealthEvents(RepositoryId{7}, At("2026-06-29T00:00:00Z"), 10);
  ASSERT_OK(sample);
  ASSERT_EQ(sample->events.size(), 2U);
  EXPECT_EQ(sample->from, At("2026-06-29T00:00:00Z"));
  std::ranges::sort(sample->events, std::greater<>(), &HealthEvent::created_at);
  const HealthEvent& latest = sample->events[0];
  EXPECT_EQ(latest.act, HealthAct::kContribution);
  EXPECT_TRUE(latest.bot);
  EXPECT_EQ(latest.number, 17);
  EXPECT_EQ(sample->events[1].act, HealthAct::kIssueOpened);
  EXPECT_EQ(sample->events[1].actor_id, 5);
  EXPECT_EQ(sample->events[1].created_at, At("2026-06-30T10:00:00Z"));
  sample = trends().HealthEvents(RepositoryId{7}, At("2026-06-01T00:00:00Z"), 2);
  ASSERT_OK(sample);
  EXPECT_EQ(sample->events.size(), 2U) << "the latest";
  EXPECT_EQ(sample->from, At("2026-06-28T00:00:00Z")) << "no event is stored of any day before";
}

TEST_F(HealthEventsTest, HealthIsToldFromTheSameEventsAmongFewAndManyOthers) {
  const auto seen = [&](int64_t repository) {
    const auto sample = trends().HealthEvents(RepositoryId{repository}, At("2026-06-20T00:00:01Z"), 10);
    std::vector<std::pair<TimePoint, HealthAct>> events;
    for (const HealthEvent& event : sample->events) events.emplace_back(event.created_at, event.act);
    std::ranges::sort(events);
    return events;
  };
  for (const int64_t repository : {7, 8}) {
    std::vector<Event> batch;
    for (const char* at : {"2026-06-20T00:00:00Z", "2026-06-20T00:00:01Z", "2026-06-25T01:00:00Z"}) {
      batch.push_back(MakeEvent(++last_id_, "PushEvent", at, repository));
      batch.push_back(MakeEvent(++last_id_, "WatchEvent", at, repository));
    }
    batch.push_back(MakeEvent(++last_id_, "PullRequestEvent", "2026-06-24T01:00:00Z", repository));
    batch.back().action = "merged";
    Ingest(batch);
  }
  std::vector<Event> stars;
  for (int i = 0; i < 200; ++i) stars.push_back(MakeEvent(++last_id_, "WatchEvent", "2026-06-24T01:00:00Z", 8));
  Ingest(stars);
  const auto few = seen(7);
  EXPECT_THAT(few, ElementsAre(std::pair(At("2026-06-20T00:00:01Z"), HealthAct::kContribution),
                               std::pair(At("2026-06-24T01:00:00Z"), HealthAct::kChangeRequestClosed),
                               std::pair(At("2026-06-25T01:00:00Z"), HealthAct::kContribution)));
  EXPECT_EQ(seen(8), few);
}

TEST_F(HealthEventsTest, HealthHasTheLatestWhereThereAreMoreThanAreWanted) {
  std::vector<Event> batch;
  for (int i = 0; i < 20; ++i) {
    const std::string at = "2026-06-" + std::to_string(10 + i % 10) + "T0" + std::to_string(i / 10) + ":00:00Z";
    batch.push_back(MakeEvent(++last_id_, i % 3 == 0 ? "PushEvent" : "IssuesEvent", at));
  }
  Ingest(batch);
  for (const size_t wanted : {3U, 19U, 20U, 21U}) {
    auto sample = trends().HealthEvents(RepositoryId{7}, At("2026-06-01T00:00:00Z"), wanted);
    ASSERT_OK(sample);
    ASSERT_EQ(sample->events.size(), std::min<size_t>(wanted, 20));
    std::ranges::sort(sample->events, {}, &HealthEvent::created_at);
    EXPECT_EQ(sample->events.back().created_at, At("2026-06-19T01:00:00Z"));
    const char* oldest = wanted == 3 ? "2026-06-18T01:00:00Z" : wanted == 19 ? "2026-06-10T01:00:00Z" : "2026-06-10";
    EXPECT_EQ(sample->events.front().created_at, At(oldest));
  }
}

TEST_F(HealthEventsTest, HealthOfNothingIsNoEvents) {
  auto sample = trends().HealthEvents(RepositoryId{7}, At("2026-06-29T00:00:00Z"), 10);
  ASSERT_OK(sample);
  EXPECT_THAT(sample->events, IsEmpty());
}

}  // namespace
}  // namespace repopulse
