#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/svg_chart.h"
#include "support/http_service.h"

namespace repopulse::http {
namespace {

using test::HttpService;
using test::RepositoryNamed;
using test::Seen;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr RepositoryId kGo{1};
constexpr RepositoryId kRust{2};

// Asked at 12:00:00.
struct MetricsService : HttpService {
  MetricsService() {
    events.known = {{kGo, RepositoryNamed("Golang/Go"), 0}, {kRust, RepositoryNamed("rust-lang/rust"), 0}};
    events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T11:00:00Z");
    events.Add(kGo, "PullRequestEvent", "opened", "2024-05-08T11:00:10Z");
    events.Add(kGo, "PullRequestEvent", "closed", "2024-05-08T11:00:13Z");
    events.Add(kRust, "PullRequestEvent", "opened", "2024-05-08T11:00:20Z");
    events.Add(kRust, "WatchEvent", "started", "2024-05-08T10:00:00Z");
    events.Add(kRust, "IssuesEvent", "opened", "2024-05-08T11:30:00Z");
    events.Add(kRust, "PushEvent", "", "2024-05-08T11:59:00Z");
    events.Add(kRust, "NewThingEvent", "", "2024-05-08T11:59:00Z");
    events.Add(kRust, "NewThingEvent", "", "2024-05-08T11:59:30Z");
  }
};

// ---- GET /metrics/event-avg-time

TEST(EventAverageTime, IsOfPullRequestsWhereNothingIsSaid) {
  MetricsService service;
  const std::string all =
      R"({"oldest_event_time":"2024-05-08T11:00:00Z","repository_name":"all","events_count":4,"avg_time":6.67})";
  EXPECT_EQ(service.Get("/metrics/event-avg-time").body, all);
  EXPECT_EQ(service.Get("/metrics/event-avg-time/?event_type=PullRequestEvent&extra=1").body, all);
  EXPECT_EQ(service.Get("/metrics/event-avg-time?event_type=&action=&repository_name=").body, all);
  EXPECT_TRUE(service.Get("/metrics/event-avg-time").cached_form);
}

TEST(EventAverageTime, IsNarrowedByActionInAnyCaseAndNameInAnyCase) {
  MetricsService service;
  EXPECT_EQ(
      service.Get("/metrics/event-avg-time?action=OPENED&repository_name=GOLANG/go").body,
      R"({"oldest_event_time":"2024-05-08T11:00:00Z","repository_name":"Golang/Go","events_count":2,"avg_time":10.0})");
}

TEST(EventAverageTime, IsRoundedToTheEvenOfTwoAsNear) {
  MetricsService service;
  for (const char* at : {"00", "01", "02", "03", "04", "05", "06", "07", "25"}) {
    service.events.Add(kGo, "ForkEvent", "", std::string("2024-05-08T11:00:") + at + "Z");
  }
  EXPECT_EQ(service.Get("/metrics/event-avg-time?event_type=ForkEvent").json()["avg_time"], 3.12);  // 25 s / 8
}

TEST(EventAverageTime, KnowsTypesThatCameWithEvents) {
  MetricsService service;
  EXPECT_EQ(service.Get("/metrics/event-avg-time?event_type=NewThingEvent").json()["avg_time"], 30.0);
}

TEST(EventAverageTime, NeedsTwoEventsAndRepeatsTheQuestionWhereThereAreFewer) {
  MetricsService service;
  const Seen seen =
      service.Get("/metrics/event-avg-time?event_type=WatchEvent&action=Started&repository_name=rust-lang/rust");
  EXPECT_EQ(seen.status, 400);
  EXPECT_EQ(seen.header("Content-Type"), "application/problem+json");
  const auto body = seen.json();
  EXPECT_EQ(body["repository_name"], "rust-lang/rust");
  EXPECT_EQ(body["action"], "started");
  EXPECT_EQ(body["event_type"], "WatchEvent");
  EXPECT_THAT(body["error"].get<std::string>(), HasSubstr("At least two events"));
  EXPECT_EQ(body["instance"], "request-7");
  EXPECT_EQ(body["status"], 400);
}

TEST(EventAverageTime, TakesUnknownNamesAndActionsForThoseWithoutEvents) {
  MetricsService service;
  for (const char* query : {"repository_name=nobody/nothing", "repository_name=nothing", "action=exploded",
                            "action=%27%3B--", "event_type=ReleaseEvent"}) {
    const Seen seen = service.Get(std::string("/metrics/event-avg-time?") + query);
    EXPECT_EQ(seen.status, 400) << query;
    EXPECT_TRUE(seen.json().contains("event_type")) << query;
  }
  const auto body = service.Get("/metrics/event-avg-time?event_type=ReleaseEvent").json();
  EXPECT_EQ(body["repository_name"], "all");
  EXPECT_TRUE(body["action"].is_null());
}

TEST(EventAverageTime, RefusesTypesThatNobodyKnows) {
  MetricsService service;
  for (const char* type : {"Nonsense", "pullrequestevent", "Pull%20Request", "%27", "PushEvent%00"}) {
    const Seen seen = service.Get(std::string("/metrics/event-avg-time?event_type=") + type);
    if (std::string_view(type).ends_with("%00")) {
      EXPECT_EQ(seen.status, 400) << type;  // no text at all
      continue;
    }
    EXPECT_EQ(seen.status, 422) << type;
    EXPECT_THAT(seen.wrong_parameters(), ElementsAre("event_type")) << type;
  }
}

TEST(EventAverageTime, DoesNotTakeTheDatabasesFailureForTheClients) {
  MetricsService service;
  service.events.failing = Error{ErrorCode::kUnavailable, "host db-7 is down"};
  const Seen seen = service.Get("/metrics/event-avg-time?event_type=WatchEvent");
  EXPECT_EQ(seen.status, 503);
  EXPECT_THAT(seen.body, Not(HasSubstr("db-7")));
}

// ---- GET /metrics/events-total-count

TEST(EventsTotalCount, IsTheSumOfThreeTypesWithTheOffsetInSeconds) {
  MetricsService service;
  EXPECT_EQ(service.Get("/metrics/events-total-count?offset=3600").body,
            R"({"oldest_event_time":"2024-05-08T11:00:00Z","repository_name":"all",)"
            R"("events_count":{"pr_event":4,"watch_event":0,"issue_event":1,"total":5}})");
  EXPECT_EQ(service.Get("/metrics/events-total-count/?offset=3599").json()["events_count"]["pr_event"], 3);
  EXPECT_EQ(service.Get("/metrics/events-total-count?offset=7200").json()["events_count"]["total"], 6);
}

TEST(EventsTotalCount, IsNarrowedByActionAndName) {
  MetricsService service;
  EXPECT_EQ(
      service.Get("/metrics/events-total-count?offset=7200&action=Opened&repository_name=RUST-LANG/rust&x=y").body,
      R"({"oldest_event_time":"2024-05-08T11:00:20Z","repository_name":"rust-lang/rust",)"
      R"("events_count":{"pr_event":1,"watch_event":0,"issue_event":1,"total":2}})");
}

TEST(EventsTotalCount, OfNothingHasNoOldestEvent) {
  MetricsService service;
  const std::string none = R"("events_count":{"pr_event":0,"watch_event":0,"issue_event":0,"total":0}})";
  EXPECT_EQ(service.Get("/metrics/events-total-count?offset=1").body,
            R"({"oldest_event_time":null,"repository_name":"all",)" + none);
  EXPECT_EQ(service.Get("/metrics/events-total-count?offset=7200&repository_name=nobody/nothing").body,
            R"({"oldest_event_time":null,"repository_name":"nobody/nothing",)" + none);
}

TEST(EventsTotalCount, NeedsAnOffset) {
  MetricsService service;
  for (const char* query : {"", "?offset=", "?offset=0", "?offset=-5", "?offset=1.5", "?offset=soon"}) {
    const Seen seen = service.Get(std::string("/metrics/events-total-count") + query);
    EXPECT_EQ(seen.status, 422) << query;
    EXPECT_THAT(seen.wrong_parameters(), ElementsAre("offset")) << query;
  }
}

// ---- GET /metrics/multiple-events-repos

TEST(MultipleEventsRepos, HaveMoreThanTheNumberMostFirst) {
  MetricsService service;
  EXPECT_EQ(service.Get("/metrics/multiple-events-repos?event_type=PullRequestEvent").body,
            R"({"event_type":"PullRequestEvent","repositories":{"Golang/Go":3}})");
  EXPECT_EQ(service.Get("/metrics/multiple-events-repos/?event_type=PullRequestEvent&minimal_events_count=3").body,
            R"({"event_type":"PullRequestEvent","repositories":{}})");
  EXPECT_EQ(service.Get("/metrics/multiple-events-repos?event_type=PullRequestEvent&minimal_events_count=0").body,
            R"({"event_type":"PullRequestEvent","repositories":{"Golang/Go":3,"rust-lang/rust":1}})");
}

TEST(MultipleEventsRepos, RefuseWhatIsNoNumberAndNoType) {
  MetricsService service;
  const std::string path = "/metrics/multiple-events-repos?event_type=";
  EXPECT_EQ(service.Get(path + "PushEvent&minimal_events_count=two").status, 422);
  EXPECT_EQ(service.Get(path + "PushEvent&minimal_events_count=1.5").status, 422);
  EXPECT_EQ(service.Get(path + "PushEvent&minimal_events_count=-1").status, 422);
  EXPECT_EQ(service.Get(path + "Nonsense").status, 422);
  EXPECT_EQ(service.Get(path).status, 422);
  EXPECT_EQ(service.Get(path + "GollumEvent").status, 200);
  EXPECT_EQ(service.Get(path + "NewThingEvent").status, 200);
}

// ---- the visualisations

TEST(Visualisation, IsAPageWithoutScriptWhosePolicyLetsItsStyleThrough) {
  MetricsService service;
  for (const char* target : {"/visualization/event-avg-time", "/visualization/events-total-count/?offset=3600"}) {
    const Seen seen = service.Get(target);
    EXPECT_EQ(seen.status, 200) << target;
    EXPECT_EQ(seen.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_TRUE(seen.cached_form);
    EXPECT_THAT(seen.body, HasSubstr("<svg "));
    EXPECT_THAT(seen.body, Not(HasSubstr("<script")));
    EXPECT_THAT(seen.body, Not(HasSubstr("style=\"")));
    const size_t begin = seen.body.find("<style>") + 7;
    const std::string style = seen.body.substr(begin, seen.body.find("</style>") - begin);
    const std::string policy = seen.header("Content-Security-Policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'; style-src " + StyleSource(style) + ";"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe-inline")));
  }
}

TEST(Visualisation, ShowsTheTimeBetweenEventsOfEachType) {
  MetricsService service;
  const std::string all = service.Get("/visualization/event-avg-time").body;
  EXPECT_THAT(all, HasSubstr("all types, all repositories"));
  EXPECT_THAT(all, HasSubstr("PullRequestEvent, average 6.67 s"));
  EXPECT_THAT(all, HasSubstr("NewThingEvent, average 30.00 s"));
  const std::string one = service.Get("/visualization/event-avg-time?event_type=PullRequestEvent&action=opened").body;
  EXPECT_THAT(one, HasSubstr("PullRequestEvent, average 10.00 s"));
  EXPECT_THAT(one, Not(HasSubstr("NewThingEvent")));
  EXPECT_THAT(one, HasSubstr("<th scope=\"row\">All events counted</th><td>3</td>"));
}

TEST(Visualisation, ShowsCountsAsBars) {
  MetricsService service;
  const std::string page = service.Get("/visualization/events-total-count?offset=3600").body;
  EXPECT_THAT(page, HasSubstr("<title>PullRequestEvent: 4</title>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">Total</th><td>5</td>"));
}

TEST(Visualisation, SaysThatThereIsNothing) {
  MetricsService service;
  const Seen none = service.Get("/visualization/event-avg-time?event_type=ReleaseEvent");
  EXPECT_EQ(none.status, 200);
  EXPECT_THAT(none.body, HasSubstr("There are no two events of one type that fit."));
  const Seen unknown = service.Get("/visualization/event-avg-time?repository_name=%3Cscript%3E/x");
  EXPECT_EQ(unknown.status, 200);
  EXPECT_THAT(unknown.body, Not(HasSubstr("<script")));
  EXPECT_THAT(service.Get("/visualization/events-total-count?offset=1").body,
              HasSubstr("There are no events in this time."));
}

TEST(Visualisation, RefusesWhatItsMetricRefuses) {
  MetricsService service;
  EXPECT_EQ(service.Get("/visualization/event-avg-time?event_type=Nonsense").status, 422);
  EXPECT_EQ(service.Get("/visualization/events-total-count").status, 422);
  EXPECT_EQ(service.Get("/visualization/events-total-count?offset=0").status, 422);
}

TEST(Visualisation, SaysThatDemoDataAreNotGitHubs) {
  MetricsService service;
  service.services.demo = true;
  EXPECT_THAT(service.Get("/visualization/events-total-count?offset=1").body, HasSubstr("Demo data"));
}

}  // namespace
}  // namespace repopulse::http
