#include "github/github_client.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "domain/sweep.h"
#include "github/event_parser.h"
#include "github/repository_parser.h"
#include "github/url.h"

namespace repopulse {
namespace {

using std::chrono::seconds;

constexpr int kRedirectsMax = 3;
constexpr int kEventsPerPage = 100;
constexpr seconds kPollIntervalDefault{60};
constexpr seconds kPollIntervalMax = std::chrono::hours{1};
constexpr size_t kEtagBytesMax = 300;
constexpr seconds kRetryAfterMax = std::chrono::hours{24};
constexpr int64_t kYear10000 = 253402300800;  // beyond it is no time that we can write

bool IsRedirect(int status) { return status == 301 || status == 302 || status == 307 || status == 308; }

// A count that a header gives; nothing where it gives none that makes sense.
std::optional<int64_t> CountHeader(const HttpResponse& response, std::string_view name) {
  const auto text = response.Header(name);
  const auto count = text ? ParseInteger<int64_t>(*text) : std::nullopt;
  return count && *count >= 0 ? count : std::nullopt;
}

// Seconds, or a date by the clock of who sent it.
std::optional<seconds> RetryAfter(const HttpResponse& response, TimePoint now) {
  const auto text = response.Header("retry-after");
  if (!text) return std::nullopt;
  if (const auto count = ParseInteger<int64_t>(*text)) {
    return seconds{std::clamp<int64_t>(*count, 0, kRetryAfterMax.count())};
  }
  const auto date = ParseHttpDate(*text);
  if (!date) return std::nullopt;
  const TimePoint sent = ParseHttpDate(response.Header("date").value_or("")).value_or(now);
  return std::clamp(std::chrono::ceil<seconds>(*date - sent), seconds{0}, kRetryAfterMax);
}

bool Says(const std::string& message, std::string_view words) {
  return ToLowerAscii(message).find(words) != std::string::npos;
}

// "Repository access blocked": by GitHub, for its content; for good.
bool IsBlocked(const std::string& message) { return Says(message, "blocked"); }

// 403 says many things. A limit is one with Retry-After, with an empty bucket, or that says so in words.
bool IsLimit(const HttpResponse& response, const std::string& message) {
  if (response.status == 429) return true;
  if (response.status != 403 || IsBlocked(message)) return false;
  return response.Header("retry-after") || CountHeader(response, "x-ratelimit-remaining") == 0 ||
         Says(message, "rate limit") || Says(message, "abuse detection");
}

// RFC 8288, as far as GitHub uses it: <URL>; rel="next", <URL>; rel="last"
bool HasNext(const HttpResponse& response) {
  const auto link = response.Header("link");
  if (!link) return false;
  // A URL may hold commas and semicolons, so each link is taken from its '<' to the next one's.
  for (std::string_view rest = *link; rest.find('<') != std::string_view::npos;) {
    rest.remove_prefix(rest.find('<'));
    const size_t url_end = std::min(rest.find('>'), rest.size());
    const size_t next = std::min(rest.find('<', url_end), rest.size());
    for (const std::string_view parameter : Split(rest.substr(url_end, next - url_end), ';')) {
      const std::string_view text = TrimSpace(parameter.substr(0, parameter.find(',')));
      if (EqualsIgnoreCaseAscii(text, "rel=\"next\"") || EqualsIgnoreCaseAscii(text, "rel=next")) return true;
    }
    rest.remove_prefix(next);
  }
  return false;
}

seconds PollInterval(const HttpResponse& response) {
  const auto count = CountHeader(response, "x-poll-interval");
  return count ? seconds{std::clamp<int64_t>(*count, 1, kPollIntervalMax.count())} : kPollIntervalDefault;
}

// As it came, weak or not; empty where it could not be sent back as it is.
std::string Etag(const HttpResponse& response) {
  const std::string_view etag = response.Header("etag").value_or("");
  const bool printable = std::ranges::all_of(etag, [](char c) { return c >= 0x20 && c < 0x7F; });
  return etag.size() <= kEtagBytesMax && printable ? std::string(etag) : "";
}

std::string PathOf(const EventFeed& feed) {
  if (feed.name) return "/repos/" + feed.name->full() + "/events";
  return feed.id.value == 0 ? "/events" : "/repositories/" + std::to_string(feed.id.value) + "/events";
}

// An answer may come from another bucket than the request's; its figures are not this bucket's then.
RateObservation Observed(const HttpResponse& response, RateResource resource, bool limited, TimePoint now) {
  RateObservation rate;
  rate.limited = limited;
  if (limited) rate.retry_after = RetryAfter(response, now);
  if (response.Header("x-ratelimit-resource").value_or(ToString(resource)) != ToString(resource)) return rate;
  rate.limit = CountHeader(response, "x-ratelimit-limit");
  rate.remaining = CountHeader(response, "x-ratelimit-remaining");
  if (const auto reset = CountHeader(response, "x-ratelimit-reset"); reset && *reset > 0 && *reset < kYear10000) {
    rate.reset_at = TimePoint{seconds{*reset}};
  }
  return rate;
}

std::optional<seconds> Wait(const RateObservation& rate, TimePoint now) {
  if (rate.retry_after) return rate.retry_after;
  if (rate.remaining != 0 || !rate.reset_at) return std::nullopt;
  return std::clamp(std::chrono::ceil<seconds>(*rate.reset_at - now), seconds{0}, kRetryAfterMax);
}

ErrorCode CodeOf(int status, const std::string& message) {
  switch (status) {
    case 401:
      return ErrorCode::kUnauthorized;
    case 403:
      return IsBlocked(message) ? ErrorCode::kGone : ErrorCode::kUnauthorized;
    case 404:
      return ErrorCode::kNotFound;
    case 410:
    case 451:
      return ErrorCode::kGone;
    case 400:
    case 422:
      return ErrorCode::kInvalidArgument;
    case 408:
      return ErrorCode::kTimeout;
    default:
      return status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kMalformed;
  }
}

class GitHubClient final : public GitHub {
 public:
  GitHubClient(GitHubOptions options, std::unique_ptr<HttpTransport> transport, const Clock& clock)
      : options_(std::move(options)),
        origin_(OriginOf(options_.api_url)),
        transport_(std::move(transport)),
        clock_(clock) {}

