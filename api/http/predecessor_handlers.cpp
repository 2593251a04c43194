// The topic endpoints of the services this one replaces: same paths, success bodies and status codes.
#include <algorithm>
#include <array>

#include "base/time_format.h"
#include "http/handlers.h"
#include "http/predecessor_events.h"
#include "http/render.h"

namespace repopulse::http {
namespace {

constexpr size_t kListSizeMax = 500;
// Paths that are something else below /api/, so they cannot be asked for as a topic there.
constexpr std::array<std::string_view, 6> kReserved = {"repos", "docs", "v1", "metrics", "activity", "popularity"};
constexpr std::string_view kStoredPath = "api/";

bool IsReserved(std::string_view path, std::string_view word) {
  return path == kStoredPath && std::ranges::find(kReserved, word) != kReserved.end();
}

struct PredecessorList {
  std::string body;
  std::optional<TimePoint> data_as_of;  // none: tracked, but nothing collected yet
};

Result<PredecessorList> MakeList(const Services& services, const TopicName& name, RankingSort sort) {
  auto topic = services.topics.Find(name);
  if (!topic) return tl::make_unexpected(std::move(topic.error()));
  if (!*topic || !(*topic)->tracked) return NotTracked(name);
  if (!(*topic)->published_at) return PredecessorList{"[]", std::nullopt};
  auto page = services.topics.Rank({.topic = name,
                                    .sort = sort,
                                    .language = {},
                                    .min_stars = {},
                                    .archived = {},
                                    .after = {},
                                    .limit = kListSizeMax,
                                    .baseline_day = DayOf(services.clock.Now())});
  if (!page) return tl::make_unexpected(std::move(page.error()));
  Json list = Json::array();
  for (const RankedRepository& ranked : page->items) list.push_back(ToPredecessorJson(ranked.repository));
  return PredecessorList{ToText(list), (*topic)->published_at};
}

Result<Representation> ShowList(const Services& services, const TopicName& name, RankingSort sort) {
  auto list = MakeList(services, name, sort);
  if (!list) return tl::make_unexpected(std::move(list.error()));
  const TimePoint now = services.clock.Now();
  auto representation = services.builder.Ok("application/json", std::move(list->body), list->data_as_of.value_or(now));
  // An empty list means "not collected yet": it must not outlive the first collection.
  if (!list->data_as_of) representation.fresh_until = representation.usable_until = now + std::chrono::seconds{1};
  return representation;
}

DirectHandler FromDatabase(const Services& services, RankingSort sort) {
  return [&services, sort](const Request&, const PathValues& values) -> Checked<Response> {
    const auto name = TopicOf(values[0]);
    if (!name) return Refuse(name.error());
    auto list = MakeList(services, *name, sort);
    if (!list) return Refuse(FromError(list.error()));
    return Response{200, "application/json", "", std::move(list->body)};
  };
}

ReadHandler FromCache(const Services& services, std::string path, RankingSort sort) {
  return [&services, path = std::move(path), sort](const Request&, const PathValues& values) -> Checked<ReadQuery> {
    const auto name = TopicOf(values[0]);
    if (!name) return Refuse(name.error());
    if (IsReserved(path, name->str())) {
      return Refuse(
          NotFound("This word is a path of its own here; ask /api/v1/topics/" + name->str() + " for the topic."));
    }
    return ReadQuery{path + name->str(), ScopeOf(*name),
                     [&services, topic = *name, sort] { return ShowList(services, topic, sort); }};
  };
}

DirectHandler Text(std::string body) {
  return [body = std::move(body)](const Request&, const PathValues&) -> Checked<Response> {
    return Response{200, "text/plain; charset=utf-8", "", body};
  };
}

// A maintenance job by its old name: answers its name when the job is done.
DirectHandler RunJob(const Services& services, JobKind kind, std::string name) {
  return [&services, kind, name = std::move(name)](const Request& request, const PathValues&) -> Checked<Response> {
    constexpr std::chrono::seconds kPatience{600};
    const auto started = services.jobs.Start(kind);
    if (!started) return Refuse(FromError(started.error()));
    const auto job = services.jobs.Wait(started->id, request.may_wait ? kPatience : std::chrono::seconds{0});
    if (!job) return Refuse(FromError(job.error()));
    if (job->error) {
      return Refuse(FromJobError(*job->error));
    }
    if (job->state == JobState::kRunning) {
      return Response{202, "text/plain; charset=utf-8",
                      "Retry-After: 10\r\nLocation: /maintenance/jobs/" + std::to_string(job->id.value) + "\r\n", name};
    }
    return Response{200, "text/plain; charset=utf-8", "", name};
  };
}

}  // namespace

void AddPredecessorRoutes(RouteTable& table, Services& services) {
  const auto add_list = [&](const std::string& part, RankingSort sort, const std::string& order) {
    table.Add({Method::kGet, "/api" + part + "/{topic}", Access::kAnybody,
               FromCache(services, "api" + part + "/", sort), "At most 500 repositories of a topic, " + order});
    table.Add({Method::kGet, "/db" + part + "/{topic}", Access::kAnybody, FromDatabase(services, sort),
               "The same straight from the database"});
  };
  add_list("", RankingSort::kStored, "by id");
  add_list("/popularity", RankingSort::kPopularity, "most stars first");
  add_list("/activity", RankingSort::kUpdated, "last updated first");
  for (const Method method : {Method::kGet, Method::kPost}) {
    table.Add({method, "/bootstrap_db", Access::kAdministrator, RunJob(services, JobKind::kBootstrap, "bootstrap_db"),
               "Prepare the database and fill it for the first time"});
    table.Add({method, "/update_cache", Access::kAdministrator,
               RunJob(services, JobKind::kRefreshCache, "update_cache"), "Make the cached answers anew"});
  }
  table.Add({Method::kGet, "/test", Access::kAnybody, Text("Oh, Hello World"), "A greeting"});
  table.Add({Method::kGet, "/health", Access::kAnybody, Text("ok"), "Whether the service answers"});
  AddPredecessorEventRoutes(table, services);
  AddPredecessorMetricsRoutes(table, services);
  AddPredecessorVisualizationRoutes(table, services);
  AddPredecessorReposRoutes(table, services);
}

std::vector<std::string> HotTargets(const TopicName& topic) {
  const std::string& name = topic.str();
  const std::string ranking = "/api/v1/topics/" + name + "/repositories";
  std::vector<std::string> targets = {
      "/api/popularity/" + name,  "/api/activity/" + name,    "/api/v1/topics/" + name, ranking,
      ranking + "?sort=activity", ranking + "?sort=trending", ranking + "?sort=newest", ranking + "?sort=updated"};
  if (!IsReserved(kStoredPath, name)) targets.push_back("/api/" + name);
  return targets;
}

std::vector<std::string> CommonHotTargets() {
  return {"/api/v1/topics",           "/api/v1/repos",    "/api/v1/events/counts?minutes=60",
          "/api/v1/events/published", "/api/v1/coverage", "/api/v1/trending"};
}

}  // namespace repopulse::http
