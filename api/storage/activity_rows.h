// How a repository's activity stands in a row.
#pragma once

#include <string_view>

#include "domain/activity_score.h"
#include "storage/connection.h"

namespace repopulse {

// Of `repository_activity` under the alias a, in the order ReadActivity() expects.
inline constexpr std::string_view kActivityColumns =
    "a.repository_id, a.score, a.issue_comments, a.issues_opened, a.pull_requests_opened, a.review_comments, "
    "a.pull_requests_merged, a.actors, a.computed_at";

RepositoryActivity ReadActivity(const Row& row);

}  // namespace repopulse
