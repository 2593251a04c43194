// The API's description against the table of routes and what the handlers themselves say: neither knows more than the
// other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/strings.h"
#include "http/openapi.h"
#include "support/http_service.h"

namespace repopulse::http {
namespace {

using nlohmann::json;
using test::HttpService;
using test::Seen;

const std::set<std::string> kMethods = {"get", "put", "post", "delete"};

const json& Document() {
  static const json document = json::parse(OpenApiDocument());
  return document;
}

// What a "$ref" stands for.
const json& Resolved(const json& value) {
  return value.contains("$ref") ? Document().at(json::json_pointer(value["$ref"].get<std::string>().substr(1))) : value;
}

struct Operation {
  std::string method;  // "GET"
  std::string path;
  const json& description;

  [[nodiscard]] std::set<std::string> Parameters(const std::string& in) const {
    std::set<std::string> names;
    for (const json& parameter : description.at("parameters")) {
      if (Resolved(parameter).at("in") == in) names.insert(Resolved(parameter).at("name"));
    }
    return names;
  }
  // The path with the examples of its parameters.
  [[nodiscard]] std::string Target() const {
    std::string target = path;
    for (const json& parameter : description.at("parameters")) {
      const json& one = Resolved(parameter);
      if (one.at("in") != "path") continue;
      const std::string name = "{" + one.at("name").get<std::string>() + "}";
      const json& example = one.at("example");
      target.replace(target.find(name), name.size(),
                     PercentEncode(example.is_string() ? example.get<std::string>() : example.dump()));
    }
    return target;
  }
};

// All that replicas answer; what the proxy answers by itself is marked.
std::vector<Operation> Operations() {
  std::vector<Operation> all;
  for (const auto& [path, item] : Document().at("paths").items()) {
    for (const auto& [method, description] : item.items()) {
      if (kMethods.contains(method) && !description.contains("x-proxy")) {
        std::string upper = method;
        for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
        all.push_back({upper, path, description});
      }
    }
  }
  return all;
}

std::set<std::string> NamesIn(const std::string& pattern) {
  std::set<std::string> names;
  for (const std::string_view part : Split(pattern, '/')) {
    if (part.starts_with('{')) names.emplace(part.substr(1, part.find('}') - 1));
  }
  return names;
}

TEST(OpenApi, DescribesEveryRouteAndNothingElse) {
  HttpService service;
  std::set<std::string> routes;
  std::set<std::string> described;
  for (const Route* route : service.dispatcher.routes().routes()) {
    routes.insert(std::string(ToString(route->method)) + " " + route->pattern);
  }
  for (const Operation& operation : Operations()) described.insert(operation.method + " " + operation.path);
  EXPECT_GT(routes.size(), 50U);
  EXPECT_THAT(described, testing::ContainerEq(routes));
}

TEST(OpenApi, SaysWhichRoutesNeedTheKey) {
  HttpService service;
  std::set<std::string> guarded;
  std::set<std::string> described;
  for (const Route* route : service.dispatcher.routes().routes()) {
    if (route->access == Access::kAdministrator)
      guarded.insert(std::string(ToString(route->method)) + " " + route->pattern);
  }
  for (const Operation& operation : Operations()) {
    if (operation.description.contains("security")) described.insert(operation.method + " " + operation.path);
  }
  EXPECT_THAT(described, testing::ContainerEq(guarded));
}

TEST(OpenApi, SaysWhichAnswersComeFromTheCaches) {
  HttpService service;
  for (const Route* route : service.dispatcher.routes().routes()) {
    const bool cached = std::holds_alternative<ReadHandler>(route->handler);
    std::string method(ToString(route->method));
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    const json& item = Document().at("paths").at(route->pattern);
    EXPECT_EQ(item.at(method).at("responses").contains("304"), cached) << method << " " << route->pattern;
  }
}

TEST(OpenApi, NamesTheParametersOfThePath) {
  for (const Operation& operation : Operations()) {
    EXPECT_THAT(operation.Parameters("path"), testing::ContainerEq(NamesIn(operation.path))) << operation.path;
  }
}

Method MethodOf(const Operation& operation) {
  if (operation.method == "GET") return Method::kGet;
  return operation.method == "PUT" ? Method::kPut : Method::kDelete;
}

// What a handler says before anybody renders it: a picture has no room for all.
std::vector<ParameterError> RefusalOf(const HttpService& service, const Operation& operation) {
  Request request;
  request.method = MethodOf(operation);
  request.may_wait = true;
  EXPECT_TRUE(ParseTarget(operation.Target() + "?no_such_parameter=1", request));
  const auto match = service.dispatcher.routes().Find(request);
  if (!match) return {};
  if (const auto* read = std::get_if<ReadHandler>(&match->route->handler)) {
    const auto refused = (*read)(request, match->values);
    return refused ? std::vector<ParameterError>() : refused.error().errors;
  }
  const auto refused = std::get<DirectHandler>(match->route->handler)(request, match->values);
  return refused ? std::vector<ParameterError>() : refused.error().errors;
}

// A handler of /api/v1 tells in its refusal of an unknown parameter which ones it knows.
TEST(OpenApi, NamesTheParametersThatTheHandlersKnow) {
  HttpService service;
  int asked = 0;
  for (const Operation& operation : Operations()) {
    // Jobs are shown whatever is asked with, and what starts one depends on its kind.
    const bool refuses = operation.path.starts_with("/api/v1/") && !operation.path.starts_with("/api/v1/maintenance/");
    if (!refuses) continue;
    const auto errors = RefusalOf(service, operation);
    const auto refusal = std::ranges::find(errors, "no_such_parameter", &ParameterError::parameter);
    ASSERT_NE(refusal, errors.end()) << operation.method << " " << operation.path;
    std::set<std::string> known;
    const std::string_view marker = "unknown; this resource knows ";
    const std::string_view allowed = refusal->allowed;
    if (allowed.starts_with(marker)) {
      for (const std::string_view name : Split(allowed.substr(marker.size()), ',')) known.emplace(TrimSpace(name));
    }
    EXPECT_THAT(operation.Parameters("query"), testing::ContainerEq(known))
        << operation.method << " " << operation.path;
    ++asked;
  }
  EXPECT_GT(asked, 15);
}

TEST(OpenApi, IsServedThroughTheCachesAsJson) {
  HttpService service;
  const Seen seen = service.Get("/api/v1/openapi.json");
  EXPECT_EQ(seen.status, 200);
  EXPECT_TRUE(seen.cached_form);
  EXPECT_EQ(seen.header("Content-Type"), "application/json");
  EXPECT_EQ(seen.body, OpenApiDocument());
  EXPECT_EQ(seen.json().at("openapi"), "3.1.0");
  EXPECT_EQ(service.Get("/api/v1/openapi.json?x=1").status, 400);
}

}  // namespace
}  // namespace repopulse::http
