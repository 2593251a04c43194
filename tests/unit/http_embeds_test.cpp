// Badges and charts: what other sites show of a repository.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/time_format.h"
#include "http/svg_badge.h"
#include "support/event_service.h"

namespace repopulse::http {
namespace {

using nlohmann::json;
using test::At;
using test::Day;
using test::EventService;
using test::SampleRepository;
using test::Seen;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kRepository = "/api/v1/repos/kube/ctl";

struct EmbedService : EventService {
  EmbedService() {
    repositories.fake.stored = {{.repository = SampleRepository(1, "Kube/Ctl", 12'345),
                                 .fetched_at = At("2024-05-08T11:00:00Z"),
                                 .gone_at = {},
                                 .topics = {}}};
    repositories.fake.snapshots = {{Day("2024-05-01"), 12'300, 3, 1}, {Day("2024-05-08"), 12'345, 3, 2}};
  }
  json Badge(const std::string& metric) { return Get(kRepository + "/badge/" + metric + ".json").json(); }
  std::string Message(const std::string& metric) { return Badge(metric)["message"]; }
};

TEST(ShortNumber, SaysHowMuchInFewCharacters) {
  EXPECT_EQ(ShortNumber(0), "0");
  EXPECT_EQ(ShortNumber(999), "999");
  EXPECT_EQ(ShortNumber(1000), "1k");
  EXPECT_EQ(ShortNumber(1049), "1k");
  EXPECT_EQ(ShortNumber(12'345), "12.3k");
  EXPECT_EQ(ShortNumber(99'960), "100k");
  EXPECT_EQ(ShortNumber(999'499), "999k");
  EXPECT_EQ(ShortNumber(999'500), "1M");
  EXPECT_EQ(ShortNumber(1'234'567), "1.2M");
  EXPECT_EQ(ShortNumber(-1500), "-1.5k");
}

TEST(Badge, IsWhatShieldsDrawsFrom) {
  EmbedService service;
  EXPECT_EQ(service.Badge("stars"), json::parse(R"({"schemaVersion": 1, "label": "stars", "message": "12.3k",
                                                    "color": "blue", "cacheSeconds": 3600})"));
  EXPECT_EQ(service.Get(kRepository + "/badge/stars.json").header("Content-Type"), "application/json");
}

TEST(Badge, TellsEachMetric) {
  EmbedService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-08T10:00:00Z");
  service.events.Add({1}, "PushEvent", "", "2024-04-30T10:00:00Z");  // over seven days ago
  service.events.activities[{1}] = {.repository = {1},
                                    .activity = {.score = 17.26, .contributions = {}, .actors = 3},
                                    .computed_at = At("2024-05-08T09:00:00Z")};
  EXPECT_EQ(service.Message("forks"), "3");
  EXPECT_EQ(service.Message("issues"), "2");
  EXPECT_EQ(service.Message("growth"), "+45");
  EXPECT_EQ(service.Message("activity"), "17.3");
  EXPECT_EQ(service.Message("events"), "1");
  service.repositories.fake.snapshots.erase(service.repositories.fake.snapshots.begin());
  ASSERT_TRUE(service.shared_cache.Invalidate(kRepositoriesScope));
  EXPECT_EQ(service.Message("growth"), "unknown") << "one day tells of no growth";
}

TEST(Badge, HasTheColourOfWhatItTells) {
  EmbedService service;
  const auto activity = [&](double score) {
    service.events.activities[{1}].activity.score = score;
    EXPECT_TRUE(service.shared_cache.Invalidate(kEventsScope));
    return service.Badge("activity")["color"];
  };
  EXPECT_EQ(activity(0.1), "brightgreen");
  EXPECT_EQ(activity(0), "lightgrey");
  const auto growth = [&](int64_t stars) {
    service.repositories.fake.stored[0].repository.stargazers_count = stars;
    EXPECT_TRUE(service.shared_cache.Invalidate(kRepositoriesScope));
    return service.Badge("growth")["color"];
  };
  EXPECT_EQ(growth(12'301), "brightgreen");
  EXPECT_EQ(growth(12'300), "lightgrey");
  EXPECT_EQ(growth(12'299), "orange");
}

TEST(Badge, SaysWhereNothingIsKnown) {
  EmbedService service;
  const json badge = service.Get("/api/v1/repos/a/two/badge/stars.json").json();
  EXPECT_EQ(badge["message"], "unknown");
  EXPECT_EQ(badge["color"], "lightgrey");
  EXPECT_EQ(badge["isError"], true);
  EXPECT_EQ(badge["cacheSeconds"], 300);
}

TEST(Badge, IsAPictureWithItsWords) {
  EmbedService service;
  const Seen badge = service.Get(kRepository + "/badge/stars.svg?label=%3Cb%3E%20%26%20stars");
  EXPECT_EQ(badge.header("Content-Type"), "image/svg+xml");
  EXPECT_THAT(badge.body, HasSubstr("<title>&lt;b&gt; &amp; stars: 12.3k</title>"));
  EXPECT_THAT(badge.body, Not(HasSubstr("<b>")));
  EXPECT_THAT(badge.body, Not(HasSubstr("<script")));
  EXPECT_THAT(badge.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
}

TEST(Badge, SaysThatTheDataIsSimulated) {
  EmbedService service;
  service.services.demo = true;
  EXPECT_EQ(service.Badge("stars")["label"], "stars (simulated)");
}

TEST(Embeds, AreKeptLong) {
  EmbedService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-08T10:00:00Z");
  for (const char* path : {"/badge/stars.svg", "/badge/stars.json", "/chart/stars.svg", "/chart/events.svg"}) {
    const Seen answer = service.Get(kRepository + path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.header("Cache-Control"),
              "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=86400")
        << path;
  }
}

TEST(Embeds, AreAskedForAgainSoonWhileNothingIsKnown) {
  EmbedService service;
  service.repositories.fake.snapshots.clear();
  for (const char* path : {"/badge/stars.svg", "/badge/stars.json", "/chart/stars.svg", "/chart/events.svg"}) {
    const Seen answer = service.Get(std::string("/api/v1/repos/a/two") + path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400")
        << path;
  }
}

TEST(Embeds, AreMadeOnceForFiveMinutes) {
  EmbedService service;
  service.Get(kRepository + "/badge/stars.json");
  service.repositories.fake.stored[0].repository.stargazers_count = 5;
  service.clock.Advance(std::chrono::seconds{299});
  EXPECT_EQ(service.Message("stars"), "12.3k");
}

// Readers that send If-Modified-Since alone, and a proxy that wants both validators to hold, go by it.
TEST(Embeds, AreLastModifiedWhenTheirWordsChanged) {
  EmbedService service;
  const auto again = [&](const std::string& path, std::chrono::seconds later) {
    service.clock.Advance(later);
    EXPECT_TRUE(service.shared_cache.Invalidate(kEventsScope));
    EXPECT_TRUE(service.shared_cache.Invalidate(kRepositoriesScope));
    return service.Get(kRepository + path).header("Last-Modified");
  };
  for (const std::string path : {"/chart/events.svg", "/badge/events.svg", "/badge/events.json"}) {
    const std::string first = again(path, std::chrono::seconds{1});
    EXPECT_EQ(first, FormatHttpDate(service.clock.Now())) << path;
    EXPECT_EQ(again(path, std::chrono::minutes{7}), first) << path << " says the same";
    service.events.Add({1}, "PushEvent", "", "2024-05-08T10:00:00Z");  // the repository's description is as it was
    const std::string changed = again(path, std::chrono::seconds{1});
    EXPECT_EQ(changed, FormatHttpDate(service.clock.Now())) << path;
  }
  const std::string chart = again("/chart/stars.svg", std::chrono::seconds{1});
  service.repositories.fake.stored[0].fetched_at = service.clock.Now();
  EXPECT_EQ(again("/chart/stars.svg", std::chrono::minutes{7}), chart) << "read anew, and as it was";
  EXPECT_NE(again("/chart/stars.svg", std::chrono::hours{24}), chart) << "its days are others";
}

TEST(Embeds, AnswerErrorsWithPictures) {
  EmbedService service;
  for (const auto& [path, status, words] : std::vector<std::tuple<std::string, int, std::string>>{
           {"/api/v1/repos/no/body/badge/stars.svg", 404, "no/body"},
           {kRepository + "/badge/beauty.svg", 404, "stars, forks, issues, growth, activity, events"},
           {kRepository + "/chart/beauty.svg", 404, "stars, forks, issues, events"},
           {kRepository + "/chart/stars.svg?theme=pink", 400, "auto, light, dark"},
           {kRepository + "/chart/stars.svg?days=1", 400, "2 to 365"},
           {kRepository + "/badge/stars.svg?label=" + std::string(41, 'x'), 400, "40 bytes"}}) {
    const Seen answer = service.Get(path);
    EXPECT_EQ(answer.status, status) << path;
    EXPECT_EQ(answer.header("Content-Type"), "image/svg+xml") << path;
    EXPECT_THAT(answer.body, AllOf(HasSubstr("<svg"), HasSubstr(words))) << path;
  }
  EXPECT_EQ(service.Get(kRepository + "/badge/beauty.json").json()["status"], 404);
  EXPECT_EQ(service.Get(kRepository + "/badge/stars.png").status, 404);
  EXPECT_EQ(service.Get(kRepository + "/badge/.svg").status, 404);
}

TEST(Embeds, OfAnEarlierNameAreAtThePresentOne) {
  EmbedService service;
  EXPECT_EQ(service.Get("/api/v1/repos/old/name/chart/events.svg?days=7").header("Location"),
            "/api/v1/repos/Kube/Ctl/chart/events.svg?days=7");
  EXPECT_EQ(service.Get("/api/v1/repos/old/name/badge/stars.svg").status, 301);
}

TEST(Chart, OfStarsSaysInWordsWhatItShows) {
  EmbedService service;
  const std::string svg = service.Get(kRepository + "/chart/stars.svg").body;
  EXPECT_THAT(svg, HasSubstr("<title id=\"rp-title\">Kube/Ctl: stars</title>"));
  EXPECT_THAT(svg, HasSubstr("From 12,300 on 2024-05-01 to 12,345 on 2024-05-08."));
  EXPECT_THAT(svg, HasSubstr(">12,310<")) << "the axis begins near the curve";
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
}

TEST(Chart, HasAThemeOfItsOwnWhereOneIsAskedFor) {
  EmbedService service;
  EXPECT_THAT(service.Get(kRepository + "/chart/stars.svg?theme=dark").body,
              AllOf(HasSubstr("fill=\"#0d1117\""), Not(HasSubstr("<style>"))));
  EXPECT_THAT(service.Get(kRepository + "/chart/stars.svg?theme=light").body,
              AllOf(HasSubstr("fill=\"#ffffff\""), Not(HasSubstr("<style>"))));
  EXPECT_THAT(service.Get(kRepository + "/chart/stars.svg").body, HasSubstr("prefers-color-scheme:dark"));
}

TEST(Chart, OfEventsShowsTheMostFrequentTypesAndTheOthersTogether) {
  EmbedService service;
  const std::vector<std::string> types = {"AType", "BType", "CType", "DType", "EType", "FType", "GType"};
  for (size_t i = 0; i < types.size(); ++i) {
    for (size_t n = 0; n < 10 - i; ++n) service.events.Add({1}, types[i], "", "2024-05-07T10:00:00Z");
  }
  const std::string svg = service.Get(kRepository + "/chart/events.svg?days=7").body;
  EXPECT_THAT(svg, HasSubstr("AType: 10. BType: 9. CType: 8. DType: 7. EType: 6. others: 9. "));
  EXPECT_THAT(svg, Not(HasSubstr("FType")));
}

TEST(Chart, CountsTheOthersOfADayTogether) {
  EmbedService service;
  const std::vector<std::string> types = {"AType", "BType", "CType", "DType", "EType", "FType", "GType"};
  for (const std::string& type : types) service.events.Add({1}, type, "", "2024-05-07T10:00:00Z");
  service.events.Add({1}, "AType", "", "2024-05-07T11:00:00Z");
  const std::string svg = service.Get(kRepository + "/chart/events.svg?days=2").body;
  std::map<std::string, int> curves;  // how often each is drawn
  const std::string begin = "points=\"";
  for (size_t at = svg.find(begin); at != std::string::npos; at = svg.find(begin, at + 1)) {
    ++curves[svg.substr(at, svg.find('"', at + begin.size()) - at)];
  }
  EXPECT_TRUE(std::ranges::count(curves, 4, &std::pair<const std::string, int>::second)) << "four of one event";
  EXPECT_TRUE(std::ranges::count(curves, 2, &std::pair<const std::string, int>::second))
      << "the two others together have two events that day, as many as the first type";
}

TEST(Chart, IsOfSoManyDaysWithToday) {
  EmbedService service;
  service.events.Add({1}, "PushEvent", "", "2024-05-06T23:59:59Z");
  service.events.Add({1}, "PushEvent", "", "2024-05-07T00:00:00Z");
  service.events.Add({1}, "PushEvent", "", "2024-05-08T00:00:00Z");
  EXPECT_THAT(service.Get(kRepository + "/chart/events.svg?days=2").body, HasSubstr("PushEvent: 2. "));
}

TEST(Chart, SaysWhereThereIsNothing) {
  EmbedService service;
  EXPECT_THAT(service.Get("/api/v1/repos/a/two/chart/events.svg").body, HasSubstr("No events in these days"));
  service.repositories.fake.snapshots.clear();
  EXPECT_THAT(service.Get("/api/v1/repos/a/two/chart/issues.svg").body,
              HasSubstr("No open issues were counted in these days"));
}

}  // namespace
}  // namespace repopulse::http