  Fetched<SearchPage> SearchRepositories(const std::string& query, int page, std::stop_token stop) override {
    const std::string path = "/search/repositories?q=" + PercentEncode(query) +
                             "&sort=stars&order=desc&per_page=" + std::to_string(kSearchPerPage) +
                             "&page=" + std::to_string(page);
    auto [response, rate] = Fetch(path, RateResource::kSearch, stop);
    if (!response) return {tl::make_unexpected(std::move(response.error())), rate};
    auto parsed = ParseSearchPage(response->body);
    if (parsed) parsed->has_next = HasNext(*response);
    return {std::move(parsed), rate};
  }

  Fetched<Repository> FetchRepository(const RepositoryName& name, std::stop_token stop) override {
    auto [response, rate] = Fetch("/repos/" + name.full(), RateResource::kCore, stop);
    if (!response) return {tl::make_unexpected(std::move(response.error())), rate};
    return {ParseRepository(response->body), rate};
  }

  Fetched<Repository> FetchRepositoryById(RepositoryId id, std::stop_token stop) override {
    auto [response, rate] = Fetch("/repositories/" + std::to_string(id.value), RateResource::kCore, stop);
    if (!response) return {tl::make_unexpected(std::move(response.error())), rate};
    return {ParseRepository(response->body), rate};
  }

  Fetched<EventFeedPage> FetchEvents(const EventFeed& feed, int page, const std::string& etag,
                                     std::stop_token stop) override {
    const std::string path =
        PathOf(feed) + "?per_page=" + std::to_string(kEventsPerPage) + "&page=" + std::to_string(page);
    auto [response, rate] = Fetch(path, RateResource::kCore, stop, page == 1 ? etag : "");
    if (!response) return {tl::make_unexpected(std::move(response.error())), rate};
    if (response->status == 304) {
      EventFeedPage unchanged;
      unchanged.not_modified = true;
      unchanged.poll_interval = PollInterval(*response);
      return {std::move(unchanged), rate};
    }
    auto parsed = ParseEventPage(response->body, clock_.Now());
    if (parsed) {
      parsed->etag = Etag(*response);
      parsed->poll_interval = PollInterval(*response);
      parsed->has_next = HasNext(*response);
    }
    return {std::move(parsed), rate};
  }

