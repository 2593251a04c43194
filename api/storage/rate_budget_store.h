// Implements service/rate_budget_store.h.
#pragma once

#include "service/rate_budget_store.h"
#include "storage/pool.h"

namespace repopulse {

class SqlRateBudgetStore final : public RateBudgetStore {
 public:
  explicit SqlRateBudgetStore(Pool& pool) : pool_(pool) {}

  Result<std::optional<TimePoint>> TryTake(RateResource resource, const std::string& credential, RatePace pace,
                                           TimePoint now) override;
  Status Record(RateResource resource, const std::string& credential, const RateObservation& observation,
                TimePoint now) override;
  Result<std::vector<NamedRateBudget>> List(const std::string& credential) override;

 private:
  Pool& pool_;
};

}  // namespace repopulse
