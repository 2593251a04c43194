// /api/v1/topics: tracked topics and their rankings.
#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_render.h"
#include "http/handlers.h"
#include "http/meta.h"
#include "http/paging.h"
#include "http/params.h"
#include "http/render.h"

namespace repopulse::http {
namespace {

constexpr std::chrono::seconds kFirstDataWithin{10};
constexpr std::chrono::days kGrowthWindow{7};
constexpr int64_t kStarsMax = 1'000'000'000;
constexpr size_t kLanguageBytesMax = 100;

const std::vector<std::string_view> kTopicColumns = {"name",           "tracked",  "added_at",   "repositories_count",
                                                     "reported_count", "complete", "data_as_of", "next_collection_at",
                                                     "last_error"};
const std::vector<std::string_view> kRankingColumns = {
    "rank",      "rank_change",      "growth.since", "growth.stars",      "growth.percent", "id",
    "full_name", "html_url",         "description",  "language",          "license",        "fork",
    "archived",  "stargazers_count", "forks_count",  "open_issues_count", "created_at",     "updated_at",
    "pushed_at"};
// Further columns of the orders by a score, and of their explanation.
const std::vector<std::string_view> kScoreColumns = {"activity.score"};
const std::vector<std::string_view> kComponentColumns = {"activity.actors",
                                                         "activity.components.issue_comments",
                                                         "activity.components.issues_opened",
                                                         "activity.components.pull_requests_opened",
                                                         "activity.components.review_comments",
                                                         "activity.components.pull_requests_merged"};

const std::vector<std::string_view> kTrendingColumns = {"trending.score", "trending.stars", "trending.forks"};
const std::vector<std::string_view> kTrendingComponentColumns = {
    "trending.actors", "trending.age_years", "trending.components.stars", "trending.components.forks",
    "trending.components.age"};

double ShareCollected(const Topic& topic) {
  if (topic.complete || topic.reported_count <= topic.repositories_count) return topic.published_at ? 1.0 : 0.0;
  return static_cast<double>(topic.repositories_count) / static_cast<double>(topic.reported_count);
}

Json MetaOf(const Services& services, const Topic& topic) {
  return CompleteMeta(
      services,
      {{"data_as_of", topic.published_at ? Json(FormatRfc3339(*topic.published_at)) : Json(nullptr)},
       {"topic", topic.name.str()},
       {"coverage", {{"share", ShareCollected(topic)}, {"complete", topic.complete}, {"gaps", Json::array()}}}});
}

// ---- GET /topics

struct TopicListQuery {
  Paging paging;
  std::string after;  // name; empty: from the start
};

Result<Representation> ListTopics(const Services& services, const Request& request, const TopicListQuery& query) {
  auto topics = services.topics.List();
  if (!topics) return tl::make_unexpected(std::move(topics.error()));
  const TimePoint now = services.clock.Now();
  std::vector<Json> rows;
  std::string link;
  for (const Topic& topic : *topics) {
    if (topic.name.str() <= query.after) continue;
    if (rows.size() == query.paging.per_page) {
      link = LinkToNext(request, MakeCursor("topics", {rows.back()["name"].get<std::string>()}));
      break;
    }
    rows.push_back(ToJson(topic));
  }
  const Json meta = CompleteMeta(
      services, {{"data_as_of", FormatRfc3339(now)}, {"total", topics->size()}, {"per_page", query.paging.per_page}});
  return services.builder.Ok(ContentType(query.paging.format),
                             RenderList(query.paging.format, rows, meta, kTopicColumns), now, link);
}

Checked<ReadQuery> ReadTopicList(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  TopicListQuery query{Paging::Read(params), ""};
  if (query.paging.cursor) {
    const auto fields = ReadCursor("topics", 1, *query.paging.cursor);
    if (fields) {
      query.after = fields->front();
    } else {
      params.Reject("cursor", *query.paging.cursor, "a cursor of this list, from its Link header");
    }
  }
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/topics?" + query.paging.Key(), kTopicsScope,
                   [&services, request, query] { return ListTopics(services, request, query); }};
}

// ---- GET, PUT, DELETE /topics/{topic}

Result<Representation> ShowTopic(const Services& services, const TopicName& name) {
  auto topic = services.topics.Find(name);
  if (!topic) return tl::make_unexpected(std::move(topic.error()));
  if (!*topic || !(*topic)->tracked) return NotTracked(name);
  const TimePoint as_of = (*topic)->published_at.value_or((*topic)->added_at);
  const Json body = {{"data", ToJson(**topic)}, {"meta", MetaOf(services, **topic)}};
  return services.builder.Ok("application/json", ToText(body), as_of);
}

Checked<ReadQuery> ReadTopic(const Services& services, const Request& request, const PathValues& values) {
  const auto name = TopicOf(values[0]);
  if (!name) return Refuse(name.error());
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/topics/" + name->str(), ScopeOf(*name),
                   [&services, topic = *name] { return ShowTopic(services, topic); }};
}

