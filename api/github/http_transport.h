// One HTTP request to GitHub: the seam between what GitHub means (github_client) and how bytes travel (curl_transport).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace repopulse {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;           // "Name: value"
  std::chrono::milliseconds deadline{30000};  // of all of it, waiting for the turn included
  size_t body_bytes_max = 16 * 1024 * 1024;   // after decompression
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order
  std::string body;

  // The first header of this (lower-case) name.
  [[nodiscard]] std::optional<std::string_view> Header(std::string_view name) const;
};

// Thread-safe, but makes one request at a time, as GitHub asks for; others wait their turn. Follows no redirects.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Errors: kUnavailable (no connection, or cut), kTimeout, kMalformed (not HTTP, broken encoding, larger than
  // allowed), kCancelled (stop requested, within some 200 ms), kInvalidArgument (not an http or https URL).
  virtual Result<HttpResponse> Get(const HttpRequest& request, std::stop_token stop) = 0;
};

}  // namespace repopulse
