// /api/v1/repos: repositories known from the tracked topics and from their events.
#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_render.h"
#include "http/handlers.h"
#include "http/meta.h"
#include "http/paging.h"
#include "http/params.h"
#include "http/render.h"
#include "http/repository_lookup.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr size_t kSearchTextBytesMax = 100;

const std::vector<std::string_view> kRepositoryColumns = {
    "id",         "full_name", "html_url",         "description", "language",          "license",
    "fork",       "archived",  "stargazers_count", "forks_count", "open_issues_count", "created_at",
    "updated_at", "pushed_at", "topics",           "active",      "fetched_at",        "gone_at"};
// ---- GET /repos

struct RepositoryListRequest {
  RepositoryListQuery query;
  Paging paging;
};

Result<Representation> ListRepositories(const Services& services, const Request& request,
                                        const RepositoryListRequest& asked) {
  auto page = services.repositories.List(asked.query);
  if (!page) return tl::make_unexpected(std::move(page.error()));
  const TimePoint now = services.clock.Now();
  std::vector<Json> rows;
  for (const StoredRepository& stored : page->items) rows.push_back(ToJson(stored));
  std::string link;
  if (page->has_more) {
    link = LinkToNext(request, MakeCursor("repos", {std::to_string(page->items.back().repository.id.value)}));
  }
  const Json meta = CompleteMeta(
      services, {{"data_as_of", FormatRfc3339(now)}, {"total", page->total}, {"per_page", asked.query.limit}});
  return services.builder.Ok(ContentType(asked.paging.format),
                             RenderList(asked.paging.format, rows, meta, kRepositoryColumns), now, link);
}

Checked<ReadQuery> ReadRepositoryList(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  RepositoryListRequest asked;
  asked.query.text = params.Text("q", kSearchTextBytesMax);
  asked.query.active = params.Boolean("active");
  asked.paging = Paging::Read(params);
  asked.query.limit = asked.paging.per_page;
  if (asked.paging.cursor) {
    const auto fields = ReadCursor("repos", 1, *asked.paging.cursor);
    const auto id = fields ? ParseInteger<int64_t>(fields->front()) : std::nullopt;
    if (id) {
      asked.query.after = RepositoryId{*id};
    } else {
      params.Reject("cursor", *asked.paging.cursor, "a cursor of this list, from its Link header");
    }
  }
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const std::string active = asked.query.active ? (*asked.query.active ? "true" : "false") : "";
  return ReadQuery{"v1/repos?q=" + PercentEncode(ToLowerAscii(asked.query.text.value_or(""))) + "&active=" + active +
                       "&" + asked.paging.Key(),
                   kRepositoriesScope,
                   [&services, request, asked] { return ListRepositories(services, request, asked); }};
}

// ---- GET /repos/{owner}/{repo}

Json GrowthJson(const std::vector<Snapshot>& snapshots, const Repository& now, sys_days since) {
  const auto growth = GrowthSince(snapshots, now.stargazers_count, since);
  return growth ? ToJson(*growth) : Json(nullptr);
}

constexpr days kSummaryWindow{7};

// What is known of a repository that only events have told of: its name, and no numbers.
Json OfEventsAlone(const LocatedRepository& located) {
  Json json = Json::object();
  for (const std::string_view column : kRepositoryColumns) json[std::string(column)] = nullptr;
  json["id"] = located.id.value;
  json["full_name"] = located.name.full();
  json["owner"] = located.name.owner();
  json["name"] = located.name.name();
  json["html_url"] = "https://github.com/" + located.name.full();
  json["topics"] = Json::array();
  return json;
}

// Its events of the last days by type, and its activity score.
Status AddEvents(const Services& services, RepositoryId id, Json& data, TimePoint now) {
  const TimePoint since = now - kSummaryWindow;
  const auto counts = services.events.Counts({std::nullopt, std::nullopt, id}, since);
  if (!counts) return tl::make_unexpected(counts.error());
  const auto score = services.events.Activity(id);
  if (!score) return tl::make_unexpected(score.error());
  Json by_type = Json::object();
  for (const Json& row : TypeRows(counts->counts)) by_type[row.at("type").get<std::string>()] = row.at("count");
  data["events"] = {{"window", {{"from", FormatRfc3339(counts->since.value_or(since))}, {"to", FormatRfc3339(now)}}},
                    {"total", TotalOf(counts->counts)},
                    {"counts", std::move(by_type)}};
  data["activity"] = *score ? ToJson(**score, false) : Json(nullptr);
  return {};
}

Status AddGrowth(const Services& services, const StoredRepository& stored, Json& data, TimePoint now) {
  const sys_days today = DayOf(now);
  const auto snapshots = services.repositories.Snapshots(stored.repository.id, today - days{30}, today);
  if (!snapshots) return tl::make_unexpected(snapshots.error());
  data["growth"] = {{"7_days", GrowthJson(*snapshots, stored.repository, today - days{7})},
                    {"30_days", GrowthJson(*snapshots, stored.repository, today - days{30})}};
  return {};
}

Result<Representation> ShowRepository(const Services& services, const Request& request, const RepositoryName& name) {
  auto located = Locate(services, request, name);
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->moved) return *std::move(located->moved);
  const TimePoint now = services.clock.Now();
  Json data = located->stored ? ToJson(*located->stored) : OfEventsAlone(*located);
  if (!located->stored) {
    const auto tracked = services.sources.FindTracked(located->id);
    if (!tracked) return tl::make_unexpected(tracked.error());
    data["active"] = *tracked && (*tracked)->active;
  }
  data["growth"] = {{"7_days", nullptr}, {"30_days", nullptr}};
  if (located->stored) {
    if (const auto added = AddGrowth(services, *located->stored, data, now); !added) {
      return tl::make_unexpected(added.error());
    }
  }
  if (const auto added = AddEvents(services, located->id, data, now); !added) return tl::make_unexpected(added.error());
  const TimePoint as_of = located->stored ? located->stored->fetched_at : now;
  return services.builder.Ok(
      "application/json",
      ToText({{"data", data}, {"meta", CompleteMeta(services, {{"data_as_of", FormatRfc3339(as_of)}})}}), as_of);
}

Checked<ReadQuery> ReadRepository(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/repos/" + ToLowerAscii(name->full()), kRepositoriesScope,
                   [&services, request, repository = *name] { return ShowRepository(services, request, repository); }};
}

}  // namespace

void AddRepositoryRoutes(RouteTable& table, Services& services) {
  const auto read = [&services](auto handler) {
    return ReadHandler([&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    });
  };
  table.Add({Method::kGet, "/api/v1/repos", Access::kAnybody, read(ReadRepositoryList), "Known repositories"});
  table.Add({Method::kGet, "/api/v1/repos/{owner}/{repo}", Access::kAnybody, read(ReadRepository), "One repository"});
}

}  // namespace repopulse::http
