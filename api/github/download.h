// One large answer of a web server, read as fast as its reader wants it and no faster.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "github/byte_source.h"

namespace repopulse {

struct DownloadOptions {
  std::string url;
  std::string user_agent;
  std::chrono::milliseconds connect{5000};
  // Less than 1 KiB in so much time of waiting is given up. There is no limit for all of it.
  std::chrono::milliseconds stall{30000};
};

struct Download {
  std::unique_ptr<ByteSource> body;   // holds a connection of its own
  std::optional<int64_t> size_bytes;  // if the server says so
};

// GET, once the answer's headers are here. Follows up to three redirects, to https or to the same server only.
// Errors: kNotFound (404, 410), kUnauthorized (401, 403), kRateLimited (429), kUnavailable (5xx, no connection, cut),
// kTimeout, kMalformed (another status, not HTTP, a redirect elsewhere), kInvalidArgument (not a web address),
// kCancelled.
Result<Download> StartDownload(const DownloadOptions& options, const std::stop_token& stop);

}  // namespace repopulse
