#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/paging.h"
#include "support/http_service.h"

namespace repopulse::http {
namespace {

using test::Day;
using test::HttpService;
using test::SampleRepository;
using test::Seen;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct RepositoryService : HttpService {
  RepositoryService() {
    for (const auto& [id, name] : {std::pair{1, "Kube/Ctl"}, {2, "a/two"}, {3, "a/three"}}) {
      repositories.fake.stored.push_back(
          {SampleRepository(id, name, 150), clock.Now() - std::chrono::hours{2}, std::nullopt, {}});
    }
    repositories.fake.earlier_names["old/name"] = RepositoryId{1};
  }
  void Snap(const char* day, int64_t stars) { repositories.fake.snapshots.push_back({Day(day), stars, stars / 10, 5}); }
};

std::vector<std::string> Names(const Seen& seen) {
  std::vector<std::string> names;
  const nlohmann::json document = seen.json();
  for (const auto& row : document["data"]) names.push_back(row["full_name"]);
  return names;
}

TEST(Repositories, PassTheirParametersOn) {
  RepositoryService service;
  EXPECT_EQ(service.Get("/api/v1/repos?q=kube+ctl&active=true&per_page=2").status, 200);
  ASSERT_EQ(service.repositories.lists.size(), 1U);
  EXPECT_EQ(service.repositories.lists[0].text, "kube ctl");
  EXPECT_EQ(service.repositories.lists[0].active, true);
  EXPECT_EQ(service.repositories.lists[0].limit, 2U);
  EXPECT_FALSE(service.repositories.lists[0].after);
}

TEST(Repositories, ArePagedThrough) {
  RepositoryService service;
  const Seen first = service.Get("/api/v1/repos?per_page=2");
  EXPECT_THAT(Names(first), ElementsAre("Kube/Ctl", "a/two"));
  EXPECT_EQ(first.json()["meta"]["total"], 3);
  const Seen second = service.Get(first.next());
  EXPECT_THAT(Names(second), ElementsAre("a/three"));
  EXPECT_EQ(second.next(), "");
}

TEST(Repositories, NameAllMistakesAtOnce) {
  RepositoryService service;
  const Seen seen =
      service.Get("/api/v1/repos?q=&active=1&per_page=0&format=x&cursor=" + MakeCursor("repos", {"x"}) + "&sort=stars");
  EXPECT_EQ(seen.status, 400);
  EXPECT_THAT(seen.wrong_parameters(), ElementsAre("q", "active", "per_page", "format", "cursor", "sort"));
  EXPECT_THAT(service.repositories.lists, IsEmpty());
}

TEST(ARepository, IsFoundWithoutRegardToCaseInItsCanonicalSpelling) {
  RepositoryService service;
  for (const char* target : {"/api/v1/repos/Kube/Ctl", "/api/v1/repos/kube/CTL/"}) {
    const Seen seen = service.Get(target);
    EXPECT_EQ(seen.status, 200) << target;
    EXPECT_EQ(seen.json()["data"]["full_name"], "Kube/Ctl") << target;
    EXPECT_EQ(seen.json()["meta"]["data_as_of"], "2024-05-08T10:00:00Z");
    EXPECT_EQ(seen.header("Last-Modified"), "Wed, 08 May 2024 10:00:00 GMT");
  }
}

TEST(ARepository, ThatWasRenamedIsAtItsNewName) {
  RepositoryService service;
  const Seen seen = service.Get("/api/v1/repos/Old/Name");
  EXPECT_EQ(seen.status, 301);
  EXPECT_EQ(seen.header("Location"), "/api/v1/repos/Kube/Ctl");
  const Seen history =
      service.Get("/api/v1/repos/old/name/popularity/history?from=2024-05-01&to=2024-05-02&format=csv");
  EXPECT_EQ(history.status, 301);
  EXPECT_EQ(history.header("Location"),
            "/api/v1/repos/Kube/Ctl/popularity/history?from=2024-05-01&to=2024-05-02&format=csv");
  EXPECT_EQ(service.Get(history.header("Location")).status, 200);
}

TEST(ARepository, NobodyKnowsIs404AndAnImpossibleNameIs400) {
  RepositoryService service;
  EXPECT_EQ(service.Get("/api/v1/repos/a/unknown").status, 404);
  for (const char* bad : {"a%20b/c", "a/b%2Fc", "a/..", "caf%C3%A9/a"}) {
    EXPECT_EQ(service.Get(std::string("/api/v1/repos/") + bad).status, 400) << bad;
    EXPECT_THAT(service.Get(std::string("/api/v1/repos/") + bad).wrong_parameters(), ElementsAre("repository"));
  }
  EXPECT_EQ(service.Get("/api/v1/repos/a/two?x=1").status, 400);
}

TEST(ARepository, ShowsItsGrowth) {
  RepositoryService service;
  service.Snap("2024-04-08", 100);
  service.Snap("2024-05-01", 120);
  service.Snap("2024-05-08", 150);
  const auto growth = service.Get("/api/v1/repos/Kube/Ctl").json()["data"]["growth"];
  EXPECT_EQ(growth["7_days"], nlohmann::json::parse(R"({"since": "2024-05-01", "stars": 30, "percent": 25.0})"));
  EXPECT_EQ(growth["30_days"], nlohmann::json::parse(R"({"since": "2024-04-08", "stars": 50, "percent": 50.0})"));
}

TEST(ARepository, ShowsNoGrowthWhereNoneIsKnown) {
  RepositoryService service;
  EXPECT_TRUE(service.Get("/api/v1/repos/Kube/Ctl").json()["data"]["growth"].at("7_days").is_null());
  RepositoryService fresh;
  fresh.Snap("2024-05-08", 150);
  EXPECT_TRUE(fresh.Get("/api/v1/repos/Kube/Ctl").json()["data"]["growth"].at("30_days").is_null());
}

TEST(ARepository, GrewByNoPercentageFromNothing) {
  RepositoryService service;
  service.Snap("2024-05-01", 0);
  service.Snap("2024-05-08", 150);
  const auto growth = service.Get("/api/v1/repos/Kube/Ctl").json()["data"]["growth"]["7_days"];
  EXPECT_EQ(growth["stars"], 150);
  EXPECT_TRUE(growth.at("percent").is_null());
}

// ---- history

constexpr const char* kHistory = "/api/v1/repos/Kube/Ctl/popularity/history";

TEST(History, HasARowForEachDayAndMarksGaps) {
  RepositoryService service;
  service.Snap("2024-05-02", 100);
  service.Snap("2024-05-03", 110);
  service.Snap("2024-05-05", 90);
  const Seen seen = service.Get(std::string(kHistory) + "?from=2024-05-01&to=2024-05-06&format=csv");
  EXPECT_EQ(
      seen.body,
      "day,observed,stargazers_count,stars_change,forks_count,forks_change,open_issues_count,open_issues_change\r\n"
      "2024-05-01,false,,,,,,\r\n"
      "2024-05-02,true,100,,10,,5,\r\n"
      "2024-05-03,true,110,10,11,1,5,0\r\n"
      "2024-05-04,false,110,0,11,0,5,0\r\n"
      "2024-05-05,true,90,-20,9,-2,5,0\r\n"
      "2024-05-06,false,90,0,9,0,5,0\r\n");
}

TEST(History, CountsTheFirstDaysChangeFromTheDayBefore) {
  RepositoryService service;
  service.Snap("2024-05-01", 100);
  service.Snap("2024-05-02", 130);
  const auto seen = service.Get(std::string(kHistory) + "?from=2024-05-02&to=2024-05-02").json();
  ASSERT_EQ(seen["data"].size(), 1U);
  EXPECT_EQ(seen["data"][0]["stars_change"], 30);
  EXPECT_EQ(seen["meta"]["sample_size"], 1);
}

TEST(History, HasNullsBeforeTheFirstObservation) {
  RepositoryService service;
  service.Snap("2024-05-02", 100);
  const auto rows = service.Get(std::string(kHistory) + "?from=2024-05-01&to=2024-05-02").json()["data"];
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["observed"], false);
  EXPECT_TRUE(rows[0].at("stargazers_count").is_null());
  EXPECT_TRUE(rows[1].at("stars_change").is_null());
}

TEST(History, SaysWhatItStandsOn) {
  RepositoryService service;
  service.Snap("2024-05-02", 100);
  const auto meta = service.Get(std::string(kHistory) + "?from=2024-05-01&to=2024-05-04").json()["meta"];
  EXPECT_EQ(meta["repository"], "Kube/Ctl");
  EXPECT_EQ(meta["window"]["from"], "2024-05-01");
  EXPECT_EQ(meta["window"]["to"], "2024-05-04");
  EXPECT_EQ(meta["sample_size"], 1);
  EXPECT_EQ(meta["coverage"]["share"], 0.25);
}

TEST(History, EndsTodayWhereNothingIsAsked) {
  RepositoryService service;
  const auto rows = service.Get(kHistory).json()["data"];
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows.back()["day"], "2024-05-08");
}

TEST(History, TakesAPeriodOfOneDayToItsLongest) {
  RepositoryService service;
  EXPECT_EQ(service.Get(std::string(kHistory) + "?from=2024-05-01&to=2024-05-01").json()["data"].size(), 1U);
  EXPECT_EQ(service.Get(std::string(kHistory) + "?from=2021-05-04&to=2024-05-07").json()["data"].size(), 1100U);
  EXPECT_THAT(service.Get(std::string(kHistory) + "?from=2021-05-03&to=2024-05-07").wrong_parameters(),
              ElementsAre("from"));
}

TEST(History, NamesAllMistakesAtOnce) {
  RepositoryService service;
  EXPECT_THAT(service.Get(std::string(kHistory) + "?from=2024-05-03&to=2024-05-02").wrong_parameters(),
              ElementsAre("from"));
  EXPECT_THAT(service.Get(std::string(kHistory) + "?from=yesterday&to=2024-02-30&format=xml&days=7").wrong_parameters(),
              ElementsAre("from", "to", "format", "days"));
}

}  // namespace
}  // namespace repopulse::http
