#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_service.h"

namespace repopulse::http {
namespace {

using test::HttpService;
using test::Seen;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct MaintenanceService : HttpService {
  MaintenanceService() {
    for (const JobKind kind : kAllJobKinds) {
      jobs.Register(kind, [this](JobContext& job) -> Status {
        job.Add("requests", 3);
        if (failure) return tl::make_unexpected(*failure);
        return job.Step("done");
      });
    }
  }
  ~MaintenanceService() { jobs.Join(); }  // before what its jobs use
  MaintenanceService(const MaintenanceService&) = delete;
  MaintenanceService& operator=(const MaintenanceService&) = delete;

  Seen Post(std::string_view target, bool may_wait) { return Ask(Method::kPost, target, kKey, may_wait); }
  Seen Look(std::string_view target) { return Ask(Method::kGet, target, kKey); }

  std::optional<Error> failure;
};

TEST(Maintenance, StartsEachJobAndSaysWhereItIs) {
  for (const std::string kind : {"bootstrap", "collect", "refresh-cache", "prune"}) {
    for (const std::string prefix : {"", "/api/v1"}) {
      MaintenanceService service;
      const Seen seen = service.Post(prefix + "/maintenance/" + kind, false);
      EXPECT_EQ(seen.status, 202) << kind;
      EXPECT_EQ(seen.header("Location"), "/maintenance/jobs/1") << kind;
      EXPECT_NE(seen.header("Retry-After"), "") << kind;
      EXPECT_EQ(seen.json()["data"]["kind"], kind);
      EXPECT_EQ(service.Look(seen.header("Location")).status, 200) << kind;
    }
  }
}

TEST(Maintenance, KnowsNoOtherJob) {
  MaintenanceService service;
  EXPECT_EQ(service.Post("/maintenance/destroy", true).status, 404);
  EXPECT_EQ(service.Post("/maintenance/Collect", true).status, 404);
  EXPECT_THAT(service.job_store.started(), IsEmpty());
}

TEST(Maintenance, WaitsForTheEndWhereAskedTo) {
  MaintenanceService service;
  const Seen seen = service.Post("/maintenance/collect?wait=60", true);
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.header("Location"), "/maintenance/jobs/1");
  EXPECT_EQ(seen.json()["data"]["state"], "succeeded");
  EXPECT_EQ(seen.json()["data"]["counts"]["requests"], 3);
  EXPECT_EQ(seen.json()["data"]["step"], "done");
}

TEST(Maintenance, AnswersTheErrorOfAJobThatWasWaitedFor) {
  MaintenanceService service;
  service.failure = Error{ErrorCode::kNotFound, "no such thing on GitHub"};
  const Seen seen = service.Post("/maintenance/collect?wait=60", true);
  EXPECT_EQ(seen.status, 502);
  EXPECT_EQ(seen.header("Location"), "/maintenance/jobs/1");
  EXPECT_EQ(seen.json()["job_error"], "no such thing on GitHub");
  const Seen job = service.Look("/maintenance/jobs/1");
  EXPECT_EQ(job.status, 200);
  EXPECT_EQ(job.json()["data"]["state"], "failed");
  EXPECT_EQ(job.json()["data"]["error"]["code"], "not_found");
}

TEST(Maintenance, PassesGitHubsWaitOnToTheCaller) {
  MaintenanceService service;
  service.failure = Error{ErrorCode::kRateLimited, "x", std::chrono::seconds{77}};
  const Seen seen = service.Post("/maintenance/collect?wait=60", true);
  EXPECT_EQ(seen.status, 503);
  EXPECT_EQ(seen.header("Retry-After"), "77");
}

TEST(Maintenance, GivesUpWaitingAtTheDeadline) {
  MaintenanceService service;
  service.job_store.RunElsewhere(JobKind::kCollect, service.clock.Now());
  service.clock.MoveByLook(std::chrono::seconds{1});
  const Seen seen = service.Post("/maintenance/collect?wait=5", true);
  EXPECT_EQ(seen.status, 202);
  EXPECT_EQ(seen.json()["data"]["state"], "running");
  EXPECT_NE(seen.header("Retry-After"), "");
}

TEST(Maintenance, NeverLetsAWorkerOfTheMainListenerWait) {
  MaintenanceService service;
  service.job_store.RunElsewhere(JobKind::kCollect, service.clock.Now());
  EXPECT_EQ(service.Post("/maintenance/collect?wait=600", false).status, 202);  // time stands still: a wait would hang
}

TEST(Maintenance, JoinsTheJobThatRuns) {
  MaintenanceService service;
  const JobId running = service.job_store.RunElsewhere(JobKind::kCollect, service.clock.Now());
  const Seen seen = service.Post("/maintenance/collect", true);
  EXPECT_EQ(seen.status, 202);
  EXPECT_EQ(seen.json()["data"]["id"], running.value);
  EXPECT_EQ(seen.json()["data"]["replica"], "other");
  EXPECT_EQ(service.job_store.started().size(), 1U);
}

TEST(Maintenance, ChecksHowLongToWait) {
  MaintenanceService service;
  for (const char* bad : {"-1", "601", "x", "", "1.5"}) {
    const Seen seen = service.Post("/maintenance/prune?wait=" + std::string(bad), true);
    EXPECT_EQ(seen.status, 400) << bad;
    EXPECT_THAT(seen.wrong_parameters(), ElementsAre("wait")) << bad;
  }
  EXPECT_EQ(service.Post("/maintenance/prune?hurry=1", true).status, 400);
  EXPECT_THAT(service.job_store.started(), IsEmpty());
  EXPECT_EQ(service.Post("/maintenance/prune?wait=0", true).status / 100, 2);
  EXPECT_EQ(service.Post("/maintenance/prune?wait=600", true).status, 200);
}

TEST(Maintenance, StartsNothingWhileStoppingOrWithoutTheDatabase) {
  MaintenanceService service;
  service.job_store.FailWith(Error{ErrorCode::kUnavailable, "secret of a driver"});
  const Seen seen = service.Post("/maintenance/collect", true);
  EXPECT_EQ(seen.status, 503);
  EXPECT_THAT(seen.body, ::testing::Not(HasSubstr("secret")));
  service.job_store.FailWith({});
  service.jobs.Stop();
  EXPECT_EQ(service.Post("/maintenance/collect", true).status, 503);
  EXPECT_THAT(service.job_store.started(), IsEmpty());
}

// ---- the import of an hour; the clock of these tests stands at 2024-05-08T12:00Z

TEST(ImportJob, IsToldItsHour) {
  MaintenanceService service;
  const Seen seen = service.Post("/maintenance/import?hour=2015-01-01-0&wait=60", true);
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.json()["data"]["kind"], "import");
  EXPECT_EQ(seen.json()["data"]["argument"], "2015-01-01-0");
  const Seen tracked = service.Post("/maintenance/import?hour=2015-01-01-23&only_tracked=true&wait=60", true);
  EXPECT_EQ(tracked.json()["data"]["argument"], "2015-01-01-23 only-tracked");
  EXPECT_EQ(service.Post("/maintenance/import?hour=2024-05-08-11&only_tracked=false", true).status, 202);
}

