#include "github/download.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "base/clock.h"
#include "base/strings.h"
#include "github/curl.h"
#include "github/url.h"

namespace repopulse {
namespace {

constexpr size_t kBufferedBytesMax = 1024 * 1024;
constexpr size_t kHeaderBytesMax = 64 * 1024;
constexpr size_t kProgressBytes = 1024;
constexpr int kRedirectsMax = 3;
constexpr int kPollMilliseconds = 200;

class CurlDownload final : public ByteSource {
 public:
  explicit CurlDownload(const DownloadOptions& options, std::string url)
      : url_(std::move(url)), user_agent_(options.user_agent), stall_(options.stall) {
    InitialiseCurl();
    multi_.reset(curl_multi_init());
    handle_.reset(curl_easy_init());
    if (!multi_ || !handle_) throw std::bad_alloc();
    Prepare(options.connect);
    if (curl_multi_add_handle(multi_.get(), handle_.get()) != CURLM_OK) throw std::bad_alloc();
  }
  ~CurlDownload() override { curl_multi_remove_handle(multi_.get(), handle_.get()); }
  CurlDownload(const CurlDownload&) = delete;
  CurlDownload& operator=(const CurlDownload&) = delete;

  // Waits for the status and the headers.
  Status AwaitHeaders(const std::stop_token& stop) {
    while (!headers_ended_ && !done_) {
      if (auto step = Drive(stop); !step) return step;
    }
    if (done_ && !headers_ended_) {
      return tl::make_unexpected(error_.value_or(Error{ErrorCode::kUnavailable, "the answer was cut"}));
    }
    return {};
  }

  [[nodiscard]] int status() const {
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }
  [[nodiscard]] const std::string& location() const { return location_; }
  [[nodiscard]] std::optional<int64_t> size_bytes() const {
    curl_off_t size = -1;
    curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    return size >= 0 ? std::optional<int64_t>(size) : std::nullopt;
  }

  Result<size_t> Read(std::span<char> out, const std::stop_token& stop) override {
    while (taken_ == buffer_.size() && !done_) {
      if (auto step = Drive(stop); !step) return tl::make_unexpected(std::move(step.error()));
    }
    const size_t size = std::min(out.size(), buffer_.size() - taken_);
    if (size == 0 && error_) return tl::make_unexpected(*error_);
    std::memcpy(out.data(), buffer_.data() + taken_, size);
    taken_ += size;
    bytes_read_ += static_cast<int64_t>(size);
    return size;
  }

  [[nodiscard]] int64_t stored_bytes_read() const override { return bytes_read_; }

 private:
  // libcurl calls back into these two; no exception may pass through C.
  static size_t OnBody(char* data, size_t, size_t size, void* user) {
    auto& self = *static_cast<CurlDownload*>(user);
    if (self.buffer_.size() - self.taken_ + size > kBufferedBytesMax) {
      self.paused_ = true;
      return CURL_WRITEFUNC_PAUSE;  // it comes again
    }
    try {
      self.buffer_.erase(0, std::exchange(self.taken_, 0));
      self.buffer_.append(data, size);
    } catch (const std::bad_alloc&) {
      return CURL_WRITEFUNC_ERROR;
    }
    self.progress_bytes_ += size;
    return size;
  }

  static size_t OnHeader(char* data, size_t, size_t size, void* user) {
    auto& self = *static_cast<CurlDownload*>(user);
    self.header_bytes_ += size;
    self.progress_bytes_ += size;
    if (self.header_bytes_ > kHeaderBytesMax) return 0;
    try {
      self.TakeHeader(TrimSpace({data, size}));
    } catch (const std::bad_alloc&) {
      return 0;
    }
    return size;
  }

  void TakeHeader(std::string_view line) {
    constexpr std::string_view kLocation = "location:";
    if (line.starts_with("HTTP/")) {
      location_.clear();
      interim_ = line.find(" 1") == line.find(' ');
    }
    if (line.empty() && !interim_) headers_ended_ = true;
    if (EqualsIgnoreCaseAscii(line.substr(0, kLocation.size()), kLocation)) {
      location_ = TrimSpace(line.substr(kLocation.size()));
    }
  }

