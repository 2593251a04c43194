// How healthy a project is, as CHAOSS defines it, told from its events.
// Definitions: chaoss.community/kb/metric-contributor-absence-factor, …/metric-change-request-closure-ratio,
// …/metric-time-to-first-response
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace repopulse {

enum class HealthAct {
  kIssueOpened,
  kChangeRequestOpened,
  kChangeRequestClosed,  // merged or not
  kContribution,         // a push, a comment, a review; opening is one too
  kOther,                // may still be a response
};
// Which types of events matter here at all.
std::vector<std::string_view> HealthEventTypes();
HealthAct HealthActOf(std::string_view type, std::string_view action);

struct HealthEvent {
  HealthAct act = HealthAct::kOther;
  TimePoint created_at;
  int64_t actor_id = 0;
  bool bot = false;
  std::optional<int64_t> number;  // of the issue or change request it is about
};

// From opened to the first event about it by somebody else. What bots open, and what they answer, does not count.
struct ResponseTimes {
  int64_t opened = 0;
  int64_t answered = 0;
  std::optional<double> mean_seconds;  // of the answered ones
  std::optional<double> median_seconds;
  std::optional<double> p90_seconds;
};

struct Health {
  // The fewest actors who together made half of the contributions; bots left out. None without contributions.
  std::optional<int64_t> absence_factor;
  int64_t contributors = 0;
  int64_t contributions = 0;
  // Change requests closed in the window for each one opened in it; none where none was opened.
  std::optional<double> closure_ratio;
  int64_t change_requests_opened = 0;
  int64_t change_requests_closed = 0;
  ResponseTimes issues;
  ResponseTimes change_requests;
};

// `events`: of one repository and window, in any order.
Health HealthOf(const std::vector<HealthEvent>& events);

}  // namespace repopulse
