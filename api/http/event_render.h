// Events and what is counted of them, as clients get them; for /api/v1 and the predecessors' endpoints alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/activity_score.h"
#include "domain/event.h"
#include "domain/event_statistics.h"
#include "domain/trending.h"
#include "http/render.h"
#include "service/event_reader.h"
#include "service/source_store.h"

namespace repopulse::http {

// GitHub's own form of an event, as JSON text, so that a kept payload goes out as it came in. Where none was kept, the
// payload holds what is known of it: the action and the number. `api_url`: GitHub's API, for the links.
std::string ToGitHubText(const Event& event, std::string_view api_url);
// "[a,b]"
std::string JoinList(const std::vector<std::string>& texts);

// {"first_at", "last_at", "mean_interval_seconds", "median_interval_seconds", "p90_interval_seconds"}
Json ToJson(const IntervalStatistics& statistics);
// {"share", "gaps": [{"from", "to"}, …]}
Json ToJson(const Coverage& coverage);
// {"score", "window_days", "computed_at"}, and with `explain` {"actors", "components"}
Json ToJson(const RepositoryActivity& activity, bool explain);

// {"score", "stars", "forks"}, and with `explain` {"actors", "age_years", "components": {"stars", "forks", "age"}}
Json ToJson(const TrendingActivity& trending, bool explain);

// A row for each type, its actions inside it: {"type", "count", "first_at", "last_at", "actions": [{"action", "count",
// …}]}. Events without an action count for their type alone.
std::vector<Json> TypeRows(const std::vector<EventCount>& counts);
// The same for a table: a row for the type (its "action" is empty), then one for each of its actions.
std::vector<Json> Flattened(const std::vector<Json>& type_rows);
// Of all types together.
int64_t TotalOf(const std::vector<EventCount>& counts);

}  // namespace repopulse::http
