#include "domain/rate_limit.h"

#include <algorithm>

namespace repopulse {
namespace {

constexpr std::chrono::seconds kFirstBackoff{60};
constexpr std::chrono::seconds kLongestWait{3600};
constexpr std::chrono::seconds kPaceWindow{3600};
constexpr std::chrono::seconds kPaceAhead{60};

bool IsFullAgain(const RateBudget& budget, TimePoint now) { return now >= budget.reset_at; }

// An older answer that arrives late must not give back what newer ones have used up: it says nothing where its window
// is over and ours is not …
bool IsOutdated(const RateBudget& budget, const RateObservation& seen, TimePoint now) {
  return budget.limit > 0 && *seen.reset_at <= now && budget.reset_at > now;
}

// … and never raises what remains of a window.
bool IsSameWindow(const RateBudget& budget, const RateObservation& seen) {
  return seen.reset_at && budget.limit > 0 && *seen.reset_at <= budget.reset_at;
}

void ObserveBucket(RateBudget& budget, const RateObservation& seen, TimePoint now) {
  if (!seen.limit || !seen.remaining || !seen.reset_at || *seen.limit <= 0 || IsOutdated(budget, seen, now)) return;
  const int64_t remaining = std::clamp<int64_t>(*seen.remaining, 0, *seen.limit);
  budget.remaining = IsSameWindow(budget, seen) ? std::min(budget.remaining, remaining) : remaining;
  budget.limit = *seen.limit;
  budget.reset_at = *seen.reset_at;
}

std::chrono::seconds WaitAfterLimit(RateBudget& budget, const RateObservation& seen, TimePoint now) {
  if (seen.retry_after) return std::clamp(*seen.retry_after, std::chrono::seconds{1}, kLongestWait);
  if (seen.remaining == 0 && seen.reset_at && *seen.reset_at > now) {
    const auto until_reset = std::chrono::ceil<std::chrono::seconds>(*seen.reset_at - now);
    return std::min(until_reset, kLongestWait);
  }
  budget.backoff = std::clamp(budget.backoff * 2, kFirstBackoff, kLongestWait);
  return budget.backoff;
}

}  // namespace

std::string_view ToString(RateResource resource) { return resource == RateResource::kSearch ? "search" : "core"; }

TimePoint NextRequestAt(const RateBudget& budget, TimePoint now, int64_t reserve) {
  if (budget.blocked_until > now) return budget.blocked_until;
  if (budget.limit == 0 || IsFullAgain(budget, now) || budget.remaining > reserve) return now;
  return budget.reset_at;
}

TimePoint NextPacedRequestAt(const RateBudget& budget, TimePoint now) {
  const TimePoint next = NextRequestAt(budget, now);
  if (next > now || budget.limit == 0 || IsFullAgain(budget, now)) return next;
  // What remains lasts so long at an even pace; until then is the others' time.
  const auto lasts = kPaceWindow * budget.remaining / budget.limit;
  return std::max(now, budget.reset_at - kPaceAhead - lasts + std::chrono::seconds{1});
}

RateBudget Take(RateBudget budget, TimePoint now) {
  if (budget.limit > 0 && IsFullAgain(budget, now)) {
    // GitHub opens a new window with the next request; its answer brings the real figures.
    budget.remaining = budget.limit;
    budget.reset_at = now + std::chrono::minutes(1);
  }
  budget.remaining = std::max<int64_t>(budget.remaining - 1, 0);
  return budget;
}

RateBudget Observe(RateBudget budget, const RateObservation& seen, TimePoint now) {
  if (seen.free) budget.remaining = std::min(budget.remaining + 1, budget.limit);
  ObserveBucket(budget, seen, now);
  if (seen.limited) {
    budget.blocked_until = std::max(budget.blocked_until, now + WaitAfterLimit(budget, seen, now));
  } else if (seen.limit) {  // every answer of GitHub's own tells it; a time-out or a proxy's error page does not
    budget.backoff = std::chrono::seconds{0};
  }
  return budget;
}

}  // namespace repopulse
