// HttpTransport on libcurl: one handle, used again and again, so that its connection is kept.
#pragma once

#include <memory>

#include "github/http_transport.h"

namespace repopulse {

struct CurlTimeouts {
  std::chrono::milliseconds connect{5000};
  // Slower than this many bytes a second for so long is given up.
  long slow_bytes_per_second = 100;
  std::chrono::seconds slow_time{10};
};

// curl_global_init() is called by the first one; make it before other threads use libcurl.
std::unique_ptr<HttpTransport> MakeCurlTransport(const CurlTimeouts& timeouts = {});

}  // namespace repopulse
