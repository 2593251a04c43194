#include "http/message.h"

#include "base/strings.h"

namespace repopulse::http {
namespace {

constexpr size_t kSegmentsMax = 16;
constexpr size_t kParametersMax = 32;

Status ParseQuery(std::string_view text, Request& request) {
  for (const std::string_view pair : Split(text, '&')) {
    if (pair.empty()) continue;
    if (request.query.size() == kParametersMax) {
      return Fail(ErrorCode::kInvalidArgument, "more than " + std::to_string(kParametersMax) + " query parameters");
    }
    const size_t equals = pair.find('=');
    auto name = PercentDecode(pair.substr(0, equals), true);
    auto value = PercentDecode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (!name || !value) return Fail(ErrorCode::kInvalidArgument, "a broken percent-escape in the query");
    request.query.emplace_back(*std::move(name), *std::move(value));
  }
  return {};
}

}  // namespace

std::string_view ToString(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      break;
  }
  return "other";
}

Status ParseTarget(std::string_view target, Request& request) {
  request.target = target;
  const size_t question = target.find('?');
  for (const std::string_view part : Split(target.substr(0, question), '/')) {
    if (part.empty()) continue;
    if (request.segments.size() == kSegmentsMax) return Fail(ErrorCode::kInvalidArgument, "a path of too many parts");
    auto segment = PercentDecode(part, false);
    if (!segment) return Fail(ErrorCode::kInvalidArgument, "a broken percent-escape in the path");
    request.segments.push_back(*std::move(segment));
  }
  if (question == std::string_view::npos) return {};
  return ParseQuery(target.substr(question + 1), request);
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

}  // namespace repopulse::http