// Answers of other replicas and of the near-caches are made anew from now on.
void Forget(const Services& services, const TopicName& name) {
  for (const std::string& scope : {ScopeOf(name), kTopicsScope}) {
    // Where Redis is gone there is nothing shared to forget, and what is near ends with its freshness.
    (void)services.shared_cache.Invalidate(scope);
  }
}

Checked<Response> TrackTopic(const Services& services, const Request& request, const PathValues& values) {
  const auto name = TopicOf(values[0]);
  if (!name) return Refuse(name.error());
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const auto before = services.topics.Find(*name);
  if (!before) return Refuse(FromError(before.error()));
  const auto topic = services.topics.Track(*name, services.clock.Now());
  if (!topic) return Refuse(FromError(topic.error()));
  Forget(services, *name);
  const bool created = !*before || !(*before)->tracked;
  const Json body = {{"data", ToJson(*topic)}, {"meta", MetaOf(services, *topic)}};
  return Response{created ? 201 : 200, "application/json", "Location: /api/v1/topics/" + name->str() + "\r\n",
                  ToText(body)};
}

Checked<Response> UntrackTopic(const Services& services, const Request& request, const PathValues& values) {
  const auto name = TopicOf(values[0]);
  if (!name) return Refuse(name.error());
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const auto untracked = services.topics.Untrack(*name);
  if (!untracked) return Refuse(FromError(untracked.error()));
  if (!*untracked) return Refuse(FromError(NotTracked(*name).value()));
  Forget(services, *name);
  return Response{204, "", "", ""};
}

// ---- GET /topics/{topic}/repositories

struct RankingRequest {
  RankingQuery query;
  Paging paging;
  bool explain = false;  // with what the score consists of
};

std::vector<std::string_view> ColumnsOf(const RankingRequest& asked) {
  auto columns = kRankingColumns;
  const bool trending = asked.query.sort == RankingSort::kTrending;
  if (!trending && asked.query.sort != RankingSort::kActivity) return columns;
  const auto& scores = trending ? kTrendingColumns : kScoreColumns;
  columns.insert(columns.end(), scores.begin(), scores.end());
  if (!asked.explain) return columns;
  const auto& components = trending ? kTrendingComponentColumns : kComponentColumns;
  columns.insert(columns.end(), components.begin(), components.end());
  return columns;
}

Json RowOf(const RankedRepository& ranked, const RankingRequest& asked) {
  Json row = ToJson(ranked);
  if (asked.query.sort == RankingSort::kTrending) {
    row["trending"] = ranked.trending ? ToJson(*ranked.trending, asked.explain) : Json(nullptr);
    if (ranked.trending) row["trending"]["window_hours"] = kTrendingWindow.count();
  }
  if (asked.query.sort != RankingSort::kActivity) return row;
  row["activity"] = ranked.activity ? ToJson(*ranked.activity, asked.explain) : Json(nullptr);
  return row;
}

Json RankingMeta(const Services& services, const Topic& topic, const RankingRequest& asked, const RankingPage& page) {
  Json meta = MetaOf(services, topic);
  meta["sort"] = ToString(asked.query.sort);
  meta["total"] = page.total;
  meta["per_page"] = asked.query.limit;
  meta["sample_size"] = topic.repositories_count;
  meta["window"] = {
      {"from", FormatDay(asked.query.baseline_day)}, {"to", FormatRfc3339(*topic.published_at)}, {"bound", "7 days"}};
  return meta;
}

// A place in one topic's ranking is none in another's.
std::string CursorKind(const RankingQuery& query) {
  return "ranking:" + query.topic.str() + ":" + std::string(ToString(query.sort));
}

Result<Representation> ShowRanking(const Services& services, const Request& request, RankingRequest asked) {
  asked.query.trending_to = services.clock.Now();
  auto topic = services.topics.Find(asked.query.topic);
  if (!topic) return tl::make_unexpected(std::move(topic.error()));
  if (!*topic || !(*topic)->tracked) return NotTracked(asked.query.topic);
  const auto content_type = ContentType(asked.paging.format);
  if (!(*topic)->published_at) {
    const auto body = RenderList(asked.paging.format, {}, MetaOf(services, **topic), ColumnsOf(asked));
    return services.builder.NotYet(content_type, body, kFirstDataWithin);
  }
  auto page = services.topics.Rank(asked.query);
  if (!page) return tl::make_unexpected(std::move(page.error()));
  std::vector<Json> rows;
  for (const RankedRepository& ranked : page->items) rows.push_back(RowOf(ranked, asked));
  std::string link;
  if (page->has_more) {
    const RankingPosition& last = page->items.back().position;
    link = LinkToNext(request,
                      MakeCursor(CursorKind(asked.query), {std::to_string(last.key), std::to_string(last.id.value)}));
  }
  const Json meta = RankingMeta(services, **topic, asked, *page);
  return services.builder.Ok(content_type, RenderList(asked.paging.format, rows, meta, ColumnsOf(asked)),
                             *(*topic)->published_at, link);
}

