#include "domain/ranking.h"

#include <array>
#include <utility>

namespace repopulse {
namespace {

constexpr std::array<std::pair<RankingSort, std::string_view>, 4> kOffered = {{
    {RankingSort::kPopularity, "popularity"},
    {RankingSort::kActivity, "activity"},
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

std::optional<RankingSort> ParseRankingSort(std::string_view text) {
  for (const auto& [value, name] : kOffered) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace repopulse
