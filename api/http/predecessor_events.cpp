#include "http/predecessor_events.h"

#include <algorithm>

#include "base/strings.h"

namespace repopulse::http {
namespace {

// Longer than any type, action or name can be, so that those are told from what is no text at all.
constexpr size_t kTextBytesMax = 200;

}  // namespace

int64_t CountOf(const EventCounts& counts, std::string_view type) {
  int64_t events = 0;
  for (const EventCount& count : counts.counts) events += count.type == type ? count.events : 0;
  return events;
}

Representation JsonAnswer(const Services& services, const Json& json) {
  return services.builder.Ok("application/json", ToText(json), services.clock.Now());
}

Result<std::optional<EventReader::Known>> FindNamed(const Services& services, const std::string& full_name) {
  const auto name = RepositoryName::Parse(full_name);
  if (!name) return std::optional<EventReader::Known>();
  return services.events.FindRepository(*name);
}

EventQuestion EventQuestion::ReadOfAnyType(Params& params) {
  EventQuestion question;
  question.action = params.Text("action", kTextBytesMax);
  if (question.action) question.action = ToLowerAscii(*question.action);
  question.repository_name = params.Text("repository_name", kTextBytesMax);
  return question;
}

EventQuestion EventQuestion::Read(Params& params) {
  EventQuestion question = ReadOfAnyType(params);
  question.type = params.Text("event_type", kTextBytesMax);
  if (question.type && !IsEventWord(*question.type)) {
    params.Reject("event_type", *question.type, "a type of GitHub's events, as PullRequestEvent");
  }
  return question;
}

std::string EventQuestion::Key() const {
  return "event_type=" + type.value_or("") + "&action=" + PercentEncode(action.value_or("")) +
         "&repository_name=" + PercentEncode(repository_name.value_or(""));
}

Result<EventSelection> Select(const Services& services, const EventQuestion& question) {
  EventSelection selection{EventFilter{question.type, question.action, std::nullopt}, "all"};
  if (question.repository_name) {
    auto known = FindNamed(services, *question.repository_name);
    if (!known) return tl::make_unexpected(std::move(known.error()));
    selection.repository_name = *known ? (*known)->name.full() : *question.repository_name;
    if (!*known) selection.filter.reset();
    if (*known) selection.filter->repository = (*known)->id;
  }
  if (question.action && !IsEventWord(*question.action)) selection.filter.reset();
  return selection;
}

Status CheckType(const Services& services, const std::string& type) {
  if (IsKnownEventType(type)) return {};
  const auto counts = services.events.Counts({type, std::nullopt, std::nullopt}, std::nullopt);
  if (!counts) return tl::make_unexpected(counts.error());
  if (counts->counts.empty()) return Fail(ErrorCode::kInvalidArgument, "no event is of type " + type);
  return {};
}

Problem UnknownType(const std::string& type) {
  Problem problem = BadParameters({{"event_type", type, "a type of GitHub's events, as PullRequestEvent"}});
  problem.status = kPredecessorMetricsRules.status;
  return problem;
}

TotalCountQuestion TotalCountQuestion::Read(Params& params) {
  TotalCountQuestion question;
  if (!params.Given("offset")) params.Reject("offset", "", "a whole number of seconds, at least 1; it has no default");
  question.seconds = params.Integer("offset", 1, kPredecessorSecondsMax).value_or(1);
  question.events = EventQuestion::ReadOfAnyType(params);
  return question;
}

std::string TotalCountQuestion::Key() const { return "offset=" + std::to_string(seconds) + "&" + events.Key(); }

Result<TotalCount> CountAll(const Services& services, const TotalCountQuestion& question) {
  auto selection = Select(services, question.events);
  if (!selection) return tl::make_unexpected(std::move(selection.error()));
  TotalCount total;
  total.repository_name = std::move(selection->repository_name);
  if (!selection->filter) return total;
  const TimePoint since = services.clock.Now() - std::chrono::seconds{question.seconds};
  const auto counts = services.events.Counts(*selection->filter, since);
  if (!counts) return tl::make_unexpected(counts.error());
  for (const EventCount& count : counts->counts) {
    if (count.type != kPullRequestEvent && count.type != kIssuesEvent && count.type != kWatchEvent) continue;
    total.oldest = total.oldest ? std::min(*total.oldest, count.first) : count.first;
  }
  total.pull_requests = CountOf(*counts, kPullRequestEvent);
  total.watches = CountOf(*counts, kWatchEvent);
  total.issues = CountOf(*counts, kIssuesEvent);
  return total;
}

}  // namespace repopulse::http
