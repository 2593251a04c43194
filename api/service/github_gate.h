// GitHub, asked only within its limits: each request is taken from the budget in the database before it is sent, and
// what the answer says of the limits is written back, also when it failed.
#pragma once

#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "service/github.h"
#include "service/rate_budget_store.h"

namespace repopulse {

// Thread-safe where `github` is used by one thread at a time.
class GitHubGate {
 public:
  GitHubGate(GitHub& github, RateBudgetStore& budgets, const Clock& clock)
      : github_(github), budgets_(budgets), clock_(clock) {}

  // kRateLimited with retry_after where the budget forbids it now; otherwise GitHub's answer.
  Result<SearchPage> SearchRepositories(const std::string& query, int page, std::stop_token stop);
  Result<Repository> FetchRepository(const RepositoryName& name, RatePace pace, std::stop_token stop);
  Result<Repository> FetchRepositoryById(RepositoryId id, RatePace pace, std::stop_token stop);
  Result<EventFeedPage> FetchEvents(const EventFeed& feed, int page, const std::string& etag, RatePace pace,
                                    std::stop_token stop);

 private:
  Status Enter(RateResource resource, RatePace pace);
  template <class T>
  Result<T> Leave(RateResource resource, Fetched<T> fetched);

  GitHub& github_;
  RateBudgetStore& budgets_;
  const Clock& clock_;
};

}  // namespace repopulse
