// What trends, for the list and for the feeds.
#pragma once

#include "http/handlers.h"
#include "http/render.h"
#include "service/trend_reader.h"

namespace repopulse::http {

// "https://github.com/owner/name" where the name is known; null otherwise.
Json GitHubPage(const std::optional<RepositoryName>& name);
// The window of so many hours that ends now, in whole seconds.
TrendingQuery TrendingOfLast(std::chrono::hours hours, TimePoint now);

}  // namespace repopulse::http
