// The event endpoints of two predecessors: /pull_requests, /events, /public_repositories, and /api/metrics.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/predecessor_events.h"
#include "http/svg_chart.h"

namespace repopulse::http {
namespace {

using std::chrono::minutes;

constexpr std::string_view kPublicEvent = "PublicEvent";
constexpr std::array<std::string_view, 3> kChartedTypes = {kPullRequestEvent, kIssuesEvent, kWatchEvent};
constexpr int64_t kWindowMinutesMax = 120;

// ---- GET /pull_requests/{repo_id}

Result<Representation> ShowPullRequests(const Services& services, RepositoryId repository) {
  const auto statistics = services.events.Intervals({std::string(kPullRequestEvent), "opened", repository},
                                                    EventReader::Percentiles::kNotWanted);
  if (!statistics) return tl::make_unexpected(statistics.error());
  return JsonAnswer(services, {{"avg_time", statistics->mean_seconds.value_or(0.0)}});
}

Checked<Reading> ReadPullRequests(const Services& services, const Request&, const PathValues& values) {
  const auto id = ParseInteger<int64_t>(values[0]);
  if (!id) return Refuse(NotFound("Repositories have numbers here, as GitHub gives them."));
  return ReadQuery{"pull_requests/" + std::to_string(*id), kEventsScope,
                   [&services, repository = RepositoryId{*id}] { return ShowPullRequests(services, repository); }};
}

// ---- GET /events

Result<Representation> ShowEventCounts(const Services& services, const std::vector<std::string_view>& types,
                                       std::optional<minutes> back) {
  const auto since = back ? std::optional<TimePoint>(services.clock.Now() - *back) : std::nullopt;
  const auto counts = services.events.Counts({}, since);
  if (!counts) return tl::make_unexpected(counts.error());
  Json json = Json::object();
  for (const std::string_view type : types) json[std::string(type)] = CountOf(*counts, type);
  return JsonAnswer(services, json);
}

Checked<Reading> ReadEvents(const Services& services, const Request& request, const PathValues&) {
  Params params(request, kPredecessorRules);
  const int64_t offset = params.Integer("offset", 0, kPredecessorMinutesMax).value_or(0);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const auto back = offset > 0 ? std::optional(minutes{offset}) : std::nullopt;
  return ReadQuery{
      "events?offset=" + std::to_string(offset), kEventsScope, [&services, back] {
        return ShowEventCounts(services, {kWatchEvent, kPullRequestEvent, kIssuesEvent, kPublicEvent}, back);
      }};
}

// ---- GET /public_repositories

constexpr size_t kPublishedMax = 500;  // as the predecessors' other lists

// Those made public last come first, so that the bound leaves out the oldest.
Result<Representation> ShowPublicRepositories(const Services& services) {
  const auto repositories = services.events.RecentRepositories(std::string(kPublicEvent), kPublishedMax);
  if (!repositories) return tl::make_unexpected(repositories.error());
  Json names = Json::array();
  for (const RepositoryName& name : *repositories) names.push_back(name.full());
  return JsonAnswer(services, {{"public_repositories", std::move(names)}});
}

Checked<Reading> ReadPublicRepositories(const Services& services, const Request&, const PathValues&) {
  return ReadQuery{"public_repositories", kEventsScope, [&services] { return ShowPublicRepositories(services); }};
}

// ---- GET /api/metrics/average_pr_time/{owner}/{repo}

// Between pull request events of whatever action, unlike /pull_requests.
Result<Representation> ShowAveragePullRequestTime(const Services& services, const std::string& full_name) {
  const auto known = FindNamed(services, full_name);
  if (!known) return tl::make_unexpected(known.error());
  std::optional<double> mean;
  if (*known) {
    const auto statistics = services.events.Intervals({std::string(kPullRequestEvent), std::nullopt, (*known)->id},
                                                      EventReader::Percentiles::kNotWanted);
    if (!statistics) return tl::make_unexpected(statistics.error());
    mean = statistics->mean_seconds;
  }
  return JsonAnswer(services, {{"Time", mean ? static_cast<int64_t>(std::floor(*mean)) : -1}});
}

Checked<Reading> ReadAveragePullRequestTime(const Services& services, const Request&, const PathValues& values) {
  std::string name;
  for (const std::string& value : values) name += (name.empty() ? "" : "/") + value;
  // All that cannot be a name has the one answer of those that nobody has.
  if (!RepositoryName::Parse(name)) name.clear();
  return ReadQuery{"api/metrics/average_pr_time/" + ToLowerAscii(name), kEventsScope,
                   [&services, name] { return ShowAveragePullRequestTime(services, name); }};
}

// ---- GET /api/metrics/event_counts/{minutes} and …/events_per_minute_image/{minutes}

Checked<minutes> MinutesOf(const std::string& segment) {
  if (segment.find_first_not_of("0123456789") != std::string::npos) {
    return Refuse(NotFound("The path ends with a whole number of minutes, 0 or more."));
  }
  const auto number = ParseInteger<int64_t>(segment);
  if (!number || *number > kWindowMinutesMax) {
    return Refuse(
        BadParameters({{"minutes", std::string(TruncateUtf8(segment, 100)), "a whole number from 0 to 120"}}));
  }
  return minutes{*number};
}

Checked<Reading> ReadRecentCounts(const Services& services, const Request&, const PathValues& values) {
  const auto back = MinutesOf(values[0]);
  if (!back) return Refuse(back.error());
  return ReadQuery{"api/metrics/event_counts/" + std::to_string(back->count()), kEventsScope,
                   [&services, back = *back] {
                     return ShowEventCounts(services, {kPullRequestEvent, kIssuesEvent, kWatchEvent}, back);
                   }};
}

// A line for each type, zero where nothing happened; to the minute that has begun, or further where events are ahead of
// our clock.
TimeChart ChartOf(const std::vector<BucketCount>& buckets, TimePoint from, TimePoint now) {
  TimeChart chart{{"Events per minute", "", "events", "No events in this time"}, from, now, true, {}};
  std::map<std::string_view, std::map<TimePoint, double>> by_type;
  for (const BucketCount& bucket : buckets) {
    by_type[bucket.type][bucket.bucket] += static_cast<double>(bucket.events);
    if (std::ranges::find(kChartedTypes, bucket.type) != kChartedTypes.end())
      chart.to = std::max(chart.to, bucket.bucket);
  }
  double all = 0;
  std::string words;
  for (size_t i = 0; i < kChartedTypes.size(); ++i) {
    ChartSeries series{std::string(kChartedTypes[i]), SeriesForm::kLine, {}, i};
    const auto& counted = by_type[kChartedTypes[i]];
    double total = 0;
    for (const auto& [minute, events] : counted) total += events;
    for (TimePoint at = from; !counted.empty() && at <= chart.to; at += minutes{1}) {
      const auto found = counted.find(at);
      series.points.push_back({at, found == counted.end() ? 0.0 : found->second});
    }
    words += series.name + ": " + std::to_string(static_cast<int64_t>(total)) + ". ";
    all += total;
    chart.series.push_back(std::move(series));
  }
  chart.labels.description = "Events per minute from " + FormatRfc3339(from) + " to " + FormatRfc3339(chart.to) + ". " +
                             words + "All: " + std::to_string(static_cast<int64_t>(all)) + ".";
  return chart;
}

Result<Representation> ShowImage(const Services& services, minutes back) {
  const TimePoint now = services.clock.Now();
  const TimePoint from = std::chrono::floor<minutes>(now - back);
  const auto buckets = services.events.Minutes(from);
  if (!buckets) return tl::make_unexpected(buckets.error());
  TimeChart chart = ChartOf(*buckets, from, std::chrono::floor<minutes>(now));
  if (services.demo) chart.labels.title += " (demo data)";
  return services.builder.Ok("image/svg+xml", RenderChart(chart, {}), now, SvgSecurityPolicy());
}

Checked<Reading> ReadImage(const Services& services, const Request&, const PathValues& values) {
  const auto back = MinutesOf(values[0]);
  if (!back) return Refuse(back.error());
  return ReadQuery{"api/metrics/events_per_minute_image/" + std::to_string(back->count()), kEventsScope,
                   [&services, back = *back] { return ShowImage(services, back); }};
}

}  // namespace

void AddPredecessorEventRoutes(RouteTable& table, Services& services) {
  const auto add = [&](const char* pattern, auto handler, const char* description, bool image = false) {
    const auto read = [&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    };
    table.Add({Method::kGet, pattern, Access::kAnybody, ReadHandler(read), description, image});
  };
  add("/pull_requests/{repo_id}", ReadPullRequests, "Average time between opened pull requests of a repository");
  add("/events", ReadEvents, "Events of four types, of all times or of the last minutes");
  add("/public_repositories", ReadPublicRepositories, "Repositories that were made public");
  constexpr const char* kAverage = "Average time between pull request events of a repository, in whole seconds";
  add("/api/metrics/average_pr_time/{owner}/{repo}", ReadAveragePullRequestTime, kAverage);
  add("/api/metrics/average_pr_time/{repository}", ReadAveragePullRequestTime, kAverage);
  add("/api/metrics/event_counts/{minutes}", ReadRecentCounts, "Events of three types in the last minutes");
  add("/api/metrics/events_per_minute_image/{minutes}", ReadImage, "The same by minute, as a picture", true);
}

}  // namespace repopulse::http
