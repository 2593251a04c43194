#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/event_service.h"

namespace repopulse::http {
namespace {

using nlohmann::json;
using test::At;
using test::EventService;
using test::HttpService;
using test::RepositoryNamed;
using test::SampleRepository;
using test::Seen;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kActivity = "/api/v1/repos/kube/ctl/activity";

// ---- activity

TEST(Activity, IsByTypeWithinOneWindowOverTheRepository) {
  EventService service;
  service.events.Add({1}, "IssuesEvent", "opened", "2024-05-08T10:00:00Z", 7);
  service.events.Add({1}, "IssuesEvent", "closed", "2024-05-08T10:10:00Z", 8);
  service.events.Add({1}, "IssuesEvent", "opened", "2024-05-08T10:30:00Z", 7);
  service.events.Add({1}, "PushEvent", "", "2024-05-08T11:00:00Z", 9);
  service.events.Add({1}, "PushEvent", "", "2024-04-30T11:00:00Z", 9);  // over seven days ago
  const json answer = service.Get(kActivity).json();
  EXPECT_EQ(answer["data"], json::parse(R"([
    {"type": "IssuesEvent", "count": 3, "first_at": "2024-05-08T10:00:00Z", "last_at": "2024-05-08T10:30:00Z",
     "mean_interval_seconds": 900.0, "median_interval_seconds": 900.0, "p90_interval_seconds": 1140.0, "actors": 2,
     "actions": [
       {"action": "closed", "count": 1, "first_at": "2024-05-08T10:10:00Z", "last_at": "2024-05-08T10:10:00Z",
        "mean_interval_seconds": null, "median_interval_seconds": null, "p90_interval_seconds": null, "actors": 1},
       {"action": "opened", "count": 2, "first_at": "2024-05-08T10:00:00Z", "last_at": "2024-05-08T10:30:00Z",
        "mean_interval_seconds": 1800.0, "median_interval_seconds": 1800.0, "p90_interval_seconds": 1800.0,
        "actors": 1}]},
    {"type": "PushEvent", "count": 1, "first_at": "2024-05-08T11:00:00Z", "last_at": "2024-05-08T11:00:00Z",
     "mean_interval_seconds": null, "median_interval_seconds": null, "p90_interval_seconds": null, "actors": 1,
     "actions": []}])"));
  EXPECT_EQ(answer["meta"]["window"], json::parse(R"({"from": "2024-05-01T12:00:00Z", "to": "2024-05-08T12:00:00Z",
                                                      "bound": "days", "days": 7, "events": 500})"));
  EXPECT_EQ(answer["meta"]["sample_size"], 4);
  EXPECT_EQ(answer["meta"]["repository"], "Kube/Ctl");
  EXPECT_TRUE(answer["meta"]["activity"].is_null());
}

TEST(Activity, SaysWhereTheNumberOfEventsBoundIt) {
  EventService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-08T09:00:00Z");
  service.events.Add({1}, "WatchEvent", "started", "2024-05-08T10:00:00Z");
  service.events.Add({1}, "PushEvent", "", "2024-05-08T11:00:00Z");
  const json answer = service.Get(std::string(kActivity) + "?events=2&days=1").json();
  EXPECT_EQ(answer["meta"]["window"]["bound"], "events");
  EXPECT_EQ(answer["meta"]["window"]["from"], "2024-05-08T10:00:00Z");
  EXPECT_EQ(answer["data"][0]["count"], 1);
}

TEST(Activity, LeavesBotsOutOrEverybodyElse) {
  EventService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-08T09:00:00Z").actor_login = "renovate[bot]";
  service.events.Add({1}, "PushEvent", "", "2024-05-08T10:00:00Z");
  service.events.Add({1}, "PushEvent", "", "2024-05-08T11:00:00Z");
  const auto count = [&](const char* bots) {
    return service.Get(std::string(kActivity) + "?bots=" + bots).json()["data"][0]["count"].get<int>();
  };
  EXPECT_EQ(count("include"), 3);
  EXPECT_EQ(count("exclude"), 2);
  EXPECT_EQ(count("only"), 1);
}

TEST(Activity, ShowsTheScoreAndWhatItConsistsOf) {
  EventService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-08T09:00:00Z");
  service.events.activities[{1}] = {{1}, {2.5, {1, 2, 3, 4, 5}, 6}, At("2024-05-08T08:00:00Z")};
  EXPECT_EQ(service.Get(kActivity).json()["meta"]["activity"],
            json::parse(R"({"score": 2.5, "window_days": 30, "computed_at": "2024-05-08T08:00:00Z", "actors": 6,
    "components": {"issue_comments": 1, "issues_opened": 2, "pull_requests_opened": 3, "review_comments": 4,
                   "pull_requests_merged": 5}})"));
}

TEST(Activity, TellsTheRangesOfItsParameters) {
  EventService service;
  const Seen seen = service.Get(std::string(kActivity) + "?days=91&events=501&bots=yes&format=x&type=PushEvent");
  EXPECT_THAT(seen.wrong_parameters(), ElementsAre("days", "events", "bots", "format", "type"));
  EXPECT_EQ(seen.json()["errors"][0]["allowed"], "a whole number from 1 to 90");
  EXPECT_EQ(seen.json()["errors"][1]["allowed"], "a whole number from 1 to 500");
}

TEST(Activity, IsAsOldAsTheLastLookWhereThatIsAWhileAgo) {
  EventService service;
  service.sources.coverage.gaps = {{At("2024-05-08T11:15:00Z"), At("2024-05-08T12:00:00Z")}};
  const Seen seen = service.Get(kActivity);
  EXPECT_EQ(seen.json()["meta"]["data_as_of"], "2024-05-08T11:15:00Z");
  EXPECT_EQ(seen.header("Last-Modified"), "Wed, 08 May 2024 11:15:00 GMT");
}

// ---- history

TEST(ActivityHistory, HasARowForEachBucketAndACountForEachType) {
  EventService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-02T23:59:59Z");
  service.events.Add({1}, "IssuesEvent", "opened", "2024-05-04T00:00:00Z");
  service.events.Add({1}, "IssuesEvent", "closed", "2024-05-04T01:00:00Z");
  const std::string query = std::string(kActivity) + "/history?bucket=day&from=2024-05-02&to=2024-05-04";
  EXPECT_EQ(service.Get(query + "&format=csv").body,
            "bucket,total,counts.IssuesEvent,counts.PushEvent\r\n"
            "2024-05-02T00:00:00Z,1,0,1\r\n"
            "2024-05-03T00:00:00Z,0,0,0\r\n"
            "2024-05-04T00:00:00Z,2,2,0\r\n");
  const json meta = service.Get(query).json()["meta"];
  EXPECT_EQ(meta["window"], json::parse(R"({"from": "2024-05-02T00:00:00Z", "to": "2024-05-05T00:00:00Z",
                                            "bound": "days"})"));
  EXPECT_EQ(meta["sample_size"], 3);
}

TEST(ActivityHistory, TakesADayAsAWholeInHours) {
  EventService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-07T23:30:00Z");
  const auto rows =
      service.Get(std::string(kActivity) + "/history?bucket=hour&from=2024-05-07&to=2024-05-07").json()["data"];
  ASSERT_EQ(rows.size(), 24U);
  EXPECT_EQ(rows[23]["bucket"], "2024-05-07T23:00:00Z");
  EXPECT_EQ(rows[23]["total"], 1);
  // Of today there are no hours yet but those begun.
  EXPECT_EQ(
      service.Get(std::string(kActivity) + "/history?bucket=hour&from=2024-05-08&to=2024-05-08").json()["data"].size(),
      13U);
}

TEST(ActivityHistory, HasAnEnd) {
  EventService service;
  const auto ask = [&](const char* query) { return service.Get(std::string(kActivity) + "/history" + query); };
  EXPECT_EQ(ask("?from=2021-05-04&to=2024-05-07").json()["data"].size(), 1100U);
  EXPECT_THAT(ask("?from=2021-05-03&to=2024-05-07").wrong_parameters(), ElementsAre("from"));
  EXPECT_THAT(ask("?from=2024-05-03&to=2024-05-02").wrong_parameters(), ElementsAre("from"));
  EXPECT_THAT(ask("?bucket=week&from=x&to=y&days=1").wrong_parameters(), ElementsAre("bucket", "from", "to", "days"));
}

// ---- the repository itself, and tracking

TEST(ARepositoryOfEventsAlone, HasANameAndNoNumbers) {
  EventService service;
  service.events.Add({2}, "PushEvent", "", "2024-05-08T09:00:00Z");
  const json data = service.Get("/api/v1/repos/A/Two").json()["data"];
  EXPECT_EQ(data["full_name"], "a/two");
  EXPECT_EQ(data["active"], false);
  for (const char* member : {"stargazers_count", "forks_count", "open_issues_count", "created_at", "language"}) {
    EXPECT_TRUE(data.at(member).is_null()) << member;
  }
  EXPECT_EQ(data["events"]["total"], 1);
  EXPECT_EQ(data["events"]["counts"], json::parse(R"({"PushEvent": 1})"));
}

TEST(ARepositoryOfEventsAlone, TookANameOver) {
  EventService service;
  service.repositories.fake.stored.push_back({SampleRepository(9, "b/now", 1), service.clock.Now(), std::nullopt, {}});
  service.repositories.fake.earlier_names["a/two"] = RepositoryId{9};
  EXPECT_EQ(service.Get("/api/v1/repos/a/two").json()["data"]["id"], 2);
}

TEST(Tracking, IsStartedAndStoppedWithTheKey) {
  EventService service;
  service.tracker.on_github = {{{2}, RepositoryNamed("a/two")}};
  const auto put = [&](const char* name, bool may_wait = true) {
    return service.Ask(Method::kPut, std::string("/api/v1/repos/") + name + "/tracking", HttpService::kKey, may_wait);
  };
  EXPECT_EQ(service.Ask(Method::kPut, "/api/v1/repos/a/two/tracking").status, 401);
  EXPECT_EQ(put("a/two", false).status, 503);
  const Seen started = put("A/Two");
  EXPECT_EQ(started.status, 201);
  EXPECT_EQ(started.header("Location"), "/api/v1/repos/a/two");
  EXPECT_EQ(started.json()["data"]["active"], true);
  EXPECT_EQ(put("a/two").status, 200);
  EXPECT_EQ(put("a/nobody").status, 404);
  service.tracker.active_max = 0;
  const auto remove = [&](const char* name) {
    return service.Ask(Method::kDelete, std::string("/api/v1/repos/") + name + "/tracking", HttpService::kKey).status;
  };
  EXPECT_EQ(remove("a/two"), 204);
  EXPECT_EQ(remove("a/two"), 204);
  EXPECT_EQ(remove("a/three"), 404);
  EXPECT_EQ(put("a/two").status, 409);
}

TEST(Tracking, MakesAnswersAnew) {
  EventService service;
  service.tracker.on_github = {{{2}, RepositoryNamed("a/two")}};
  EXPECT_EQ(service.Get("/api/v1/repos/a/two/events").status, 200);
  service.Ask(Method::kPut, "/api/v1/repos/a/two/tracking", HttpService::kKey, true);
  EXPECT_EQ(service.Get("/api/v1/repos/a/two/events").status, 202);
  EXPECT_EQ(service.Get("/api/v1/repos/a/two").json()["data"]["active"], true);
}

// ---- coverage

TEST(CoverageList, ShowsWhatEachSourceSawAndMissed) {
  EventService service;
  EventSource source;
  source.id = 4;
  source.kind = SourceKind::kRepository;
  source.repository = {2};
  source.name = RepositoryNamed("a/two");
  source.polls = 10;
  source.not_modified = 3;
  source.events_new = 100;
  source.gaps = 1;
  service.sources.sources = {source};
  service.sources.gaps[4] = {
      {At("2024-05-08T01:00:00Z"), At("2024-05-08T02:00:00Z"), At("2024-05-08T01:30:00Z"), At("2024-05-08T02:30:00Z")}};
  // A quarter of the last day, and six hours of the week before it.
  service.sources.coverage = {0.9,
                              {{At("2024-05-03T00:00:00Z"), At("2024-05-03T06:00:00Z")},
                               {At("2024-05-08T00:00:00Z"), At("2024-05-08T06:00:00Z")}}};
  const json answer = service.Get("/api/v1/coverage").json();
  ASSERT_EQ(answer["data"].size(), 1U);
  const json& row = answer["data"][0];
  EXPECT_EQ(row["kind"], "repository");
  EXPECT_EQ(row["repository"], "a/two");
  EXPECT_EQ(row["not_modified"], 3);
  EXPECT_EQ(row["share_captured"], json::parse(R"({"last_24_hours": 0.75, "last_7_days": 0.9})"));
  EXPECT_EQ(row["gaps_count"], 1);
  EXPECT_EQ(row["gaps"][0]["polled_to"], "2024-05-08T02:30:00Z");
}

TEST(CoverageList, IsPagedThroughAndShowsImports) {
  EventService service;
  for (const int id : {1, 2, 3}) {
    service.sources.sources.emplace_back().id = id;
  }
  service.imports.imports.emplace_back().name = "2015-01-01-0.json.gz";
  const Seen first = service.Get("/api/v1/coverage?per_page=2");
  EXPECT_EQ(first.json()["data"].size(), 2U);
  EXPECT_EQ(first.json()["meta"]["imports"][0]["name"], "2015-01-01-0.json.gz");
  EXPECT_EQ(service.Get(first.next()).json()["data"][0]["id"], 3);
  EXPECT_THAT(service.Get("/api/v1/coverage?cursor=x&minutes=2").wrong_parameters(), ElementsAre("cursor", "minutes"));
}

TEST(CoverageList, TellsWhatGitHubStillAllows) {
  EventService service;
  RateBudget& core = service.budgets.budget(RateResource::kCore);
  core.limit = 5000;
  core.remaining = 4321;
  core.reset_at = At("2024-05-08T12:30:00Z");
  service.budgets.budget(RateResource::kSearch) = RateBudget{};  // never asked
  EXPECT_EQ(service.Get("/api/v1/coverage").json()["meta"]["github_requests"], json::parse(R"([
    {"resource": "core", "limit": 5000, "remaining": 4321, "resets_at": "2024-05-08T12:30:00Z"},
    {"resource": "search", "limit": 0, "remaining": 0, "resets_at": null}])"));
}

// ---- the ranking by activity

TEST(TheRankingByActivity, ExplainsItsScoreWhereAsked) {
  EventService service;
  EXPECT_THAT(service.Get("/api/v1/topics/go/repositories?sort=activity&explain=yes").wrong_parameters(),
              ElementsAre("explain"));
}

}  // namespace
}  // namespace repopulse::http
