// What the event endpoints of the services this one replaces have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/handlers.h"
#include "http/params.h"
#include "http/render.h"
#include "service/event_reader.h"

namespace repopulse::http {

// The three types that all of them count.
inline constexpr std::string_view kPullRequestEvent = "PullRequestEvent";
inline constexpr std::string_view kIssuesEvent = "IssuesEvent";
inline constexpr std::string_view kWatchEvent = "WatchEvent";

// As far back as "the last N" may reach: a hundred years, which is all there can be.
inline constexpr int64_t kPredecessorMinutesMax = 52'560'000;
inline constexpr int64_t kPredecessorSecondsMax = kPredecessorMinutesMax * 60;
// Of a list without pages.
inline constexpr size_t kPredecessorListMax = 10'000;

// Of all actions together.
int64_t CountOf(const EventCounts& counts, std::string_view type);

Representation JsonAnswer(const Services& services, const Json& json);

// The repository with this name, without regard to case; none where nobody has or had it, also because nobody could.
Result<std::optional<EventReader::Known>> FindNamed(const Services& services, const std::string& full_name);

// The events that a request to /metrics or /visualization is about.
struct EventQuestion {
  std::optional<std::string> type;
  std::optional<std::string> action;           // in lower case, as GitHub has them
  std::optional<std::string> repository_name;  // as it was given

  // Reads event_type, action and repository_name. What cannot be a type is a mistake; no action or name is.
  static EventQuestion Read(Params& params);
  // Reads action and repository_name alone.
  static EventQuestion ReadOfAnyType(Params& params);
  // For the cache key.
  [[nodiscard]] std::string Key() const;
};

// The question with its repository found. `filter` is none where nothing can fit: nobody has that name, or no action is
// written like that.
struct EventSelection {
  std::optional<EventFilter> filter;
  std::string repository_name;  // the present one; as it was given where it is unknown; "all"
};
Result<EventSelection> Select(const Services& services, const EventQuestion& question);

// kInvalidArgument for a type that GitHub does not document and that no event had.
Status CheckType(const Services& services, const std::string& type);
// The 422 for such a type.
Problem UnknownType(const std::string& type);

// How GET /metrics/events-total-count and its graph are asked.
struct TotalCountQuestion {
  int64_t seconds = 0;
  EventQuestion events;
  static TotalCountQuestion Read(Params& params);
  [[nodiscard]] std::string Key() const;
};
struct TotalCount {
  std::string repository_name;
  std::optional<TimePoint> oldest;
  int64_t pull_requests = 0;
  int64_t watches = 0;
  int64_t issues = 0;
  [[nodiscard]] int64_t total() const { return pull_requests + watches + issues; }
};
Result<TotalCount> CountAll(const Services& services, const TotalCountQuestion& question);

void AddPredecessorEventRoutes(RouteTable& table, Services& services);
void AddPredecessorMetricsRoutes(RouteTable& table, Services& services);
void AddPredecessorVisualizationRoutes(RouteTable& table, Services& services);
void AddPredecessorReposRoutes(RouteTable& table, Services& services);

}  // namespace repopulse::http
