// /api/v1/repos/{owner}/{repo}/activity: what happens in one repository, by type of event, now and over time.
#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_basis.h"
#include "http/event_buckets.h"
#include "http/event_render.h"
#include "http/paging.h"
#include "http/series_stream.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

// ---- GET …/activity

constexpr int64_t kDaysDefault = 7;
constexpr int64_t kDaysMax = 90;
constexpr int64_t kEventsDefault = 500;
constexpr int64_t kEventsMax = 500;

const std::vector<std::string_view> kActivityColumns = {"type",
                                                        "action",
                                                        "count",
                                                        "first_at",
                                                        "last_at",
                                                        "mean_interval_seconds",
                                                        "median_interval_seconds",
                                                        "p90_interval_seconds",
                                                        "actors"};
const std::vector<std::string_view> kBotWords = {"include", "exclude", "only"};  // in the order of BotFilter

struct ActivityRequest {
  RepositoryName name;
  int64_t days = kDaysDefault;
  int64_t events = kEventsDefault;
  BotFilter bots = BotFilter::kInclude;
  ListFormat format = ListFormat::kJson;
};

// Of one type, or of one action of it.
struct Happened {
  std::vector<TimePoint> times;
  std::set<int64_t> actors;
};

Json RowOf(const char* name, const std::string& value, const Happened& happened) {
  Json row = {{name, value}, {"count", happened.times.size()}};
  row.update(ToJson(StatisticsOf(happened.times)));
  row["actors"] = happened.actors.size();
  return row;
}

std::vector<Json> ActivityRows(const std::vector<TypedTime>& events) {
  struct OfType {
    Happened all;
    std::map<std::string, Happened> by_action;
  };
  std::map<std::string, OfType> by_type;
  for (const TypedTime& event : events) {
    OfType& type = by_type[event.type];
    const auto note = [&event](Happened& happened) {
      happened.times.push_back(event.created_at);
      happened.actors.insert(event.actor_id);
    };
    note(type.all);
    if (!event.action.empty()) note(type.by_action[event.action]);
  }
  std::vector<Json> rows;
  for (const auto& [name, type] : by_type) {
    rows.push_back(RowOf("type", name, type.all));
    rows.back()["actions"] = Json::array();
    for (const auto& [action, happened] : type.by_action) {
      rows.back()["actions"].push_back(RowOf("action", action, happened));
    }
  }
  return rows;
}

Result<Representation> ShowActivity(const Services& services, const Request& request, const ActivityRequest& asked) {
  auto located = LocateEvents(services, request, asked.name, {asked.format, kActivityColumns});
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->instead) return *std::move(located->instead);
  const RepositoryId id = located->repository->id;
  const TimePoint now = services.clock.Now();
  const auto window = services.events.Window(id, now - days{asked.days}, static_cast<size_t>(asked.events), asked.bots);
  if (!window) return tl::make_unexpected(window.error());
  const auto score = services.events.Activity(id);
  if (!score) return tl::make_unexpected(score.error());
  auto stated = State(services,
                      {.repository = id,
                       .from = window->from,
                       .to = now,
                       .bound = window->bound == WindowBound::kEvents ? "events" : "days",
                       .sample_size = static_cast<int64_t>(window->events.size())},
                      now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  Json& meta = stated->meta;
  meta["window"]["days"] = asked.days;
  meta["window"]["events"] = asked.events;
  meta["repository"] = located->repository->name.full();
  meta["bots"] = kBotWords[static_cast<size_t>(asked.bots)];
  meta["activity"] = *score ? ToJson(**score, true) : Json(nullptr);
  auto rows = ActivityRows(window->events);
  if (asked.format == ListFormat::kCsv) rows = Flattened(rows);
  return services.builder.Ok(ContentType(asked.format), RenderList(asked.format, rows, meta, kActivityColumns),
                             stated->data_as_of);
}

Checked<ReadQuery> ReadActivity(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  ActivityRequest asked{.name = *name};
  asked.days = params.Integer("days", 1, kDaysMax).value_or(kDaysDefault);
  asked.events = params.Integer("events", 1, kEventsMax).value_or(kEventsDefault);
  const auto bots = std::ranges::find(kBotWords, params.OneOf("bots", kBotWords, kBotWords.front()));
  asked.bots = static_cast<BotFilter>(bots - kBotWords.begin());
  asked.format = ReadFormat(params);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/repos/" + ToLowerAscii(name->full()) + "/activity?days=" + std::to_string(asked.days) +
                       "&events=" + std::to_string(asked.events) + "&bots=" + std::string(*bots) +
                       "&format=" + ToString(asked.format),
                   kEventsScope, [&services, request, asked] { return ShowActivity(services, request, asked); }};
}

// ---- GET …/activity/history

constexpr days kHistoryDefaultOfDays{90};
constexpr days kHistoryDefaultOfHours{7};

struct HistoryRequest {
  RepositoryName name;
  BucketSpan span;
  ListFormat format = ListFormat::kJson;
};

