#include "github/curl_transport.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>

#include "base/clock.h"
#include "base/strings.h"
#include "github/curl.h"
#include "github/url.h"

namespace repopulse {
namespace {

constexpr size_t kHeadersMax = 100;
constexpr size_t kHeaderBytesMax = 64 * 1024;  // of all together
constexpr int kPollMilliseconds = 200;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// What one transfer collects. libcurl calls back into it; no exception may pass through C.
struct Transfer {
  HttpResponse response;
  size_t body_bytes_max = 0;
  size_t header_bytes = 0;
  bool headers_ended = false;
  bool too_large = false;
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

void AddHeader(Transfer& transfer, std::string_view line) {
  auto& headers = transfer.response.headers;
  if (line.empty()) transfer.headers_ended = true;
  if (line.starts_with("HTTP/")) {  // a new status line: what came before was an interim answer
    headers.clear();
    transfer.headers_ended = false;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  headers.emplace_back(ToLowerAscii(line.substr(0, colon)), std::string(TrimSpace(line.substr(colon + 1))));
}

size_t OnHeader(char* data, size_t, size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.header_bytes += size;
  transfer.too_large = transfer.header_bytes > kHeaderBytesMax || transfer.response.headers.size() >= kHeadersMax;
  try {
    if (!transfer.too_large) AddHeader(transfer, TrimSpace({data, size}));
  } catch (const std::bad_alloc&) {
    transfer.too_large = true;
  }
  return transfer.too_large ? 0 : size;
}

ErrorCode CodeOf(CURLcode code, const Transfer& transfer) {
  return transfer.too_large ? ErrorCode::kMalformed : CodeOfCurl(code);
}

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(const CurlTimeouts& timeouts) : timeouts_(timeouts) {
    InitialiseCurl();
    multi_.reset(curl_multi_init());
    handle_.reset(curl_easy_init());
    if (!multi_ || !handle_) throw std::bad_alloc();
  }

  Result<HttpResponse> Get(const HttpRequest& request, std::stop_token stop) override {
    if (!OriginOf(request.url)) return Fail(ErrorCode::kInvalidArgument, "not a web address: " + request.url);
    const SteadyTime until = std::chrono::steady_clock::now() + request.deadline;
    if (auto turn = TakeTurn(until, stop); !turn) return tl::make_unexpected(std::move(turn.error()));
    const std::unique_ptr<CurlTransport, GiveTurn> turn_taken(this);
    return Perform(request, until, stop);
  }

 private:
  struct GiveTurn {
    void operator()(CurlTransport* transport) const {
      {
        const std::lock_guard lock(transport->mutex_);
        transport->busy_ = false;
      }
      transport->turn_.notify_one();
    }
  };

  Status TakeTurn(SteadyTime until, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const bool free = turn_.wait_until(lock, stop, until, [this] { return !busy_; });
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "the process is stopping");
    if (!free) return Fail(ErrorCode::kTimeout, "another request to GitHub took all the time");
    busy_ = true;
    return {};
  }

  Result<HttpResponse> Perform(const HttpRequest& request, SteadyTime until, const std::stop_token& stop) {
    Transfer transfer;
    transfer.body_bytes_max = request.body_bytes_max;
    const std::unique_ptr<curl_slist, FreeList> headers = HeaderList(request);
    reason_[0] = '\0';
    Prepare(request, until, headers.get(), transfer);
    const auto code = Drive(stop);
    if (!code) return Fail(ErrorCode::kCancelled, "GET " + request.url + ": the process is stopping");
    if (*code != CURLE_OK) {
      const std::string why = transfer.too_large   ? "more than was allowed came back"
                              : reason_[0] != '\0' ? reason_.data()
                                                   : curl_easy_strerror(*code);
      return Fail(CodeOf(*code, transfer), "GET " + request.url + ": " + why);
    }
    // libcurl takes a connection that ends among the headers for an answer without a body.
    if (!transfer.headers_ended) return Fail(ErrorCode::kUnavailable, "GET " + request.url + ": the answer was cut");
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    return std::move(transfer.response);
  }

  // Runs the prepared transfer to its end; nothing where `stop` came first. Not curl_easy_perform, which looks up only
  // once a second while the server says nothing.
  std::optional<CURLcode> Drive(const std::stop_token& stop) {
    if (curl_multi_add_handle(multi_.get(), handle_.get()) != CURLM_OK) return CURLE_FAILED_INIT;
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_.get()); });
    int running = 1;
    CURLMcode trouble = CURLM_OK;
    while (running != 0 && trouble == CURLM_OK && !stop.stop_requested()) {
      trouble = curl_multi_perform(multi_.get(), &running);
      if (running != 0 && trouble == CURLM_OK) {
        trouble = curl_multi_poll(multi_.get(), nullptr, 0, kPollMilliseconds, nullptr);
      }
    }
    int queued = 0;
    const CURLMsg* message = curl_multi_info_read(multi_.get(), &queued);
    std::optional<CURLcode> code;
    if (message != nullptr && message->msg == CURLMSG_DONE) code = message->data.result;
    if (!code && trouble != CURLM_OK) code = CURLE_FAILED_INIT;
    curl_multi_remove_handle(multi_.get(), handle_.get());
    return code;
  }

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

  void Prepare(const HttpRequest& request, SteadyTime until, curl_slist* headers, Transfer& transfer) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    CURL* handle = handle_.get();
    curl_easy_reset(handle);  // keeps connections and the DNS cache
    const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    SetSafeOptions(handle);
    set(CURLOPT_ACCEPT_ENCODING, "gzip");
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeouts_.connect.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(left.count(), 1)));  // 0 would be for ever
    set(CURLOPT_LOW_SPEED_LIMIT, timeouts_.slow_bytes_per_second);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(timeouts_.slow_time.count()));
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_ERRORBUFFER, reason_.data());
    set(CURLOPT_WRITEFUNCTION, OnBody);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_HEADERFUNCTION, OnHeader);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    // When a transfer is given up, its name lookup must not be waited for.
    set(CURLOPT_QUICK_EXIT, 1L);
    if (IsLoopback(request.url)) set(CURLOPT_PROXY, "");
  }

  const CurlTimeouts timeouts_;
  std::array<char, CURL_ERROR_SIZE> reason_{};  // libcurl may write to it as long as the handle lives
  CurlMulti multi_;                             // keeps the connections
  CurlHandle handle_;
  std::mutex mutex_;
  std::condition_variable_any turn_;
  bool busy_ = false;
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
