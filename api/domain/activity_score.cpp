#include "domain/activity_score.h"

#include <cmath>

namespace repopulse {
namespace {

constexpr double kIssueComment = 0.5252;
constexpr double kIssueOpened = 2.2235;
constexpr double kPullRequestOpened = 4.0679;
constexpr double kReviewComment = 0.7427;
constexpr double kPullRequestMerged = 2.0339;

double Weight(const Contributions& of) {
  return kIssueComment * static_cast<double>(of.issue_comments) + kIssueOpened * static_cast<double>(of.issues_opened) +
         kPullRequestOpened * static_cast<double>(of.pull_requests_opened) +
         kReviewComment * static_cast<double>(of.review_comments) +
         kPullRequestMerged * static_cast<double>(of.pull_requests_merged);
}

}  // namespace

ActivityScore ScoreOf(const std::vector<Contributions>& by_actor) {
  ActivityScore result;
  for (const Contributions& actor : by_actor) {
    const double weight = Weight(actor);
    if (weight <= 0) continue;
    result.score += std::sqrt(weight);
    ++result.actors;
    result.contributions.issue_comments += actor.issue_comments;
    result.contributions.issues_opened += actor.issues_opened;
    result.contributions.pull_requests_opened += actor.pull_requests_opened;
    result.contributions.review_comments += actor.review_comments;
    result.contributions.pull_requests_merged += actor.pull_requests_merged;
  }
  return result;
}

}  // namespace repopulse
