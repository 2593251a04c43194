#include "github/github_client.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "domain/sweep.h"
#include "github/repository_parser.h"

namespace repopulse {
namespace {

constexpr int kRedirectsMax = 3;

bool IsRedirect(int status) { return status == 301 || status == 302 || status == 307 || status == 308; }

// "https://host:port" of a URL, in lower case.
std::string_view OriginOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, std::min(url.find_first_of("/?#", scheme + 3), url.size()));
}

std::optional<int64_t> IntegerHeader(const HttpResponse& response, std::string_view name) {
  const auto text = response.Header(name);
  return text ? ParseInteger<int64_t>(*text) : std::nullopt;
}

std::optional<std::chrono::seconds> RetryAfter(const HttpResponse& response, TimePoint now) {
  const auto text = response.Header("retry-after");
  if (!text) return std::nullopt;
  if (const auto seconds = ParseInteger<int64_t>(*text)) return std::chrono::seconds{std::max<int64_t>(*seconds, 0)};
  const auto date = ParseHttpDate(*text);
  if (!date) return std::nullopt;
  return std::max(std::chrono::ceil<std::chrono::seconds>(*date - now), std::chrono::seconds{0});
}

// 403 says many things; only these are limits: a Retry-After, GitHub's words for one, or an empty bucket whose message
// speaks of it.
bool IsLimit(const HttpResponse& response, const std::string& message) {
  if (response.status == 429) return true;
  if (response.status != 403) return false;
  const std::string lower = ToLowerAscii(message);
  return response.Header("retry-after") || IntegerHeader(response, "x-ratelimit-remaining") == 0 ||
         lower.find("rate limit") != std::string::npos || lower.find("abuse detection") != std::string::npos;
}

bool HasNext(const HttpResponse& response) {
  const auto link = response.Header("link");
  if (!link) return false;
  for (const std::string_view part : Split(*link, ',')) {
    if (part.find("rel=\"next\"") != std::string_view::npos || part.find("rel=next") != std::string_view::npos)
      return true;
  }
  return false;
}

RateObservation Observed(const HttpResponse& response, bool limited, TimePoint now) {
  RateObservation rate;
  rate.limit = IntegerHeader(response, "x-ratelimit-limit");
  rate.remaining = IntegerHeader(response, "x-ratelimit-remaining");
  if (const auto reset = IntegerHeader(response, "x-ratelimit-reset"); reset && *reset > 0 && *reset < 253402300800) {
    rate.reset_at = TimePoint{std::chrono::seconds{*reset}};
  }
  rate.limited = limited;
  if (limited) rate.retry_after = RetryAfter(response, now);
  return rate;
}

Error ErrorOf(const HttpResponse& response, const std::string& message, bool limited, TimePoint now) {
  const std::string said =
      "GitHub answered " + std::to_string(response.status) + (message.empty() ? "" : " (" + message + ")");
  if (limited) return {ErrorCode::kRateLimited, said, RetryAfter(response, now)};
  switch (response.status) {
    case 401:
      return {ErrorCode::kUnauthorized, said};
    case 403:
    case 451:
      return {ErrorCode::kGone, said};
    case 404:
    case 410:
      return {ErrorCode::kNotFound, said};
    case 422:
      return {ErrorCode::kInvalidArgument, said};
    default:
      break;
  }
  return {response.status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kMalformed, said};
}

class GitHubClient final : public GitHub {
 public:
  GitHubClient(GitHubOptions options, std::unique_ptr<HttpTransport> transport, const Clock& clock)
      : options_(std::move(options)), transport_(std::move(transport)), clock_(clock) {}

  Fetched<SearchPage> SearchRepositories(const std::string& query, int page, std::stop_token stop) override {
    const std::string path = "/search/repositories?q=" + PercentEncode(query) +
                             "&sort=stars&order=desc&per_page=" + std::to_string(kSearchPerPage) +
                             "&page=" + std::to_string(page);
    auto [response, rate] = Fetch(path, std::move(stop));
    if (!response) return {tl::make_unexpected(std::move(response.error())), rate};
    auto parsed = ParseSearchPage(response->body);
    if (parsed) parsed->has_next = HasNext(*response);
    return {std::move(parsed), rate};
  }

  Fetched<Repository> FetchRepository(const RepositoryName& name, std::stop_token stop) override {
    auto [response, rate] = Fetch("/repos/" + name.full(), std::move(stop));
    if (!response) return {tl::make_unexpected(std::move(response.error())), rate};
    return {ParseRepository(response->body), rate};
  }

  [[nodiscard]] std::string credential() const override { return options_.token.empty() ? "anonymous" : "token"; }

 private:
  // A 200, after at most three redirects; anything else is an error.
  Fetched<HttpResponse> Fetch(const std::string& path, std::stop_token stop) {
    std::string url = options_.api_url + path;
    for (int redirects = 0;; ++redirects) {
      auto response = transport_->Get(RequestFor(url), stop);
      if (!response) return {tl::make_unexpected(std::move(response.error())), {}};
      const TimePoint now = clock_.Now();
      if (IsRedirect(response->status) && redirects < kRedirectsMax) {
        const auto next = Follow(url, response->Header("location").value_or(""));
        if (!next) return {tl::make_unexpected(next.error()), Observed(*response, false, now)};
        url = *next;
        continue;
      }
      if (response->status == 200) {
        const RateObservation rate = Observed(*response, false, now);
        return {*std::move(response), rate};
      }
      const std::string message = ParseErrorMessage(response->body);
      const bool limited = IsLimit(*response, message);
      return {tl::make_unexpected(ErrorOf(*response, message, limited, now)), Observed(*response, limited, now)};
    }
  }

  // GitHub redirects within its API (renames); anywhere else is not followed, so that the token stays where it belongs.
  [[nodiscard]] Result<std::string> Follow(const std::string& from, std::string_view location) const {
    if (location.starts_with('/') && !location.starts_with("//"))
      return std::string(OriginOf(from)) + std::string(location);
    if (EqualsIgnoreCaseAscii(OriginOf(location), OriginOf(options_.api_url))) return std::string(location);
    return Fail(ErrorCode::kMalformed, "GitHub redirects to another host: " + std::string(OriginOf(location)));
  }

  [[nodiscard]] HttpRequest RequestFor(const std::string& url) const {
    HttpRequest request;
    request.url = url;
    request.deadline = options_.deadline;
    request.headers = {"User-Agent: " + options_.user_agent, "Accept: application/vnd.github+json",
                       "X-GitHub-Api-Version: 2022-11-28"};
    if (!options_.token.empty()) request.headers.push_back("Authorization: Bearer " + options_.token);
    return request;
  }

  const GitHubOptions options_;
  const std::unique_ptr<HttpTransport> transport_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<GitHub> MakeGitHubClient(GitHubOptions options, std::unique_ptr<HttpTransport> transport,
                                         const Clock& clock) {
  return std::make_unique<GitHubClient>(std::move(options), std::move(transport), clock);
}

}  // namespace repopulse
