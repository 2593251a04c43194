#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/event_service.h"

namespace repopulse::http {
namespace {

using nlohmann::json;
using test::At;
using test::EventService;
using test::Seen;
using ::testing::ElementsAre;

constexpr const char* kHealth = "/api/v1/repos/kube/ctl/health";

TEST(Health, LinksEachMetricToItsDefinition) {
  EventService service;
  service.trends.health_events = {
      {HealthAct::kIssueOpened, At("2024-05-08T10:00:00Z"), 1, false, 5},
      {HealthAct::kContribution, At("2024-05-08T10:01:30Z"), 2, false, 5},
      {HealthAct::kChangeRequestOpened, At("2024-05-08T10:02:00Z"), 1, false, 6},
  };
  const json answer = service.Get(kHealth).json();
  const json& data = answer["data"];
  EXPECT_EQ(data["contributor_absence_factor"], json::parse(R"({"value": 1, "contributors": 2, "contributions": 3,
    "definition": "https://chaoss.community/kb/metric-contributor-absence-factor/"})"));
  EXPECT_EQ(data["change_request_closure_ratio"], json::parse(R"({"value": 0.0, "opened": 1, "closed": 0,
    "definition": "https://chaoss.community/kb/metric-change-request-closure-ratio/"})"));
  EXPECT_EQ(data["time_to_first_response"]["issues"], json::parse(R"({"opened": 1, "answered": 1,
    "mean_seconds": 90.0, "median_seconds": 90.0, "p90_seconds": 90.0})"));
  EXPECT_EQ(data["time_to_first_response"]["change_requests"], json::parse(R"({"opened": 1, "answered": 0,
    "mean_seconds": null, "median_seconds": null, "p90_seconds": null})"));
  EXPECT_EQ(answer["meta"]["sample_size"], 3);
  EXPECT_EQ(answer["meta"]["repository"], "Kube/Ctl");
  EXPECT_EQ(answer["meta"]["coverage"]["share"], 0.75);
  EXPECT_EQ(answer["meta"]["window"], json::parse(R"({"from": "2024-02-08T12:00:00Z", "to": "2024-05-08T12:00:00Z",
                                                      "bound": "days", "days": 90, "events": 10000})"));
}

TEST(Health, TellsWhenThingsHappen) {
  EventService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-06T10:59:59Z");  // a Monday
  service.events.Add({1}, "PushEvent", "", "2024-05-06T10:00:00Z");
  service.events.Add({1}, "WatchEvent", "started", "2024-05-05T23:00:00Z");  // a Sunday
  service.events.Add({1}, "PushEvent", "", "2024-01-01T00:00:00Z");          // long ago
  const json times = service.Get(kHealth).json()["data"]["activity_dates_and_times"];
  EXPECT_EQ(times["by_weekday"], json::parse("[2, 0, 0, 0, 0, 0, 1]"));
  EXPECT_EQ(times["by_hour"][10], 2);
  EXPECT_EQ(times["by_hour"][23], 1);
  EXPECT_EQ(times["by_weekday_and_hour"][0][10], 2);
  EXPECT_EQ(times["by_weekday_and_hour"][6][23], 1);
  EXPECT_EQ(times["events"], 3);
}

TEST(Health, LooksAtNoMoreThanTheLatestTenThousandEvents) {
  EventService service;
  for (int i = 0; i < 9'999; ++i) service.events.Add({1}, "PushEvent", "", "2024-05-08T10:30:00Z");
  service.events.Add({1}, "IssuesEvent", "opened", "2024-05-08T09:30:00Z");
  service.events.Add({1}, "PushEvent", "", "2024-05-08T07:30:00Z");
  for (int i = 0; i < 20; ++i) service.events.Add({1}, "WatchEvent", "started", "2024-05-08T08:30:00Z");
  const json meta = service.Get(kHealth).json()["meta"];
  EXPECT_EQ(meta["window"]["bound"], "events");
  EXPECT_EQ(meta["window"]["from"], "2024-05-08T08:00:00Z");
  ASSERT_EQ(service.trends.health_asked.size(), 1U);
  EXPECT_EQ(service.trends.health_asked[0].since, At("2024-05-08T08:00:00Z"));
}

TEST(Health, OfAnEarlierNameIsAtThePresentOne) {
  EventService service;
  const Seen moved = service.Get("/api/v1/repos/old/name/health?days=7");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.header("Location"), "/api/v1/repos/Kube/Ctl/health?days=7");
  EXPECT_EQ(service.Get("/api/v1/repos/no/body/health").status, 404);
}

TEST(Health, RefusesBadParameters) {
  EventService service;
  EXPECT_THAT(service.Get(std::string(kHealth) + "?days=366&format=csv").wrong_parameters(),
              ElementsAre("days", "format"));
}

}  // namespace
}  // namespace repopulse::http
