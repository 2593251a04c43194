#include "service/activity_scorer.h"

#include "domain/activity_score.h"

namespace repopulse {
namespace {

constexpr size_t kTouchedMax = 200;
constexpr size_t kAgedMax = 50;
constexpr std::chrono::hours kScoreAge{1};
// A repository with new events at every tick is scored that often at most.
constexpr std::chrono::minutes kScorePause{5};

}  // namespace

Status ActivityScorer::Run(JobContext& job, const std::vector<RepositoryId>& touched, SteadyTime deadline) {
  const TimePoint now = clock_.Now();
  if (!touched.empty()) {
    auto scored = ScoreDue(job, touched, now - kScorePause, kTouchedMax, deadline);
    if (!scored) return scored;
  }
  return ScoreDue(job, {}, now - kScoreAge, kAgedMax, deadline);
}

Status ActivityScorer::ScoreDue(JobContext& job, const std::vector<RepositoryId>& among, TimePoint computed_before,
                                size_t limit, SteadyTime deadline) {
  if (clock_.SteadyNow() >= deadline) return {};
  auto due = events_.ActivityDue(among, computed_before, limit);
  if (!due) return WithContext("finding old activity scores", due.error());
  if (due->empty()) return {};
  if (auto alive = job.Step("scoring activity"); !alive) return alive;
  std::vector<RepositoryActivity> scores;
  for (const RepositoryId repository : *due) {
    if (clock_.SteadyNow() >= deadline || job.stop().stop_requested()) break;
    const TimePoint now = clock_.Now();
    auto contributions = events_.ContributionsTo(repository, now - kActivityWindow);
    if (!contributions) return WithContext("reading contributions", contributions.error());
    scores.push_back({.repository = repository, .activity = ScoreOf(*contributions), .computed_at = now});
  }
  if (scores.empty()) return {};
  if (auto saved = events_.SaveActivity(scores); !saved) return WithContext("saving activity scores", saved.error());
  job.Add("activity_scores", static_cast<int64_t>(scores.size()));
  return {};
}

}  // namespace repopulse
