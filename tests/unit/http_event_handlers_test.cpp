#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/paging.h"
#include "support/event_service.h"

namespace repopulse::http {
namespace {

using nlohmann::json;
using test::At;
using test::EventService;
using test::RepositoryNamed;
using test::Seen;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- /events/counts

TEST(EventCounts, AreOfTheLastMinutesByTypeAndAction) {
  EventService service;  // it is noon
  service.events.Add({1}, "PullRequestEvent", "opened", "2024-05-08T11:30:00Z");
  service.events.Add({2}, "PullRequestEvent", "closed", "2024-05-08T11:00:00Z");
  service.events.Add({1}, "PullRequestEvent", "opened", "2024-05-08T11:50:00Z");
  service.events.Add({1}, "PullRequestEvent", "opened", "2024-05-08T10:59:59Z");
  service.events.Add({1}, "PushEvent", "", "2024-05-08T11:59:00Z");
  const json answer = service.Get("/api/v1/events/counts?minutes=60").json();
  EXPECT_EQ(answer["data"], json::parse(R"([
    {"type": "PullRequestEvent", "count": 3, "first_at": "2024-05-08T11:00:00Z", "last_at": "2024-05-08T11:50:00Z",
     "actions": [
       {"action": "closed", "count": 1, "first_at": "2024-05-08T11:00:00Z", "last_at": "2024-05-08T11:00:00Z"},
       {"action": "opened", "count": 2, "first_at": "2024-05-08T11:30:00Z", "last_at": "2024-05-08T11:50:00Z"}]},
    {"type": "PushEvent", "count": 1, "first_at": "2024-05-08T11:59:00Z", "last_at": "2024-05-08T11:59:00Z",
     "actions": []}])"));
  EXPECT_EQ(answer["meta"]["window"], json::parse(R"({"from": "2024-05-08T11:00:00Z", "to": "2024-05-08T12:00:00Z",
                                                      "bound": "minutes", "minutes": 60})"));
  EXPECT_EQ(answer["meta"]["sample_size"], 4);
  EXPECT_EQ(answer["meta"]["coverage"]["share"], 0.75);
}

TEST(EventCounts, AsATableHaveARowForTheTypeAndOneForEachAction) {
  EventService service;
  service.events.Add({1}, "IssuesEvent", "opened", "2024-05-08T11:30:00Z");
  service.events.Add({1}, "IssuesEvent", "", "2024-05-08T11:40:00Z");
  EXPECT_EQ(service.Get("/api/v1/events/counts?format=csv").body,
            "type,action,count,first_at,last_at\r\n"
            "IssuesEvent,,2,2024-05-08T11:30:00Z,2024-05-08T11:40:00Z\r\n"
            "IssuesEvent,opened,1,2024-05-08T11:30:00Z,2024-05-08T11:30:00Z\r\n");
}

TEST(EventCounts, CanBeOfOneRepositoryUnderAnyOfItsNames) {
  EventService service;
  service.events.Add({1}, "WatchEvent", "started", "2020-01-01T00:00:00Z");
  service.events.Add({2}, "WatchEvent", "started", "2020-01-01T00:00:00Z");
  for (const char* name : {"kube/ctl", "Old/Name"}) {
    const json answer = service.Get(std::string("/api/v1/events/counts?type=WatchEvent&repo=") + name).json();
    ASSERT_EQ(answer["data"].size(), 1U) << name;
    EXPECT_EQ(answer["data"][0]["count"], 1);
    EXPECT_EQ(answer["meta"]["repository"], "Kube/Ctl");
    EXPECT_EQ(answer["meta"]["window"]["bound"], "all");
    EXPECT_EQ(answer["meta"]["window"]["from"], "2020-01-01T00:00:00Z");
  }
  EXPECT_EQ(service.Get("/api/v1/events/counts?repo=a/unknown").status, 404);
}

TEST(EventCounts, OfAWordNobodyHasSeenAreNone) {
  EventService service;
  const Seen seen = service.Get("/api/v1/events/counts?type=NewEvent&action=invented");
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(seen.json()["data"], IsEmpty());
}

TEST(EventCounts, NameAllMistakesAtOnce) {
  EventService service;
  const Seen seen =
      service.Get("/api/v1/events/counts?minutes=43201&type=a-b&action=%20&repo=nobody&format=xml&days=1");
  EXPECT_EQ(seen.status, 400);
  EXPECT_THAT(seen.wrong_parameters(), ElementsAre("minutes", "type", "action", "repo", "format", "days"));
  EXPECT_EQ(seen.json()["errors"][0]["allowed"], "a whole number from 1 to 43200");
  EXPECT_EQ(service.Get("/api/v1/events/counts?minutes=43200").status, 200);
  EXPECT_EQ(service.Get("/api/v1/events/counts?minutes=0").status, 400);
}

// ---- /events/history

TEST(EventMinutes, AreASeriesOfWholeMinutesWithZeros) {
  EventService service;  // it is noon
  service.events.Add({1}, "PushEvent", "", "2024-05-08T11:56:59Z");
  service.events.Add({1}, "PushEvent", "", "2024-05-08T11:57:00Z");
  service.events.Add({2}, "PushEvent", "", "2024-05-08T11:57:59Z");
  service.events.Add({2}, "IssuesEvent", "opened", "2024-05-08T11:59:30Z");
  service.events.Add({2}, "IssuesEvent", "closed", "2024-05-08T11:59:31Z");
  service.events.Add({2}, "IssuesEvent", "closed", "2024-05-08T12:01:00Z");  // ahead of the clock
  const json answer = service.Get("/api/v1/events/history?minutes=4").json();
  EXPECT_EQ(answer["data"], json::parse(R"([
    {"bucket": "2024-05-08T11:57:00Z", "total": 2, "counts": {"PushEvent": 2, "IssuesEvent": 0}},
    {"bucket": "2024-05-08T11:58:00Z", "total": 0, "counts": {"PushEvent": 0, "IssuesEvent": 0}},
    {"bucket": "2024-05-08T11:59:00Z", "total": 2, "counts": {"PushEvent": 0, "IssuesEvent": 2}},
    {"bucket": "2024-05-08T12:00:00Z", "total": 0, "counts": {"PushEvent": 0, "IssuesEvent": 0}}])"));
  EXPECT_EQ(answer["meta"]["window"], json::parse(R"({"from": "2024-05-08T11:57:00Z", "to": "2024-05-08T12:00:00Z",
                                                      "bound": "minutes", "minutes": 4})"));
  EXPECT_EQ(answer["meta"]["bucket"], "minute");
  EXPECT_EQ(answer["meta"]["sample_size"], 4);
}

TEST(EventMinutes, CanBeOfOneTypeAndATable) {
  EventService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-08T11:59:10Z");
  service.events.Add({1}, "WatchEvent", "started", "2024-05-08T11:59:20Z");
  EXPECT_EQ(service.Get("/api/v1/events/history?minutes=2&type=WatchEvent&format=csv").body,
            "bucket,total,counts.WatchEvent\r\n"
            "2024-05-08T11:59:00Z,1,1\r\n"
            "2024-05-08T12:00:00Z,0,0\r\n");
}

TEST(EventMinutes, AreSixtyUnlessToldAndNameAllMistakesAtOnce) {
  EventService service;
  EXPECT_EQ(service.Get("/api/v1/events/history").json()["data"].size(), 60U);
  EXPECT_EQ(service.Get("/api/v1/events/history?minutes=120").json()["data"].size(), 120U);
  const Seen seen = service.Get("/api/v1/events/history?minutes=121&type=a-b&format=xml&repo=a/two");
  EXPECT_EQ(seen.status, 400);
  EXPECT_THAT(seen.wrong_parameters(), ElementsAre("minutes", "type", "format", "repo"));
  EXPECT_EQ(seen.json()["errors"][0]["allowed"], "a whole number from 1 to 120");
}

// ---- /events/intervals

TEST(EventIntervals, AreBetweenNeighbours) {
  EventService service;
  for (const char* at : {"2024-05-08T10:00:00Z", "2024-05-08T10:01:00Z", "2024-05-08T10:03:00Z"}) {
    service.events.Add({1}, "PullRequestEvent", "opened", at);
  }
  const json answer = service.Get("/api/v1/events/intervals?type=PullRequestEvent&action=opened&repo=kube/ctl").json();
  // 60 and 120 seconds: the ninetieth percentile is nine tenths of the way between them.
  EXPECT_EQ(answer["data"], json::parse(R"({"type": "PullRequestEvent", "action": "opened", "repository": "Kube/Ctl",
    "count": 3, "first_at": "2024-05-08T10:00:00Z", "last_at": "2024-05-08T10:03:00Z",
    "mean_interval_seconds": 90.0, "median_interval_seconds": 90.0, "p90_interval_seconds": 114.0})"));
  EXPECT_EQ(answer["meta"]["sample_size"], 3);
  EXPECT_EQ(answer["meta"]["percentile_sample_size"], 2);
}

TEST(EventIntervals, OfOneEventAreNone) {
  EventService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-08T10:00:00Z");
  const json data = service.Get("/api/v1/events/intervals?type=PushEvent").json()["data"];
  EXPECT_EQ(data["count"], 1);
  EXPECT_TRUE(data["mean_interval_seconds"].is_null());
}

// ---- /events/repositories

TEST(EventRepositories, AreThoseWithAtLeastSoManyPageByPage) {
  EventService service;
  for (const int id : {1, 2, 2, 3, 3, 3, 4, 4}) service.events.Add({id}, "PushEvent", "", "2024-05-08T11:00:00Z");
  const Seen first = service.Get("/api/v1/events/repositories?type=PushEvent&min_count=2&per_page=2&minutes=90");
  EXPECT_EQ(first.json()["data"][0], json::parse(R"({"id": 3, "full_name": "a/three", "count": 3,
    "first_at": "2024-05-08T11:00:00Z", "last_at": "2024-05-08T11:00:00Z"})"));
  EXPECT_EQ(first.json()["data"][1]["full_name"], "a/two");
  service.clock.Advance(std::chrono::minutes{45});  // the window stays where it was
  const Seen second = service.Get(first.next());
  ASSERT_EQ(second.json()["data"].size(), 1U) << second.body;
  EXPECT_EQ(second.json()["data"][0]["id"], 4);
  EXPECT_TRUE(second.json()["data"][0]["full_name"].is_null());
  EXPECT_EQ(second.next(), "");
}

TEST(EventRepositories, NeedAType) {
  EventService service;
  EXPECT_THAT(service.Get("/api/v1/events/repositories?min_count=0").wrong_parameters(),
              ElementsAre("type", "min_count"));
  EXPECT_THAT(service.Get("/api/v1/events/repositories?type=").wrong_parameters(), ElementsAre("type"));
  const std::string other = MakeCursor("events/repositories", {"1", "2", "99"});
  EXPECT_THAT(service.Get("/api/v1/events/repositories?type=PushEvent&cursor=" + other).wrong_parameters(),
              ElementsAre("cursor"));
}

// ---- /events/published

TEST(PublishedRepositories, AreThereTheLatestFirst) {
  EventService service;
  service.events.Add({1}, "PublicEvent", "", "2024-05-07T00:00:00Z");
  service.events.Add({4}, "PublicEvent", "", "2024-05-08T00:00:00Z");
  service.events.Add({2}, "PushEvent", "", "2024-05-08T00:00:00Z");
  const Seen first = service.Get("/api/v1/events/published?per_page=1");
  EXPECT_EQ(first.json()["data"], json::parse(R"([{"id": 4, "full_name": null, "published_at": "2024-05-08T00:00:00Z",
                                                   "actor": "user-7"}])"));
  EXPECT_EQ(service.Get(first.next()).json()["data"][0]["full_name"], "Kube/Ctl");
}

// ---- /repos/{owner}/{repo}/events

constexpr const char* kEvents = "/api/v1/repos/kube/ctl/events";

TEST(RepositoryEvents, HaveGitHubsForm) {
  EventService service;
  Event& kept = service.events.Add({1}, "IssuesEvent", "opened", "2024-05-08T11:00:00Z");
  kept.actor_login = "dependabot[bot]";
  kept.payload = R"({"action":"opened","issue":{"number":5}})";
  Event& bare = service.events.Add({1}, "PullRequestEvent", "closed", "2024-05-08T10:00:00Z");
  bare.number = 12;
  const json data = service.Get(kEvents).json()["data"];
  EXPECT_EQ(data[0], json::parse(R"({"id": "1000", "type": "IssuesEvent",
    "actor": {"id": 7, "login": "dependabot[bot]", "display_login": "dependabot", "gravatar_id": "",
              "url": "https://api.github.com/users/dependabot[bot]",
              "avatar_url": "https://avatars.githubusercontent.com/u/7?"},
    "repo": {"id": 1, "name": "Kube/Ctl", "url": "https://api.github.com/repos/Kube/Ctl"},
    "payload": {"action": "opened", "issue": {"number": 5}}, "public": true,
    "created_at": "2024-05-08T11:00:00Z"})"));
  EXPECT_EQ(data[1]["payload"], json::parse(R"({"action": "closed", "number": 12})"));
}

TEST(RepositoryEvents, ArePagedThroughNewestFirst) {
  EventService service;
  for (const char* at : {"2024-05-01T00:00:00Z", "2024-05-03T00:00:00Z", "2024-05-03T00:00:00Z"}) {
    service.events.Add({1}, "PushEvent", "", at);
  }
  const Seen first = service.Get(std::string(kEvents) + "?per_page=2");
  EXPECT_EQ(first.json()["data"][0]["id"], "1002");
  EXPECT_EQ(first.json()["data"][1]["id"], "1001");
  EXPECT_EQ(first.json()["meta"]["total"], 3);
  const Seen second = service.Get(first.next());
  ASSERT_EQ(second.json()["data"].size(), 1U);
  EXPECT_EQ(second.json()["data"][0]["id"], "1000");
  EXPECT_EQ(second.next(), "");
}

TEST(RepositoryEvents, EndAPageEarlyWhereItsPayloadsAreLarge) {
  EventService service;
  for (int i = 0; i < 5; ++i) {
    service.events.Add({1}, "PushEvent", "", "2024-05-01T00:00:00Z").payload =
        R"({"text":")" + std::string(900 * 1024, 'x') + R"("})";
  }
  std::vector<size_t> sizes;
  for (std::string target = kEvents; !target.empty();) {
    const Seen page = service.Get(target);
    sizes.push_back(page.json()["data"].size());
    target = page.next();
  }
  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
}

TEST(RepositoryEvents, AreThoseAskedFor) {
  EventService service;
  service.events.Add({1}, "IssuesEvent", "opened", "2024-05-01T00:00:00Z");
  service.events.Add({1}, "IssuesEvent", "closed", "2024-05-02T00:00:00Z");
  service.events.Add({1}, "PushEvent", "", "2024-05-02T00:00:00Z");
  const auto count = [&](const std::string& query) { return service.Get(kEvents + query).json()["data"].size(); };
  EXPECT_EQ(count("?type=IssuesEvent"), 2U);
  EXPECT_EQ(count("?type=IssuesEvent&action=closed"), 1U);
  EXPECT_EQ(count("?since=2024-05-02"), 2U);
  EXPECT_EQ(count("?until=2024-05-02T00:00:00Z"), 1U);
  EXPECT_THAT(service.Get(std::string(kEvents) + "?since=2024-05-02&until=2024-05-02").wrong_parameters(),
              ElementsAre("since"));
  EXPECT_THAT(service.Get(std::string(kEvents) + "?since=x&until=y&cursor=z&type=%21&page=2").wrong_parameters(),
              ElementsAre("type", "since", "until", "cursor", "page"));
}

TEST(RepositoryEvents, OfARenamedOneAreAtItsNewNameWithTheWholeQuestion) {
  EventService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-02T00:00:00Z");
  const Seen seen = service.Get("/api/v1/repos/old/name/events/?type=PushEvent&per_page=5");
  EXPECT_EQ(seen.status, 301);
  EXPECT_EQ(seen.header("Location"), "/api/v1/repos/Kube/Ctl/events?type=PushEvent&per_page=5");
}

TEST(RepositoryEvents, AreAwaitedWhereATrackedOneWasNeverPolled) {
  EventService service;
  service.sources.tracked.push_back({.id = {2}, .name = RepositoryNamed("a/two"), .active = true});
  for (const char* part : {"/events", "/activity", "/activity/history"}) {
    const Seen seen = service.Get(std::string("/api/v1/repos/a/two") + part);
    EXPECT_EQ(seen.status, 202) << part;
    EXPECT_EQ(seen.header("Retry-After"), "60");
    EXPECT_THAT(seen.json()["data"], IsEmpty());
  }
  service.sources.tracked[0].polled_at = service.clock.Now();
  service.clock.Advance(std::chrono::seconds{2});
  EXPECT_EQ(service.Get("/api/v1/repos/a/two/events").status, 200);
}

TEST(RepositoryEvents, OfOneThatNobodyTracksAreNone) {
  EventService service;
  const Seen seen = service.Get("/api/v1/repos/a/two/events");
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(seen.json()["data"], IsEmpty());
  EXPECT_EQ(seen.json()["meta"]["coverage"]["share"], 0);
  EXPECT_EQ(service.Get("/api/v1/repos/a/unknown/events").status, 404);
}

}  // namespace
}  // namespace repopulse::http
