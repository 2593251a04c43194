#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "http/paging.h"
#include "support/http_service.h"

namespace repopulse::http {
namespace {

using std::chrono::hours;
using test::Day;
using test::HttpService;
using test::SampleRepository;
using test::Seen;
using test::TopicNamed;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kRanking = "/api/v1/topics/go/repositories";

struct TopicService : HttpService {
  TopicService() {
    topics.fake.Serve(TopicNamed("go"),
                      {SampleRepository(1, "a/one", 10), SampleRepository(2, "a/two", 30),
                       SampleRepository(3, "a/three", 20), SampleRepository(4, "a/four", 20)},
                      clock.Now() - hours{1});
  }
  // The last query the store was asked.
  const RankingQuery& Asked(std::string_view target) {
    EXPECT_EQ(Get(target).status, 200) << target;
    return topics.rankings.back();
  }
  std::string KeyOf(std::string_view target) {
    Request request;
    EXPECT_TRUE(ParseTarget(target, request));
    const auto match = dispatcher.routes().Find(request);
    const auto query = std::get<ReadHandler>(match->route->handler)(request, match->values);
    EXPECT_TRUE(query) << target;
    return query ? query->key : "";
  }
};

std::vector<std::string> Names(const Seen& seen) {
  std::vector<std::string> names;
  const nlohmann::json document = seen.json();
  for (const auto& row : document["data"]) names.push_back(row.contains("full_name") ? row["full_name"] : row["name"]);
  return names;
}

// ---- the ranking

TEST(Ranking, IsByPopularityWhereNothingIsAsked) {
  TopicService service;
  const Seen seen = service.Get(kRanking);
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(Names(seen), ElementsAre("a/two", "a/three", "a/four", "a/one"));
  const RankingQuery& asked = service.topics.rankings.back();
  EXPECT_EQ(asked.topic, TopicNamed("go"));
  EXPECT_EQ(asked.sort, RankingSort::kPopularity);
  EXPECT_FALSE(asked.language || asked.min_stars || asked.archived || asked.after);
  EXPECT_EQ(asked.limit, 30U);
  EXPECT_EQ(asked.baseline_day, Day("2024-05-01"));  // growth over seven days
}

TEST(Ranking, PassesEveryParameterOn) {
  TopicService service;
  const RankingQuery& asked =
      service.Asked(std::string(kRanking) + "?sort=newest&language=C%2B%2B&min_stars=5&archived=false&per_page=7");
  EXPECT_EQ(asked.sort, RankingSort::kNewest);
  EXPECT_EQ(asked.language, "C++");
  EXPECT_EQ(asked.min_stars, 5);
  EXPECT_EQ(asked.archived, false);
  EXPECT_EQ(asked.limit, 7U);
  EXPECT_EQ(service.Asked(std::string(kRanking) + "?sort=activity").sort, RankingSort::kActivity);
  EXPECT_EQ(service.Asked(std::string(kRanking) + "?sort=updated").sort, RankingSort::kUpdated);
  const RankingQuery& trending = service.Asked(std::string(kRanking) + "?sort=trending");
  EXPECT_EQ(trending.sort, RankingSort::kTrending);
  EXPECT_EQ(trending.trending_to, service.clock.Now());
  EXPECT_EQ(service.Asked(std::string(kRanking) + "?archived=true").archived, true);
}

TEST(Ranking, SaysWhatItStandsOn) {
  TopicService service;
  const auto meta = service.Get(kRanking).json()["meta"];
  EXPECT_EQ(meta["data_as_of"], "2024-05-08T11:00:00Z");
  EXPECT_EQ(meta["total"], 4);
  EXPECT_EQ(meta["sample_size"], 4);
  EXPECT_EQ(meta["sort"], "popularity");
  EXPECT_EQ(meta["window"]["from"], "2024-05-01");
  EXPECT_TRUE(meta["window"].contains("to") && meta["window"].contains("bound"));
  EXPECT_EQ(meta["coverage"]["share"], 1.0);
  EXPECT_TRUE(meta["coverage"].contains("gaps"));
  EXPECT_EQ(service.Get(kRanking).header("Last-Modified"), "Wed, 08 May 2024 11:00:00 GMT");
}

TEST(Ranking, PagesThroughAllByItsLinks) {
  TopicService service;
  std::vector<std::string> names;
  std::string target = std::string(kRanking) + "?per_page=2&sort=popularity";
  for (int pages = 0; !target.empty() && pages < 5; ++pages) {
    const Seen seen = service.Get(target);
    ASSERT_EQ(seen.status, 200) << target;
    for (const std::string& name : Names(seen)) names.push_back(name);
    target = seen.next();
  }
  EXPECT_THAT(names, ElementsAre("a/two", "a/three", "a/four", "a/one"));
}

TEST(Ranking, LinksNoPageBehindTheLast) {
  TopicService service;
  EXPECT_NE(service.Get(std::string(kRanking) + "?per_page=3").next(), "");
  EXPECT_EQ(service.Get(std::string(kRanking) + "?per_page=4").next(), "");
}

TEST(Ranking, TakesACursorOfItsTopicAndOrderOnly) {
  TopicService service;
  service.topics.fake.Serve(TopicNamed("rust"), {SampleRepository(9, "b/nine", 9)}, service.clock.Now());
  const std::string next = service.Get(std::string(kRanking) + "?per_page=2").next();
  const std::string cursor = next.substr(next.find("cursor=") + 7);
  EXPECT_EQ(service.Get(std::string(kRanking) + "?cursor=" + cursor).status, 200);
  for (const std::string& target :
       {std::string(kRanking) + "?sort=newest&cursor=" + cursor, "/api/v1/topics/rust/repositories?cursor=" + cursor,
        "/api/v1/topics?cursor=" + cursor, "/api/v1/repos?cursor=" + cursor, std::string(kRanking) + "?cursor=x",
        std::string(kRanking) + "?cursor=" + MakeCursor("popularity", {"x", "y"})}) {
    const Seen seen = service.Get(target);
    EXPECT_EQ(seen.status, 400) << target;
    EXPECT_THAT(seen.wrong_parameters(), ElementsAre("cursor")) << target;
  }
}

TEST(Ranking, NamesAllMistakesAtOnce) {
  TopicService service;
  const Seen seen = service.Get(
      std::string(kRanking) + "?sort=stored&language=&min_stars=-1&archived=1&per_page=101&format=xml&cursor=!&page=2");
  EXPECT_EQ(seen.status, 400);
  EXPECT_THAT(seen.wrong_parameters(),
              ElementsAre("sort", "language", "min_stars", "archived", "per_page", "format", "cursor", "page"));
  EXPECT_THAT(service.topics.rankings, IsEmpty());
}

TEST(Ranking, OfAJustTrackedTopicIsNotYetThere) {
  TopicService service;
  ASSERT_TRUE(service.topics.Track(TopicNamed("rust"), service.clock.Now()));
  const Seen seen = service.Get("/api/v1/topics/rust/repositories");
  EXPECT_EQ(seen.status, 202);
  EXPECT_NE(seen.header("Retry-After"), "");
  EXPECT_EQ(seen.json()["data"], nlohmann::json::array());
  EXPECT_TRUE(seen.json()["meta"]["data_as_of"].is_null());
}

TEST(Ranking, OfAnUntrackedTopicIsNotFound) {
  TopicService service;
  EXPECT_EQ(service.Get("/api/v1/topics/rust/repositories").status, 404);
  ASSERT_TRUE(service.topics.Untrack(TopicNamed("go")));
  EXPECT_EQ(service.Get(kRanking).status, 404);
}

TEST(Ranking, ComesAsCsvAndNdjson) {
  TopicService service;
  const Seen csv = service.Get(std::string(kRanking) + "?format=csv&per_page=1");
  EXPECT_THAT(csv.header("Content-Type"), HasSubstr("text/csv"));
  EXPECT_THAT(csv.body,
              ::testing::StartsWith("rank,rank_change,growth.since,growth.stars,growth.percent,id,full_name,"));
  EXPECT_THAT(csv.body, HasSubstr("\r\n1,,,,,2,a/two,"));
  const Seen ndjson = service.Get(std::string(kRanking) + "?format=ndjson&per_page=1");
  EXPECT_EQ(ndjson.json()["full_name"], "a/two");
  EXPECT_NE(csv.next(), "");
}

TEST(RankingKey, IsTheSameForEqualQueries) {
  TopicService service;
  const std::string key = service.KeyOf(kRanking);
  for (const char* equal :
       {"/api/v1/topics/GO/repositories", "//api/v1/topics/go/repositories/",
        "/api/v1/topics/go/repositories?sort=popularity", "/api/v1/topics/go/repositories?format=json&per_page=30"}) {
    EXPECT_EQ(service.KeyOf(equal), key) << equal;
  }
  EXPECT_EQ(service.KeyOf(std::string(kRanking) + "?language=Go&min_stars=05"),
            service.KeyOf(std::string(kRanking) + "?min_stars=5&language=gO"));
}

TEST(RankingKey, IsAnotherForEveryOtherQuery) {
  TopicService service;
  std::set<std::string> keys;
  size_t asked = 0;
  for (const std::string query :
       {"", "?sort=newest", "?sort=updated", "?sort=activity", "?sort=trending", "?language=go", "?language=rust",
        "?min_stars=0", "?min_stars=1", "?archived=true", "?archived=false", "?per_page=31", "?format=csv",
        "?format=ndjson", "?language=go%26min_stars%3D1", "?language=go&min_stars=1", "?language=true"}) {
    keys.insert(service.KeyOf(kRanking + query));
    ++asked;
  }
  keys.insert(service.KeyOf("/api/v1/topics/rust/repositories"));
  keys.insert(service.KeyOf("/api/v1/topics/go"));
  keys.insert(service.KeyOf("/api/go"));
  keys.insert(service.KeyOf("/api/popularity/go"));
  keys.insert(service.KeyOf("/api/activity/go"));
  keys.insert(service.KeyOf("/api/v1/topics"));
  keys.insert(service.KeyOf("/api/v1/repos"));
  EXPECT_EQ(keys.size(), asked + 7);
}

TEST(RankingKey, IsAnotherOnTheNextDay) {
  TopicService service;
  const std::string today = service.KeyOf(kRanking);
  service.clock.Advance(hours{24});
  EXPECT_NE(service.KeyOf(kRanking), today);
}

// ---- topics

TEST(Topics, AreListedByNameWithTheirNumber) {
  TopicService service;
  service.topics.fake.Serve(TopicNamed("docker"), {}, service.clock.Now());
  const Seen seen = service.Get("/api/v1/topics");
  EXPECT_THAT(Names(seen), ElementsAre("docker", "go"));
  EXPECT_EQ(seen.json()["meta"]["total"], 2);
  EXPECT_EQ(seen.next(), "");
}

TEST(Topics, ArePagedThrough) {
  HttpService service;
  for (const char* name : {"a", "a-b", "b", "c", "d"}) {
    ASSERT_TRUE(service.topics.Track(TopicNamed(name), service.clock.Now()));
  }
  std::vector<std::string> names;
  std::vector<size_t> sizes;
  for (std::string target = "/api/v1/topics?per_page=2"; !target.empty() && sizes.size() < 9;) {
    const Seen seen = service.Get(target);
    sizes.push_back(Names(seen).size());
    for (const std::string& name : Names(seen)) names.push_back(name);
    target = seen.next();
  }
  EXPECT_THAT(names, ElementsAre("a", "a-b", "b", "c", "d"));
  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
}

TEST(Topics, LinkNoPageWhereTheLastIsFull) {
  HttpService service;
  for (const char* name : {"a", "b"}) ASSERT_TRUE(service.topics.Track(TopicNamed(name), service.clock.Now()));
  EXPECT_EQ(service.Get("/api/v1/topics?per_page=2").next(), "");
}

TEST(Topic, IsShownInItsCanonicalSpelling) {
  TopicService service;
  const Seen seen = service.Get("/api/v1/topics/Go");
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.json()["data"]["name"], "go");
  EXPECT_EQ(seen.json()["data"]["repositories_count"], 4);
  EXPECT_EQ(service.Get("/api/v1/topics/rust").status, 404);
}

TEST(Topic, FollowsGitHubsRuleForNames) {
  TopicService service;
  for (const std::string bad : {"c%2B%2B", "a_b", "-a", "caf%C3%A9", "a%2Fb"}) {
    for (const std::string prefix : {"/api/v1/topics/", "/api/", "/api/popularity/", "/api/activity/", "/db/"}) {
      const Seen seen = service.Get(prefix + bad);
      EXPECT_EQ(seen.status, 400) << prefix + bad;
      EXPECT_THAT(seen.wrong_parameters(), ElementsAre("topic")) << prefix + bad;
    }
  }
}

TEST(Topic, SaysHowMuchOfItIsCollected) {
  HttpService service;
  const Topic topic = service.topics.Track(TopicNamed("go"), service.clock.Now()).value();
  EXPECT_EQ(service.Get("/api/v1/topics/go").json()["meta"]["coverage"]["share"], 0.0);
  Sweep sweep = service.topics.OpenSweep(topic.id, service.clock.Now(), service.clock.Now()).value();
  SweepPlan next = sweep.plan;
  next.reported_count = 4;
  ASSERT_TRUE(service.topics.StorePage(sweep, next, {SampleRepository(1, "a/one", 1)}, service.clock.Now()));
  sweep = service.topics.fake.SweepOf("go");
  ASSERT_TRUE(service.topics.PublishSweep(sweep, false, service.clock.Now(), service.clock.Now()));
  service.clock.Advance(hours{48});
  const auto coverage = service.Get("/api/v1/topics/go").json()["meta"]["coverage"];
  EXPECT_EQ(coverage["share"], 0.25);
  EXPECT_EQ(coverage["complete"], false);
}

TEST(Tracking, CreatesOnceAndIsIdempotent) {
  HttpService service;
  const Seen first = service.Ask(Method::kPut, "/api/v1/topics/Go", HttpService::kKey);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.header("Location"), "/api/v1/topics/go");
  EXPECT_EQ(service.Ask(Method::kPut, "/api/v1/topics/go", HttpService::kKey).status, 200);
  EXPECT_EQ(service.Ask(Method::kDelete, "/api/v1/topics/go", HttpService::kKey).status, 204);
  EXPECT_EQ(service.Ask(Method::kDelete, "/api/v1/topics/go", HttpService::kKey).status, 404);
  EXPECT_EQ(service.Ask(Method::kPut, "/api/v1/topics/go", HttpService::kKey).status, 201);
}

