// HTTP messages as the service sees them: a request parsed once at the edge, and the three forms of an answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "service/read_pipeline.h"

namespace repopulse::http {

enum class Method { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };
std::string_view ToString(Method method);

struct Request {
  Method method = Method::kGet;
  std::string target;                 // as the client sent it: path and query
  std::vector<std::string> segments;  // of the path, percent-decoded; empty ones (double and trailing slashes) left out
  std::vector<std::pair<std::string, std::string>> query;  // in order, decoded, duplicates kept
  std::string body;
  std::string if_none_match;
  std::string credential;  // the admin key offered by X-API-Key or Authorization: Bearer; empty: none
  std::string request_id;
  std::string client;  // address, as the proxy tells it
  bool accepts_gzip = false;
  bool may_wait = false;  // came in over the control listener, whose threads may wait for jobs
};

// Fills target, segments and query. kInvalidArgument says what is wrong with it.
Status ParseTarget(std::string_view target, Request& request);

// A short answer made for one request; never cached.
struct Response {
  int status = 200;
  std::string content_type;
  std::string headers;  // further header lines, each with CRLF
  std::string body;
};

// An answer that is too long to be kept as a whole: each piece is made when the one before has been sent.
struct Stream {
  std::string content_type;
  std::string first;  // made before anything is sent, so that what goes wrong by then gets its status
  // The next piece; empty: that was all. A failure ends the connection, so that nobody takes a part for the whole.
  std::function<Result<std::string>()> next;
};

// What the server writes.
struct Answer {
  std::variant<Response, ReadAnswer, Stream> content;
  std::string_view route = "none";  // the pattern that matched; lives as long as the route table
};

std::string_view ReasonPhrase(int status);

}  // namespace repopulse::http
