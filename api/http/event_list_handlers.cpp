// /api/v1: lists of events themselves, newest first.
#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_basis.h"
#include "http/event_render.h"
#include "http/paging.h"

namespace repopulse::http {
namespace {

// A page ends early where its payloads make it larger than this; the next one goes on from there.
constexpr size_t kPageBytesMax = 2 * 1024 * 1024;
constexpr const char* kPublicEvent = "PublicEvent";

const std::vector<std::string_view> kEventColumns = {"id",          "type",    "action",    "number",    "actor.id",
                                                     "actor.login", "repo.id", "repo.name", "created_at"};
const std::vector<std::string_view> kPublishedColumns = {"id", "full_name", "published_at", "actor"};

struct ListRequest {
  EventListQuery query;
  Paging paging;
};

std::string CursorAfter(const char* kind, const Event& last) {
  return MakeCursor(kind,
                    {std::to_string(SecondsSinceEpoch(last.created_at).count()), std::to_string(last.id), last.type});
}

std::optional<EventPosition> ReadPosition(const char* kind, const std::string& cursor) {
  constexpr size_t kFields = 3;
  constexpr int64_t kSecondsMax = 253'402'300'799;  // the last second of the year 9999
  const auto fields = ReadCursor(kind, kFields, cursor);
  if (!fields) return std::nullopt;
  const auto seconds = ParseInteger<int64_t>((*fields)[0]);
  const auto id = ParseInteger<int64_t>((*fields)[1]);
  if (!seconds || *seconds < 0 || *seconds > kSecondsMax || !id || !IsEventWord((*fields)[2])) return std::nullopt;
  return EventPosition{TimePoint{std::chrono::seconds{*seconds}}, *id, (*fields)[2]};
}

void ReadPaging(Params& params, const char* kind, ListRequest& asked) {
  asked.paging = Paging::Read(params);
  asked.query.limit = asked.paging.per_page;
  if (!asked.paging.cursor) return;
  asked.query.after = ReadPosition(kind, *asked.paging.cursor);
  if (!asked.query.after) {
    params.Reject("cursor", *asked.paging.cursor, "a cursor of this list, from its Link header");
  }
}

// From where to where the page's events reach: the time asked for, or else what is shown.
Basis BasisOf(const ListRequest& asked, const std::vector<Event>& items, TimePoint now) {
  Basis basis{.repository = asked.query.repository,
              .from = asked.query.since,
              .to = std::min(asked.query.until.value_or(now), now),
              .bound = asked.query.since ? "since" : "events",
              .sample_size = static_cast<int64_t>(items.size())};
  if (!basis.from && !items.empty()) basis.from = items.back().created_at;
  return basis;
}

// ---- GET /repos/{owner}/{repo}/events

constexpr const char* kEventsCursor = "events";

// Leaves out the payload, which no table can hold.
Json TableRow(const Event& event) {
  return {{"id", std::to_string(event.id)},
          {"type", event.type},
          {"action", event.action},
          {"number", event.number ? Json(*event.number) : Json(nullptr)},
          {"actor", {{"id", event.actor_id}, {"login", event.actor_login}}},
          {"repo", {{"id", event.repository.value}, {"name", event.repository_name}}},
          {"created_at", FormatRfc3339(event.created_at)}};
}

// The page's events as they go out, cut where they become too large: `page` then has fewer and more behind it.
std::vector<std::string> TextsOf(EventListPage& page, const std::string& api_url) {
  std::vector<std::string> texts;
  size_t bytes = 0;
  for (const Event& event : page.items) {
    std::string text = ToGitHubText(event, api_url);
    bytes += text.size();
    if (bytes > kPageBytesMax && !texts.empty()) break;
    texts.push_back(std::move(text));
  }
  if (texts.size() < page.items.size()) {
    page.items.erase(page.items.begin() + static_cast<std::ptrdiff_t>(texts.size()), page.items.end());
    page.has_more = true;
  }
  return texts;
}

std::string BodyOf(ListFormat format, const std::vector<Event>& items, const std::vector<std::string>& texts,
                   const Json& meta) {
  if (format == ListFormat::kJson) return R"({"data":)" + JoinList(texts) + R"(,"meta":)" + ToText(meta) + "}";
  if (format == ListFormat::kCsv) {
    std::vector<Json> rows;
    for (const Event& event : items) rows.push_back(TableRow(event));
    return RenderList(format, rows, meta, kEventColumns);
  }
  std::string lines;
  for (const std::string& text : texts) lines += text + "\n";
  return lines;
}

Result<Representation> ShowEvents(const Services& services, const Request& request, const RepositoryName& name,
                                  ListRequest asked) {
  auto located = LocateEvents(services, request, name, {asked.paging.format, kEventColumns});
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->instead) return *std::move(located->instead);
  asked.query.repository = located->repository->id;
  auto page = services.events.List(asked.query);
  if (!page) return tl::make_unexpected(std::move(page.error()));
  const auto texts = TextsOf(*page, services.github_url);
  const TimePoint now = services.clock.Now();
  auto stated = State(services, BasisOf(asked, page->items, now), now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  stated->meta["repository"] = located->repository->name.full();
  stated->meta["total"] = page->total ? Json(*page->total) : Json(nullptr);
  stated->meta["per_page"] = asked.paging.per_page;
  const std::string link =
      page->has_more ? LinkToNext(request, CursorAfter(kEventsCursor, page->items.back())) : std::string();
  return services.builder.Ok(ContentType(asked.paging.format),
                             BodyOf(asked.paging.format, page->items, texts, stated->meta), stated->data_as_of, link);
}

std::string KeyOf(const std::optional<TimePoint>& time) {
  return time ? std::to_string(time->time_since_epoch().count()) : "";
}

Checked<ReadQuery> ReadEvents(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  ListRequest asked;
  const EventWords words = EventWords::Read(params);
  asked.query.type = words.type;
  asked.query.action = words.action;
  if (const auto since = params.Time("since")) asked.query.since = since->time;
  if (const auto until = params.Time("until")) asked.query.until = until->time;
  if (asked.query.since && asked.query.until && *asked.query.since >= *asked.query.until) {
    params.Reject("since", FormatRfc3339(*asked.query.since),
                  "a time before `until`, " + FormatRfc3339(*asked.query.until));
  }
  ReadPaging(params, kEventsCursor, asked);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{
      "v1/repos/" + ToLowerAscii(name->full()) + "/events?" + words.Key() + "&since=" + KeyOf(asked.query.since) +
          "&until=" + KeyOf(asked.query.until) + "&" + asked.paging.Key(),
      kEventsScope,
      [&services, request, repository = *name, asked] { return ShowEvents(services, request, repository, asked); }};
}

// ---- GET /events/published

constexpr const char* kPublishedCursor = "published";

// One made public twice is there twice, each at its time.
Result<Representation> ShowPublished(const Services& services, const Request& request, const ListRequest& asked) {
  const auto page = services.events.List(asked.query);
  if (!page) return tl::make_unexpected(page.error());
  std::vector<Json> rows;
  for (const Event& event : page->items) {
    rows.push_back({{"id", event.repository.value},
                    {"full_name", event.repository_name.empty() ? Json(nullptr) : Json(event.repository_name)},
                    {"published_at", FormatRfc3339(event.created_at)},
                    {"actor", event.actor_login}});
  }
  const TimePoint now = services.clock.Now();
  auto stated = State(services, BasisOf(asked, page->items, now), now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  stated->meta["total"] = page->total ? Json(*page->total) : Json(nullptr);
  stated->meta["per_page"] = asked.paging.per_page;
  const std::string link =
      page->has_more ? LinkToNext(request, CursorAfter(kPublishedCursor, page->items.back())) : std::string();
  return services.builder.Ok(ContentType(asked.paging.format),
                             RenderList(asked.paging.format, rows, stated->meta, kPublishedColumns), stated->data_as_of,
                             link);
}

Checked<ReadQuery> ReadPublished(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  ListRequest asked;
  asked.query.type = kPublicEvent;
  ReadPaging(params, kPublishedCursor, asked);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/events/published?" + asked.paging.Key(), kEventsScope,
                   [&services, request, asked] { return ShowPublished(services, request, asked); }};
}

}  // namespace

void AddEventListRoutes(RouteTable& table, Services& services) {
  const auto read = [&services](auto handler) {
    return ReadHandler([&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    });
  };
  table.Add({Method::kGet, "/api/v1/repos/{owner}/{repo}/events", Access::kAnybody, read(ReadEvents),
             "A repository's events in GitHub's own form, newest first"});
  table.Add({Method::kGet, "/api/v1/events/published", Access::kAnybody, read(ReadPublished),
             "Repositories made public, the latest first"});
}

}  // namespace repopulse::http