TEST(ImportJob, IsRefusedWithoutAnHourThatIsOver) {
  MaintenanceService service;
  for (const char* bad : {"", "?hour=", "?hour=x", "?hour=2015-01-01", "?hour=2015-01-01-24", "?hour=2015-01-01-07",
                          "?hour=2015-02-29-1", "?hour=2010-01-01-0", "?hour=2024-05-08-12", "?hour=2024-05-09-0",
                          "?hour=2015-01-01-0&hour=2015-01-01-1", "?hour=2015-01-01-0000000000000000000"}) {
    const Seen seen = service.Post("/maintenance/import" + std::string(bad), true);
    EXPECT_EQ(seen.status, 400) << bad;
    EXPECT_THAT(seen.wrong_parameters(), ElementsAre("hour")) << bad;
  }
  EXPECT_THAT(service.Post("/maintenance/import?hour=x", true).body, HasSubstr("2015-01-01-0"));
  EXPECT_THAT(service.Post("/maintenance/import?hour=2015-01-01-0&only_tracked=maybe", true).wrong_parameters(),
              ElementsAre("only_tracked"));
  EXPECT_THAT(service.job_store.started(), IsEmpty());
}

TEST(ImportJob, JoinsTheSameHourAndPointsAtAnother) {
  MaintenanceService service;
  const JobId running = service.job_store.RunElsewhere(JobKind::kImport, service.clock.Now(), "2015-01-01-0");
  const Seen same = service.Post("/maintenance/import?hour=2015-01-01-0", true);
  EXPECT_EQ(same.status, 202);
  EXPECT_EQ(same.json()["data"]["id"], running.value);
  const Seen other = service.Post("/maintenance/import?hour=2015-01-01-1", true);
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.header("Location"), "/maintenance/jobs/" + std::to_string(running.value));
  EXPECT_THAT(other.body, HasSubstr("2015-01-01-0"));
}

