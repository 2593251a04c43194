#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/event_service.h"

namespace repopulse::http {
namespace {

using nlohmann::json;
using test::At;
using test::EventService;
using test::RepositoryNamed;
using test::SampleRepository;
using test::Seen;
using test::TopicNamed;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kTrending = "/api/v1/trending";

TrendingRepository Rising(int64_t id, std::optional<std::string_view> name, double stars_part) {
  TrendingRepository one;
  one.id = RepositoryId{id};
  if (name) one.name = RepositoryNamed(*name);
  one.trending = {
      .score = {.stars = stars_part, .forks = 1.5, .age = 0}, .stars = 9, .forks = 1, .actors = 10, .age_years = {}};
  one.position = {one.trending.score.key(), one.id};
  return one;
}

struct TrendingService : EventService {
  TrendingService() {
    trends.trending = {Rising(1, "Kube/Ctl", 40), Rising(2, "a/two", 30), Rising(3, std::nullopt, 20)};
    trends.trending[0].description = SampleRepository(1, "Kube/Ctl", 1234);
    trends.trending[0].trending.score.age = 20;
    trends.trending[0].trending.age_years = 9;
    trends.trending[0].position.key = trends.trending[0].trending.score.key();
    trends.events = 77;
  }
};

TEST(Trending, TellsWhatIsKnownAndTheScore) {
  TrendingService service;
  const json answer = service.Get(kTrending).json();
  EXPECT_EQ(answer["data"][0], json::parse(R"({"rank": 1, "id": 1, "full_name": "Kube/Ctl",
    "html_url": "https://github.com/Kube/Ctl", "description": "A description", "language": "Go",
    "stargazers_count": 1234, "score": 61.5, "stars": 9, "forks": 1})"));
  EXPECT_EQ(answer["data"][2], json::parse(R"({"rank": 3, "id": 3, "full_name": null, "html_url": null,
    "description": null, "language": null, "stargazers_count": null, "score": 21.5, "stars": 9, "forks": 1})"));
  const json& meta = answer["meta"];
  EXPECT_EQ(meta["window"], json::parse(R"({"from": "2024-05-07T12:00:00Z", "to": "2024-05-08T12:00:00Z",
                                            "bound": "hours", "hours": 24})"));
  EXPECT_EQ(meta["sample_size"], 77);
  EXPECT_EQ(meta["coverage"]["share"], 0.75);
  EXPECT_TRUE(meta["topic"].is_null());
  EXPECT_EQ(meta["guards"], json::parse(R"({"stars_over": 5, "actors_share_over": 0.9, "pushed_within_days": 90})"));
}

TEST(Trending, ExplainsItself) {
  TrendingService service;
  const json row = service.Get(std::string(kTrending) + "?explain=true&per_page=1").json()["data"][0];
  EXPECT_EQ(row["actors"], 10);
  EXPECT_EQ(row["age_years"], 9.0);
  EXPECT_EQ(row["pushed_at"], "2024-05-06T07:01:02Z");
  EXPECT_EQ(row["components"], json::parse(R"({"stars": 40.0, "forks": 1.5, "age": 20.0})"));
  EXPECT_THAT(service.Get(std::string(kTrending) + "?explain=true&format=csv").body,
              HasSubstr("score,stars,forks,actors,age_years,pushed_at,components.stars,components.forks,"
                        "components.age\r\n1,1,Kube/Ctl,"));
}

TEST(Trending, GoesOnBehindThePageWithinTheSameWindow) {
  TrendingService service;
  const Seen first = service.Get(std::string(kTrending) + "?per_page=2&hours=3");
  EXPECT_EQ(first.json()["data"].size(), 2U);
  service.clock.Advance(std::chrono::minutes{10});
  const Seen second = service.Get(first.next());
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.json()["data"][0]["id"], 3);
  EXPECT_EQ(second.json()["data"][0]["rank"], 3);
  EXPECT_EQ(second.next(), "");
  EXPECT_EQ(second.json()["meta"]["window"], first.json()["meta"]["window"]);
  EXPECT_EQ(service.trends.queries.back().from, At("2024-05-08T09:00:00Z"));
  EXPECT_EQ(service.trends.queries.back().to, At("2024-05-08T12:00:00Z"));
}

TEST(Trending, RefusesACursorOfAnotherListOrOfLongAgo) {
  TrendingService service;
  const std::string next = service.Get(std::string(kTrending) + "?per_page=1&hours=3").next();
  const std::string cursor = next.substr(next.find("cursor=") + 7);
  for (const std::string query : {"?hours=4&cursor=", "?cursor=", "?hours=3&topic=go&cursor="}) {
    EXPECT_THAT(service.Get(kTrending + query + cursor).wrong_parameters(), ElementsAre("cursor")) << query;
  }
  service.clock.Advance(std::chrono::hours{200});
  EXPECT_THAT(service.Get(next).wrong_parameters(), ElementsAre("cursor"));
}

TEST(Trending, IsOfOneTopicWhereOneIsNamed) {
  TrendingService service;
  EXPECT_EQ(service.Get(std::string(kTrending) + "?topic=kubernetes").status, 404);
  ASSERT_TRUE(service.topics.Track(TopicNamed("kubernetes"), service.clock.Now()));
  service.clock.Advance(std::chrono::minutes{10});
  const json answer = service.Get(std::string(kTrending) + "?topic=Kubernetes").json();
  EXPECT_EQ(answer["meta"]["topic"], "kubernetes");
  EXPECT_EQ(service.trends.queries.back().topic, TopicNamed("kubernetes"));
}

TEST(Trending, TellsAllThatIsWrongAtOnce) {
  TrendingService service;
  const Seen answer =
      service.Get(std::string(kTrending) + "?hours=169&topic=a_b&explain=1&per_page=0&format=xml&cursor=!&page=2");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.wrong_parameters(),
              ElementsAre("hours", "topic", "explain", "per_page", "format", "cursor", "page"));
}

TEST(Trending, IsOneAnswerForEqualQuestions) {
  TrendingService service;
  service.Get(kTrending);
  service.Get(std::string(kTrending) + "?hours=24&explain=false&per_page=30&format=json");
  EXPECT_EQ(service.trends.queries.size(), 1U);
  service.Get(std::string(kTrending) + "?hours=23");
  service.Get(std::string(kTrending) + "?explain=true");
  service.Get(std::string(kTrending) + "?per_page=29");
  EXPECT_EQ(service.trends.queries.size(), 4U);
}

}  // namespace
}  // namespace repopulse::http
