#include "http/problem.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace repopulse::http {
namespace {

std::string RetryAfter(const Error& error, int64_t otherwise_seconds) {
  const int64_t seconds = error.retry_after ? error.retry_after->count() : otherwise_seconds;
  return "Retry-After: " + std::to_string(std::max<int64_t>(seconds, 1)) + "\r\n";
}

}  // namespace

Problem BadParameters(std::vector<ParameterError> errors) {
  Problem problem{400, "bad-parameters", "Bad parameters", {}, std::move(errors), {}};
  problem.detail = problem.errors.size() == 1
                       ? "One parameter is wrong: see errors."
                       : std::to_string(problem.errors.size()) + " parameters are wrong: see errors.";
  return problem;
}

Problem NotFound(std::string detail) { return {404, "not-found", "Not found", std::move(detail), {}, {}}; }

Problem MethodNotAllowed(std::string_view allow) {
  return {405,
          "method-not-allowed",
          "Method not allowed",
          "This resource answers " + std::string(allow) + ".",
          {},
          "Allow: " + std::string(allow) + "\r\n"};
}

Problem MissingKey() {
  return {401,
          "key-missing",
          "Admin key needed",
          "Send the admin key as X-API-Key or as Authorization: Bearer.",
          {},
          "WWW-Authenticate: Bearer realm=\"repopulse\"\r\n"};
}

Problem WrongKey() { return {403, "key-wrong", "Wrong admin key", "This key does not open this resource.", {}, {}}; }

Problem Malformed(std::string detail) {
  return {400, "malformed-request", "Malformed request", std::move(detail), {}, {}};
}

namespace {

Problem ProblemOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return Malformed(error.message);
    case ErrorCode::kNotFound:
    case ErrorCode::kGone:
      return NotFound(error.message);
    case ErrorCode::kConflict:
      return {409, "conflict", "Conflict", error.message, {}, {}};
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return {503,
              "unavailable",
              "Service unavailable",
              "A part of the service cannot be reached. Try again shortly.",
              {},
              RetryAfter(error, 5)};
    case ErrorCode::kTimeout:
      return {503, "timeout",           "Service unavailable", "The answer took too long to make. Try again shortly.",
              {},  RetryAfter(error, 5)};
    case ErrorCode::kRateLimited:
      return {503, "github-limit",       "GitHub's limit reached", "GitHub asks us to wait. Try again later.",
              {},  RetryAfter(error, 60)};
    case ErrorCode::kUnauthorized:
      return {502, "github-refused-token", "GitHub refused our token", "Check GITHUB_TOKEN of this installation.", {},
              {}};
    case ErrorCode::kMalformed:
      return {502, "bad-gateway", "Bad gateway", "A server we depend on gave an answer we cannot read.", {}, {}};
    case ErrorCode::kInternal:
      break;
  }
  return {500, "internal", "Internal error", "Something went wrong here. The log knows more under this instance.",
          {},  {}};
}

}  // namespace

Problem FromError(const Error& error) {
  Problem problem = ProblemOf(error);
  problem.cause = std::string(ToString(error.code)) + ": " + error.message;
  return problem;
}

Problem FromJobError(const Error& error) {
  Problem problem = ProblemOf(error);  // without its cause: who ran the job has logged it
  if (problem.status < 500) {
    problem = {502, "job-failed", "The job failed", "A server we depend on refused what the job asked for.", {}, {}};
  }
  problem.extensions.emplace_back("job_error", error.message);
  return problem;
}

Response Render(const Problem& problem, const std::string& request_id) {
  nlohmann::ordered_json body = {{"type", "urn:repopulse:problem:" + problem.code},
                                 {"title", problem.title},
                                 {"status", problem.status},
                                 {"detail", problem.detail},
                                 {"instance", request_id}};
  for (const ParameterError& error : problem.errors) {
    body["errors"].push_back({{"parameter", error.parameter}, {"value", error.value}, {"allowed", error.allowed}});
  }
  for (const auto& [name, value] : problem.extensions) {
    body[name] = value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
  }
  return {problem.status, "application/problem+json", problem.headers,
          body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

}  // namespace repopulse::http
