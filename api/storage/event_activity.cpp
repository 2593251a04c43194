#include "storage/event_activity.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "storage/repository_rows.h"

namespace repopulse {
namespace {

constexpr size_t kAmongGroup = 500;

// The merge counts for who merged: the event tells nothing of who opened the pull request.
constexpr std::string_view kContributions = R"(
  SELECT
    COUNT(CASE WHEN t.word = 'IssueCommentEvent' AND a.word = 'created' THEN 1 END),
    COUNT(CASE WHEN t.word = 'IssuesEvent' AND a.word = 'opened' THEN 1 END),
    COUNT(CASE WHEN t.word = 'PullRequestEvent' AND a.word = 'opened' THEN 1 END),
    COUNT(CASE WHEN t.word = 'PullRequestReviewCommentEvent' AND a.word = 'created' THEN 1 END),
    COUNT(CASE WHEN t.word = 'PullRequestEvent' AND e.merged THEN 1 END)
  FROM events e
  JOIN event_words t ON t.id = e.type_id
  JOIN event_words a ON a.id = e.action_id
  WHERE e.repository_id = ? AND e.created_at >= ? AND NOT e.bot
    AND (t.word IN ('IssueCommentEvent', 'PullRequestReviewCommentEvent') AND a.word = 'created'
      OR t.word IN ('IssuesEvent', 'PullRequestEvent') AND a.word = 'opened'
      OR t.word = 'PullRequestEvent' AND e.merged)
  GROUP BY e.actor_id
  ORDER BY e.actor_id)";
constexpr std::string_view kWrite = R"(
  INSERT INTO repository_activity (repository_id, score, issue_comments, issues_opened, pull_requests_opened,
    review_comments, pull_requests_merged, actors, computed_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON DUPLICATE KEY UPDATE score = VALUES(score), issue_comments = VALUES(issue_comments),
    issues_opened = VALUES(issues_opened), pull_requests_opened = VALUES(pull_requests_opened),
    review_comments = VALUES(review_comments), pull_requests_merged = VALUES(pull_requests_merged),
    actors = VALUES(actors), computed_at = VALUES(computed_at))";
// {}: further conditions on c.id.
constexpr std::string_view kDue = R"(
  SELECT c.id, a.computed_at
  FROM (
    SELECT r.repository_id AS id FROM tracked_repositories r
    WHERE (r.requested OR r.configured OR r.top) AND NOT r.muted
    UNION
    SELECT m.repository_id FROM topic_repositories m JOIN topics t ON t.id = m.topic_id
    WHERE m.left_at IS NULL AND (t.configured OR t.requested)
  ) c
  LEFT JOIN repository_activity a ON a.repository_id = c.id
  WHERE (a.computed_at IS NULL OR a.computed_at < ?)
    AND EXISTS (SELECT 1 FROM event_repository_totals e WHERE e.repository_id = c.id) {}
  ORDER BY a.computed_at, c.id
  LIMIT ?)";

using DueRow = std::pair<std::optional<TimePoint>, RepositoryId>;

Status AppendDue(Connection& db, std::span<const RepositoryId> among, TimePoint computed_before, size_t limit,
                 std::vector<DueRow>& due) {
  std::string condition;
  std::vector<Value> values{computed_before};
  if (!among.empty()) {
    condition = "AND c.id IN " + Placeholders(1, kAmongGroup);
    // The last one again fills the group.
    for (size_t i = 0; i < kAmongGroup; ++i) values.emplace_back(among[std::min(i, among.size() - 1)]);
  }
  values.emplace_back(limit);
  return db.Query(fmt::format(kDue, condition), values,
                  [&](const Row& row) { due.emplace_back(row.OptionalTime(1), RepositoryId{row.Int(0)}); });
}

}  // namespace

Result<std::vector<Contributions>> ReadContributions(Connection& db, RepositoryId repository, TimePoint since) {
  std::vector<Contributions> contributions;
  auto read = db.Query(kContributions, {repository, since}, [&](const Row& row) {
    contributions.push_back({.issue_comments = row.Int(0),
                             .issues_opened = row.Int(1),
                             .pull_requests_opened = row.Int(2),
                             .review_comments = row.Int(3),
                             .pull_requests_merged = row.Int(4)});
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return contributions;
}

Status WriteActivity(Connection& db, const std::vector<RepositoryActivity>& scores) {
  for (const RepositoryActivity& row : scores) {
    const Contributions& of = row.activity.contributions;
    // Parameters are texts and integers; the server reads the number from its text.
    const std::string score = fmt::format("{:.17g}", row.activity.score);
    auto written =
        db.Execute(kWrite, {row.repository, score, of.issue_comments, of.issues_opened, of.pull_requests_opened,
                            of.review_comments, of.pull_requests_merged, row.activity.actors, row.computed_at});
    if (!written) return tl::make_unexpected(std::move(written.error()));
  }
  return {};
}

Result<std::vector<RepositoryId>> ReadActivityDue(Connection& db, const std::vector<RepositoryId>& among,
                                                  TimePoint computed_before, size_t limit) {
  std::vector<DueRow> due;
  Status read;
  if (among.empty()) read = AppendDue(db, {}, computed_before, limit, due);
  for (size_t begin = 0; read && begin < among.size(); begin += kAmongGroup) {
    const size_t count = std::min(kAmongGroup, among.size() - begin);
    read = AppendDue(db, std::span(among).subspan(begin, count), computed_before, limit, due);
  }
  if (!read) return tl::make_unexpected(std::move(read.error()));
  std::ranges::sort(due);
  due.erase(std::unique(due.begin(), due.end()), due.end());
  std::vector<RepositoryId> ids;
  for (const DueRow& row : due) {
    if (ids.size() < limit) ids.push_back(row.second);
  }
  return ids;
}

}  // namespace repopulse