std::optional<RankingPosition> ReadPosition(const RankingQuery& query, const std::string& cursor) {
  const auto fields = ReadCursor(CursorKind(query), 2, cursor);
  if (!fields) return std::nullopt;
  const auto key = ParseInteger<int64_t>((*fields)[0]);
  const auto id = ParseInteger<int64_t>((*fields)[1]);
  if (!key || !id) return std::nullopt;
  return RankingPosition{*key, RepositoryId{*id}};
}

RankingRequest ParseRanking(Params& params, const TopicName& topic, TimePoint now) {
  RankingRequest asked{
      {.topic = topic, .language = {}, .min_stars = {}, .archived = {}, .after = {}, .baseline_day = {}}, {}, false};
  const auto sort = params.OneOf("sort", {"popularity", "activity", "trending", "newest", "updated"}, "popularity");
  asked.query.sort = *ParseRankingSort(sort);
  asked.query.language = params.Text("language", kLanguageBytesMax);
  asked.query.min_stars = params.Integer("min_stars", 0, kStarsMax);
  asked.query.archived = params.Boolean("archived");
  asked.explain = params.Boolean("explain").value_or(false);
  asked.paging = Paging::Read(params);
  asked.query.limit = asked.paging.per_page;
  asked.query.baseline_day = DayOf(now) - kGrowthWindow;
  if (asked.paging.cursor) {
    asked.query.after = ReadPosition(asked.query, *asked.paging.cursor);
    if (!asked.query.after) {
      params.Reject("cursor", *asked.paging.cursor, "a cursor of this list in this order, from its Link header");
    }
  }
  return asked;
}

std::string KeyOf(const RankingRequest& asked) {
  const RankingQuery& query = asked.query;
  return "v1/topics/" + query.topic.str() + "/repositories?sort=" + std::string(ToString(query.sort)) +
         "&language=" + PercentEncode(ToLowerAscii(query.language.value_or(""))) +
         "&min_stars=" + (query.min_stars ? std::to_string(*query.min_stars) : "") +
         "&archived=" + (query.archived ? (*query.archived ? "true" : "false") : "") +
         (asked.explain ? "&explain" : "") + "&" + asked.paging.Key() + "&day=" + FormatDay(query.baseline_day);
}

Checked<ReadQuery> ReadRanking(const Services& services, const Request& request, const PathValues& values) {
  const auto name = TopicOf(values[0]);
  if (!name) return Refuse(name.error());
  Params params(request);
  const RankingRequest asked = ParseRanking(params, *name, services.clock.Now());
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{KeyOf(asked), ScopeOf(*name),
                   [&services, request, asked] { return ShowRanking(services, request, asked); }};
}

}  // namespace

std::string ScopeOf(const TopicName& topic) { return "topic:" + topic.str(); }

Checked<TopicName> TopicOf(const std::string& segment) {
  if (auto name = TopicName::Parse(segment)) return *std::move(name);
  return Refuse(BadParameters({{"topic", std::string(TruncateUtf8(segment, 100)),
                                "1 to 50 letters, digits and hyphens, not starting with a hyphen"}}));
}

tl::unexpected<Error> NotTracked(const TopicName& topic) {
  return Fail(ErrorCode::kNotFound, "The topic " + topic.str() + " is not tracked here.");
}

void AddTopicRoutes(RouteTable& table, Services& services) {
  const auto read = [&services](auto handler) {
    return [&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    };
  };
  table.Add({Method::kGet, "/api/v1/topics", Access::kAnybody, ReadHandler(read(ReadTopicList)),
             "Tracked topics with their counts and freshness"});
  table.Add(
      {Method::kGet, "/api/v1/topics/{topic}", Access::kAnybody, ReadHandler(read(ReadTopic)), "One tracked topic"});
  table.Add({Method::kPut, "/api/v1/topics/{topic}", Access::kAdministrator, DirectHandler(read(TrackTopic)),
             "Track a topic"});
  table.Add({Method::kDelete, "/api/v1/topics/{topic}", Access::kAdministrator, DirectHandler(read(UntrackTopic)),
             "Stop tracking a topic"});
  table.Add({Method::kGet, "/api/v1/topics/{topic}/repositories", Access::kAnybody, ReadHandler(read(ReadRanking)),
             "The ranking of a topic's repositories"});
}

}  // namespace repopulse::http
