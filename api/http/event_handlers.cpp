// /api/v1/events: what happened in all repositories, or in one, counted.
#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_basis.h"
#include "http/event_buckets.h"
#include "http/event_render.h"
#include "http/paging.h"

namespace repopulse::http {
namespace {

using std::chrono::minutes;

constexpr int64_t kMinutesMax = 43'200;  // 30 days
constexpr int64_t kSeriesMinutesMax = 120;
constexpr int64_t kSeriesMinutesDefault = 60;
constexpr int64_t kMinCountMax = 1'000'000'000;
constexpr int64_t kMinCountDefault = 2;

const std::vector<std::string_view> kCountColumns = {"type", "action", "count", "first_at", "last_at"};
const std::vector<std::string_view> kRepositoryCountColumns = {"id", "full_name", "count", "first_at", "last_at"};

// The events a question is about, once its repository is known.
struct Selection {
  EventFilter filter;
  std::optional<RepositoryName> name;     // the present one
  std::optional<Representation> instead;  // a 202
};

Result<Selection> Select(const Services& services, const EventWords& words, const std::optional<RepositoryName>& name,
                         const ListForm& form) {
  Selection selection{{words.type, words.action, std::nullopt}, std::nullopt, std::nullopt};
  if (!name) return selection;
  auto known = FindEventRepository(services, *name);
  if (!known) return tl::make_unexpected(std::move(known.error()));
  const auto awaited = IsAwaited(services, *known);
  if (!awaited) return tl::make_unexpected(awaited.error());
  if (*awaited) selection.instead = EventsAwaited(services, known->name, form);
  selection.filter.repository = known->id;
  selection.name = std::move(known->name);
  return selection;
}

void NoteRepository(Json& meta, const Selection& selection) {
  if (selection.name) meta["repository"] = selection.name->full();
}

std::string KeyOf(const std::optional<RepositoryName>& name) { return name ? ToLowerAscii(name->full()) : ""; }

// ---- GET /events/counts

struct CountsRequest {
  EventWords words;
  std::optional<RepositoryName> repository;
  std::optional<int64_t> minutes;  // none: all that were ever counted
  ListFormat format = ListFormat::kJson;
};

std::optional<TimePoint> FirstOf(const std::vector<EventCount>& counts) {
  std::optional<TimePoint> first;
  for (const EventCount& count : counts) first = first ? std::min(*first, count.first) : count.first;
  return first;
}

Result<Representation> ShowCounts(const Services& services, const CountsRequest& asked) {
  auto selection = Select(services, asked.words, asked.repository, {asked.format, kCountColumns});
  if (!selection) return tl::make_unexpected(std::move(selection.error()));
  if (selection->instead) return *std::move(selection->instead);
  const TimePoint now = services.clock.Now();
  const auto since = asked.minutes ? std::optional<TimePoint>(now - minutes{*asked.minutes}) : std::nullopt;
  const auto counts = services.events.Counts(selection->filter, since);
  if (!counts) return tl::make_unexpected(counts.error());
  auto stated = State(services,
                      {.repository = selection->filter.repository,
                       .from = counts->since ? counts->since : FirstOf(counts->counts),
                       .to = now,
                       .bound = asked.minutes ? "minutes" : "all",
                       .sample_size = TotalOf(counts->counts)},
                      now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  if (asked.minutes) stated->meta["window"]["minutes"] = *asked.minutes;
  NoteRepository(stated->meta, *selection);
  auto rows = TypeRows(counts->counts);
  if (asked.format == ListFormat::kCsv) rows = Flattened(rows);
  return services.builder.Ok(ContentType(asked.format), RenderList(asked.format, rows, stated->meta, kCountColumns),
                             stated->data_as_of);
}

Checked<ReadQuery> ReadCounts(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  CountsRequest asked;
  asked.minutes = params.Integer("minutes", 1, kMinutesMax);
  asked.words = EventWords::Read(params);
  asked.repository = ReadRepositoryParameter(params);
  asked.format = ReadFormat(params);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/events/counts?minutes=" + (asked.minutes ? std::to_string(*asked.minutes) : "") + "&" +
                       asked.words.Key() + "&repo=" + KeyOf(asked.repository) + "&format=" + ToString(asked.format),
                   kEventsScope, [&services, asked] { return ShowCounts(services, asked); }};
}

// ---- GET /events/history: the last minutes one by one, of all repositories

struct MinutesRequest {
  int64_t minutes = 0;
  std::optional<std::string> type;
  ListFormat format = ListFormat::kJson;
};

Result<Representation> ShowMinutes(const Services& services, const MinutesRequest& asked) {
  constexpr std::chrono::seconds kBucket = minutes{1};
  const TimePoint now = services.clock.Now();
  const TimePoint to = BucketOf(now, kBucket);  // has begun
  const TimePoint from = to - kBucket * (asked.minutes - 1);
  auto counts = services.events.Minutes(from);
  if (!counts) return tl::make_unexpected(std::move(counts.error()));
  std::erase_if(*counts, [&](const BucketCount& count) {
    return count.bucket > to || (asked.type && count.type != *asked.type);
  });
  int64_t events = 0;
  for (const BucketCount& count : *counts) events += count.events;
  auto stated = State(
      services,
      {.repository = std::nullopt, .from = from, .to = std::max(from, now), .bound = "minutes", .sample_size = events},
      now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  stated->meta["window"]["minutes"] = asked.minutes;
  stated->meta["bucket"] = "minute";
  return services.builder.Ok(ContentType(asked.format),
                             RenderBuckets(asked.format, *counts, {from, to, kBucket}, stated->meta),
                             stated->data_as_of);
}

Checked<ReadQuery> ReadMinutes(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  MinutesRequest asked;
  asked.minutes = params.Integer("minutes", 1, kSeriesMinutesMax).value_or(kSeriesMinutesDefault);
  asked.type = ReadEventType(params);
  asked.format = ReadFormat(params);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/events/history?minutes=" + std::to_string(asked.minutes) + "&type=" + asked.type.value_or("") +
                       "&format=" + ToString(asked.format),
                   kEventsScope, [&services, asked] { return ShowMinutes(services, asked); }};
}

// ---- GET /events/intervals

struct IntervalsRequest {
  EventWords words;
  std::optional<RepositoryName> repository;
};

Result<Representation> ShowIntervals(const Services& services, const IntervalsRequest& asked) {
  auto selection = Select(services, asked.words, asked.repository, {});
  if (!selection) return tl::make_unexpected(std::move(selection.error()));
  if (selection->instead) return *std::move(selection->instead);
  const TimePoint now = services.clock.Now();
  const auto statistics = services.events.Intervals(selection->filter, EventReader::Percentiles::kWanted);
  if (!statistics) return tl::make_unexpected(statistics.error());
  auto stated = State(services,
                      {.repository = selection->filter.repository,
                       .from = statistics->first,
                       .to = now,
                       .bound = "all",
                       .sample_size = statistics->events},
                      now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  stated->meta["percentile_sample_size"] = statistics->percentile_intervals;
  Json data = {{"type", asked.words.type ? Json(*asked.words.type) : Json(nullptr)},
               {"action", asked.words.action ? Json(*asked.words.action) : Json(nullptr)},
               {"repository", selection->name ? Json(selection->name->full()) : Json(nullptr)},
               {"count", statistics->events}};
  data.update(ToJson(*statistics));
  return services.builder.Ok("application/json", ToText({{"data", data}, {"meta", stated->meta}}), stated->data_as_of);
}

Checked<ReadQuery> ReadIntervals(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  IntervalsRequest asked;
  asked.words = EventWords::Read(params);
  asked.repository = ReadRepositoryParameter(params);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/events/intervals?" + asked.words.Key() + "&repo=" + KeyOf(asked.repository), kEventsScope,
                   [&services, asked] { return ShowIntervals(services, asked); }};
}

// ---- GET /events/repositories

struct RepositoriesRequest {
  std::string type;
  int64_t min_count = kMinCountDefault;
  std::optional<int64_t> minutes;
  Paging paging;
  // Of the cursor. The window stays where it was on the first page, so that a repository does not move between pages
  // because time has passed.
  std::optional<RepositoryCountPosition> after;
  std::optional<TimePoint> since;
};

constexpr const char* kCursorKind = "events/repositories";
constexpr size_t kCursorFields = 3;  // count, id, the window's begin in seconds (empty: all)

std::string CursorAfter(const RepositoryCount& last, const std::optional<TimePoint>& since) {
  return MakeCursor(kCursorKind, {std::to_string(last.events), std::to_string(last.repository.value),
                                  since ? std::to_string(SecondsSinceEpoch(*since).count()) : ""});
}

// False where the cursor is none of this list's.
bool TakeCursor(RepositoriesRequest& asked, TimePoint now) {
  const auto fields = ReadCursor(kCursorKind, kCursorFields, *asked.paging.cursor);
  if (!fields) return false;
  const auto events = ParseInteger<int64_t>((*fields)[0]);
  const auto id = ParseInteger<int64_t>((*fields)[1]);
  const auto since = ParseInteger<int64_t>((*fields)[2]);
  if (!events || !id || since.has_value() != asked.minutes.has_value()) return false;
  if (since && (*since < 0 || *since > SecondsSinceEpoch(now).count())) return false;
  asked.after = RepositoryCountPosition{*events, RepositoryId{*id}};
  if (since) asked.since = TimePoint{std::chrono::seconds{*since}};
  return true;
}

Json RowOf(const RepositoryCount& count) {
  return {{"id", count.repository.value},
          {"full_name", count.name ? Json(count.name->full()) : Json(nullptr)},
          {"count", count.events},
          {"first_at", FormatRfc3339(count.first)},
          {"last_at", FormatRfc3339(count.last)}};
}

Result<Representation> ShowRepositories(const Services& services, const Request& request, RepositoriesRequest asked) {
  const TimePoint now = services.clock.Now();
  if (asked.minutes && !asked.since) {
    asked.since = std::chrono::floor<std::chrono::seconds>(now) - minutes{*asked.minutes};
  }
  const auto page =
      services.events.Repositories(asked.type, asked.min_count, asked.since, asked.after, asked.paging.per_page);
  if (!page) return tl::make_unexpected(page.error());
  std::vector<Json> rows;
  std::optional<TimePoint> first = asked.since;
  int64_t events = 0;
  for (const RepositoryCount& count : page->items) {
    rows.push_back(RowOf(count));
    events += count.events;
    if (!asked.since) first = first ? std::min(*first, count.first) : count.first;
  }
  auto stated = State(services,
                      {.repository = std::nullopt,
                       .from = first,
                       .to = now,
                       .bound = asked.minutes ? "minutes" : "all",
                       .sample_size = events},
                      now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  if (asked.minutes) stated->meta["window"]["minutes"] = *asked.minutes;
  stated->meta["type"] = asked.type;
  stated->meta["min_count"] = asked.min_count;
  stated->meta["per_page"] = asked.paging.per_page;
  const std::string link =
      page->has_more ? LinkToNext(request, CursorAfter(page->items.back(), asked.since)) : std::string();
  return services.builder.Ok(ContentType(asked.paging.format),
                             RenderList(asked.paging.format, rows, stated->meta, kRepositoryCountColumns),
                             stated->data_as_of, link);
}

Checked<ReadQuery> ReadRepositories(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  RepositoriesRequest asked;
  const bool given = params.Has("type");
  asked.type = ReadEventType(params).value_or("");
  if (!given) params.Reject("type", "", "an event's type, as PushEvent; it is needed here");
  asked.min_count = params.Integer("min_count", 1, kMinCountMax).value_or(kMinCountDefault);
  asked.minutes = params.Integer("minutes", 1, kMinutesMax);
  asked.paging = Paging::Read(params);
  if (asked.paging.cursor && !TakeCursor(asked, services.clock.Now())) {
    params.Reject("cursor", *asked.paging.cursor, "a cursor of this list, from its Link header");
  }
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/events/repositories?type=" + asked.type + "&min_count=" + std::to_string(asked.min_count) +
                       "&minutes=" + (asked.minutes ? std::to_string(*asked.minutes) : "") + "&" + asked.paging.Key(),
                   kEventsScope, [&services, request, asked] { return ShowRepositories(services, request, asked); }};
}

}  // namespace

void AddEventRoutes(RouteTable& table, Services& services) {
  const auto read = [&services](auto handler) {
    return ReadHandler([&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    });
  };
  table.Add({Method::kGet, "/api/v1/events/counts", Access::kAnybody, read(ReadCounts),
             "Events of the last minutes, or of all time, by type and action"});
  table.Add({Method::kGet, "/api/v1/events/history", Access::kAnybody, read(ReadMinutes),
             "Events of the last minutes by minute and type"});
  table.Add({Method::kGet, "/api/v1/events/intervals", Access::kAnybody, read(ReadIntervals),
             "The time between consecutive events: mean, median and ninetieth percentile"});
  table.Add({Method::kGet, "/api/v1/events/repositories", Access::kAnybody, read(ReadRepositories),
             "Repositories with at least so many events of a type"});
}

}  // namespace repopulse::http
