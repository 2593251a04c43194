#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_service.h"

namespace repopulse::http {
namespace {

using test::HttpService;
using test::RepositoryNamed;
using test::Seen;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr RepositoryId kGo{1};
constexpr RepositoryId kRust{2};

// Asked at 12:00:00.
struct EventService : HttpService {
  EventService() {
    events.known = {{kGo, RepositoryNamed("Golang/Go"), 0}, {kRust, RepositoryNamed("rust-lang/rust"), 0}};
    events.earlier_names["google/go"] = kGo;
  }
  nlohmann::json Body(std::string_view target) {
    const Seen seen = Get(target);
    EXPECT_EQ(seen.status, 200) << target << " " << seen.body;
    EXPECT_EQ(seen.header("Content-Type"), "application/json") << target;
    EXPECT_TRUE(seen.cached_form) << target;
    return seen.json();
  }
};

// ---- GET /pull_requests/{repo_id}

TEST(PullRequests, AreAskedForTheTimeBetweenOpenings) {
  EventService service;
  service.events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T10:00:00Z");
  service.events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T10:00:05Z");
  service.events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T10:00:20Z");
  service.events.Add(kGo, "PullRequestEvent", "closed", "2024-05-08T11:00:00Z");
  service.events.Add(kGo, "IssuesEvent", "opened", "2024-05-08T11:30:00Z");
  service.events.Add(kRust, "PullRequestEvent", "opened", "2024-05-08T11:59:00Z");
  EXPECT_EQ(service.Get("/pull_requests/1").body, R"({"avg_time":10.0})");
  EXPECT_EQ(service.Get("/pull_requests/1/").body, R"({"avg_time":10.0})");
}

TEST(PullRequests, HaveNoTimeBetweenFewerThanTwo) {
  EventService service;
  service.events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T10:00:00Z");
  EXPECT_EQ(service.Get("/pull_requests/1").body, R"({"avg_time":0.0})");
  EXPECT_EQ(service.Get("/pull_requests/4711").body, R"({"avg_time":0.0})");
}

TEST(PullRequests, AreOfARepositoryWithANumber) {
  EventService service;
  for (const char* id : {"golang", "1.5", "1a", "%20"}) {
    EXPECT_EQ(service.Get(std::string("/pull_requests/") + id).status, 404) << id;
  }
}

// ---- GET /events

TEST(EventCounts, AreOfFourTypesWithTheOffsetInMinutes) {
  EventService service;
  service.events.Add(kGo, "WatchEvent", "started", "2024-05-08T11:50:00Z");  // the window's begin
  service.events.Add(kGo, "WatchEvent", "started", "2024-05-08T11:49:59Z");
  service.events.Add(kGo, "PublicEvent", "", "2024-05-08T11:55:00Z");
  service.events.Add(kRust, "PullRequestEvent", "opened", "2024-05-08T11:55:00Z");
  service.events.Add(kRust, "PullRequestEvent", "closed", "2024-05-08T12:00:30Z");  // ahead of our clock
  service.events.Add(kRust, "PushEvent", "", "2024-05-08T11:55:00Z");
  EXPECT_EQ(service.Get("/events?offset=10").body,
            R"({"WatchEvent":1,"PullRequestEvent":2,"IssuesEvent":0,"PublicEvent":1})");
  const std::string all = R"({"WatchEvent":2,"PullRequestEvent":2,"IssuesEvent":0,"PublicEvent":1})";
  EXPECT_EQ(service.Get("/events").body, all);
  EXPECT_EQ(service.Get("/events/?offset=0").body, all);
  EXPECT_EQ(service.Get("/events?offset=0&unknown=1").body, all);
}

TEST(EventCounts, TakeAnOffsetOfWholeMinutesOnly) {
  EventService service;
  for (const char* offset : {"", "-1", "ten", "1.5", "99999999999999999999", "5&offset=6"}) {
    const Seen seen = service.Get(std::string("/events?offset=") + offset);
    EXPECT_EQ(seen.status, 400) << offset;
    EXPECT_EQ(seen.header("Content-Type"), "application/problem+json");
  }
}

// ---- GET /public_repositories

TEST(PublicRepositories, AreNamedOnceTheNewestFirst) {
  EventService service;
  service.events.Add(kGo, "PublicEvent", "", "2024-05-08T10:00:00Z");
  service.events.Add(kRust, "PublicEvent", "", "2024-05-08T11:00:00Z");
  service.events.Add(kGo, "PublicEvent", "", "2024-05-08T09:00:00Z");
  service.events.Add(RepositoryId{9}, "PublicEvent", "", "2024-05-08T09:00:00Z");  // whose name nobody told
  EXPECT_EQ(service.Get("/public_repositories").body, R"({"public_repositories":["rust-lang/rust","Golang/Go"]})");
}

TEST(PublicRepositories, MayBeNone) {
  EventService service;
  EXPECT_EQ(service.Get("/public_repositories/").body, R"({"public_repositories":[]})");
}

// ---- GET /api/metrics/average_pr_time/{owner}/{repo}

TEST(AveragePullRequestTime, IsInWholeSecondsRoundedDown) {
  EventService service;
  service.events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T10:00:00Z");
  service.events.Add(kGo, "PullRequestEvent", "closed", "2024-05-08T10:00:01Z");
  service.events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T10:00:05Z");
  service.events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T10:00:11Z");  // 11 s / 3
  for (const char* path : {"golang/go", "Golang/Go", "golang%2Fgo", "google/go", "golang/go/"}) {
    EXPECT_EQ(service.Get(std::string("/api/metrics/average_pr_time/") + path).body, R"({"Time":3})") << path;
  }
}

TEST(AveragePullRequestTime, IsMinusOneWithFewerThanTwo) {
  EventService service;
  service.events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T10:00:00Z");
  for (const char* path : {"golang/go", "nobody/nothing", "no-repository", "a%20b/c"}) {
    EXPECT_EQ(service.Get(std::string("/api/metrics/average_pr_time/") + path).body, R"({"Time":-1})") << path;
  }
}

// ---- GET /api/metrics/event_counts/{minutes}

TEST(RecentCounts, AreOfThreeTypes) {
  EventService service;
  service.events.Add(kGo, "WatchEvent", "started", "2024-05-08T11:58:00Z");
  service.events.Add(kGo, "IssuesEvent", "opened", "2024-05-08T10:00:00Z");  // 120 minutes ago
  service.events.Add(kGo, "IssuesEvent", "closed", "2024-05-08T12:00:10Z");  // ahead of our clock
  service.events.Add(kGo, "PushEvent", "", "2024-05-08T11:58:00Z");
  EXPECT_EQ(service.Get("/api/metrics/event_counts/120").body,
            R"({"PullRequestEvent":0,"IssuesEvent":2,"WatchEvent":1})");
  EXPECT_EQ(service.Get("/api/metrics/event_counts/2/").body,
            R"({"PullRequestEvent":0,"IssuesEvent":1,"WatchEvent":1})");
  EXPECT_EQ(service.Get("/api/metrics/event_counts/0").body,
            R"({"PullRequestEvent":0,"IssuesEvent":1,"WatchEvent":0})");
}

TEST(RecentCounts, GoBackTwoHoursAtMost) {
  EventService service;
  for (const char* path : {"121", "99999999999999999999"}) {
    const Seen seen = service.Get(std::string("/api/metrics/event_counts/") + path);
    EXPECT_EQ(seen.status, 400) << path;
    EXPECT_THAT(seen.body, HasSubstr("120"));
  }
  for (const char* path : {"-1", "ten", "1.5", "%2B5"}) {
    EXPECT_EQ(service.Get(std::string("/api/metrics/event_counts/") + path).status, 404) << path;
  }
}

// ---- GET /api/metrics/events_per_minute_image/{minutes}

TEST(EventsPerMinute, ArePicturedByType) {
  EventService service;
  service.events.Add(kGo, "WatchEvent", "started", "2024-05-08T11:58:10Z");
  service.events.Add(kGo, "WatchEvent", "started", "2024-05-08T11:58:50Z");
  service.events.Add(kGo, "IssuesEvent", "opened", "2024-05-08T12:00:30Z");  // in the minute that begins
  service.events.Add(kGo, "PushEvent", "", "2024-05-08T11:58:10Z");
  const Seen seen = service.Get("/api/metrics/events_per_minute_image/10");
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.header("Content-Type"), "image/svg+xml");
  EXPECT_THAT(seen.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(seen.body, HasSubstr("from 2024-05-08T11:50:00Z to 2024-05-08T12:00:00Z. "
                                   "PullRequestEvent: 0. IssuesEvent: 1. WatchEvent: 2. All: 3."));
  for (const char* type : {"PullRequestEvent", "IssuesEvent", "WatchEvent"}) {
    EXPECT_THAT(seen.body, HasSubstr(">" + std::string(type) + "</text>"));
  }
}

TEST(EventsPerMinute, MayBeAheadOfOurClock) {
  EventService service;
  service.events.Add(kGo, "WatchEvent", "started", "2024-05-08T12:01:30Z");
  const Seen seen = service.Get("/api/metrics/events_per_minute_image/0");
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(seen.body, HasSubstr("from 2024-05-08T12:00:00Z to 2024-05-08T12:01:00Z"));
}

TEST(EventsPerMinute, OfNothingSayThatThereIsNothing) {
  EventService service;
  EXPECT_THAT(service.Get("/api/metrics/events_per_minute_image/10").body, HasSubstr(">No events in this time</text>"));
}

TEST(EventsPerMinute, TellMistakesInAPicture) {
  EventService service;
  const Seen far = service.Get("/api/metrics/events_per_minute_image/121");
  EXPECT_EQ(far.status, 400);
  EXPECT_EQ(far.header("Content-Type"), "image/svg+xml");
  EXPECT_THAT(far.body, HasSubstr("a whole number from 0 to 120"));
  const Seen no_number = service.Get("/api/metrics/events_per_minute_image/soon");
  EXPECT_EQ(no_number.status, 404);
  EXPECT_THAT(no_number.body, HasSubstr("<svg"));
  service.events.failing = Error{ErrorCode::kUnavailable, "host db-7 is down"};
  const Seen down = service.Get("/api/metrics/events_per_minute_image/5");
  EXPECT_EQ(down.status, 503);
  EXPECT_NE(down.header("Retry-After"), "");
  EXPECT_THAT(down.body, HasSubstr("<svg"));
  EXPECT_THAT(down.body, Not(HasSubstr("db-7")));
}

}  // namespace
}  // namespace repopulse::http
