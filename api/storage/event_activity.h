// What the activity score is made of, and the scores as stored.
#pragma once

#include <vector>

#include "base/result.h"
#include "domain/activity_score.h"
#include "storage/connection.h"

namespace repopulse {

Result<std::vector<Contributions>> ReadContributions(Connection& db, RepositoryId repository, TimePoint since);
Status WriteActivity(Connection& db, const std::vector<RepositoryActivity>& scores);
Result<std::vector<RepositoryId>> ReadActivityDue(Connection& db, const std::vector<RepositoryId>& among,
                                                  TimePoint computed_before, size_t limit);

}  // namespace repopulse
