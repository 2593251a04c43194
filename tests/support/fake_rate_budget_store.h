// Rate budgets in memory, by the rules of domain/rate_limit.h.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "service/rate_budget_store.h"

namespace repopulse::test {

class FakeRateBudgetStore final : public RateBudgetStore {
 public:
  std::optional<Error> failing;
  std::vector<RateObservation> recorded;

  [[nodiscard]] RateBudget& budget(RateResource resource) { return budgets_[resource]; }

  Result<std::optional<TimePoint>> TryTake(RateResource resource, const std::string&, RatePace pace,
                                           TimePoint now) override {
    if (failing) return tl::make_unexpected(*failing);
    RateBudget& budget = budgets_[resource];
    const TimePoint at = pace == RatePace::kPaced ? NextPacedRequestAt(budget, now) : NextRequestAt(budget, now);
    if (at > now) return std::optional(at);
    budget = Take(budget, now);
    return std::optional<TimePoint>();
  }
  Status Record(RateResource resource, const std::string&, const RateObservation& seen, TimePoint now) override {
    if (failing) return tl::make_unexpected(*failing);
    recorded.push_back(seen);
    budgets_[resource] = Observe(budgets_[resource], seen, now);
    return {};
  }
  Result<std::vector<NamedRateBudget>> List(const std::string&) override {
    std::vector<NamedRateBudget> all;
    for (const auto& [resource, budget] : budgets_) all.push_back({resource, budget});
    return all;
  }

 private:
  std::map<RateResource, RateBudget> budgets_;
};

}  // namespace repopulse::test
