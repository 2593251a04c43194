#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_service.h"

namespace repopulse::http {
namespace {

using test::At;
using test::HttpService;
using test::RepositoryNamed;
using test::Seen;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr RepositoryId kGo{1};
constexpr RepositoryId kRust{2};

struct ReposService : HttpService {
  ReposService() {
    events.known = {{kGo, RepositoryNamed("Golang/Go"), 0}, {kRust, RepositoryNamed("rust-lang/rust"), 0}};
    events.earlier_names["google/go"] = kGo;
    tracker.on_github = {{kGo, RepositoryNamed("Golang/Go")}, {kRust, RepositoryNamed("rust-lang/rust")}};
  }
  void Track(RepositoryId id, std::string_view name, bool active) {
    TrackedRepository one{.id = id, .name = RepositoryNamed(name)};
    one.active = active;
    sources.tracked.push_back(one);
  }
  Seen Post(std::string_view target, std::string_view body = "", std::string_view key = kKey, bool may_wait = true) {
    Request request;
    request.method = Method::kPost;
    request.credential = key;
    request.body = body;
    request.request_id = "request-7";
    request.may_wait = may_wait;
    return test::See(dispatcher.Handle(request, target));
  }
};

constexpr const char* kGoJson =
    R"({"owner":"Golang","name":"Go","full_name":"Golang/Go","url":"https://github.com/Golang/Go","active":true})";

// ---- GET /api/repos, /api/repos/active

TEST(PredecessorRepos, ListWhatIsAndWasTracked) {
  ReposService service;
  service.Track(kGo, "Golang/Go", true);
  service.Track(kRust, "rust-lang/rust", false);
  const Seen all = service.Get("/api/repos/");
  EXPECT_EQ(all.status, 200);
  EXPECT_TRUE(all.cached_form);
  EXPECT_EQ(all.json().size(), 2U);
  EXPECT_EQ(all.json()[1]["active"], false);
  EXPECT_EQ(service.Get("/api/repos").body, all.body);
  EXPECT_EQ(service.Get("/api/repos/active/").body, "[" + std::string(kGoJson) + "]");
}

TEST(PredecessorRepos, MayBeNone) {
  ReposService service;
  EXPECT_EQ(service.Get("/api/repos/").body, "[]");
  EXPECT_EQ(service.Get("/api/repos/active").body, "[]");
}

// ---- POST /api/repos

TEST(PredecessorRepos, AreAddedByName) {
  ReposService service;
  EXPECT_EQ(service.Get("/api/repos").body, "[]");  // cached from now on
  const Seen seen = service.Post("/api/repos/", R"({"repos":["golang/go","rust-lang/rust","GOLANG/GO"]})");
  EXPECT_EQ(seen.status, 200);
  ASSERT_EQ(seen.json().size(), 2U);
  EXPECT_EQ(seen.json()[0], nlohmann::json::parse(kGoJson));
  EXPECT_EQ(service.Get("/api/repos").json().size(), 2U);
}

TEST(PredecessorRepos, AreAddedWithTheKeyOnly) {
  ReposService service;
  EXPECT_EQ(service.Post("/api/repos", R"({"repos":["golang/go"]})", "").status, 401);
  EXPECT_EQ(service.Post("/api/repos", R"({"repos":["golang/go"]})", "wrong").status, 403);
  EXPECT_EQ(service.Post("/api/repos/golang/go/activate", "", "").status, 401);
  EXPECT_EQ(service.Post("/api/repos/golang/go/deactivate", "", "wrong").status, 403);
  EXPECT_THAT(service.sources.tracked, IsEmpty());
}

TEST(PredecessorRepos, AreRefusedWhereTheBodyIsNoListOfNames) {
  ReposService service;
  for (const char* body : {"", "{", "[]", "{}", R"({"repos":"golang/go"})", R"({"repos":[]})", R"({"repos":[1]})",
                           R"({"repos":["golang"]})", R"({"repos":["a/b/c"]})", "\xff"}) {
    const Seen seen = service.Post("/api/repos", body);
    EXPECT_EQ(seen.status, 400) << body;
    EXPECT_THAT(seen.wrong_parameters(), ElementsAre("repos")) << body;
  }
  EXPECT_THAT(service.Post("/api/repos", R"({"repos":["golang/go","nope",3]})").wrong_parameters(),
              ElementsAre("repos", "repos"));
  EXPECT_THAT(service.sources.tracked, IsEmpty());
}

TEST(PredecessorRepos, NameTheOneThatGitHubDoesNotKnow) {
  ReposService service;
  const Seen seen = service.Post("/api/repos", R"({"repos":["golang/go","nobody/nothing"]})");
  EXPECT_EQ(seen.status, 404);
  EXPECT_THAT(seen.json()["detail"].get<std::string>(), HasSubstr("nobody/nothing"));
}

TEST(PredecessorRepos, AreNoMoreThanTheLimit) {
  ReposService service;
  service.tracker.active_max = 1;
  EXPECT_EQ(service.Post("/api/repos", R"({"repos":["golang/go","rust-lang/rust"]})").status, 409);
}

TEST(PredecessorRepos, AreNotWaitedForByThoseWhoServeEverybody) {
  ReposService service;
  EXPECT_EQ(service.Post("/api/repos", R"({"repos":["golang/go"]})", ReposService::kKey, false).status, 503);
  EXPECT_EQ(service.Post("/api/repos/golang/go/activate", "", ReposService::kKey, false).status, 503);
  EXPECT_THAT(service.sources.tracked, IsEmpty());
}

// ---- activate, deactivate

TEST(PredecessorRepos, AreStartedAndStoppedAsOftenAsOneLikes) {
  ReposService service;
  for (int i = 0; i < 2; ++i) {
    const Seen seen = service.Post("/api/repos/golang/go/activate/");
    EXPECT_EQ(seen.status, 200);
    EXPECT_EQ(seen.body, kGoJson);
  }
  EXPECT_EQ(service.Get("/api/repos/active").json().size(), 1U);
  for (int i = 0; i < 2; ++i) {
    const Seen seen = service.Post("/api/repos/GoLang/gO/deactivate");
    EXPECT_EQ(seen.status, 200);
    EXPECT_EQ(seen.json()["active"], false);
  }
  EXPECT_EQ(service.Get("/api/repos/active").body, "[]");
  EXPECT_EQ(service.Get("/api/repos").json().size(), 1U);
}

TEST(PredecessorRepos, AreNotFoundWhereNobodyKnowsThem) {
  ReposService service;
  EXPECT_EQ(service.Post("/api/repos/nobody/nothing/activate").status, 404);
  EXPECT_EQ(service.Post("/api/repos/no%20body/nothing/activate").status, 404);
  EXPECT_EQ(service.Post("/api/repos/nobody/nothing/deactivate").status, 404);
  EXPECT_EQ(service.Post("/api/repos/golang/go/deactivate").status, 404);  // known, never tracked
}

// ---- GET /api/repos/{owner}/{repo}/events

std::vector<std::string> Types(const Seen& seen) {
  std::vector<std::string> types;
  const auto document = seen.json();
  for (const auto& event : document) types.push_back(event["type"]);
  return types;
}

void AddFive(ReposService& service) {
  service.events.Add(kGo, "PushEvent", "", "2024-05-08T10:00:00Z");
  service.events.Add(kGo, "WatchEvent", "started", "2024-05-08T10:01:00Z");
  service.events.Add(kGo, "ForkEvent", "", "2024-05-08T10:02:00Z");
  service.events.Add(kGo, "WatchEvent", "started", "2024-05-08T10:03:00Z");
  service.events.Add(kGo, "IssuesEvent", "opened", "2024-05-08T10:04:00Z");
  service.events.Add(kRust, "PushEvent", "", "2024-05-08T10:05:00Z");
}

TEST(PredecessorEvents, AreInGitHubsFormNewestFirst) {
  ReposService service;
  AddFive(service);
  const Seen seen = service.Get("/api/repos/golang/go/events/");
  EXPECT_EQ(seen.status, 200);
  EXPECT_TRUE(seen.cached_form);
  EXPECT_THAT(Types(seen), ElementsAre("IssuesEvent", "WatchEvent", "ForkEvent", "WatchEvent", "PushEvent"));
  const auto first = seen.json()[0];
  EXPECT_EQ(first["id"], "1004");
  EXPECT_EQ(first["repo"]["name"], "Golang/Go");
  EXPECT_EQ(first["created_at"], "2024-05-08T10:04:00Z");
  EXPECT_EQ(seen.header("Link"), "");                                     // one page is all
  EXPECT_EQ(service.Get("/api/repos/google/go/events").body, seen.body);  // its earlier name
}

TEST(PredecessorEvents, AreLinkedPageByPageAsGitHubDoes) {
  ReposService service;
  AddFive(service);
  const std::string at = "/api/repos/Golang/Go/events/?page=";
  const auto link = [&](const std::string& page, const std::string& relation) {
    return "<" + at + page + "&per_page=2>; rel=\"" + relation + "\"";
  };
  EXPECT_EQ(service.Get("/api/repos/golang/go/events?per_page=2").header("Link"),
            link("2", "next") + ", " + link("3", "last"));
  const Seen middle = service.Get("/api/repos/golang/go/events?per_page=2&page=2");
  EXPECT_THAT(Types(middle), ElementsAre("ForkEvent", "WatchEvent"));
  EXPECT_EQ(middle.header("Link"),
            link("1", "prev") + ", " + link("3", "next") + ", " + link("3", "last") + ", " + link("1", "first"));
  const Seen last = service.Get("/api/repos/golang/go/events?per_page=2&page=3");
  EXPECT_THAT(Types(last), ElementsAre("PushEvent"));
  EXPECT_EQ(last.header("Link"), link("2", "prev") + ", " + link("1", "first"));
  EXPECT_EQ(service.Get("/api/repos/golang/go/events?per_page=2&page=9").body, "[]");
}

TEST(PredecessorEvents, AreNarrowedByType) {
  ReposService service;
  AddFive(service);
  const Seen seen = service.Get("/api/repos/golang/go/events/?type=WatchEvent&per_page=1&since=never");
  EXPECT_THAT(Types(seen), ElementsAre("WatchEvent"));
  EXPECT_THAT(seen.header("Link"), HasSubstr("?type=WatchEvent&page=2&per_page=1>; rel=\"next\""));
  EXPECT_EQ(service.Get("/api/repos/golang/go/events/?type=NobodySawThisEvent").body, "[]");
}

TEST(PredecessorEvents, AreNotFoundOrRefused) {
  ReposService service;
  AddFive(service);
  const std::string events = "/api/repos/golang/go/events";
  EXPECT_EQ(service.Get("/api/repos/nobody/nothing/events").status, 404);
  EXPECT_EQ(service.Get("/api/repos/no%20body/x/events/stats").status, 404);
  for (const char* query :
       {"?page=0", "?page=x", "?per_page=0", "?per_page=101", "?type=", "?type=a%20b", "?page=999999"}) {
    EXPECT_EQ(service.Get(events + query).status, 400) << query;
  }
  EXPECT_EQ(service.Get(events + "?page=101&per_page=100").body, "[]");
  EXPECT_EQ(service.Get(events + "?page=102&per_page=100").status, 400);
}

// ---- GET /api/repos/{owner}/{repo}/events/stats

TEST(PredecessorStatistics, AreTheAverageTimeBetweenEventsOfEachType) {
  ReposService service;
  AddFive(service);
  const std::string fork = R"({"type":"ForkEvent","count":1,"average_seconds":null})";
  const std::string watch = R"({"type":"WatchEvent","count":2,"average_seconds":120.0})";
  EXPECT_EQ(service.Get("/api/repos/golang/go/events/stats/").body,
            "[" + fork + R"(,{"type":"IssuesEvent","count":1,"average_seconds":null},)" +
                R"({"type":"PushEvent","count":1,"average_seconds":null},)" + watch + "]");
  EXPECT_EQ(service.Get("/api/repos/golang/go/events/stats?type=WatchEvent").body, "[" + watch + "]");
  EXPECT_EQ(service.Get("/api/repos/golang/go/events/stats?type=GollumEvent").body, "[]");
  EXPECT_EQ(service.Get("/api/repos/golang/go/events/stats?type=no%20type").status, 400);
  EXPECT_EQ(service.Get("/api/repos/nobody/nothing/events/stats").status, 404);
}

TEST(PredecessorStatistics, CountSevenDaysOfTheRepository) {
  ReposService service;
  service.events.Add(kGo, "PushEvent", "", "2024-05-01T12:00:00Z");
  service.events.Add(kGo, "PushEvent", "", "2024-05-01T11:59:59Z");
  EXPECT_EQ(service.Get("/api/repos/golang/go/events/stats").json()[0]["count"], 1);
}

TEST(PredecessorStatistics, CountTheNewest500OfTheRepository) {
  ReposService service;
  service.events.Add(kGo, "ForkEvent", "", "2024-05-08T10:00:00Z");
  for (int i = 0; i < 500; ++i) service.events.Add(kGo, "PushEvent", "", "2024-05-08T11:00:00Z");
  const auto statistics = service.Get("/api/repos/golang/go/events/stats").json();
  ASSERT_EQ(statistics.size(), 1U);  // the fork is the 501st
  EXPECT_EQ(statistics[0]["count"], 500);
  EXPECT_EQ(service.Get("/api/repos/golang/go/events/stats?type=ForkEvent").body, "[]");
}

}  // namespace
}  // namespace repopulse::http
