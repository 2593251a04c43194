#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/event_service.h"

namespace repopulse::http {
namespace {

using nlohmann::json;
using test::At;
using test::Day;
using test::EventService;
using test::SampleRepository;
using test::Seen;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCompare = "/api/v1/compare?repos=";

struct CompareService : EventService {
  CompareService() {
    repositories.fake.stored = {{.repository = SampleRepository(1, "Kube/Ctl", 120),
                                 .fetched_at = At("2024-05-08T11:00:00Z"),
                                 .gone_at = {},
                                 .topics = {}}};
    repositories.fake.snapshots = {{Day("2024-05-05"), 100, 10, 1}, {Day("2024-05-07"), 120, 11, 3}};
    events.Add({1}, "PushEvent", "", "2024-05-07T10:00:00Z");
    events.Add({1}, "IssuesEvent", "opened", "2024-05-07T11:00:00Z");
    events.Add({2}, "PushEvent", "", "2024-05-08T00:00:00Z");
  }
};

TEST(Compare, PutsRepositoriesSideBySideDayByDay) {
  CompareService service;
  service.sources.shares[{2}] = 0.25;
  const json answer = service.Get(std::string(kCompare) + "kube/ctl,A/Two&from=2024-05-04&to=2024-05-08").json();
  ASSERT_EQ(answer["data"].size(), 2U);
  const json& first = answer["data"][0];
  EXPECT_EQ(first["full_name"], "Kube/Ctl");
  EXPECT_EQ(first["stargazers_count"], 120);
  EXPECT_EQ(first["stars_gained"], 20);
  EXPECT_EQ(first["events"], 2);
  EXPECT_EQ(first["series"], json::parse(R"([
    {"day": "2024-05-04", "stargazers_count": null, "forks_count": null, "open_issues_count": null, "events": 0},
    {"day": "2024-05-05", "stargazers_count": 100, "forks_count": 10, "open_issues_count": 1, "events": 0},
    {"day": "2024-05-06", "stargazers_count": 100, "forks_count": 10, "open_issues_count": 1, "events": 0},
    {"day": "2024-05-07", "stargazers_count": 120, "forks_count": 11, "open_issues_count": 3, "events": 2},
    {"day": "2024-05-08", "stargazers_count": 120, "forks_count": 11, "open_issues_count": 3, "events": 0}])"));
  const json& second = answer["data"][1];
  EXPECT_EQ(second["full_name"], "a/two");
  EXPECT_TRUE(second["stargazers_count"].is_null());
  EXPECT_EQ(second["events"], 1);
  EXPECT_EQ(first["coverage"]["share"], 0.75);
  EXPECT_EQ(second["coverage"]["share"], 0.25);
  EXPECT_EQ(answer["meta"]["window"], json::parse(R"({"from": "2024-05-04", "to": "2024-05-08", "bound": "days"})"));
  EXPECT_EQ(answer["meta"]["sample_size"], 3);
  EXPECT_EQ(answer["meta"]["coverage"]["share"], 0.5) << "their mean";
  EXPECT_EQ(answer["meta"]["data_as_of"], "2024-05-08T11:00:00Z");
}

TEST(Compare, IsOfThirtyDaysWhereNobodyAsksForOthers) {
  CompareService service;
  const json answer = service.Get(std::string(kCompare) + "kube/ctl").json();
  EXPECT_EQ(answer["data"][0]["series"].size(), 30U);
  EXPECT_EQ(answer["meta"]["window"]["to"], "2024-05-08");
}

TEST(Compare, AsATableHasARowForEachRepositoryAndDay) {
  CompareService service;
  const std::string days = "&from=2024-05-07&to=2024-05-08&format=";
  EXPECT_EQ(service.Get(std::string(kCompare) + "kube/ctl,a/three" + days + "csv").body,
            "full_name,day,stargazers_count,forks_count,open_issues_count,events\r\n"
            "Kube/Ctl,2024-05-07,120,11,3,2\r\nKube/Ctl,2024-05-08,120,11,3,0\r\n"
            // The fake's snapshots are of whichever repository.
            "a/three,2024-05-07,120,11,3,0\r\na/three,2024-05-08,120,11,3,0\r\n");
  EXPECT_THAT(service.Get(std::string(kCompare) + "kube/ctl" + days + "ndjson").body,
              HasSubstr(R"({"full_name":"Kube/Ctl","day":"2024-05-08",)"));
}

TEST(Compare, TakesEarlierNamesAndNamesAllUnknownOnes) {
  CompareService service;
  EXPECT_EQ(service.Get(std::string(kCompare) + "old/name").json()["data"][0]["full_name"], "Kube/Ctl");
  const json both = service.Get(std::string(kCompare) + "a/two,old/name,kube/ctl").json()["data"];
  ASSERT_EQ(both.size(), 3U) << "a repository under two of its names is shown twice";
  EXPECT_EQ(both[0]["full_name"], "a/two");
  for (const size_t i : {1, 2}) {
    EXPECT_EQ(both[i]["full_name"], "Kube/Ctl");
    EXPECT_EQ(both[i]["events"], 2);
  }
  const Seen unknown = service.Get(std::string(kCompare) + "no/body,kube/ctl,no/one");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.json()["detail"].get<std::string>(), AllOf(HasSubstr("no/body, no/one"), Not(HasSubstr("kube"))));
}

TEST(Compare, TellsAllThatIsWrongAtOnce) {
  CompareService service;
  EXPECT_THAT(service.Get("/api/v1/compare").wrong_parameters(), ElementsAre("repos"));
  EXPECT_THAT(service.Get(std::string(kCompare) + "a,b/c,B/C&from=2024-05-09&x=1").wrong_parameters(),
              ElementsAre("repos", "repos", "from", "x"));
  EXPECT_THAT(service.Get(std::string(kCompare) + "b/c&from=2023-05-08").wrong_parameters(), ElementsAre("from"));
  std::string many = "o/r0";
  for (int i = 1; i < 21; ++i) many += ",o/r" + std::to_string(i);
  EXPECT_THAT(service.Get(kCompare + many).wrong_parameters(), ElementsAre("repos"));
  EXPECT_EQ(service.Get(kCompare + many.substr(0, many.rfind(','))).status, 404);  // twenty are not too many
}

}  // namespace
}  // namespace repopulse::http