  // Once round: whatever can be done now, or a wait for more.
  Status Drive(const std::stop_token& stop) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "GET " + url_ + ": stopped");
    const SteadyTime begin = std::chrono::steady_clock::now();
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_.get()); });
    progress_bytes_ = 0;
    if (std::exchange(paused_, false)) curl_easy_pause(handle_.get(), CURLPAUSE_CONT);
    int running = 1;
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return End(CURLE_FAILED_INIT);
    if (running == 0) return End(Outcome());
    if (progress_bytes_ == 0) curl_multi_poll(multi_.get(), nullptr, 0, kPollMilliseconds, nullptr);
    return CountWaiting(std::chrono::steady_clock::now() - begin);
  }

  // The reader's own time does not count.
  Status CountWaiting(std::chrono::steady_clock::duration waited) {
    slow_bytes_ += progress_bytes_;
    waited_ += waited;
    if (slow_bytes_ >= kProgressBytes) {
      slow_bytes_ = 0;
      waited_ = {};
    }
    if (waited_ < stall_) return {};
    done_ = true;
    error_ = Error{ErrorCode::kTimeout, "GET " + url_ + ": the server sends nothing more"};
    return tl::make_unexpected(*error_);
  }

  CURLcode Outcome() {
    int queued = 0;
    const CURLMsg* message = curl_multi_info_read(multi_.get(), &queued);
    return message != nullptr && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
  }

  // What came before an error is still there to be read.
  Status End(CURLcode code) {
    done_ = true;
    if (code != CURLE_OK) {
      const std::string why = reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(code);
      error_ = Error{CodeOfCurl(code), "GET " + url_ + ": " + why};
    }
    return {};
  }

  void Prepare(std::chrono::milliseconds connect) {
    CURL* handle = handle_.get();
    const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
    set(CURLOPT_URL, url_.c_str());
    set(CURLOPT_USERAGENT, user_agent_.c_str());
    SetSafeOptions(handle);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect.count()));
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_ERRORBUFFER, reason_.data());
    set(CURLOPT_WRITEFUNCTION, OnBody);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, OnHeader);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);
    if (IsLoopback(url_)) set(CURLOPT_PROXY, "");
  }

  const std::string url_;
  const std::string user_agent_;
  const std::chrono::steady_clock::duration stall_;
  std::array<char, CURL_ERROR_SIZE> reason_{};
  CurlMulti multi_;
  CurlHandle handle_;

  std::string buffer_;
  size_t taken_ = 0;  // of the buffer
  int64_t bytes_read_ = 0;
  std::string location_;
  size_t header_bytes_ = 0;
  bool interim_ = false;
  bool headers_ended_ = false;
  bool paused_ = false;
  bool done_ = false;
  std::optional<Error> error_;

  size_t progress_bytes_ = 0;  // in this round
  size_t slow_bytes_ = 0;      // since `waited_` began
  std::chrono::steady_clock::duration waited_{};
};

ErrorCode CodeOfStatus(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::kUnauthorized;
    case 404:
    case 410:
      return ErrorCode::kNotFound;
    case 429:
      return ErrorCode::kRateLimited;
    default:
      return status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kMalformed;
  }
}

bool IsRedirect(int status) { return status == 301 || status == 302 || status == 307 || status == 308; }

Result<std::string> Follow(const std::string& from, const std::string& location) {
  const auto target = ResolveUrl(from, location);
  const auto origin = target ? OriginOf(*target) : std::nullopt;
  if (!origin || (origin != OriginOf(from) && !origin->starts_with("https:"))) {
    return Fail(ErrorCode::kMalformed, "GET " + from + ": redirected to what is not followed");
  }
  return *target;
}

}  // namespace

Result<Download> StartDownload(const DownloadOptions& options, const std::stop_token& stop) {
  if (!OriginOf(options.url)) return Fail(ErrorCode::kInvalidArgument, "not a web address: " + options.url);
  std::string url = options.url;
  for (int redirects = 0; redirects <= kRedirectsMax; ++redirects) {
    auto download = std::make_unique<CurlDownload>(options, url);
    if (auto headers = download->AwaitHeaders(stop); !headers) return tl::make_unexpected(std::move(headers.error()));
    const int status = download->status();
    if (status == 200) {
      const auto size = download->size_bytes();
      return Download{std::move(download), size};
    }
    if (!IsRedirect(status)) {
      return Fail(CodeOfStatus(status), "GET " + url + ": the server answered " + std::to_string(status));
    }
    auto next = Follow(url, download->location());
    if (!next) return tl::make_unexpected(std::move(next.error()));
    url = *std::move(next);
  }
  return Fail(ErrorCode::kMalformed, "GET " + options.url + ": redirected more than three times");
}

}  // namespace repopulse
