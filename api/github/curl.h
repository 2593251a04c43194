// What everything on libcurl shares: owners of its handles, its start, and what its errors mean to us.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <mutex>

#include "base/result.h"

namespace repopulse {

struct FreeCurlHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeCurlMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using CurlHandle = std::unique_ptr<CURL, FreeCurlHandle>;
using CurlMulti = std::unique_ptr<CURLM, FreeCurlMulti>;

// Before the first handle is made.
inline void InitialiseCurl() {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// What no request is sent without: HTTP only, no redirect followed by itself, certificates verified, no signals.
inline void SetSafeOptions(CURL* handle) {
  const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
}

inline ErrorCode CodeOfCurl(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kTimeout;
    case CURLE_URL_MALFORMAT:
      return ErrorCode::kInvalidArgument;
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // what came back is not HTTP
      return ErrorCode::kMalformed;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kUnavailable;
  }
}

}  // namespace repopulse
