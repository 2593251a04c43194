// GitHub's limits as a value: what is left of a resource's bucket, and when a request may be made.
// Rules: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace repopulse {

enum class RateResource { kCore, kSearch };        // each has a bucket of its own
std::string_view ToString(RateResource resource);  // GitHub's words: "core", "search"

// What one answer of GitHub said about the limits (x-ratelimit-*, Retry-After).
struct RateObservation {
  std::optional<int64_t> limit;
  std::optional<int64_t> remaining;
  std::optional<TimePoint> reset_at;
  bool limited = false;                             // the answer was a 403 or 429 for a limit
  std::optional<std::chrono::seconds> retry_after;  // of a limited answer
  bool free = false;                                // it cost nothing (a 304 to a request with a token)
};

// The state kept in the database for one resource, shared by all replicas.
struct RateBudget {
  int64_t limit = 0;  // 0: nothing known yet
  int64_t remaining = 0;
  TimePoint reset_at{};             // the bucket is full again then
  TimePoint blocked_until{};        // GitHub asked for silence until then
  std::chrono::seconds backoff{0};  // the last wait after a secondary limit without Retry-After; doubles
};

// When the next request may be sent: `now` or earlier means at once. `reserve` requests of the bucket stay untouched.
TimePoint NextRequestAt(const RateBudget& budget, TimePoint now, int64_t reserve = 0);

// The same for what can wait: requests are spread evenly over the hour until the reset, at most a minute's share ahead,
// so that a small bucket is not used up at once.
TimePoint NextPacedRequestAt(const RateBudget& budget, TimePoint now);

// The budget with one request taken. Call only where NextRequestAt() <= now.
RateBudget Take(RateBudget budget, TimePoint now);

// The budget after an answer: wait Retry-After where given; else until the reset where nothing remains; else at least
// 60 s, doubling with each further secondary limit; never longer than an hour at once, after which GitHub is asked
// anew. An answer that is not limited ends the doubling; where there was no answer of GitHub's own, nothing changes.
RateBudget Observe(RateBudget budget, const RateObservation& observation, TimePoint now);

}  // namespace repopulse
