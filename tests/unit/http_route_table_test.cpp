#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/route.h"

namespace repopulse::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

DirectHandler Nothing() {
  return [](const Request&, const PathValues&) -> Checked<Response> { return Response{}; };
}

RouteTable Table(const std::vector<std::pair<Method, std::string>>& routes) {
  RouteTable table;
  for (const auto& [method, pattern] : routes) table.Add({method, pattern, Access::kAnybody, Nothing(), "About it"});
  return table;
}

Checked<RouteTable::Match> Find(const RouteTable& table, Method method, std::string_view target) {
  Request request;
  request.method = method;
  EXPECT_TRUE(ParseTarget(target, request));
  return table.Find(request);
}

std::string PatternOf(const Checked<RouteTable::Match>& match) { return match ? match->route->pattern : "none"; }

TEST(RouteTable, FindsAPatternAndItsValuesInOrder) {
  const RouteTable table = Table({{Method::kGet, "/repos/{owner}/{repo}/history"}});
  const auto match = Find(table, Method::kGet, "/repos/kubernetes/kube%2Fctl/history/");
  ASSERT_TRUE(match);
  EXPECT_THAT(match->values, ElementsAre("kubernetes", "kube/ctl"));
}

TEST(RouteTable, AnswersUnknownPathsWith404) {
  const RouteTable table = Table({{Method::kGet, "/api/{topic}"}});
  for (const char* path : {"/", "/api", "/api/a/b", "/API/a", "/x/a"}) {
    const auto match = Find(table, Method::kGet, path);
    ASSERT_FALSE(match) << path;
    EXPECT_EQ(match.error().status, 404) << path;
  }
}

TEST(RouteTable, PrefersLiteralPartsToNames) {
  for (const bool literal_first : {true, false}) {
    const RouteTable table = literal_first ? Table({{Method::kGet, "/jobs/latest"}, {Method::kGet, "/jobs/{id}"}})
                                           : Table({{Method::kGet, "/jobs/{id}"}, {Method::kGet, "/jobs/latest"}});
    EXPECT_EQ(PatternOf(Find(table, Method::kGet, "/jobs/latest")), "/jobs/latest");
    EXPECT_EQ(PatternOf(Find(table, Method::kGet, "/jobs/7")), "/jobs/{id}");
    EXPECT_EQ(PatternOf(Find(table, Method::kGet, "/jobs/{id}")), "/jobs/{id}");
  }
}

TEST(RouteTable, TakesANameBeforeItsEnding) {
  const RouteTable table = Table({{Method::kGet, "/badge/{metric}.svg"}, {Method::kGet, "/badge/{metric}.json"}});
  EXPECT_EQ(PatternOf(Find(table, Method::kGet, "/badge/stars.svg")), "/badge/{metric}.svg");
  const auto match = Find(table, Method::kGet, "/badge/a.svg.json/");
  EXPECT_EQ(PatternOf(match), "/badge/{metric}.json");
  ASSERT_TRUE(match);
  EXPECT_THAT(match->values, ElementsAre("a.svg"));
  for (const char* path : {"/badge/stars", "/badge/.svg", "/badge/stars.png", "/badge/svg", "/badge/stars.SVG"}) {
    EXPECT_EQ(PatternOf(Find(table, Method::kGet, path)), "none") << path;
  }
}

TEST(RouteTable, SaysWhichMethodsAPathTakes) {
  const RouteTable table =
      Table({{Method::kGet, "/topics/{topic}"}, {Method::kPut, "/topics/{topic}"}, {Method::kPost, "/jobs"}});
  const auto match = Find(table, Method::kPost, "/topics/x");
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().status, 405);
  EXPECT_EQ(match.error().headers, "Allow: GET, HEAD, PUT, OPTIONS\r\n");
  EXPECT_EQ(table.Allow({"jobs"}), "POST, OPTIONS");
  EXPECT_EQ(table.Allow({"nowhere"}), "");
}

TEST(RouteTable, GivesAMethodOfALiteralPathNotToTheNamedOne) {
  const RouteTable table = Table({{Method::kPost, "/maintenance/{job}"}, {Method::kGet, "/maintenance/jobs"}});
  const auto match = Find(table, Method::kPost, "/maintenance/jobs");
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().status, 405);
  EXPECT_EQ(match.error().headers, "Allow: GET, HEAD, OPTIONS\r\n");
}

TEST(RouteTable, AnswersHeadWhereverItAnswersGet) {
  const RouteTable table = Table({{Method::kGet, "/topics"}, {Method::kPost, "/jobs"}});
  EXPECT_EQ(PatternOf(Find(table, Method::kHead, "/topics")), "/topics");
  const auto match = Find(table, Method::kHead, "/jobs");
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().status, 405);
}

TEST(RouteTable, AnswersAMethodItDoesNotKnowWith405) {
  const auto match = Find(Table({{Method::kGet, "/topics"}}), Method::kOther, "/topics");
  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().status, 405);
}

TEST(RouteTable, ListsEveryRoute) {
  EXPECT_THAT(RouteTable().routes(), IsEmpty());
  EXPECT_EQ(Table({{Method::kGet, "/a"}, {Method::kPut, "/a"}, {Method::kGet, "/a/{b}"}}).routes().size(), 3U);
}

}  // namespace
}  // namespace repopulse::http
