// How active a repository is: OpenDigger's activity, whose root per actor damps spam.
// Source of the formula: github.com/X-lab2017/open-digger, metric "activity".
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "domain/ids.h"

namespace repopulse {

inline constexpr std::chrono::days kActivityWindow{30};

// What one actor did in one repository within the window.
struct Contributions {
  int64_t issue_comments = 0;
  int64_t issues_opened = 0;
  int64_t pull_requests_opened = 0;
  int64_t review_comments = 0;
  int64_t pull_requests_merged = 0;
};

struct ActivityScore {
  double score = 0;  // sum over actors of the root of 0.5252·issue comments + 2.2235·issues opened
                     // + 4.0679·pull requests opened + 0.7427·review comments + 2.0339·pull requests merged
  Contributions contributions;  // of all actors
  int64_t actors = 0;           // who contributed at least one of these
};

ActivityScore ScoreOf(const std::vector<Contributions>& by_actor);

struct RepositoryActivity {
  RepositoryId repository;
  ActivityScore activity;
  TimePoint computed_at;  // the window's end
};

}  // namespace repopulse
