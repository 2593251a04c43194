#include "domain/ranking.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace repopulse {
namespace {

constexpr std::array<std::pair<RankingSort, std::string_view>, 5> kOffered = {{
    {RankingSort::kPopularity, "popularity"},
    {RankingSort::kActivity, "activity"},
    {RankingSort::kTrending, "trending"},
    {RankingSort::kNewest, "newest"},
    {RankingSort::kUpdated, "updated"},
}};

}  // namespace

std::string_view ToString(RankingSort sort) {
  for (const auto& [value, text] : kOffered) {
    if (value == sort) return text;
  }
  return "stored";
}

std::optional<Growth> GrowthSince(const std::vector<Snapshot>& snapshots, int64_t stars_now,
                                  std::chrono::sys_days since) {
  const auto base = std::ranges::find_if(snapshots, [since](const Snapshot& s) { return s.day >= since; });
  if (base == snapshots.end() || base == std::prev(snapshots.end())) return std::nullopt;
  Growth growth{.since = base->day, .stars = stars_now - base->stargazers_count, .percent = {}};
  if (base->stargazers_count > 0) {
    growth.percent = 100.0 * static_cast<double>(growth.stars) / static_cast<double>(base->stargazers_count);
  }
  return growth;
}

std::optional<RankingSort> ParseRankingSort(std::string_view text) {
  for (const auto& [value, name] : kOffered) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace repopulse
