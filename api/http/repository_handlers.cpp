// /api/v1/repos: repositories known from the tracked topics, and how popular they were on each day.
#include <algorithm>
#include <map>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/handlers.h"
#include "http/paging.h"
#include "http/params.h"
#include "http/render.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr int64_t kHistoryDaysMax = 1100;
constexpr days kHistoryDaysDefault{90};
constexpr size_t kSearchTextBytesMax = 100;

const std::vector<std::string_view> kRepositoryColumns = {
    "id",         "full_name", "html_url",         "description", "language",          "license",
    "fork",       "archived",  "stargazers_count", "forks_count", "open_issues_count", "created_at",
    "updated_at", "pushed_at", "topics",           "active",      "fetched_at",        "gone_at"};
const std::vector<std::string_view> kHistoryColumns = {
    "day",         "observed",     "stargazers_count",  "stars_change",
    "forks_count", "forks_change", "open_issues_count", "open_issues_change"};

Checked<RepositoryName> RepositoryOf(const std::string& owner, const std::string& name) {
  if (auto repository = RepositoryName::Make(owner, name)) return *std::move(repository);
  return Refuse(BadParameters({{"repository", std::string(TruncateUtf8(owner + "/" + name, 150)),
                                "owner/name as on GitHub: letters, digits, '-', '_' and '.'"}}));
}

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
  Json meta = {{"data_as_of", FormatRfc3339(now)}, {"total", page->total}, {"per_page", asked.query.limit}};
  if (services.demo) meta["demo"] = true;
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

// The repository of this name; where it was renamed since, its redirect. `rest` is the path behind the name.
struct Located {
  std::optional<StoredRepository> stored;
  std::optional<Representation> moved;
};

Result<Located> Locate(const Services& services, const RepositoryName& name, const std::string& rest) {
  auto found = services.repositories.FindByName(name);
  if (!found) return tl::make_unexpected(std::move(found.error()));
  if (!*found) return Fail(ErrorCode::kNotFound, "The repository " + name.full() + " is not known here.");
  const RepositoryName& present = (*found)->repository.name;
  if (present == name) return Located{std::move(*found), std::nullopt};
  return Located{std::nullopt, services.builder.Moved("/api/v1/repos/" + present.full() + rest)};
}

Json GrowthSince(const std::vector<Snapshot>& snapshots, const Repository& now, sys_days since) {
  const auto base = std::ranges::find_if(snapshots, [since](const Snapshot& s) { return s.day >= since; });
  if (base == snapshots.end() || base == std::prev(snapshots.end())) return nullptr;
  const int64_t gained = now.stargazers_count - base->stargazers_count;
  Json json = {{"since", FormatDay(base->day)}, {"stars", gained}, {"percent", nullptr}};
  if (base->stargazers_count > 0) {
    json["percent"] = 100.0 * static_cast<double>(gained) / static_cast<double>(base->stargazers_count);
  }
  return json;
}

Result<Representation> ShowRepository(const Services& services, const RepositoryName& name) {
  auto located = Locate(services, name, "");
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->moved) return *std::move(located->moved);
  const StoredRepository& stored = *located->stored;
  const sys_days today = DayOf(services.clock.Now());
  auto snapshots = services.repositories.Snapshots(stored.repository.id, today - days{30}, today, kHistoryDaysMax);
  if (!snapshots) return tl::make_unexpected(std::move(snapshots.error()));
  Json data = ToJson(stored);
  data["growth"] = {{"7_days", GrowthSince(*snapshots, stored.repository, today - days{7})},
                    {"30_days", GrowthSince(*snapshots, stored.repository, today - days{30})}};
  Json meta = {{"data_as_of", FormatRfc3339(stored.fetched_at)}};
  if (services.demo) meta["demo"] = true;
  return services.builder.Ok("application/json", ToText({{"data", data}, {"meta", meta}}), stored.fetched_at);
}

std::string KeyOf(const RepositoryName& name) { return "v1/repos/" + ToLowerAscii(name.full()); }

Checked<ReadQuery> ReadRepository(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{KeyOf(*name), kRepositoriesScope,
                   [&services, repository = *name] { return ShowRepository(services, repository); }};
}

// ---- GET /repos/{owner}/{repo}/popularity/history

struct HistoryRequest {
  RepositoryName name;
  sys_days from;
  sys_days to;
  ListFormat format = ListFormat::kJson;
};

Json ChangeFrom(const std::optional<Snapshot>& before, int64_t Snapshot::*count, const Snapshot& now) {
  return before ? Json(now.*count - (*before).*count) : Json(nullptr);
}

