// Port: GitHub's limits, kept in the database so that a restart or another replica does not overspend. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/rate_limit.h"

namespace repopulse {

// kPaced: spread evenly until the reset, for what can wait; kFull: as long as something is left.
enum class RatePace { kFull, kPaced };

struct NamedRateBudget {
  RateResource resource = RateResource::kCore;
  RateBudget budget;
};

class RateBudgetStore {
 public:
  virtual ~RateBudgetStore() = default;

  // Takes one request where the budget allows it (none returned); else when to try again. `credential` tells budgets of
  // different tokens apart (never the token itself).
  virtual Result<std::optional<TimePoint>> TryTake(RateResource resource, const std::string& credential, RatePace pace,
                                                   TimePoint now) = 0;
  virtual Status Record(RateResource resource, const std::string& credential, const RateObservation& observation,
                        TimePoint now) = 0;
  virtual Result<std::vector<NamedRateBudget>> List(const std::string& credential) = 0;
};

}  // namespace repopulse
