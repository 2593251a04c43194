// Port: GitHub's REST API, as far as we use it. No retries and no waiting inside: the caller decides, by budget.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/event.h"
#include "domain/names.h"
#include "domain/rate_limit.h"
#include "domain/repository.h"

namespace repopulse {

struct SearchPage {
  int64_t total_count = 0;
  bool incomplete_results = false;
  bool has_next = false;  // Link: rel="next"
  std::vector<Repository> items;
  int64_t delivered = 0;  // items in the answer, malformed ones included
  int64_t malformed = 0;  // items that were not what GitHub documents, left out
};

// What an event feed is asked for: all public events, or those of one repository.
struct EventFeed {
  std::optional<RepositoryName> name;  // GET /repos/{owner}/{name}/events; none: see `id`
  RepositoryId id;                     // GET /repositories/{id}/events where there is no name; 0: GET /events
};

struct EventFeedPage {
  bool not_modified = false;                   // 304: everything below but poll_interval is empty
  std::string etag;                            // as it came, for If-None-Match; empty: none
  std::chrono::seconds poll_interval{60};      // X-Poll-Interval, 1 s to 1 h
  bool has_next = false;                       // Link: rel="next"
  std::vector<Event> events;                   // in the order of the page, with their payloads
  int64_t delivered = 0;                       // entries in the answer, malformed ones included
  int64_t malformed = 0;                       // entries that are no event, left out
  std::vector<std::string> malformed_reasons;  // of the first few
};

// A result, and what its answer said of the limits (empty where there was no answer).
template <class T>
struct Fetched {
  Result<T> result;
  RateObservation rate;
};

// Errors: kRateLimited (403/429 of a limit, with retry_after if told), kUnauthorized (401), kNotFound (404), kGone
// (451, or 403 of a blocked repository), kInvalidArgument (422), kUnavailable (5xx, connection refused or cut),
// kTimeout, kMalformed (not the JSON promised, too large), kCancelled (stop requested).
class GitHub {
 public:
  virtual ~GitHub() = default;
  // GET /search/repositories?q=…&sort=stars&order=desc&per_page=100&page=…
  virtual Fetched<SearchPage> SearchRepositories(const std::string& query, int page, std::stop_token stop) = 0;
  // GET /repos/{owner}/{name}; follows a rename: the result then has the new name.
  virtual Fetched<Repository> FetchRepository(const RepositoryName& name, std::stop_token stop) = 0;
  // GET /repositories/{id}
  virtual Fetched<Repository> FetchRepositoryById(RepositoryId id, std::stop_token stop) = 0;
  // One page of 100. `etag`: of page 1 at the last poll; sent as If-None-Match with page 1 only.
  virtual Fetched<EventFeedPage> FetchEvents(const EventFeed& feed, int page, const std::string& etag,
                                             std::stop_token stop) = 0;
  // "token" or "anonymous": whose limits apply.
  [[nodiscard]] virtual std::string credential() const = 0;
};

}  // namespace repopulse
