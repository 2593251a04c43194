// A job: long work that runs on one replica at a time, started by cron or a person.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"

namespace repopulse {

enum class JobKind { kBootstrap, kCollect, kRefreshCache, kPrune, kImport };
inline constexpr JobKind kAllJobKinds[] = {JobKind::kBootstrap, JobKind::kCollect, JobKind::kRefreshCache,
                                           JobKind::kPrune, JobKind::kImport};

enum class JobState {
  kRunning,
  kSucceeded,
  kFailed,
  kAbandoned,  // its leader died or lost the lease; the next run takes up its work
};

// The words of the API, the database and the log: "collect", "refresh-cache"; "running", "abandoned".
std::string_view ToString(JobKind kind);
std::optional<JobKind> ParseJobKind(std::string_view text);
std::string_view ToString(JobState state);
std::optional<JobState> ParseJobState(std::string_view text);

struct JobCount {
  std::string name;  // snake_case, e.g. "requests"
  int64_t value = 0;
};

struct JobProgress {
  std::string step;              // what it is doing now, for people
  std::vector<JobCount> counts;  // what it has done so far
};

struct Job {
  JobId id;
  JobKind kind = JobKind::kCollect;
  std::string argument;  // what it was asked to do, e.g. the hour to import; empty for most kinds
  JobState state = JobState::kRunning;
  std::string replica;  // the leader's name
  TimePoint started_at;
  TimePoint heartbeat_at;
  std::optional<TimePoint> finished_at;
  JobProgress progress;
  std::optional<Error> error;  // of a failed or abandoned one
};

}  // namespace repopulse
