#include "storage/activity_rows.h"

namespace repopulse {

RepositoryActivity ReadActivity(const Row& row) {
  return {.repository = RepositoryId{row.Int(0)},
          .activity = {.score = row.Double(1),
                       .contributions = {.issue_comments = row.Int(2),
                                         .issues_opened = row.Int(3),
                                         .pull_requests_opened = row.Int(4),
                                         .review_comments = row.Int(5),
                                         .pull_requests_merged = row.Int(6)},
                       .actors = row.Int(7)},
          .computed_at = row.Time(8)};
}

}  // namespace repopulse
