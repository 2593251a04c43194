// /api/repos: the repositories whose events are collected, as one of the predecessors showed and changed them.
#include <map>
#include <unordered_set>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_render.h"
#include "http/predecessor_events.h"

namespace repopulse::http {
namespace {

using std::chrono::days;

constexpr int64_t kPerPageDefault = 30;
constexpr int64_t kPerPageMax = 100;
constexpr int64_t kOffsetMax = 10'000;  // as EventListQuery has it
constexpr days kWindowDays{7};
constexpr size_t kWindowEvents = 500;
constexpr size_t kTypeBytesMax = 64;

Json ToJson(const TrackedRepository& tracked) {
  return {{"owner", tracked.name.owner()},
          {"name", tracked.name.name()},
          {"full_name", tracked.name.full()},
          {"url", "https://github.com/" + tracked.name.full()},
          {"active", tracked.active}};
}

Problem NoSuchRepository(const std::string& full_name) {
  return NotFound("The repository " + std::string(TruncateUtf8(full_name, 150)) + " is not known here.");
}

// ---- GET /api/repos and /api/repos/active

Checked<Reading> ReadTracked(const Services& services, bool only_active) {
  return ReadQuery{only_active ? "api/repos/active" : "api/repos", kRepositoriesScope,
                   [&services, only_active]() -> Result<Representation> {
                     const auto tracked = services.sources.ListTracked(only_active);
                     if (!tracked) return tl::make_unexpected(tracked.error());
                     Json list = Json::array();
                     for (const TrackedRepository& one : *tracked) list.push_back(ToJson(one));
                     return JsonAnswer(services, list);
                   }};
}

// ---- POST /api/repos, …/activate, …/deactivate

void ForgetTracked(const Services& services) {
  for (const std::string& scope : {kRepositoriesScope, kEventsScope}) {
    // Where Redis is gone there is nothing shared to forget, and what is near ends with its freshness.
    (void)services.shared_cache.Invalidate(scope);
  }
}

Response Show(const Json& json) { return {200, "application/json", "", ToText(json)}; }

// GitHub may have to be asked which repositories these are, and only the control listener's threads may wait for that.
std::optional<Problem> MustWait(const Request& request) {
  if (request.may_wait) return std::nullopt;
  return Problem{503, "wrong-listener",    "Service unavailable", "Tracking is changed through the proxy.",
                 {},  "Retry-After: 1\r\n"};
}

// {"repos": ["owner/name", …]}; a name that comes twice counts once.
Checked<std::vector<RepositoryName>> NamesIn(const std::string& body) {
  const Json document = Json::parse(body, nullptr, false);
  constexpr const char* kShape = "{\"repos\": [\"owner/name\", …]} with at least one name";
  if (!document.is_object() || !document.contains("repos") || !document["repos"].is_array() ||
      document["repos"].empty()) {
    return Refuse(BadParameters({{"repos", std::string(TruncateUtf8(SanitizeUtf8(body), 100)), kShape}}));
  }
  std::vector<RepositoryName> names;
  std::unordered_set<std::string> seen;
  std::vector<ParameterError> errors;
  for (const Json& entry : document["repos"]) {
    const auto name = entry.is_string() ? RepositoryName::Parse(entry.get_ref<const std::string&>()) : std::nullopt;
    if (!name) {
      errors.push_back({"repos", std::string(TruncateUtf8(ToText(entry), 150)), "owner/name, as on GitHub"});
    } else if (seen.insert(ToLowerAscii(name->full())).second) {
      names.push_back(*name);
    }
  }
  if (!errors.empty()) return Refuse(BadParameters(std::move(errors)));
  return names;
}

Checked<Response> AddRepositories(const Services& services, const Request& request, const PathValues&) {
  if (auto problem = MustWait(request)) return Refuse(*std::move(problem));
  const auto names = NamesIn(request.body);
  if (!names) return Refuse(names.error());
  const auto tracked = services.tracker.TrackAll(*names);
  if (!tracked) return Refuse(FromError(tracked.error()));
  ForgetTracked(services);
  Json list = Json::array();
  for (const RepositoryTracker::Tracked& one : *tracked) list.push_back(ToJson(one.repository));
  return Show(list);
}

Checked<Response> Activate(const Services& services, const Request& request, const PathValues& values) {
  if (auto problem = MustWait(request)) return Refuse(*std::move(problem));
  const auto name = RepositoryName::Make(values[0], values[1]);
  if (!name) return Refuse(NoSuchRepository(values[0] + "/" + values[1]));
  const auto tracked = services.tracker.Track(*name);
  if (!tracked) return Refuse(FromError(tracked.error()));
  ForgetTracked(services);
  return Show(ToJson(tracked->repository));
}

Checked<Response> Deactivate(const Services& services, const Request&, const PathValues& values) {
  const std::string name = values[0] + "/" + values[1];
  const auto known = FindNamed(services, name);
  if (!known) return Refuse(FromError(known.error()));
  if (!*known) return Refuse(NoSuchRepository(name));
  const auto tracked = services.sources.Deactivate((*known)->id, services.clock.Now());
  if (!tracked) return Refuse(FromError(tracked.error()));
  if (!*tracked) return Refuse(NotFound("The events of " + name + " were never collected on their own."));
  ForgetTracked(services);
  return Show(ToJson(**tracked));
}

// ---- GET /api/repos/{owner}/{repo}/events

struct EventsRequest {
  std::string name;
  std::optional<std::string> type;
  int64_t page = 1;
  int64_t per_page = kPerPageDefault;
};

std::optional<std::string> ReadType(Params& params) {
  auto type = params.Text("type", kTypeBytesMax);
  if (type && !IsEventWord(*type)) params.Reject("type", *type, "a type of GitHub's events, as PushEvent");
  return type;
}

// Relations and order as GitHub has them: prev, next, last, first; none where one page is all.
std::string LinkOf(const EventsRequest& asked, const RepositoryName& name, const EventListPage& page) {
  const int64_t reachable = kOffsetMax / asked.per_page + 1;
  const int64_t counted = page.total ? (*page.total + asked.per_page - 1) / asked.per_page : 0;
  const int64_t last = std::min(std::max(counted, asked.page + (page.has_more ? 1 : 0)), reachable);
  std::string link;
  const auto add = [&](int64_t number, const char* relation) {
    link += (link.empty() ? "Link: <" : ", <") + std::string("/api/repos/") + name.full() + "/events/?" +
            (asked.type ? "type=" + *asked.type + "&" : "") + "page=" + std::to_string(number) +
            "&per_page=" + std::to_string(asked.per_page) + ">; rel=\"" + relation + "\"";
  };
  if (asked.page > 1) add(asked.page - 1, "prev");
  if (page.has_more && asked.page < last) {
    add(asked.page + 1, "next");
    if (page.total) add(last, "last");
  }
  if (asked.page > 1) add(1, "first");
  return link.empty() ? link : link + "\r\n";
}

Result<EventReader::Known> Locate(const Services& services, const std::string& name) {
  auto known = FindNamed(services, name);
  if (!known) return tl::make_unexpected(std::move(known.error()));
  if (!*known) return Fail(ErrorCode::kNotFound, NoSuchRepository(name).detail);
  return **std::move(known);
}

Result<Representation> ShowEvents(const Services& services, const EventsRequest& asked) {
  const auto known = Locate(services, asked.name);
  if (!known) return tl::make_unexpected(known.error());
  EventListQuery query;
  query.repository = known->id;
  query.type = asked.type;
  query.offset = static_cast<size_t>((asked.page - 1) * asked.per_page);
  query.limit = static_cast<size_t>(asked.per_page);
  const auto page = services.events.List(query);
  if (!page) return tl::make_unexpected(page.error());
  std::vector<std::string> events;
  for (const Event& event : page->items) events.push_back(ToGitHubText(event, services.github_url));
  return services.builder.Ok("application/json", JoinList(events), services.clock.Now(),
                             LinkOf(asked, known->name, *page));
}

Checked<Reading> ReadRepositoryEvents(const Services& services, const Request& request, const PathValues& values) {
  Params params(request, kPredecessorRules);
  EventsRequest asked;
  asked.name = values[0] + "/" + values[1];
  asked.type = ReadType(params);
  asked.per_page = params.Integer("per_page", 1, kPerPageMax).value_or(kPerPageDefault);
  asked.page = params.Integer("page", 1, kOffsetMax / asked.per_page + 1).value_or(1);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  if (!RepositoryName::Parse(asked.name)) return Refuse(NoSuchRepository(asked.name));
  return ReadQuery{"api/repos/" + ToLowerAscii(asked.name) + "/events?type=" + asked.type.value_or("") +
                       "&page=" + std::to_string(asked.page) + "&per_page=" + std::to_string(asked.per_page),
                   kEventsScope, [&services, asked] { return ShowEvents(services, asked); }};
}

// ---- GET /api/repos/{owner}/{repo}/events/stats

// The window is the repository's; the types share it.
Result<Representation> ShowStatistics(const Services& services, const std::string& name,
                                      const std::optional<std::string>& type) {
  const auto known = Locate(services, name);
  if (!known) return tl::make_unexpected(known.error());
  const auto window =
      services.events.Window(known->id, services.clock.Now() - kWindowDays, kWindowEvents, BotFilter::kInclude);
  if (!window) return tl::make_unexpected(window.error());
  std::map<std::string, std::vector<TimePoint>> times;
  for (const TypedTime& event : window->events) {
    if (!type || event.type == *type) times[event.type].push_back(event.created_at);
  }
  Json list = Json::array();
  for (const auto& [of, at] : times) {
    const IntervalStatistics statistics = StatisticsOf(at);
    const auto& mean = statistics.mean_seconds;
    list.push_back(
        {{"type", of}, {"count", statistics.events}, {"average_seconds", mean ? Json(*mean) : Json(nullptr)}});
  }
  return JsonAnswer(services, list);
}

Checked<Reading> ReadStatistics(const Services& services, const Request& request, const PathValues& values) {
  Params params(request, kPredecessorRules);
  const auto type = ReadType(params);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const std::string name = values[0] + "/" + values[1];
  if (!RepositoryName::Parse(name)) return Refuse(NoSuchRepository(name));
  return ReadQuery{"api/repos/" + ToLowerAscii(name) + "/events/stats?type=" + type.value_or(""), kEventsScope,
                   [&services, name, type] { return ShowStatistics(services, name, type); }};
}

}  // namespace

void AddPredecessorReposRoutes(RouteTable& table, Services& services) {
  const auto read = [&](const char* pattern, auto handler, const char* description) {
    const auto run = [&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    };
    table.Add({Method::kGet, pattern, Access::kAnybody, ReadHandler(run), description});
  };
  const auto write = [&](const char* pattern, auto handler, const char* description) {
    const auto run = [&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    };
    table.Add({Method::kPost, pattern, Access::kAdministrator, DirectHandler(run), description});
  };
  const auto tracked = [](bool only_active) {
    return
        [only_active](const Services& of, const Request&, const PathValues&) { return ReadTracked(of, only_active); };
  };
  read("/api/repos", tracked(false), "Repositories that are or were tracked");
  read("/api/repos/active", tracked(true), "Tracked repositories");
  read("/api/repos/{owner}/{repo}/events", ReadRepositoryEvents, "A repository's events, newest first");
  read("/api/repos/{owner}/{repo}/events/stats", ReadStatistics, "Average time between events of each type");
  write("/api/repos", AddRepositories, "Track repositories");
  write("/api/repos/{owner}/{repo}/activate", Activate, "Track a repository");
  write("/api/repos/{owner}/{repo}/deactivate", Deactivate, "Stop tracking a repository");
}

}  // namespace repopulse::http
