// /api/v1/repos/{owner}/{repo}/popularity: how popular a repository was on each day.
#include <map>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/meta.h"
#include "http/paging.h"
#include "http/render.h"
#include "http/repository_lookup.h"
#include "http/series_stream.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr days kHistoryDaysDefault{90};

const std::vector<std::string_view> kHistoryColumns = {
    "day",         "observed",     "stargazers_count",  "stars_change",
    "forks_count", "forks_change", "open_issues_count", "open_issues_change"};

struct DaySpan {
  sys_days from;
  sys_days to;  // inclusive
};
struct HistoryRequest {
  RepositoryName name;
  DaySpan span;
  ListFormat format = ListFormat::kJson;
};

Json ChangeFrom(const std::optional<Snapshot>& before, int64_t Snapshot::*count, const Snapshot& now) {
  return before ? Json(now.*count - (*before).*count) : Json(nullptr);
}

// One row for each day. Days on which nothing was seen repeat the day before, marked as not observed; days before the
// first observation hold no numbers, for none are known.
// `last` is the day before the first, as far as it is known: what the first day's change is counted from; then the
// last.
std::vector<Json> HistoryRows(std::optional<Snapshot>& last, const std::vector<Snapshot>& snapshots,
                              const DaySpan& span) {
  std::map<sys_days, Snapshot> by_day;
  for (const Snapshot& snapshot : snapshots) by_day.emplace(snapshot.day, snapshot);
  std::vector<Json> rows;
  for (sys_days day = span.from; day <= span.to; day += days{1}) {
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
Json GapsOf(const std::vector<Snapshot>& snapshots, const DaySpan& span) {
  Json gaps = Json::array();
  sys_days next = span.from;  // the first day not accounted for
  const auto close = [&](sys_days until) {
    if (next < until) gaps.push_back({{"from", FormatDay(next)}, {"to", FormatDay(until - days{1})}});
  };
  for (const Snapshot& snapshot : snapshots) {
    close(snapshot.day);
    next = snapshot.day + days{1};
  }
  close(span.to + days{1});
  return gaps;
}

// What was seen on the days; the day before the first apart from them.
struct DaysSeen {
  std::optional<Snapshot> before;
  std::vector<Snapshot> days;
};
Result<DaysSeen> ReadDays(const Services& services, RepositoryId id, const DaySpan& span) {
  auto snapshots = services.repositories.Snapshots(id, span.from - days{1}, span.to);
  if (!snapshots) return tl::make_unexpected(std::move(snapshots.error()));
  DaysSeen seen{{}, *std::move(snapshots)};
  if (!seen.days.empty() && seen.days.front().day < span.from) {
    seen.before = seen.days.front();
    seen.days.erase(seen.days.begin());
  }
  return seen;
}

Result<Representation> ShowHistory(const Services& services, const Request& request, const HistoryRequest& asked) {
  auto located = Locate(services, request, asked.name);
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->moved) return *std::move(located->moved);
  auto seen = ReadDays(services, located->id, asked.span);
  if (!seen) return tl::make_unexpected(std::move(seen.error()));
  const auto days_asked = (asked.span.to - asked.span.from).count() + 1;
  const TimePoint as_of = located->stored ? located->stored->fetched_at : services.clock.Now();
  Json meta = CompleteMeta(services, {{"data_as_of", FormatRfc3339(as_of)}});
  meta["repository"] = located->name.full();
  meta["window"] = {{"from", FormatDay(asked.span.from)}, {"to", FormatDay(asked.span.to)}, {"bound", "days"}};
  meta["sample_size"] = seen->days.size();
  meta["coverage"] = {{"share", static_cast<double>(seen->days.size()) / static_cast<double>(days_asked)},
                      {"gaps", GapsOf(seen->days, asked.span)}};
  const auto rows = HistoryRows(seen->before, seen->days, asked.span);
  return services.builder.Ok(ContentType(asked.format), RenderList(asked.format, rows, meta, kHistoryColumns), as_of);
}

// The same rows, of more days.
Result<Opened> StreamHistory(const Services& services, const Request& request, const HistoryRequest& asked) {
  auto located = Locate(services, request, asked.name);
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->moved) return Opened(*std::move(located->moved));
  auto last = std::make_shared<std::optional<Snapshot>>();
  const auto make = [&services, id = located->id, format = asked.format, last](const BucketSpan& piece,
                                                                               bool first) -> Result<std::string> {
    const DaySpan span{DayOf(piece.from), DayOf(piece.to)};
    auto seen = ReadDays(services, id, span);
    if (!seen) return tl::make_unexpected(std::move(seen.error()));
    if (first) *last = seen->before;
    return RenderRows(format, HistoryRows(*last, seen->days, span), kHistoryColumns, first);
  };
  return StreamSeries(asked.format, {asked.span.from, asked.span.to, days{1}}, make);
}

Checked<Reading> ReadHistory(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  const sys_days today = DayOf(services.clock.Now());
  const auto from = params.Day("from");
  const sys_days to = params.Day("to").value_or(today);
  const HistoryRequest asked{*name, {from.value_or(to - kHistoryDaysDefault), to}, ReadFormat(params)};
  const std::string from_text = FormatDay(asked.span.from);
  if (asked.span.from > to) params.Reject("from", from_text, "a day not after `to`, " + FormatDay(to));
  const BucketSpan span{asked.span.from, to, days{1}};
  CheckLength(params, from_text, span, asked.format, "days");
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  Reading reading =
      ReadQuery{"v1/repos/" + ToLowerAscii(name->full()) + "/popularity/history?from=" + from_text +
                    "&to=" + FormatDay(to) + "&format=" + ToString(asked.format),
                kRepositoriesScope, [&services, request, asked] { return ShowHistory(services, request, asked); }};
  if (BucketsIn(span) > kBucketsWhole) {
    reading.open = [&services, request, asked] { return StreamHistory(services, request, asked); };
  }
  return reading;
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