TEST(Tracking, RefusesParametersAndBadNames) {
  HttpService service;
  EXPECT_EQ(service.Ask(Method::kPut, "/api/v1/topics/go?x=1", HttpService::kKey).status, 400);
  EXPECT_EQ(service.Ask(Method::kDelete, "/api/v1/topics/go?x=1", HttpService::kKey).status, 400);
  EXPECT_EQ(service.Ask(Method::kPut, "/api/v1/topics/a_b", HttpService::kKey).status, 400);
  EXPECT_THAT(service.topics.List().value(), IsEmpty());
}

TEST(Tracking, IsSeenByTheNextReader) {
  TopicService service;
  EXPECT_EQ(service.Get("/api/v1/topics").json()["meta"]["total"], 1);
  ASSERT_EQ(service.Ask(Method::kPut, "/api/v1/topics/rust", HttpService::kKey).status, 201);
  EXPECT_EQ(service.Get("/api/v1/topics").json()["meta"]["total"], 2);
  EXPECT_EQ(service.Get("/api/v1/topics/go").status, 200);
  ASSERT_EQ(service.Ask(Method::kDelete, "/api/v1/topics/go", HttpService::kKey).status, 204);
  EXPECT_EQ(service.Get("/api/v1/topics/go").status, 404);
  EXPECT_EQ(service.Get("/api/v1/topics").json()["meta"]["total"], 1);
}

