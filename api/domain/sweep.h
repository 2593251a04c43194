// A sweep: reading a whole topic through a search that shows at most 1,000 results of any one query.
//
// The walk goes down by stars: each range reads up to ten pages of 100, most stars first; where a range ends at the
// cap, the next begins at the lowest star count seen. Where more than a cap's worth share one star count, that count is
// split by creation time. Pure values: the plan is stored after each page, so that a sweep goes on after a crash or a
// limit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/names.h"

namespace repopulse {

inline constexpr int kSearchPerPage = 100;
inline constexpr int kSearchPagesMax = 10;  // GitHub answers 422 beyond 1,000 results

struct CreatedRange {
  TimePoint from;  // both ends belong to it; whole seconds
  TimePoint to;
  bool operator==(const CreatedRange&) const = default;
};

// One query of a sweep; absent bounds are open. `created` comes only with one exact star count (stars_min ==
// stars_max).
struct SearchRange {
  std::optional<int64_t> stars_min;
  std::optional<int64_t> stars_max;
  std::optional<CreatedRange> created;
  bool operator==(const SearchRange&) const = default;
};

struct SweepPlan {
  std::vector<SearchRange> pending;     // the last one is being read; empty: the sweep is done
  int page = 1;                         // the next page of it
  int64_t delivered = 0;                // results of it so far
  std::optional<int64_t> stars_lowest;  // lowest star count among them
  int64_t reported_count = 0;           // total_count of the sweep's first answer
  bool incomplete = false;  // GitHub cut something short (incomplete_results, a second full of repositories)
  int64_t requests = 0;     // answers read so far
  bool operator==(const SweepPlan&) const = default;
};

// What one answer contributes to the plan.
struct SearchFacts {
  int64_t total_count = 0;
  int64_t delivered = 0;
  std::optional<int64_t> stars_lowest;  // among the delivered
  bool has_next = false;
  bool incomplete_results = false;
};

SweepPlan StartSweep();
inline bool IsDone(const SweepPlan& plan) { return plan.pending.empty(); }

// The value of `q` for the plan's next request, e.g. "topic:kubernetes stars:<=812".
std::string SearchText(const TopicName& topic, const SearchRange& range);

SweepPlan Advance(SweepPlan plan, const SearchFacts& facts, TimePoint now);

}  // namespace repopulse
