#include "domain/health.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "domain/event_statistics.h"

namespace repopulse {
namespace {

constexpr double kMedian = 0.5;
constexpr double kNinetieth = 0.9;

bool IsContribution(HealthAct act) {
  return act == HealthAct::kContribution || act == HealthAct::kIssueOpened || act == HealthAct::kChangeRequestOpened;
}

void SetAbsenceFactor(const std::vector<HealthEvent>& events, Health& health) {
  std::vector<int64_t> actors;  // of each contribution
  actors.reserve(events.size());
  for (const HealthEvent& event : events) {
    if (!event.bot && IsContribution(event.act)) actors.push_back(event.actor_id);
  }
  std::ranges::sort(actors);
  std::vector<int64_t> counts;
  for (size_t i = 0; i < actors.size(); ++i) {
    if (i == 0 || actors[i] != actors[i - 1]) counts.push_back(0);
    ++counts.back();
  }
  std::ranges::sort(counts, std::greater<>());
  health.contributors = static_cast<int64_t>(counts.size());
  health.contributions = static_cast<int64_t>(actors.size());
  if (counts.empty()) return;
  int64_t factor = 0;
  for (int64_t made = 0; 2 * made < health.contributions; ++factor) made += counts[static_cast<size_t>(factor)];
  health.absence_factor = factor;
}

void SetClosureRatio(const std::vector<HealthEvent>& events, Health& health) {
  for (const HealthEvent& event : events) {
    if (event.act == HealthAct::kChangeRequestOpened) ++health.change_requests_opened;
    if (event.act == HealthAct::kChangeRequestClosed) ++health.change_requests_closed;
  }
  if (health.change_requests_opened == 0) return;
  health.closure_ratio =
      static_cast<double>(health.change_requests_closed) / static_cast<double>(health.change_requests_opened);
}

// An issue or a change request that somebody opened in the window.
struct Opened {
  bool issue = false;
  int64_t actor_id = 0;
  TimePoint at;
  std::optional<double> answered_after;  // seconds
};

ResponseTimes ResponseTimesOf(const std::unordered_map<int64_t, Opened>& opened, bool issues) {
  ResponseTimes times;
  std::vector<double> seconds;
  for (const auto& [number, one] : opened) {
    if (one.issue != issues) continue;
    ++times.opened;
    if (one.answered_after) seconds.push_back(*one.answered_after);
  }
  times.answered = static_cast<int64_t>(seconds.size());
  if (seconds.empty()) return times;
  std::ranges::sort(seconds);
  times.mean_seconds = std::accumulate(seconds.begin(), seconds.end(), 0.0) / static_cast<double>(seconds.size());
  times.median_seconds = Quantile(seconds, kMedian);
  times.p90_seconds = Quantile(seconds, kNinetieth);
  return times;
}

// The earliest counts, of openings and of answers to one.
void SetResponseTimes(const std::vector<HealthEvent>& events, Health& health) {
  std::unordered_map<int64_t, Opened> opened;
  for (const HealthEvent& event : events) {
    if (event.bot || !event.number) continue;
    const bool issue = event.act == HealthAct::kIssueOpened;
    if (issue || event.act == HealthAct::kChangeRequestOpened) {
      const auto [known, added] = opened.try_emplace(*event.number);
      if (added || event.created_at < known->second.at) {
        known->second = {issue, event.actor_id, event.created_at, std::nullopt};
      }
    }
  }
  for (const HealthEvent& event : events) {
    if (event.bot || !event.number) continue;
    const auto found = opened.find(*event.number);
    if (found == opened.end()) continue;
    Opened& one = found->second;
    if (event.actor_id == one.actor_id || event.created_at < one.at) continue;
    const double after = std::chrono::duration<double>(event.created_at - one.at).count();
    one.answered_after = std::min(one.answered_after.value_or(after), after);
  }
  health.issues = ResponseTimesOf(opened, true);
  health.change_requests = ResponseTimesOf(opened, false);
}

}  // namespace

std::vector<std::string_view> HealthEventTypes() {
  return {"CommitCommentEvent", "IssueCommentEvent",      "IssuesEvent",
          "PullRequestEvent",   "PullRequestReviewEvent", "PullRequestReviewCommentEvent",
          "PushEvent"};
}

HealthAct HealthActOf(std::string_view type, std::string_view action) {
  if (type == "IssuesEvent") return action == "opened" ? HealthAct::kIssueOpened : HealthAct::kOther;
  if (type == "PullRequestEvent") {
    if (action == "opened") return HealthAct::kChangeRequestOpened;
    return action == "closed" || action == "merged" ? HealthAct::kChangeRequestClosed : HealthAct::kOther;
  }
  if (type == "PushEvent" || type == "CommitCommentEvent") return HealthAct::kContribution;
  if (type == "PullRequestReviewEvent") return action == "dismissed" ? HealthAct::kOther : HealthAct::kContribution;
  const bool comment = type == "IssueCommentEvent" || type == "PullRequestReviewCommentEvent";
  return comment && action == "created" ? HealthAct::kContribution : HealthAct::kOther;
}

Health HealthOf(const std::vector<HealthEvent>& events) {
  Health health;
  SetAbsenceFactor(events, health);
  SetClosureRatio(events, health);
  SetResponseTimes(events, health);
  return health;
}

}  // namespace repopulse
