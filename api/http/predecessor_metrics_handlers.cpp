// /metrics: what one of the predecessors computed from events.
#include <fmt/format.h>

#include <charconv>
#include <string>
#include <unordered_set>

#include "base/time_format.h"
#include "http/predecessor_events.h"

namespace repopulse::http {
namespace {

constexpr int64_t kMinimalEventsDefault = 2;
constexpr int64_t kMinimalEventsMax = 1'000'000'000;

// The nearest; of two as near, the even one, as that service's language rounds.
double WithTwoDecimals(double value) {
  const std::string text = fmt::format("{:.2f}", value);
  double rounded = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), rounded);
  return rounded;
}

// ---- GET /metrics/event-avg-time

// kInvalidArgument: no such type; kConflict: fewer than two events.
Result<Representation> ShowAverageTime(const Services& services, const EventQuestion& question) {
  if (auto known = CheckType(services, *question.type); !known) return tl::make_unexpected(std::move(known.error()));
  auto selection = Select(services, question);
  if (!selection) return tl::make_unexpected(std::move(selection.error()));
  auto statistics = selection->filter
                        ? services.events.Intervals(*selection->filter, EventReader::Percentiles::kNotWanted)
                        : Result<IntervalStatistics>(IntervalStatistics{});
  if (!statistics) return tl::make_unexpected(std::move(statistics.error()));
  if (!statistics->mean_seconds || !statistics->first) {
    return Fail(ErrorCode::kConflict, "At least two events are needed for the time between them; there are " +
                                          std::to_string(statistics->events) + ".");
  }
  return JsonAnswer(services, {{"oldest_event_time", FormatRfc3339(*statistics->first)},
                               {"repository_name", selection->repository_name},
                               {"events_count", statistics->events},
                               {"avg_time", WithTwoDecimals(*statistics->mean_seconds)}});
}

// As that service told it, inside a problem.
Problem TooFewEvents(const EventQuestion& question, const Error& error) {
  Problem problem{400, "too-few-events", "Too few events", error.message, {}, {}};
  problem.extensions = {{"repository_name", question.repository_name.value_or("all")},
                        {"action", question.action},
                        {"event_type", question.type},
                        {"error", error.message}};
  return problem;
}

Checked<Reading> ReadAverageTime(const Services& services, const Request& request, const PathValues&) {
  Params params(request, kPredecessorMetricsRules);
  EventQuestion question = EventQuestion::Read(params);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  if (!question.type) question.type = kPullRequestEvent;
  Reading reading(ReadQuery{"metrics/event-avg-time?" + question.Key(), kEventsScope,
                            [&services, question] { return ShowAverageTime(services, question); }});
  reading.explain = [question](const Error& error) {
    if (error.code == ErrorCode::kInvalidArgument) return UnknownType(*question.type);
    if (error.code == ErrorCode::kConflict) return TooFewEvents(question, error);
    return FromError(error);
  };
  return reading;
}

// ---- GET /metrics/events-total-count

Result<Representation> ShowTotalCount(const Services& services, const TotalCountQuestion& question) {
  const auto total = CountAll(services, question);
  if (!total) return tl::make_unexpected(total.error());
  return JsonAnswer(services,
                    {{"oldest_event_time", total->oldest ? Json(FormatRfc3339(*total->oldest)) : Json(nullptr)},
                     {"repository_name", total->repository_name},
                     {"events_count",
                      {{"pr_event", total->pull_requests},
                       {"watch_event", total->watches},
                       {"issue_event", total->issues},
                       {"total", total->total()}}}});
}

Checked<Reading> ReadTotalCount(const Services& services, const Request& request, const PathValues&) {
  Params params(request, kPredecessorMetricsRules);
  const TotalCountQuestion question = TotalCountQuestion::Read(params);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"metrics/events-total-count?" + question.Key(), kEventsScope,
                   [&services, question] { return ShowTotalCount(services, question); }};
}

// ---- GET /metrics/multiple-events-repos

// Written as text: ten thousand members are too many for an ordered JSON object, which looks each name up in turn.
std::string TextOf(const std::string& type, const std::vector<RepositoryCount>& repositories) {
  std::string members;
  std::unordered_set<std::string> seen;
  for (const RepositoryCount& one : repositories) {
    if (!one.name || !seen.insert(one.name->full()).second) continue;
    members += (members.empty() ? "" : ",") + ToText(one.name->full()) + ":" + std::to_string(one.events);
  }
  return "{\"event_type\":" + ToText(type) + ",\"repositories\":{" + members + "}}";
}

Result<Representation> ShowBusyRepositories(const Services& services, const std::string& type, int64_t more_than) {
  if (auto known = CheckType(services, type); !known) return tl::make_unexpected(std::move(known.error()));
  const auto page = services.events.Repositories(type, more_than + 1, std::nullopt, std::nullopt, kPredecessorListMax);
  if (!page) return tl::make_unexpected(page.error());
  return services.builder.Ok("application/json", TextOf(type, page->items), services.clock.Now());
}

Checked<Reading> ReadBusyRepositories(const Services& services, const Request& request, const PathValues&) {
  Params params(request, kPredecessorMetricsRules);
  const EventQuestion question = EventQuestion::Read(params);
  if (!params.Given("event_type")) params.Reject("event_type", "", "a type of GitHub's events; it has no default");
  const int64_t more_than =
      params.Integer("minimal_events_count", 0, kMinimalEventsMax).value_or(kMinimalEventsDefault);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  Reading reading(ReadQuery{
      "metrics/multiple-events-repos?event_type=" + *question.type + "&more_than=" + std::to_string(more_than),
      kEventsScope,
      [&services, type = *question.type, more_than] { return ShowBusyRepositories(services, type, more_than); }});
  reading.explain = [type = *question.type](const Error& error) {
    return error.code == ErrorCode::kInvalidArgument ? UnknownType(type) : FromError(error);
  };
  return reading;
}

}  // namespace

void AddPredecessorMetricsRoutes(RouteTable& table, Services& services) {
  const auto add = [&](const char* pattern, auto handler, const char* description) {
    const auto read = [&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    };
    table.Add({Method::kGet, pattern, Access::kAnybody, ReadHandler(read), description});
  };
  add("/metrics/event-avg-time", ReadAverageTime, "Average time between events of a type");
  add("/metrics/events-total-count", ReadTotalCount, "Events of three types in the last seconds");
  add("/metrics/multiple-events-repos", ReadBusyRepositories, "Repositories with more than some events of a type");
}

}  // namespace repopulse::http
