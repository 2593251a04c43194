#include "domain/job.h"

namespace repopulse {
namespace {

constexpr JobState kAllJobStates[] = {JobState::kRunning, JobState::kSucceeded, JobState::kFailed,
                                      JobState::kAbandoned};

}  // namespace

std::string_view ToString(JobKind kind) {
  switch (kind) {
    case JobKind::kBootstrap:
      return "bootstrap";
    case JobKind::kCollect:
      return "collect";
    case JobKind::kRefreshCache:
      return "refresh-cache";
    case JobKind::kPrune:
      return "prune";
    case JobKind::kImport:
      return "import";
  }
  return "unknown";
}

std::optional<JobKind> ParseJobKind(std::string_view text) {
  for (JobKind kind : kAllJobKinds) {
    if (ToString(kind) == text) return kind;
  }
  return std::nullopt;
}

std::string_view ToString(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return "running";
    case JobState::kSucceeded:
      return "succeeded";
    case JobState::kFailed:
      return "failed";
    case JobState::kAbandoned:
      return "abandoned";
  }
  return "unknown";
}

std::optional<JobState> ParseJobState(std::string_view text) {
  for (JobState state : kAllJobStates) {
    if (ToString(state) == text) return state;
  }
  return std::nullopt;
}

}  // namespace repopulse
