#include "storage/rate_budget_store.h"

#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr RateResource kAllResources[] = {RateResource::kCore, RateResource::kSearch};

// Makes the row where there is none, so that there is always one to lock.
constexpr std::string_view kEnsure = R"(
  INSERT INTO rate_budgets (resource, credential, requests_limit, remaining, reset_at, blocked_until, backoff_seconds)
  VALUES (?, ?, 0, 0, ?, ?, 0)
  ON DUPLICATE KEY UPDATE credential = VALUES(credential))";
constexpr std::string_view kLock = R"(
  SELECT requests_limit, remaining, reset_at, blocked_until, backoff_seconds
  FROM rate_budgets WHERE resource = ? AND credential = ? FOR UPDATE)";
constexpr std::string_view kWrite = R"(
  UPDATE rate_budgets SET requests_limit = ?, remaining = ?, reset_at = ?, blocked_until = ?, backoff_seconds = ?
  WHERE resource = ? AND credential = ?)";
constexpr std::string_view kList = R"(
  SELECT requests_limit, remaining, reset_at, blocked_until, backoff_seconds, resource
  FROM rate_budgets WHERE credential = ? ORDER BY resource)";

RateBudget ReadBudget(const Row& row) {
  return {.limit = row.Int(0),
          .remaining = row.Int(1),
          .reset_at = row.Time(2),
          .blocked_until = row.Time(3),
          .backoff = std::chrono::seconds{row.Int(4)}};
}

Result<RateBudget> LockBudget(Connection& db, std::string_view resource, const std::string& credential) {
  auto ensured = db.Execute(kEnsure, {resource, credential, TimePoint{}, TimePoint{}});
  if (!ensured) return tl::make_unexpected(std::move(ensured.error()));
  RateBudget budget;
  auto read = db.Query(kLock, {resource, credential}, [&](const Row& row) { budget = ReadBudget(row); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return budget;
}

Status WriteBudget(Connection& db, std::string_view resource, const std::string& credential, const RateBudget& budget) {
  auto written = db.Execute(kWrite, {budget.limit, budget.remaining, budget.reset_at, budget.blocked_until,
                                     budget.backoff.count(), resource, credential});
  if (!written) return tl::make_unexpected(std::move(written.error()));
  return {};
}

}  // namespace

Result<std::optional<TimePoint>> SqlRateBudgetStore::TryTake(RateResource resource, const std::string& credential,
                                                             RatePace pace, TimePoint now) {
  const std::string_view word = ToString(resource);
  const auto take = [&](Connection& db) -> Result<std::optional<TimePoint>> {
    auto budget = LockBudget(db, word, credential);
    if (!budget) return tl::make_unexpected(std::move(budget.error()));
    const TimePoint next = pace == RatePace::kPaced ? NextPacedRequestAt(*budget, now) : NextRequestAt(*budget, now);
    if (next > now) return std::optional(next);
    auto written = WriteBudget(db, word, credential, Take(*budget, now));
    if (!written) return tl::make_unexpected(std::move(written.error()));
    return std::optional<TimePoint>{};
  };
  auto taken = WithConnection(pool_, [&](Connection& db) { return InTransaction(db, take); });
  if (!taken) return WithContext("take a request of the rate budget", std::move(taken.error()));
  return taken;
}

Status SqlRateBudgetStore::Record(RateResource resource, const std::string& credential,
                                  const RateObservation& observation, TimePoint now) {
  const std::string_view word = ToString(resource);
  const auto record = [&](Connection& db) -> Status {
    auto budget = LockBudget(db, word, credential);
    if (!budget) return tl::make_unexpected(std::move(budget.error()));
    return WriteBudget(db, word, credential, Observe(*budget, observation, now));
  };
  auto recorded = WithConnection(pool_, [&](Connection& db) { return InTransaction(db, record); });
  if (!recorded) return WithContext("record the rate budget", std::move(recorded.error()));
  return recorded;
}

Result<std::vector<NamedRateBudget>> SqlRateBudgetStore::List(const std::string& credential) {
  return WithConnection(pool_, [&](Connection& db) -> Result<std::vector<NamedRateBudget>> {
    std::vector<NamedRateBudget> budgets;
    auto read = db.Query(kList, {credential}, [&](const Row& row) {
      const std::string word = row.Text(5);
      for (RateResource resource : kAllResources) {
        if (ToString(resource) == word) budgets.push_back({resource, ReadBudget(row)});
      }
    });
    if (!read) return WithContext("list rate budgets", std::move(read.error()));
    return budgets;
  });
}

}  // namespace repopulse