const char* NameOf(seconds bucket) { return bucket == hours{1} ? "hour" : "day"; }

Result<Representation> ShowHistory(const Services& services, const Request& request, const HistoryRequest& asked) {
  auto located = LocateEvents(services, request, asked.name, {asked.format, {"bucket", "total"}});
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->instead) return *std::move(located->instead);
  const RepositoryId id = located->repository->id;
  const auto counts = services.events.History(id, asked.span.bucket, asked.span.from, asked.span.to);
  if (!counts) return tl::make_unexpected(counts.error());
  int64_t events = 0;
  for (const BucketCount& count : *counts) events += count.events;
  const TimePoint now = services.clock.Now();
  auto stated = State(services,
                      {.repository = id,
                       .from = asked.span.from,
                       .to = std::min(asked.span.to + asked.span.bucket, std::max(now, asked.span.from)),
                       .bound = std::string(NameOf(asked.span.bucket)) + "s",
                       .sample_size = events},
                      now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  stated->meta["repository"] = located->repository->name.full();
  stated->meta["bucket"] = NameOf(asked.span.bucket);
  return services.builder.Ok(ContentType(asked.format), RenderBuckets(asked.format, *counts, asked.span, stated->meta),
                             stated->data_as_of);
}

// The same rows, of more buckets. The types are looked for first, as each row has all of them; one that is seen for the
// first time meanwhile is left out.
Result<Opened> StreamHistory(const Services& services, const Request& request, const HistoryRequest& asked) {
  auto located = LocateEvents(services, request, asked.name, {asked.format, {"bucket", "total"}});
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->instead) return Opened(*std::move(located->instead));
  const auto counts_of = [&services, id = located->repository->id](const BucketSpan& piece) {
    return services.events.History(id, piece.bucket, piece.from, piece.to);
  };
  EventTypes types;
  auto looked = EachPiece(asked.span, [&](const BucketSpan& piece) -> Status {
    auto counts = counts_of(piece);
    if (!counts) return tl::make_unexpected(std::move(counts.error()));
    types.merge(TypesOf(*counts));
    return {};
  });
  if (!looked) return tl::make_unexpected(std::move(looked.error()));
  return StreamSeries(asked.format, asked.span,
                      [counts_of, types = std::move(types), format = asked.format](const BucketSpan& piece,
                                                                                   bool first) -> Result<std::string> {
                        const auto counts = counts_of(piece);
                        if (!counts) return tl::make_unexpected(counts.error());
                        return RenderBucketRows(format, *counts, types, piece, first);
                      });
}

// A day given as `to` is meant as a whole, but not further than now; the current bucket is the last by default.
TimePoint LastBucket(const std::optional<Params::Moment>& to, seconds bucket, TimePoint now) {
  const TimePoint current = BucketOf(now, bucket);
  if (!to) return current;
  if (!to->whole_day) return BucketOf(to->time, bucket);
  return std::max(to->time, std::min(to->time + days{1} - bucket, current));
}

Checked<Reading> ReadHistory(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  const bool by_hour = params.OneOf("bucket", {"hour", "day"}, "day") == "hour";
  HistoryRequest asked{.name = *name, .span = {{}, {}, by_hour ? seconds{hours{1}} : seconds{days{1}}}};
  BucketSpan& span = asked.span;
  const auto given = params.Time("from");
  span.to = LastBucket(params.Time("to"), span.bucket, services.clock.Now());
  const days otherwise = by_hour ? kHistoryDefaultOfHours : kHistoryDefaultOfDays;
  span.from = BucketOf(given ? given->time : std::max(TimePoint{}, span.to - otherwise), span.bucket);
  asked.format = ReadFormat(params);
  const std::string from = FormatRfc3339(span.from);
  const std::string to = FormatRfc3339(span.to);
  if (span.from > span.to) params.Reject("from", from, "a time not after `to`, " + to);
  CheckLength(params, from, span, asked.format, "buckets");
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  Reading reading =
      ReadQuery{"v1/repos/" + ToLowerAscii(name->full()) + "/activity/history?bucket=" + NameOf(span.bucket) +
                    "&from=" + from + "&to=" + to + "&format=" + ToString(asked.format),
                kEventsScope, [&services, request, asked] { return ShowHistory(services, request, asked); }};
  if (BucketsIn(span) > kBucketsWhole) {
    reading.open = [&services, request, asked] { return StreamHistory(services, request, asked); };
  }
  return reading;
}

}  // namespace

void AddActivityRoutes(RouteTable& table, Services& services) {
  const auto read = [&services](auto handler) {
    return ReadHandler([&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    });
  };
  table.Add({Method::kGet, "/api/v1/repos/{owner}/{repo}/activity", Access::kAnybody, read(ReadActivity),
             "A repository's events of the last days by type: counts, intervals, actors"});
  table.Add({Method::kGet, "/api/v1/repos/{owner}/{repo}/activity/history", Access::kAnybody, read(ReadHistory),
             "A repository's events by hour or day and type"});
}

}  // namespace repopulse::http
