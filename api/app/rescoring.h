// Activity scores made anew after an import, by the command line as by a job.
#pragma once

#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"
#include "service/activity_scorer.h"

namespace repopulse {

// Until none is due or a minute has passed; collecting makes those that are left.
Status RescoreActivity(ActivityScorer& scorer, const Clock& clock, const std::vector<RepositoryId>& touched,
                       const std::stop_token& stop);

}  // namespace repopulse