// One row for each day. Days on which nothing was seen repeat the day before, marked as not observed; days before the
// first observation hold no numbers, for none are known.
// `before` is the day before the first, if it was seen: what the first day's change is counted from.
std::vector<Json> HistoryRows(const std::optional<Snapshot>& before, const std::vector<Snapshot>& snapshots,
                              const HistoryRequest& asked) {
  std::map<sys_days, Snapshot> by_day;
  for (const Snapshot& snapshot : snapshots) by_day.emplace(snapshot.day, snapshot);
  std::vector<Json> rows;
  std::optional<Snapshot> last = before;
  for (sys_days day = asked.from; day <= asked.to; day += days{1}) {
    const auto seen = by_day.find(day);
    const bool observed = seen != by_day.end();
    const std::optional<Snapshot> now = observed ? std::optional(seen->second) : last;
    Json row = {{"day", FormatDay(day)}, {"observed", observed}};
    const auto put = [&](const char* name, const char* change, int64_t Snapshot::*count) {
      row[name] = now ? Json((*now).*count) : Json(nullptr);
      row[change] = now ? ChangeFrom(last, count, *now) : Json(nullptr);
    };
    put("stargazers_count", "stars_change", &Snapshot::stargazers_count);
    put("forks_count", "forks_change", &Snapshot::forks_count);
    put("open_issues_count", "open_issues_change", &Snapshot::open_issues_count);
    rows.push_back(std::move(row));
    last = now;
  }
  return rows;
}

// The spans of days asked for on which nothing was seen.
Json GapsOf(const std::vector<Snapshot>& snapshots, const HistoryRequest& asked) {
  Json gaps = Json::array();
  sys_days next = asked.from;  // the first day not accounted for
  const auto close = [&](sys_days until) {
    if (next < until) gaps.push_back({{"from", FormatDay(next)}, {"to", FormatDay(until - days{1})}});
  };
  for (const Snapshot& snapshot : snapshots) {
    close(snapshot.day);
    next = snapshot.day + days{1};
  }
  close(asked.to + days{1});
  return gaps;
}

Result<Representation> ShowHistory(const Services& services, const HistoryRequest& asked, const std::string& query) {
  auto located = Locate(services, asked.name, "/popularity/history" + query);
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->moved) return *std::move(located->moved);
  const StoredRepository& stored = *located->stored;
  auto snapshots =
      services.repositories.Snapshots(stored.repository.id, asked.from - days{1}, asked.to, kHistoryDaysMax + 1);
  if (!snapshots) return tl::make_unexpected(std::move(snapshots.error()));
  std::optional<Snapshot> before;
  if (!snapshots->empty() && snapshots->front().day < asked.from) {
    before = snapshots->front();
    snapshots->erase(snapshots->begin());
  }
  const auto days_asked = (asked.to - asked.from).count() + 1;
  Json meta = {{"data_as_of", FormatRfc3339(stored.fetched_at)},
               {"repository", stored.repository.name.full()},
               {"window", {{"from", FormatDay(asked.from)}, {"to", FormatDay(asked.to)}, {"bound", "days"}}},
               {"sample_size", snapshots->size()},
               {"coverage",
                {{"share", static_cast<double>(snapshots->size()) / static_cast<double>(days_asked)},
                 {"gaps", GapsOf(*snapshots, asked)}}}};
  if (services.demo) meta["demo"] = true;
  return services.builder.Ok(ContentType(asked.format),
                             RenderList(asked.format, HistoryRows(before, *snapshots, asked), meta, kHistoryColumns),
                             stored.fetched_at);
}

Checked<ReadQuery> ReadHistory(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  const sys_days today = DayOf(services.clock.Now());
  const auto from = params.Day("from");
  const sys_days to = params.Day("to").value_or(today);
  HistoryRequest asked{*name, from.value_or(to - kHistoryDaysDefault), to,
                       ParseListFormat(params.OneOf("format", kListFormats, "json"))};
  if (asked.from > asked.to)
    params.Reject("from", FormatDay(asked.from), "a day not after `to`, " + FormatDay(asked.to));
  if ((asked.to - asked.from).count() >= kHistoryDaysMax) {
    params.Reject("from", FormatDay(asked.from), "at most " + std::to_string(kHistoryDaysMax) + " days up to `to`");
  }
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const std::string query = "?from=" + FormatDay(asked.from) + "&to=" + FormatDay(asked.to) +
                            "&format=" + std::string(kListFormats[static_cast<size_t>(asked.format)]);
  return ReadQuery{KeyOf(*name) + "/popularity/history" + query, kRepositoriesScope,
                   [&services, asked, query] { return ShowHistory(services, asked, query); }};
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
  table.Add({Method::kGet, "/api/v1/repos/{owner}/{repo}/popularity/history", Access::kAnybody, read(ReadHistory),
             "Stars, forks and open issues of each day"});
}

}  // namespace repopulse::http
