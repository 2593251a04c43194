// /api/v1/repos/{owner}/{repo}/health: CHAOSS metrics, told from a repository's events.
#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_basis.h"
#include "http/event_render.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr int64_t kDaysDefault = 90;
constexpr int64_t kDaysMax = 365;
// So many events tell how people work together, and are read fast enough to answer at once.
constexpr int64_t kEventsMax = 10'000;
constexpr std::string_view kDefinitions = "https://chaoss.community/kb/metric-";

struct HealthRequest {
  RepositoryName name;
  int64_t days = kDaysDefault;
};

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string Definition(std::string_view metric) { return std::string(kDefinitions) + std::string(metric) + "/"; }

Json ToJson(const ResponseTimes& times) {
  return {{"opened", times.opened},
          {"answered", times.answered},
          {"mean_seconds", OrNull(times.mean_seconds)},
          {"median_seconds", OrNull(times.median_seconds)},
          {"p90_seconds", OrNull(times.p90_seconds)}};
}

Json ToJson(const Health& health) {
  return {{"contributor_absence_factor",
           {{"value", OrNull(health.absence_factor)},
            {"contributors", health.contributors},
            {"contributions", health.contributions},
            {"definition", Definition("contributor-absence-factor")}}},
          {"change_request_closure_ratio",
           {{"value", OrNull(health.closure_ratio)},
            {"opened", health.change_requests_opened},
            {"closed", health.change_requests_closed},
            {"definition", Definition("change-request-closure-ratio")}}},
          {"time_to_first_response",
           {{"issues", ToJson(health.issues)},
            {"change_requests", ToJson(health.change_requests)},
            {"definition", Definition("time-to-first-response")}}}};
}

// All events by hour and weekday, in UTC, Monday first.
Json TimesJson(const std::vector<BucketTotal>& hourly, TimePoint from, TimePoint to) {
  std::array<std::array<int64_t, 24>, 7> grid{};
  std::array<int64_t, 24> by_hour{};
  std::array<int64_t, 7> by_weekday{};
  int64_t events = 0;
  for (const BucketTotal& count : hourly) {
    const auto day = DayOf(count.bucket);
    const size_t weekday = std::chrono::weekday(day).iso_encoding() - 1;
    const auto hour = static_cast<size_t>(std::chrono::floor<hours>(count.bucket - day).count());
    grid.at(weekday).at(hour) += count.events;
    by_weekday.at(weekday) += count.events;
    by_hour.at(hour) += count.events;
    events += count.events;
  }
  return {{"by_hour", by_hour},
          {"by_weekday", by_weekday},
          {"by_weekday_and_hour", grid},
          {"events", events},
          {"window", {{"from", FormatRfc3339(from)}, {"to", FormatRfc3339(to)}}},
          {"definition", Definition("activity-dates-and-times")}};
}

// The latest begin from which on there are at most kEventsMax events of the types that health is told from, or `from`.
TimePoint BoundByEvents(const std::vector<BucketTotal>& hourly, TimePoint from) {
  int64_t events = 0;
  for (auto hour = hourly.rbegin(); hour != hourly.rend(); ++hour) {
    events += hour->of_types;
    if (events > kEventsMax) return std::max(from, hour->bucket + hours{1});
  }
  return from;
}

Result<Representation> ShowHealth(const Services& services, const Request& request, const HealthRequest& asked) {
  auto located = LocateEvents(services, request, asked.name, {});
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->instead) return *std::move(located->instead);
  const RepositoryId id = located->repository->id;
  const TimePoint now = services.clock.Now();
  const TimePoint from = std::chrono::ceil<hours>(now - days{asked.days});
  const auto hourly = FirstOf(
      services.events.TotalsOfEach({id}, hours{1}, from, std::chrono::floor<hours>(now + days{1}), HealthEventTypes()));
  if (!hourly) return tl::make_unexpected(hourly.error());
  const TimePoint bound = BoundByEvents(*hourly, from);
  auto sample = services.trends.HealthEvents(id, bound, kEventsMax);
  if (!sample) return tl::make_unexpected(std::move(sample.error()));
  const auto sample_size = static_cast<int64_t>(sample->events.size());
  auto stated = State(services,
                      {.repository = id,
                       .from = sample->from,
                       .to = now,
                       .bound = bound > from ? "events" : "days",
                       .sample_size = sample_size},
                      now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  Json& meta = stated->meta;
  meta["window"]["days"] = asked.days;
  meta["window"]["events"] = kEventsMax;
  meta["repository"] = located->repository->name.full();
  meta["bots"] = "exclude";
  Json data = ToJson(HealthOf(sample->events));
  data["activity_dates_and_times"] = TimesJson(*hourly, from, now);
  return services.builder.Ok("application/json", ToText({{"data", data}, {"meta", meta}}), stated->data_as_of);
}

Checked<ReadQuery> ReadHealth(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  HealthRequest asked{*name, params.Integer("days", 1, kDaysMax).value_or(kDaysDefault)};
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/repos/" + ToLowerAscii(name->full()) + "/health?days=" + std::to_string(asked.days),
                   kEventsScope, [&services, request, asked] { return ShowHealth(services, request, asked); }};
}

}  // namespace

void AddHealthRoutes(RouteTable& table, Services& services) {
  table.Add({Method::kGet, "/api/v1/repos/{owner}/{repo}/health", Access::kAnybody,
             ReadHandler([&services](const Request& request, const PathValues& values) {
               return ReadHealth(services, request, values);
             }),
             "How healthy a project is: CHAOSS metrics from its events"});
}

}  // namespace repopulse::http
