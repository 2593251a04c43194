#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "http/problem.h"

namespace repopulse::http {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kDriverText = "Access denied for user 'repopulse'@'10.0.0.7' (using password: YES)";

json Body(const Problem& problem) { return json::parse(Render(problem, "request-7").body); }

TEST(Problem, MapsEveryErrorToAStatus) {
  const std::vector<std::pair<ErrorCode, int>> expected = {
      {ErrorCode::kInvalidArgument, 400}, {ErrorCode::kNotFound, 404},    {ErrorCode::kGone, 404},
      {ErrorCode::kConflict, 409},        {ErrorCode::kInternal, 500},    {ErrorCode::kUnauthorized, 502},
      {ErrorCode::kMalformed, 502},       {ErrorCode::kUnavailable, 503}, {ErrorCode::kTimeout, 503},
      {ErrorCode::kCancelled, 503},       {ErrorCode::kRateLimited, 503}};
  for (const auto& [code, status] : expected) EXPECT_EQ(FromError({code, "x"}).status, status) << ToString(code);
}

TEST(Problem, TellsClientsNothingOfADriversText) {
  for (const ErrorCode code :
       {ErrorCode::kInternal, ErrorCode::kUnavailable, ErrorCode::kTimeout, ErrorCode::kCancelled,
        ErrorCode::kRateLimited, ErrorCode::kUnauthorized, ErrorCode::kMalformed}) {
    const Response response = Render(FromError({code, kDriverText}), "request-7");
    EXPECT_THAT(response.body + response.headers, Not(HasSubstr("denied"))) << ToString(code);
    EXPECT_THAT(response.body + response.headers, Not(HasSubstr("10.0.0.7"))) << ToString(code);
  }
}

TEST(Problem, TellsClientsWhatIsWrittenForThem) {
  for (const ErrorCode code : {ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kConflict}) {
    EXPECT_EQ(FromError({code, "The topic x is not tracked here."}).detail, "The topic x is not tracked here.");
  }
}

TEST(Problem, SaysWhenToTryAgainWhereThatCanHelp) {
  for (const ErrorCode code :
       {ErrorCode::kUnavailable, ErrorCode::kTimeout, ErrorCode::kCancelled, ErrorCode::kRateLimited}) {
    EXPECT_THAT(FromError({code, ""}).headers, ::testing::MatchesRegex("Retry-After: [1-9][0-9]*\r\n"))
        << ToString(code);
  }
  for (const ErrorCode code : {ErrorCode::kNotFound, ErrorCode::kInternal, ErrorCode::kUnauthorized}) {
    EXPECT_EQ(FromError({code, ""}).headers, "") << ToString(code);
  }
}

TEST(Problem, PassesGitHubsWaitOn) {
  const Error error{ErrorCode::kRateLimited, "", std::chrono::seconds{1234}};
  EXPECT_EQ(FromError(error).headers, "Retry-After: 1234\r\n");
}

TEST(Problem, NeverAsksForAWaitOfNothing) {
  for (const int seconds : {0, -5}) {
    const Error error{ErrorCode::kRateLimited, "", std::chrono::seconds{seconds}};
    EXPECT_EQ(FromError(error).headers, "Retry-After: 1\r\n");
  }
}

// RFC 9457, section 3.
TEST(Problem, IsRenderedAsProblemJson) {
  const Response response = Render(NotFound("There is no job 7."), "request-7");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(json::parse(response.body), json::parse(R"({"type": "urn:repopulse:problem:not-found",
      "title": "Not found", "status": 404, "detail": "There is no job 7.", "instance": "request-7"})"));
}

TEST(Problem, ListsEveryBadParameter) {
  const json body = Body(BadParameters({{"per_page", "0", "1 to 100"}, {"sort", "best", "one of a, b"}}));
  EXPECT_EQ(body["status"], 400);
  EXPECT_EQ(body["errors"], json::parse(R"([{"parameter": "per_page", "value": "0", "allowed": "1 to 100"},
      {"parameter": "sort", "value": "best", "allowed": "one of a, b"}])"));
}

TEST(Problem, HasNoListOfErrorsWhereNoParameterIsWrong) { EXPECT_FALSE(Body(NotFound("x")).contains("errors")); }

TEST(Problem, StaysJsonWhateverItEchoes) {
  const json body = Body(BadParameters({{"q", "\"\xFF\x01\n", "x"}}));
  EXPECT_EQ(body["errors"][0]["value"], "\"\xEF\xBF\xBD\x01\n");
  EXPECT_EQ(json::parse(Render(NotFound(""), "\xFF").body)["instance"], "\xEF\xBF\xBD");
}

TEST(Problem, AsksForAKeyTheWayHttpDoes) {
  EXPECT_EQ(MissingKey().status, 401);
  EXPECT_THAT(MissingKey().headers, HasSubstr("WWW-Authenticate: Bearer"));  // RFC 9110, section 15.5.2
  EXPECT_EQ(WrongKey().status, 403);
}

TEST(Problem, NamesWhatIsAllowedBesideTheMethod) {
  const Problem problem = MethodNotAllowed("GET, HEAD, OPTIONS");
  EXPECT_EQ(problem.status, 405);
  EXPECT_EQ(problem.headers, "Allow: GET, HEAD, OPTIONS\r\n");
}

TEST(JobProblem, NeverBlamesTheRequest) {
  for (const ErrorCode code : {ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kGone,
                               ErrorCode::kConflict, ErrorCode::kUnauthorized}) {
    EXPECT_EQ(FromJobError({code, "x"}).status, 502) << ToString(code);
  }
  EXPECT_EQ(FromJobError({ErrorCode::kUnavailable, "x"}).status, 503);
  EXPECT_EQ(FromJobError({ErrorCode::kInternal, "x"}).status, 500);
}

TEST(JobProblem, TellsTheAdministratorWhy) {
  EXPECT_EQ(Body(FromJobError({ErrorCode::kNotFound, "topic x: no such topic"}))["job_error"],
            "topic x: no such topic");
}

}  // namespace
}  // namespace repopulse::http