TEST(ImportJob, AloneTakesAnHour) {
  MaintenanceService service;
  for (const std::string kind : {"bootstrap", "collect", "refresh-cache", "prune"}) {
    EXPECT_THAT(service.Post("/maintenance/" + kind + "?hour=2015-01-01-0", true).wrong_parameters(),
                ElementsAre("hour"));
    EXPECT_THAT(service.Post("/maintenance/" + kind + "?only_tracked=true", true).wrong_parameters(),
                ElementsAre("only_tracked"));
  }
}

TEST(Jobs, AreFoundByTheirNumberOnly) {
  MaintenanceService service;
  for (const char* other : {"1", "x", "1x", "-1", "99999999999999999999"}) {
    EXPECT_EQ(service.Look("/maintenance/jobs/" + std::string(other)).status, 404) << other;
  }
}

TEST(Jobs, AreListedNewestFirst) {
  MaintenanceService service;
  EXPECT_EQ(service.Look("/maintenance/jobs").json()["data"], nlohmann::json::array());
  ASSERT_EQ(service.Post("/maintenance/prune?wait=60", true).status, 200);
  ASSERT_EQ(service.Post("/maintenance/collect?wait=60", true).status, 200);
  const auto body = service.Look("/api/v1/maintenance/jobs").json();
  EXPECT_EQ(body["meta"]["total"], 2);
  EXPECT_EQ(body["data"][0]["kind"], "collect");
  EXPECT_EQ(body["data"][1]["kind"], "prune");
}

// ---- by the predecessor's names

TEST(PredecessorJobs, AnswerTheirNameWhenDone) {
  for (const std::string name : {"bootstrap_db", "update_cache"}) {
    for (const Method method : {Method::kGet, Method::kPost}) {
      for (const std::string slash : {"/", "//"}) {
        MaintenanceService service;
        const Seen seen = service.Ask(method, slash + name, HttpService::kKey, true);
        EXPECT_EQ(seen.status, 200) << name;
        EXPECT_EQ(seen.body, name);
        EXPECT_THAT(seen.header("Content-Type"), HasSubstr("text/plain"));
        EXPECT_THAT(service.job_store.started(),
                    ElementsAre(name == "bootstrap_db" ? JobKind::kBootstrap : JobKind::kRefreshCache));
      }
    }
  }
}

TEST(PredecessorJobs, AnswerTheErrorOfTheJob) {
  MaintenanceService service;
  service.failure = Error{ErrorCode::kUnauthorized, "401"};
  EXPECT_EQ(service.Ask(Method::kGet, "/update_cache", HttpService::kKey, true).status, 502);
}

TEST(PredecessorJobs, JoinTheOneThatRuns) {
  MaintenanceService service;
  service.job_store.RunElsewhere(JobKind::kRefreshCache, service.clock.Now());
  const Seen seen = service.Ask(Method::kPost, "/update_cache", HttpService::kKey, false);
  EXPECT_EQ(seen.status, 202);
  EXPECT_EQ(seen.header("Location"), "/maintenance/jobs/1");
  EXPECT_EQ(service.job_store.started().size(), 1U);
}

}  // namespace
}  // namespace repopulse::http