  [[nodiscard]] std::string credential() const override { return options_.token.empty() ? "anonymous" : "token"; }

 private:
  // A 200, after at most three redirects, or a 304 where `etag` was sent; anything else is an error. One deadline for
  // all of it.
  Fetched<HttpResponse> Fetch(const std::string& path, RateResource resource, const std::stop_token& stop,
                              const std::string& etag = "") {
    const SteadyTime until = clock_.SteadyNow() + options_.deadline;
    std::string url = options_.api_url + path;
    RateObservation rate;
    for (int redirects = 0; redirects <= kRedirectsMax; ++redirects) {
      const auto left = std::chrono::floor<std::chrono::milliseconds>(until - clock_.SteadyNow());
      if (left.count() <= 0) return {Fail(ErrorCode::kTimeout, "GitHub redirected until the time was over"), rate};
      auto response = transport_->Get(RequestFor(url, left, etag), stop);
      if (!response) return {tl::make_unexpected(std::move(response.error())), rate};
      if (!IsRedirect(response->status)) return Judge(*std::move(response), resource, !etag.empty());
      rate = Observed(*response, resource, false, clock_.Now());
      auto next = Follow(url, response->Header("location").value_or(""));
      if (!next) return {tl::make_unexpected(std::move(next.error())), rate};
      url = *std::move(next);
    }
    return {Fail(ErrorCode::kMalformed, "GitHub redirects more than three times"), rate};
  }

  Fetched<HttpResponse> Judge(HttpResponse response, RateResource resource, bool conditional) {
    const TimePoint now = clock_.Now();
    if (response.status == 200 || (response.status == 304 && conditional)) {
      RateObservation rate = Observed(response, resource, false, now);
      rate.free = response.status == 304 && !options_.token.empty();
      return {std::move(response), rate};
    }
    const std::string message = ParseErrorMessage(response.body);
    const bool limited = IsLimit(response, message);
    const RateObservation rate = Observed(response, resource, limited, now);
    Error error;
    error.code = limited ? ErrorCode::kRateLimited : CodeOf(response.status, message);
    error.message = "GitHub answered " + std::to_string(response.status) + (message.empty() ? "" : ": " + message);
    error.retry_after = limited ? Wait(rate, now) : RetryAfter(response, now);
    return {tl::make_unexpected(std::move(error)), rate};
  }

  // GitHub redirects within its API (renames). Anywhere else is not followed: neither the token nor demo data may meet
  // another server than the one that was configured.
  [[nodiscard]] Result<std::string> Follow(const std::string& from, std::string_view location) const {
    const auto target = ResolveUrl(from, location);
    const auto origin = target ? OriginOf(*target) : std::nullopt;
    if (!origin) return Fail(ErrorCode::kMalformed, "GitHub redirects to something that is not a web address");
    if (origin != origin_) {
      return Fail(ErrorCode::kMalformed,
                  "GitHub redirects to another server, " + *origin + ", which is not GITHUB_API_URL's");
    }
    return *target;
  }

  [[nodiscard]] HttpRequest RequestFor(const std::string& url, std::chrono::milliseconds deadline,
                                       const std::string& etag) const {
    HttpRequest request;
    request.url = url;
    request.deadline = deadline;
    request.headers = {"User-Agent: " + options_.user_agent, "Accept: application/vnd.github+json",
                       "X-GitHub-Api-Version: 2022-11-28"};
    if (!options_.token.empty()) request.headers.push_back("Authorization: Bearer " + options_.token);
    if (!etag.empty()) request.headers.push_back("If-None-Match: " + etag);
    return request;
  }

  const GitHubOptions options_;
  const std::optional<std::string> origin_;
  const std::unique_ptr<HttpTransport> transport_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<GitHub> MakeGitHubClient(GitHubOptions options, std::unique_ptr<HttpTransport> transport,
                                         const Clock& clock) {
  return std::make_unique<GitHubClient>(std::move(options), std::move(transport), clock);
}

}  // namespace repopulse
