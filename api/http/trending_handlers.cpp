// /api/v1/trending: the repositories that gain stars and forks now, in all of GitHub or in one topic.
#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_basis.h"
#include "http/event_render.h"
#include "http/paging.h"
#include "http/trending.h"

namespace repopulse::http {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr int64_t kHoursMax = 168;  // a week

const std::vector<std::string_view> kColumns = {
    "rank", "id", "full_name", "html_url", "description", "language", "stargazers_count", "score", "stars", "forks"};
const std::vector<std::string_view> kComponentColumns = {"actors",           "age_years",        "pushed_at",
                                                         "components.stars", "components.forks", "components.age"};

struct TrendingRequest {
  TrendingQuery query;
  hours window = kTrendingWindow;
  int64_t rank = 0;  // of the last one of the page before
  bool explain = false;
  Paging paging;
};

// The window stays where it was on the first page, so that no place moves between pages because time has passed.
constexpr size_t kCursorFields = 4;  // key, id, rank, the window's end in seconds

std::string CursorKind(const TrendingRequest& asked) {
  return "trending:" + std::to_string(asked.window.count()) + ":" + (asked.query.topic ? asked.query.topic->str() : "");
}

std::string CursorAfter(const TrendingRequest& asked, const TrendingPosition& last, int64_t rank) {
  return MakeCursor(CursorKind(asked), {std::to_string(last.key), std::to_string(last.id.value), std::to_string(rank),
                                        std::to_string(SecondsSinceEpoch(asked.query.to).count())});
}

// False where the cursor is none of this list's, or of a time of which the events may be gone.
bool TakeCursor(TrendingRequest& asked, TimePoint now) {
  const auto fields = ReadCursor(CursorKind(asked), kCursorFields, *asked.paging.cursor);
  if (!fields) return false;
  const auto key = ParseInteger<int64_t>((*fields)[0]);
  const auto id = ParseInteger<int64_t>((*fields)[1]);
  const auto rank = ParseInteger<int64_t>((*fields)[2]);
  const auto to = ParseInteger<int64_t>((*fields)[3]);
  if (!key || !id || !rank || !to || *rank < 1) return false;
  if (*to > SecondsSinceEpoch(now).count() || *to < SecondsSinceEpoch(now - hours{kHoursMax}).count()) return false;
  asked.query.after = TrendingPosition{*key, RepositoryId{*id}};
  asked.query.to = TimePoint{seconds{*to}};
  asked.rank = *rank;
  return true;
}

std::vector<std::string_view> ColumnsOf(const TrendingRequest& asked) {
  auto columns = kColumns;
  if (asked.explain) columns.insert(columns.end(), kComponentColumns.begin(), kComponentColumns.end());
  return columns;
}

Json RowOf(const TrendingRepository& one, int64_t rank, bool explain) {
  Json row = {{"rank", rank},
              {"id", one.id.value},
              {"full_name", one.name ? Json(one.name->full()) : Json(nullptr)},
              {"html_url", GitHubPage(one.name)},
              {"description", nullptr},
              {"language", nullptr},
              {"stargazers_count", nullptr}};
  if (one.description) {
    row["description"] = one.description->description ? Json(*one.description->description) : Json(nullptr);
    row["language"] = one.description->language ? Json(*one.description->language) : Json(nullptr);
    row["stargazers_count"] = one.description->stargazers_count;
  }
  row.update(ToJson(one.trending, explain));
  if (!explain) return row;
  const auto pushed_at = one.description ? one.description->pushed_at : std::nullopt;
  row["pushed_at"] = pushed_at ? Json(FormatRfc3339(*pushed_at)) : Json(nullptr);
  return row;
}

Status CheckTopic(const Services& services, const std::optional<TopicName>& name) {
  if (!name) return {};
  const auto topic = services.topics.Find(*name);
  if (!topic) return tl::make_unexpected(topic.error());
  if (!*topic || !(*topic)->tracked) return NotTracked(*name);
  return {};
}

Result<Representation> ShowTrending(const Services& services, const Request& request, TrendingRequest asked) {
  if (auto tracked = CheckTopic(services, asked.query.topic); !tracked) return tl::make_unexpected(tracked.error());
  const TimePoint now = services.clock.Now();
  if (!asked.query.after) asked.query.to = std::chrono::floor<seconds>(now);
  asked.query.from = asked.query.to - asked.window;
  const auto page = services.trends.Trending(asked.query);
  if (!page) return tl::make_unexpected(page.error());
  std::vector<Json> rows;
  for (const TrendingRepository& one : page->items) rows.push_back(RowOf(one, ++asked.rank, asked.explain));
  auto stated = State(services,
                      {.repository = std::nullopt,
                       .from = asked.query.from,
                       .to = asked.query.to,
                       .bound = "hours",
                       .sample_size = page->events},
                      now);
  if (!stated) return tl::make_unexpected(std::move(stated.error()));
  Json& meta = stated->meta;
  meta["window"]["hours"] = asked.window.count();
  meta["topic"] = asked.query.topic ? Json(asked.query.topic->str()) : Json(nullptr);
  meta["per_page"] = asked.paging.per_page;
  meta["guards"] = {{"stars_over", kTrendingStarsOver},
                    {"actors_share_over", kTrendingActorsShareOver},
                    {"pushed_within_days", kTrendingPushedWithin.count()}};
  const std::string link =
      page->has_more ? LinkToNext(request, CursorAfter(asked, page->items.back().position, asked.rank)) : std::string();
  return services.builder.Ok(ContentType(asked.paging.format),
                             RenderList(asked.paging.format, rows, meta, ColumnsOf(asked)), stated->data_as_of, link);
}

constexpr size_t kTopicBytesMax = 100;

Checked<ReadQuery> ReadTrending(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  TrendingRequest asked;
  asked.window = hours{params.Integer("hours", 1, kHoursMax).value_or(kTrendingWindow.count())};
  if (const auto topic = params.Text("topic", kTopicBytesMax)) {
    asked.query.topic = TopicName::Parse(*topic);
    if (!asked.query.topic) {
      params.Reject("topic", *topic, "1 to 50 letters, digits and hyphens, not starting with a hyphen");
    }
  }
  asked.explain = params.Boolean("explain").value_or(false);
  asked.paging = Paging::Read(params);
  asked.query.limit = asked.paging.per_page;
  if (asked.paging.cursor && !TakeCursor(asked, services.clock.Now())) {
    params.Reject("cursor", *asked.paging.cursor,
                  "a cursor of this list with these hours and topic, from its Link header");
  }
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/trending?hours=" + std::to_string(asked.window.count()) +
                       "&topic=" + (asked.query.topic ? asked.query.topic->str() : "") +
                       (asked.explain ? "&explain" : "") + "&" + asked.paging.Key(),
                   asked.query.topic ? ScopeOf(*asked.query.topic) : kEventsScope,
                   [&services, request, asked] { return ShowTrending(services, request, asked); }};
}

}  // namespace

Json GitHubPage(const std::optional<RepositoryName>& name) {
  return name ? Json("https://github.com/" + name->full()) : Json(nullptr);
}

TrendingQuery TrendingOfLast(hours window, TimePoint now) {
  TrendingQuery query;
  query.to = std::chrono::floor<seconds>(now);
  query.from = query.to - window;
  return query;
}

void AddTrendingRoutes(RouteTable& table, Services& services) {
  table.Add({Method::kGet, "/api/v1/trending", Access::kAnybody,
             ReadHandler([&services](const Request& request, const PathValues& values) {
               return ReadTrending(services, request, values);
             }),
             "Repositories that gain stars and forks now"});
}

}  // namespace repopulse::http
