// The groups of endpoints; each adds its rows to the one route table. `services` outlives the table.
#pragma once

#include <string>
#include <vector>

#include "http/route.h"
#include "http/services.h"

namespace repopulse::http {

void AddTopicRoutes(RouteTable& table, Services& services);
void AddRepositoryRoutes(RouteTable& table, Services& services);
void AddPopularityRoutes(RouteTable& table, Services& services);
void AddEventRoutes(RouteTable& table, Services& services);
void AddEventListRoutes(RouteTable& table, Services& services);
void AddActivityRoutes(RouteTable& table, Services& services);
void AddTrendingRoutes(RouteTable& table, Services& services);
void AddCompareRoutes(RouteTable& table, Services& services);
void AddHealthRoutes(RouteTable& table, Services& services);
void AddBadgeRoutes(RouteTable& table, Services& services);
void AddChartRoutes(RouteTable& table, Services& services);
void AddFeedRoutes(RouteTable& table, Services& services);
void AddCoverageRoutes(RouteTable& table, Services& services);
void AddTrackingRoutes(RouteTable& table, Services& services);
void AddPredecessorRoutes(RouteTable& table, Services& services);
void AddMaintenanceRoutes(RouteTable& table, Services& services);
void AddOperationRoutes(RouteTable& table, Services& services);
void AddDocumentRoutes(RouteTable& table, Services& services);

RouteTable AllRoutes(Services& services);

// What refresh-cache keeps hot of one topic, and of none in particular: targets of GETs.
std::vector<std::string> HotTargets(const TopicName& topic);
std::vector<std::string> CommonHotTargets();

// Scopes of the caches, as Invalidate() wants them.
std::string ScopeOf(const TopicName& topic);
inline const std::string kTopicsScope = "topics";
inline const std::string kRepositoriesScope = "repositories";
inline const std::string kEventsScope = "events";  // what events tell, and where they come from

// The topic a path names, or the 400 for what cannot be one.
Checked<TopicName> TopicOf(const std::string& segment);
// The problem's detail for a topic that is not tracked, as an error of the read pipeline.
tl::unexpected<Error> NotTracked(const TopicName& topic);

}  // namespace repopulse::http