TEST(Demo, IsSaidWithTheData) {
  TopicService service;
  EXPECT_FALSE(service.Get(kRanking).json()["meta"].contains("demo"));
  TopicService demo;
  demo.services.demo = true;
  for (const char* target : {kRanking, "/api/v1/topics", "/api/v1/topics/go", "/api/v1/repos"}) {
    EXPECT_EQ(demo.Get(target).json()["meta"]["demo"], true) << target;
  }
}

TEST(Replay, IsSaidWithTheData) {
  TopicService service;
  EXPECT_FALSE(service.Get(kRanking).json()["meta"].contains("replay_now"));
  TopicService replay;
  replay.services.replay_now = "2015-01-01T03:00:00Z";
  for (const char* target : {kRanking, "/api/v1/topics", "/api/v1/topics/go", "/api/v1/repos"}) {
    EXPECT_EQ(replay.Get(target).json()["meta"]["replay_now"], "2015-01-01T03:00:00Z") << target;
  }
}

// ---- the predecessors' lists

TEST(PredecessorLists, AreBareArraysInTheirOrders) {
  TopicService service;
  for (const std::string prefix : {"/api", "/db"}) {
    const auto ids = [&](const std::string& part) {
      std::vector<int> list;
      for (const auto& row : service.Get(prefix + part + "/go").json()) list.push_back(row["id"]);
      return list;
    };
    EXPECT_THAT(ids(""), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(ids("/popularity"), ElementsAre(2, 3, 4, 1));
    (void)ids("/activity");
    EXPECT_EQ(service.topics.rankings.back().sort, RankingSort::kUpdated);
    EXPECT_EQ(service.topics.rankings.back().limit, 500U);
  }
}

TEST(PredecessorLists, AreEmptyForATrackedTopicWithoutDataAnd404ForAnUntracked) {
  HttpService service;
  ASSERT_TRUE(service.topics.Track(TopicNamed("go"), service.clock.Now()));
  for (const std::string prefix :
       {"/api", "/api/popularity", "/api/activity", "/db", "/db/popularity", "/db/activity"}) {
    EXPECT_EQ(service.Get(prefix + "/go").status, 200) << prefix;
    EXPECT_EQ(service.Get(prefix + "/go").body, "[]") << prefix;
    const Seen seen = service.Get(prefix + "/rust");
    EXPECT_EQ(seen.status, 404) << prefix;
    EXPECT_EQ(seen.header("Content-Type"), "application/problem+json") << prefix;
  }
}

TEST(PredecessorLists, ShowTheFirstDataSoon) {
  HttpService service;
  ASSERT_TRUE(service.topics.Track(TopicNamed("go"), service.clock.Now()));
  EXPECT_EQ(service.Get("/api/go").body, "[]");
  service.topics.fake.Serve(TopicNamed("go"), {SampleRepository(1, "a/one", 1)}, service.clock.Now());
  service.clock.Advance(std::chrono::seconds{2});
  EXPECT_EQ(service.Get("/api/go").json().size(), 1U);
}

TEST(PredecessorLists, AreNotAskedForByWordsThatArePaths) {
  HttpService service;
  for (const char* word : {"docs", "v1", "metrics", "activity", "popularity"}) {
    service.topics.fake.Serve(TopicNamed(word), {}, service.clock.Now());
    EXPECT_EQ(service.Get("/api/" + std::string(word)).status, 404) << word;
    EXPECT_EQ(service.Get("/api/v1/topics/" + std::string(word)).status, 200) << word;
    EXPECT_EQ(service.Get("/api/popularity/" + std::string(word)).status, 200) << word;
  }
  EXPECT_EQ(service.Get("/api/Metrics").status, 404);
  service.topics.fake.Serve(TopicNamed("repos"), {SampleRepository(1, "a/one", 1)}, service.clock.Now());
  EXPECT_EQ(service.Get("/api/repos").body, "[]") << "the predecessor's list of repositories, not the topic's";
}

TEST(PredecessorTexts, AreTheOnesItsClientsKnow) {
  HttpService service;
  EXPECT_EQ(service.Get("/test").body, "Oh, Hello World");
  EXPECT_EQ(service.Get("/health").body, "ok");
  EXPECT_THAT(service.Get("/health").header("Content-Type"), HasSubstr("text/plain"));
}

}  // namespace
}  // namespace repopulse::http
