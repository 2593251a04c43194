// What the log says of failures, and what clients do not hear of them.
#include <gtest/gtest.h>

#include "base/log.h"
#include "support/http_service.h"

namespace repopulse::http {
namespace {

struct Failure {
  test::Seen seen;
  std::string log;
};

Failure AskLogged(test::HttpService& service, const char* target) {
  testing::internal::CaptureStderr();
  test::Seen seen = service.Get(target);
  FlushLogs();
  return {std::move(seen), testing::internal::GetCapturedStderr()};
}

TEST(FailureLog, KnowsTheCauseThatClientsAreNotTold) {
  test::HttpService service;
  service.topics.fake.FailWith(Error{ErrorCode::kUnavailable, "Lost connection to server at 10.1.2.3"});
  // One through the caches, one straight from the database.
  for (const char* target : {"/api/v1/topics/kubernetes", "/db/kubernetes"}) {
    const Failure failure = AskLogged(service, target);
    EXPECT_EQ(failure.seen.status, 503) << target;
    EXPECT_EQ(failure.seen.body.find("Lost connection"), std::string::npos) << target;
    const auto line = nlohmann::json::parse(failure.log);
    EXPECT_EQ(line["event"], "request_failed");
    EXPECT_EQ(line["request_id"], "request-7");
    EXPECT_EQ(line["target"], target);
    EXPECT_EQ(line["error"], "unavailable: Lost connection to server at 10.1.2.3");
  }
}

TEST(FailureLog, IsNotFilledByMistakesOfClients) {
  test::HttpService service;
  for (const char* target : {"/nothing/here", "/api/v1/topics/unknown", "/api/v1/topics?x=1", "/db/unknown", "/%zz"}) {
    EXPECT_EQ(AskLogged(service, target).log, "") << target;
  }
}

TEST(History, NamesItsGaps) {
  test::HttpService service;
  service.repositories.fake.stored.push_back(
      {test::SampleRepository(1, "a/b", 10), service.clock.Now(), std::nullopt, {}});
  const auto gaps = [&](const std::string& query) {
    return service.Get("/api/v1/repos/a/b/popularity/history?" + query).json()["meta"]["coverage"]["gaps"];
  };
  EXPECT_EQ(gaps("from=2024-05-01&to=2024-05-03").dump(), R"([{"from":"2024-05-01","to":"2024-05-03"}])");
  for (const char* day : {"2024-05-02", "2024-05-03", "2024-05-06"}) {
    service.repositories.fake.snapshots.push_back({test::Day(day), 10, 1, 1});
  }
  EXPECT_EQ(gaps("from=2024-05-01&to=2024-05-08").dump(),
            R"([{"from":"2024-05-01","to":"2024-05-01"},{"from":"2024-05-04","to":"2024-05-05"},)"
            R"({"from":"2024-05-07","to":"2024-05-08"}])");
  EXPECT_EQ(gaps("from=2024-05-02&to=2024-05-03").dump(), "[]");
}

}  // namespace
}  // namespace repopulse::http
