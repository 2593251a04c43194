#include "http/event_render.h"

#include <algorithm>

#include "base/time_format.h"

namespace repopulse::http {
namespace {

constexpr std::string_view kAppSuffix = "[bot]";

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json TimeOrNull(const std::optional<TimePoint>& time) { return time ? Json(FormatRfc3339(*time)) : Json(nullptr); }

Json ActorOf(const Event& event, const std::string& api_url) {
  std::string display = event.actor_login;
  if (display.ends_with(kAppSuffix)) display.resize(display.size() - kAppSuffix.size());
  return {{"id", event.actor_id},
          {"login", event.actor_login},
          {"display_login", display},
          {"gravatar_id", ""},
          {"url", api_url + "/users/" + event.actor_login},
          {"avatar_url", "https://avatars.githubusercontent.com/u/" + std::to_string(event.actor_id) + "?"}};
}

// What is known of a payload that was not kept.
std::string PayloadLeft(const Event& event) {
  Json payload = Json::object();
  if (!event.action.empty()) payload["action"] = event.action;
  if (event.number) payload["number"] = *event.number;
  return ToText(payload);
}

Json CountRow(const char* name, const std::string& value, const EventCount& count) {
  return {{name, value},
          {"count", count.events},
          {"first_at", FormatRfc3339(count.first)},
          {"last_at", FormatRfc3339(count.last)}};
}

}  // namespace

std::string ToGitHubText(const Event& event, std::string_view api_url) {
  const std::string api(api_url);
  const Json head = {{"id", std::to_string(event.id)},
                     {"type", event.type},
                     {"actor", ActorOf(event, api)},
                     {"repo",
                      {{"id", event.repository.value},
                       {"name", event.repository_name},
                       {"url", api + "/repos/" + event.repository_name}}}};
  std::string text = ToText(head);
  text.pop_back();  // the brace that closes it
  text += ",\"payload\":" + (event.payload.empty() ? PayloadLeft(event) : event.payload);
  text += ",\"public\":true,\"created_at\":\"" + FormatRfc3339(event.created_at) + "\"}";
  return text;
}

std::string JoinList(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ',';
    list += text;
  }
  return list + "]";
}

Json ToJson(const IntervalStatistics& statistics) {
  return {{"first_at", TimeOrNull(statistics.first)},
          {"last_at", TimeOrNull(statistics.last)},
          {"mean_interval_seconds", OrNull(statistics.mean_seconds)},
          {"median_interval_seconds", OrNull(statistics.median_seconds)},
          {"p90_interval_seconds", OrNull(statistics.p90_seconds)}};
}

Json ToJson(const Coverage& coverage) {
  Json gaps = Json::array();
  for (const TimeSpan& gap : coverage.gaps) {
    gaps.push_back({{"from", FormatRfc3339(gap.from)}, {"to", FormatRfc3339(gap.to)}});
  }
  return {{"share", coverage.share}, {"gaps", std::move(gaps)}};
}

Json ToJson(const RepositoryActivity& activity, bool explain) {
  const ActivityScore& score = activity.activity;
  Json json = {{"score", score.score},
               {"window_days", kActivityWindow.count()},
               {"computed_at", FormatRfc3339(activity.computed_at)}};
  if (!explain) return json;
  const Contributions& done = score.contributions;
  json["actors"] = score.actors;
  json["components"] = {{"issue_comments", done.issue_comments},
                        {"issues_opened", done.issues_opened},
                        {"pull_requests_opened", done.pull_requests_opened},
                        {"review_comments", done.review_comments},
                        {"pull_requests_merged", done.pull_requests_merged}};
  return json;
}

Json ToJson(const TrendingActivity& trending, bool explain) {
  Json json = {{"score", trending.score.total()}, {"stars", trending.stars}, {"forks", trending.forks}};
  if (!explain) return json;
  json["actors"] = trending.actors;
  json["age_years"] = OrNull(trending.age_years);
  json["components"] = {{"stars", trending.score.stars}, {"forks", trending.score.forks}, {"age", trending.score.age}};
  return json;
}

std::vector<Json> TypeRows(const std::vector<EventCount>& counts) {
  std::vector<Json> rows;
  for (auto first = counts.begin(); first != counts.end();) {
    const auto end = std::find_if(first, counts.end(), [&](const EventCount& c) { return c.type != first->type; });
    EventCount whole{first->type, "", 0, first->first, first->last};
    Json actions = Json::array();
    for (auto count = first; count != end; ++count) {
      whole.events += count->events;
      whole.first = std::min(whole.first, count->first);
      whole.last = std::max(whole.last, count->last);
      if (!count->action.empty()) actions.push_back(CountRow("action", count->action, *count));
    }
    rows.push_back(CountRow("type", whole.type, whole));
    rows.back()["actions"] = std::move(actions);
    first = end;
  }
  return rows;
}

std::vector<Json> Flattened(const std::vector<Json>& type_rows) {
  std::vector<Json> flat;
  for (const Json& row : type_rows) {
    flat.push_back(row);
    flat.back().erase("actions");
    for (const Json& action : row.at("actions")) {
      flat.push_back(action);
      flat.back()["type"] = row.at("type");
    }
  }
  return flat;
}

int64_t TotalOf(const std::vector<EventCount>& counts) {
  int64_t total = 0;
  for (const EventCount& count : counts) total += count.events;
  return total;
}

}  // namespace repopulse::http
