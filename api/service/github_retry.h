// A request to GitHub, made again after errors that pass.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "service/job_runner.h"

namespace repopulse {

// What the requests of one run have in common.
struct GitHubTurn {
  JobContext& job;
  const Clock& clock;
  SteadyTime deadline;  // no request is sent after it
  std::chrono::milliseconds retry_pause{1000};

  [[nodiscard]] bool IsOver() const { return clock.SteadyNow() >= deadline; }
};

// GitHub failed, or the way to it; the same request can succeed.
inline bool IsPassing(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout || code == ErrorCode::kMalformed;
}

// Up to three attempts within the deadline, with growing pauses. Limits are not waited for. kTimeout where the deadline
// is over already; kCancelled where the job is to stop.
template <class T>
Result<T> AskGitHub(GitHubTurn& turn, const std::function<Result<T>()>& request) {
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    if (turn.IsOver()) return Fail(ErrorCode::kTimeout, "out of time: goes on at the next tick");
    auto answer = request();
    if (answer) {
      turn.job.Add("requests");
      return answer;
    }
    const auto pause = turn.retry_pause * attempt;
    const bool in_time = turn.clock.SteadyNow() + pause < turn.deadline;
    if (!IsPassing(answer.error().code) || attempt == kAttempts || !in_time) return answer;
    turn.job.Add("retries");
    if (auto slept = turn.job.Sleep(pause); !slept) return tl::make_unexpected(std::move(slept.error()));
  }
}

}  // namespace repopulse
