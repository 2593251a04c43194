#include "github/curl_transport.h"

#include <curl/curl.h>

#include <mutex>
#include <new>

#include "base/strings.h"

namespace repopulse {
namespace {

constexpr size_t kHeadersMax = 100;
constexpr size_t kHeaderBytesMax = 8 * 1024;

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// What one transfer collects. libcurl calls back into it; no exception may pass through C.
struct Transfer {
  HttpResponse response;
  size_t body_bytes_max = 0;
  bool too_large = false;
  std::stop_token stop;
};

size_t OnBody(char* data, size_t, size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.response.body.size() + size > transfer.body_bytes_max) {
    transfer.too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  try {
    transfer.response.body.append(data, size);
  } catch (const std::bad_alloc&) {
    transfer.too_large = true;
    return CURL_WRITEFUNC_ERROR;
  }
  return size;
}

size_t OnHeader(char* data, size_t, size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  auto& headers = transfer.response.headers;
  const std::string_view line = TrimSpace({data, size});
  if (line.starts_with("HTTP/")) {
    headers.clear();  // a new status line: what came before was an interim answer
    return size;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  if (headers.size() == kHeadersMax || size > kHeaderBytesMax) {
    transfer.too_large = true;
    return 0;
  }
  headers.emplace_back(ToLowerAscii(line.substr(0, colon)), std::string(TrimSpace(line.substr(colon + 1))));
  return size;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

ErrorCode CodeOf(CURLcode code, const Transfer& transfer) {
  if (transfer.too_large) return ErrorCode::kMalformed;
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      return ErrorCode::kCancelled;
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kTimeout;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return ErrorCode::kInvalidArgument;
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
      return ErrorCode::kMalformed;
    case CURLE_OUT_OF_MEMORY:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kUnavailable;
  }
}

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(const CurlTimeouts& timeouts) : timeouts_(timeouts) {
    static std::once_flag initialised;
    std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    handle_.reset(curl_easy_init());
    if (!handle_) throw std::bad_alloc();
  }

  Result<HttpResponse> Get(const HttpRequest& request, std::stop_token stop) override {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "the process is stopping");
    Transfer transfer{{}, request.body_bytes_max, false, std::move(stop)};
    const std::unique_ptr<curl_slist, FreeList> headers = HeaderList(request);
    char reason[CURL_ERROR_SIZE] = "";
    Prepare(request, headers.get(), transfer, reason);
    const CURLcode code = curl_easy_perform(handle_.get());
    if (code != CURLE_OK) {
      const std::string why = transfer.too_large ? "more than was allowed came back"
                              : *reason != '\0'  ? reason
                                                 : curl_easy_strerror(code);
      return Fail(CodeOf(code, transfer), "GET " + request.url + ": " + why);
    }
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    return std::move(transfer.response);
  }

 private:
  static std::unique_ptr<curl_slist, FreeList> HeaderList(const HttpRequest& request) {
    std::unique_ptr<curl_slist, FreeList> list;
    for (const std::string& header : request.headers) {
      curl_slist* longer = curl_slist_append(list.get(), header.c_str());
      if (longer == nullptr) throw std::bad_alloc();
      (void)list.release();
      list.reset(longer);
    }
    return list;
  }

  void Prepare(const HttpRequest& request, curl_slist* headers, Transfer& transfer, char* reason) {
    CURL* handle = handle_.get();
    curl_easy_reset(handle);  // keeps connections and the DNS cache
    const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_HTTP09_ALLOWED, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_ACCEPT_ENCODING, "gzip");
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeouts_.connect.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.deadline.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, timeouts_.slow_bytes_per_second);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(timeouts_.slow_time.count()));
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_ERRORBUFFER, reason);
    set(CURLOPT_WRITEFUNCTION, OnBody);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_HEADERFUNCTION, OnHeader);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, OnProgress);
    set(CURLOPT_XFERINFODATA, &transfer);
  }

  const CurlTimeouts timeouts_;
  std::unique_ptr<CURL, FreeHandle> handle_;
};

}  // namespace

std::optional<std::string_view> HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::unique_ptr<HttpTransport> MakeCurlTransport(const CurlTimeouts& timeouts) {
  return std::make_unique<CurlTransport>(timeouts);
}

}  // namespace repopulse
