#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_service.h"

namespace repopulse::http {
namespace {

using test::HttpService;
using test::See;
using test::Seen;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// "/api/v1/topics/{topic}" with something in the place of each name.
std::string TargetOf(const std::string& pattern) {
  std::string target;
  bool inside = false;
  for (const char c : pattern) {
    if (c == '{') target += "x";
    inside = c == '{' || (inside && c != '}');
    if (!inside && c != '}') target += c;
  }
  return target;
}

TEST(Routes, EveryOneIsDescribed) {
  const HttpService service;
  const auto routes = service.dispatcher.routes().routes();
  EXPECT_GT(routes.size(), 20U);
  for (const Route* route : routes) EXPECT_GE(route->description.size(), 5U) << route->pattern;
}

TEST(Routes, EveryOneIsReachedAtItsOwnPath) {
  const HttpService service;
  for (const Route* route : service.dispatcher.routes().routes()) {
    Request request;
    request.method = route->method;
    ASSERT_TRUE(ParseTarget(TargetOf(route->pattern), request));
    const auto match = service.dispatcher.routes().Find(request);
    ASSERT_TRUE(match) << route->pattern;
    EXPECT_EQ(match->route, route) << route->pattern;
  }
}

TEST(Routes, AllThatChangesSomethingNeedsTheKey) {
  const HttpService service;
  for (const Route* route : service.dispatcher.routes().routes()) {
    EXPECT_TRUE(route->method == Method::kGet || route->access == Access::kAdministrator) << route->pattern;
  }
}

TEST(Access, OfEveryAdministratorsRouteNeedsTheRightKey) {
  HttpService service;
  int administrators = 0;
  for (const Route* route : service.dispatcher.routes().routes()) {
    if (route->access != Access::kAdministrator) continue;
    ++administrators;
    const std::string target = TargetOf(route->pattern);
    const Seen without = service.Ask(route->method, target);
    EXPECT_EQ(without.status, 401) << target;
    EXPECT_THAT(without.header("WWW-Authenticate"), HasSubstr("Bearer")) << target;
    for (const std::string wrong : {"x", "0123456789abcdeF", "0123456789abcde", "0123456789abcdef0", " "}) {
      EXPECT_EQ(service.Ask(route->method, target, wrong).status, 403) << target << " " << wrong;
    }
  }
  EXPECT_GE(administrators, 10);
  EXPECT_THAT(service.job_store.started(), IsEmpty());
  EXPECT_THAT(service.topics.List().value(), IsEmpty());
}

TEST(Access, ToReadsNeedsNoKeyAndMindsNone) {
  HttpService service;
  EXPECT_EQ(service.Get("/api/v1/topics").status, 200);
  EXPECT_EQ(service.Ask(Method::kGet, "/api/v1/topics", "wrong").status, 200);
}

TEST(Access, WithoutAConfiguredKeyIsRefusedToAll) {
  HttpService service;
  service.services.admin_key.clear();
  EXPECT_EQ(service.Ask(Method::kPut, "/api/v1/topics/go").status, 401);
  EXPECT_EQ(service.Ask(Method::kPut, "/api/v1/topics/go", "x").status, 403);
}

TEST(Dispatcher, AnswersUnknownPathsMethodsAndTargetsWithProblems) {
  HttpService service;
  EXPECT_EQ(service.Get("/nowhere").status, 404);
  EXPECT_EQ(service.Get("/").status, 404);
  EXPECT_EQ(service.Get("/%zz").status, 400);
  EXPECT_EQ(service.Get("/api/v1/topics?a=%00").status, 400);
  const Seen refused = service.Ask(Method::kDelete, "/api/v1/topics", HttpService::kKey);
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(service.Ask(Method::kOther, "/livez").status, 405);
  for (const Seen& seen : {service.Get("/nowhere"), service.Get("/%zz"), refused}) {
    EXPECT_EQ(seen.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(seen.json()["instance"], "request-7");
    EXPECT_EQ(seen.json()["status"], seen.status);
  }
}

TEST(Dispatcher, NamesTheRouteForTheLog) {
  HttpService service;
  EXPECT_EQ(service.Get("/api/v1/topics/go").route, "/api/v1/topics/{topic}");
  EXPECT_EQ(service.Ask(Method::kPut, "/api/v1/topics/go").route, "/api/v1/topics/{topic}");
  EXPECT_EQ(service.Get("/nowhere").route, "none");
}

TEST(Dispatcher, MindsNoTrailingAndDoubleSlashes) {
  HttpService service;
  for (const char* target : {"/api/v1/topics", "/api/v1/topics/", "//api/v1//topics//"}) {
    EXPECT_EQ(service.Get(target).status, 200) << target;
  }
}

TEST(Dispatcher, AnswersOptionsOfEveryPathForPagesOfAnyOrigin) {
  HttpService service;
  const Seen seen = service.Ask(Method::kOptions, "/api/v1/topics/go");
  EXPECT_EQ(seen.status, 204);
  EXPECT_EQ(seen.body, "");
  EXPECT_EQ(seen.header("Allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
  EXPECT_EQ(seen.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(seen.header("Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(service.Ask(Method::kOptions, "/nowhere").status, 404);
}

TEST(Dispatcher, GivesHeadTheAnswerOfGet) {
  HttpService service;
  const Seen head = service.Ask(Method::kHead, "/api/v1/topics");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers, service.Get("/api/v1/topics").headers);
}

struct Broken : HttpService {
  Broken() {
    RouteTable table;
    const auto direct = [&table](const std::string& path, auto what) {
      table.Add({Method::kGet, path, Access::kAnybody,
                 DirectHandler([what](const Request&, const PathValues&) -> Checked<Response> {
                   what();
                   return {};
                 }),
                 "Breaks"});
    };
    direct("/exception", [] { throw std::runtime_error("secret of a driver"); });
    direct("/number", [] { throw 7; });
    table.Add({Method::kGet, "/parse", Access::kAnybody,
               ReadHandler([](const Request&, const PathValues&) -> Checked<ReadQuery> {
                 throw std::runtime_error("secret of a driver");
               }),
               "Breaks"});
    table.Add({Method::kGet, "/compute", Access::kAnybody,
               ReadHandler([](const Request&, const PathValues&) -> Checked<ReadQuery> {
                 return ReadQuery{"key", "scope",
                                  []() -> Result<Representation> { throw std::runtime_error("secret of a driver"); }};
               }),
               "Breaks"});
    broken = std::make_unique<Dispatcher>(services, std::move(table));
  }
  std::unique_ptr<Dispatcher> broken;
};

TEST(Dispatcher, NeverThrowsAndTellsNothingWhereAHandlerThrows) {
  const Broken service;
  for (const char* target : {"/exception", "/number", "/parse", "/compute"}) {
    Seen seen;
    ASSERT_NO_THROW(seen = See(service.broken->Handle({}, target))) << target;
    EXPECT_EQ(seen.status, 500) << target;
    EXPECT_EQ(seen.header("Content-Type"), "application/problem+json") << target;
    EXPECT_THAT(seen.body, Not(HasSubstr("secret"))) << target;
  }
}

TEST(Dispatcher, AnswersADeadDatabaseWith503AndNoneOfItsText) {
  HttpService service;
  service.topics.fake.FailWith(Error{ErrorCode::kUnavailable, "Can't connect to 10.0.0.7"});
  for (const char* target : {"/api/v1/topics", "/api/v1/topics/go", "/api/v1/topics/go/repositories", "/api/go",
                             "/db/go", "/db/popularity/go"}) {
    const Seen seen = service.Get(target);
    EXPECT_EQ(seen.status, 503) << target;
    EXPECT_NE(seen.header("Retry-After"), "") << target;
    EXPECT_THAT(seen.body, Not(HasSubstr("10.0.0.7"))) << target;
  }
}

TEST(Dispatcher, GoesOnWithoutTheSharedCache) {
  HttpService service;
  service.shared_cache.FailWith(Error{ErrorCode::kUnavailable, "no Redis"});
  EXPECT_EQ(service.Get("/api/v1/topics").status, 200);
  EXPECT_EQ(service.Ask(Method::kPut, "/api/v1/topics/go", HttpService::kKey).status, 201);
}

TEST(Dispatcher, RefreshesWhatIsReadThroughTheCachesOnly) {
  HttpService service;
  EXPECT_TRUE(service.dispatcher.Refresh("/api/v1/topics"));
  EXPECT_EQ(service.shared_cache.calls().put, 1);
  for (const char* target : {"/livez", "/nowhere", "/%zz", "/api/v1/topics?surprise=1"}) {
    EXPECT_FALSE(service.dispatcher.Refresh(target)) << target;
  }
}

// What refresh-cache keeps hot has to exist.
TEST(HotTargets, AreReadThroughTheCaches) {
  HttpService service;
  service.topics.fake.Serve(test::TopicNamed("go"), {}, service.clock.Now());
  service.topics.fake.Serve(test::TopicNamed("repos"), {}, service.clock.Now());
  for (const char* topic : {"go", "repos"}) {
    for (const std::string& target : HotTargets(test::TopicNamed(topic))) {
      EXPECT_TRUE(service.dispatcher.Refresh(target)) << target;
    }
  }
  for (const std::string& target : CommonHotTargets()) EXPECT_TRUE(service.dispatcher.Refresh(target)) << target;
}

TEST(Operation, LivezTouchesNothing) {
  HttpService service;
  service.schema.failing = Error{ErrorCode::kUnavailable, "x"};
  service.shared_cache.FailWith(Error{ErrorCode::kUnavailable, "x"});
  EXPECT_EQ(service.Get("/livez").status, 200);
  EXPECT_EQ(service.shared_cache.calls().ping, 0);
}

TEST(Operation, ReadyzAsksMysqlSchemaAndRedis) {
  HttpService service;
  EXPECT_EQ(service.Get("/readyz").status, 200);
  EXPECT_EQ(service.Get("/readyz").json()["checks"],
            nlohmann::json::parse(R"({"mysql": "ok", "schema": "ok", "redis": "ok", "draining": false})"));

  service.schema.state.applied = 1;
  EXPECT_EQ(service.Get("/readyz").status, 503);
  EXPECT_EQ(service.Get("/readyz").json()["checks"]["schema"], "conflict");
  service.schema.state.applied = 2;

  service.shared_cache.FailWith(Error{ErrorCode::kTimeout, "secret of a driver"});
  EXPECT_EQ(service.Get("/readyz").status, 503);
  EXPECT_EQ(service.Get("/readyz").json()["checks"]["redis"], "timeout");
  EXPECT_THAT(service.Get("/readyz").body, Not(HasSubstr("secret")));
  service.shared_cache.FailWith({});

  service.schema.failing = Error{ErrorCode::kUnavailable, "x"};
  EXPECT_EQ(service.Get("/readyz").status, 503);
  EXPECT_EQ(service.Get("/readyz").json()["checks"]["mysql"], "unavailable");
  service.schema.failing.reset();

  service.draining = true;
  EXPECT_EQ(service.Get("/readyz").status, 503);
}

TEST(Operation, ReadyzSaysWhereTheDataComesFromWithoutSecrets) {
  HttpService service;
  service.services.demo = true;
  const auto body = service.Get("/readyz").json();
  EXPECT_EQ(body["demo"], true);
  EXPECT_EQ(body["github"], "https://api.github.com");
  EXPECT_EQ(body["github_credential"], "token");
  EXPECT_EQ(body["version"], "1.2.3");
}

TEST(Operation, ReadyzTellsAReplaysClock) {
  HttpService service;
  EXPECT_FALSE(service.Get("/readyz").json().contains("replay_now"));
  service.services.replay_now = "2026-02-28T23:00:00Z";
  const auto body = service.Get("/readyz").json();
  EXPECT_EQ(body["replay_now"], "2026-02-28T23:00:00Z");
  EXPECT_EQ(body["now"], "2024-05-08T12:00:00Z");
}

TEST(Operation, MetricsAreThereWithoutTheDatabase) {
  HttpService service;
  const Seen seen = service.Get("/metrics");
  EXPECT_EQ(seen.status, 200);
  EXPECT_THAT(seen.header("Content-Type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(seen.body, HasSubstr("# TYPE "));
}

}  // namespace
}  // namespace repopulse::http
