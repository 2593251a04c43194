#include "service/github_gate.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace repopulse {

Status GitHubGate::Enter(RateResource resource, RatePace pace) {
  const TimePoint now = clock_.Now();
  auto wait_until = budgets_.TryTake(resource, github_.credential(), pace, now);
  if (!wait_until) return WithContext("taking from the rate budget", wait_until.error());
  if (!*wait_until) return {};
  const auto wait = std::max(std::chrono::ceil<std::chrono::seconds>(**wait_until - now), std::chrono::seconds{1});
  Error error{ErrorCode::kRateLimited, "GitHub's " + std::string(ToString(resource)) + " limit is used up", wait};
  return tl::make_unexpected(std::move(error));
}

template <class T>
Result<T> GitHubGate::Leave(RateResource resource, Fetched<T> fetched) {
  const auto recorded = budgets_.Record(resource, github_.credential(), fetched.rate, clock_.Now());
  if (!recorded) LogWarn("rate_budget_not_recorded", {{"error", recorded.error().message}});
  return std::move(fetched.result);
}

Result<SearchPage> GitHubGate::SearchRepositories(const std::string& query, int page, std::stop_token stop) {
  auto entered = Enter(RateResource::kSearch, RatePace::kFull);
  if (!entered) return tl::make_unexpected(std::move(entered.error()));
  return Leave(RateResource::kSearch, github_.SearchRepositories(query, page, std::move(stop)));
}

Result<Repository> GitHubGate::FetchRepository(const RepositoryName& name, RatePace pace, std::stop_token stop) {
  auto entered = Enter(RateResource::kCore, pace);
  if (!entered) return tl::make_unexpected(std::move(entered.error()));
  return Leave(RateResource::kCore, github_.FetchRepository(name, std::move(stop)));
}

Result<Repository> GitHubGate::FetchRepositoryById(RepositoryId id, RatePace pace, std::stop_token stop) {
  auto entered = Enter(RateResource::kCore, pace);
  if (!entered) return tl::make_unexpected(std::move(entered.error()));
  return Leave(RateResource::kCore, github_.FetchRepositoryById(id, std::move(stop)));
}

Result<EventFeedPage> GitHubGate::FetchEvents(const EventFeed& feed, int page, const std::string& etag, RatePace pace,
                                              std::stop_token stop) {
  auto entered = Enter(RateResource::kCore, pace);
  if (!entered) return tl::make_unexpected(std::move(entered.error()));
  return Leave(RateResource::kCore, github_.FetchEvents(feed, page, etag, std::move(stop)));
}

}  // namespace repopulse
