#include "domain/sweep.h"

#include <algorithm>

#include "base/time_format.h"

namespace repopulse {
namespace {

constexpr int64_t kResultsMax = int64_t{kSearchPerPage} * kSearchPagesMax;
// Far more than GitHub's largest topic needs; a sweep that gets here is being led astray.
constexpr int64_t kRequestsMax = 20'000;
// GitHub's first repositories are of October 2007.
constexpr TimePoint kFirstCreation = std::chrono::sys_days{std::chrono::year{2007} / 10 / 1};

void StartRange(SweepPlan& plan) {
  plan.page = 1;
  plan.delivered = 0;
  plan.stars_lowest.reset();
}

// Replaces the range at the end by its two halves; false where it is one second and cannot be split.
bool SplitByCreation(SweepPlan& plan) {
  const SearchRange range = plan.pending.back();
  const auto from = std::chrono::floor<std::chrono::seconds>(range.created->from);
  const auto to = std::chrono::floor<std::chrono::seconds>(range.created->to);
  if (from >= to) return false;
  const auto middle = from + (to - from) / 2;
  plan.pending.pop_back();
  SearchRange older = range;
  older.created = CreatedRange{from, middle};
  SearchRange newer = range;
  newer.created = CreatedRange{middle + std::chrono::seconds{1}, to};
  plan.pending.push_back(older);
  plan.pending.push_back(newer);
  return true;
}

// What remains below a range that has more results than can be shown.
void WalkDown(SweepPlan& plan, const SearchRange& range, TimePoint now) {
  if (!plan.stars_lowest) {  // nothing of it could be read, so nobody knows where to go on
    plan.incomplete = true;
    return;
  }
  const int64_t lowest = *plan.stars_lowest;
  if (range.stars_max != lowest) {
    plan.pending.push_back({.stars_min = {}, .stars_max = lowest, .created = {}});
    return;
  }
  // A whole cap of one star count: below it by stars, itself by creation time.
  if (lowest > 0) plan.pending.push_back({.stars_min = {}, .stars_max = lowest - 1, .created = {}});
  plan.pending.push_back({.stars_min = lowest,
                          .stars_max = lowest,
                          .created = CreatedRange{kFirstCreation, now + std::chrono::hours{24}}});
}

}  // namespace

SweepPlan StartSweep() {
  SweepPlan plan;
  plan.pending.push_back({});
  return plan;
}

std::string SearchText(const TopicName& topic, const SearchRange& range) {
  std::string text = "topic:" + topic.str();
  if (range.stars_min && range.stars_min == range.stars_max) {
    text += " stars:" + std::to_string(*range.stars_min);
  } else if (range.stars_max) {
    text += " stars:<=" + std::to_string(*range.stars_max);
  }
  if (range.created) text += " created:" + FormatRfc3339(range.created->from) + ".." + FormatRfc3339(range.created->to);
  return text;
}

SweepPlan Advance(SweepPlan plan, const SearchFacts& facts, TimePoint now) {
  if (plan.requests == 0) plan.reported_count = facts.total_count;
  ++plan.requests;
  plan.incomplete = plan.incomplete || facts.incomplete_results;

  const SearchRange range = plan.pending.back();
  if (plan.requests >= kRequestsMax) {
    plan.incomplete = true;
    plan.pending.clear();
    return plan;
  }
  // A short answer without a next page shows that its total_count is wrong: splitting would never end.
  const bool splittable = facts.has_next || facts.delivered >= kSearchPerPage;
  if (range.created && plan.page == 1 && facts.total_count > kResultsMax && splittable && SplitByCreation(plan)) {
    StartRange(plan);
    return plan;
  }
  plan.delivered += facts.delivered;
  if (facts.stars_lowest)
    plan.stars_lowest = std::min(plan.stars_lowest.value_or(*facts.stars_lowest), *facts.stars_lowest);

  const bool capped = plan.page == kSearchPagesMax;
  if (facts.has_next && !capped) {
    ++plan.page;
    return plan;
  }
  plan.pending.pop_back();
  // Pages may come short of 100 results, and links may end early, so that more exists is told by total_count alone.
  const bool more_behind = facts.total_count > kResultsMax;
  if (more_behind && range.created) plan.incomplete = true;
  if (more_behind && !range.created) WalkDown(plan, range, now);
  StartRange(plan);
  return plan;
}

}  // namespace repopulse
