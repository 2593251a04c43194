// /api/v1/repos/{owner}/{repo}/popularity: how popular a repository was on each day.
#include <map>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/meta.h"
#include "http/paging.h"
#include "http/render.h"
#include "http/repository_lookup.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr int64_t kHistoryDaysMax = 1100;
constexpr days kHistoryDaysDefault{90};

const std::vector<std::string_view> kHistoryColumns = {
    "day",         "observed",     "stargazers_count",  "stars_change",
    "forks_count", "forks_change", "open_issues_count", "open_issues_change"};

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

Result<Representation> ShowHistory(const Services& services, const Request& request, const HistoryRequest& asked) {
  auto located = Locate(services, request, asked.name);
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->moved) return *std::move(located->moved);
  auto snapshots = services.repositories.Snapshots(located->id, asked.from - days{1}, asked.to);
  if (!snapshots) return tl::make_unexpected(std::move(snapshots.error()));
  std::optional<Snapshot> before;
  if (!snapshots->empty() && snapshots->front().day < asked.from) {
    before = snapshots->front();
    snapshots->erase(snapshots->begin());
  }
  const auto days_asked = (asked.to - asked.from).count() + 1;
  const TimePoint as_of = located->stored ? located->stored->fetched_at : services.clock.Now();
  Json meta = CompleteMeta(services, {{"data_as_of", FormatRfc3339(as_of)}});
  meta["repository"] = located->name.full();
  meta["window"] = {{"from", FormatDay(asked.from)}, {"to", FormatDay(asked.to)}, {"bound", "days"}};
  meta["sample_size"] = snapshots->size();
  meta["coverage"] = {{"share", static_cast<double>(snapshots->size()) / static_cast<double>(days_asked)},
                      {"gaps", GapsOf(*snapshots, asked)}};
  return services.builder.Ok(ContentType(asked.format),
                             RenderList(asked.format, HistoryRows(before, *snapshots, asked), meta, kHistoryColumns),
                             as_of);
}

Checked<ReadQuery> ReadHistory(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  const sys_days today = DayOf(services.clock.Now());
  const auto from = params.Day("from");
  const sys_days to = params.Day("to").value_or(today);
  HistoryRequest asked{*name, from.value_or(to - kHistoryDaysDefault), to, ReadFormat(params)};
  if (asked.from > asked.to)
    params.Reject("from", FormatDay(asked.from), "a day not after `to`, " + FormatDay(asked.to));
  if ((asked.to - asked.from).count() >= kHistoryDaysMax) {
    params.Reject("from", FormatDay(asked.from), "at most " + std::to_string(kHistoryDaysMax) + " days up to `to`");
  }
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/repos/" + ToLowerAscii(name->full()) + "/popularity/history?from=" + FormatDay(asked.from) +
                       "&to=" + FormatDay(asked.to) + "&format=" + ToString(asked.format),
                   kRepositoriesScope, [&services, request, asked] { return ShowHistory(services, request, asked); }};
}

}  // namespace

void AddPopularityRoutes(RouteTable& table, Services& services) {
  const auto read = [&services](auto handler) {
    return ReadHandler([&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    });
  };
  table.Add({Method::kGet, "/api/v1/repos/{owner}/{repo}/popularity/history", Access::kAnybody, read(ReadHistory),
             "Stars, forks and open issues of each day"});
}

}  // namespace repopulse::http
