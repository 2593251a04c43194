#include "storage/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "base/strings.h"
#include "storage/activity_rows.h"
#include "storage/repository_rows.h"
#include "storage/trending.h"

namespace repopulse {
namespace {

using Day = std::chrono::sys_days;

// All members are read narrow and ordered here: it takes the server longer to sort them in a temporary table, and the
// same rows give rank, rank change, total and page at once. {0}: sort key, {1}: stars then, {2}: where from.
constexpr std::string_view kPlaces = R"(
  SELECT r.id, {}, COALESCE((? IS NULL OR r.language = ?) AND (? IS NULL OR r.stargazers_count >= ?)
    AND (? IS NULL OR r.archived = ?), FALSE), {}
  FROM topics t
  JOIN topic_repositories m ON m.topic_id = t.id
  JOIN repositories r ON r.id = m.repository_id
  {}
  WHERE t.name = ? AND (t.configured OR t.requested) AND m.left_at IS NULL AND r.gone_at IS NULL)";
// Most members have a snapshot on the first day of all that has any; the others are looked up one by one.
constexpr std::string_view kStarsThen = R"(COALESCE(b.stargazers_count,
    (SELECT s.stargazers_count FROM repository_snapshots s
     WHERE s.repository_id = r.id AND s.day > ? AND s.day < ? ORDER BY s.day LIMIT 1)))";
constexpr std::string_view kJoinBaseline = "LEFT JOIN repository_snapshots b ON b.repository_id = r.id AND b.day = ?";
constexpr std::string_view kJoinActivity = "LEFT JOIN repository_activity a ON a.repository_id = r.id";
// See RankingPosition for what this number means.
constexpr std::string_view kActivityKey = R"(IF(a.score IS NULL,
    TIMESTAMPDIFF(MICROSECOND, '1970-01-01', r.pushed_at), 4611686018427387904 + CAST(a.score * 1000000 AS SIGNED)))";
constexpr std::string_view kFirstDay = "SELECT MIN(day) FROM repository_snapshots WHERE day >= ? AND day < ?";
constexpr std::string_view kRepositories = R"(
  SELECT {}, b.stargazers_count
  FROM repositories r LEFT JOIN repository_snapshots b ON b.repository_id = r.id AND b.day = ?
  WHERE r.id IN {})";
constexpr std::string_view kLaterSnapshots = R"(
  SELECT repository_id, day, stargazers_count FROM repository_snapshots
  WHERE repository_id IN {} AND day > ? AND day < ?
  ORDER BY repository_id, day)";
constexpr std::string_view kActivities = "SELECT {} FROM repository_activity a WHERE a.repository_id IN {}";

struct Place {
  RepositoryId id;
  int64_t key = 0;
  bool matches = false;
  std::optional<int64_t> stars_then;
  int64_t rank = 0;
  std::optional<int64_t> rank_change;
};

std::string_view KeyColumn(RankingSort sort) {
  switch (sort) {
    case RankingSort::kPopularity:
    case RankingSort::kTrending:
      return "r.stargazers_count";
    case RankingSort::kActivity:
      return kActivityKey;
    case RankingSort::kNewest:
      return "r.created_at";
    case RankingSort::kUpdated:
      return "r.updated_at";
    case RankingSort::kStored:
      return "0";
  }
  return "0";
}

int64_t ReadKey(RankingSort sort, const Row& row) {
  if (row.IsNull(1)) return std::numeric_limits<int64_t>::min();
  const bool is_time = sort == RankingSort::kNewest || sort == RankingSort::kUpdated;
  return is_time ? row.Time(1).time_since_epoch().count() : row.Int(1);
}

// The order of every sort: greatest key first, ties by ascending id. kStored has one key for all.
bool Before(const Place& a, const Place& b) { return a.key != b.key ? a.key > b.key : a.id < b.id; }

Result<std::optional<Day>> ReadFirstDay(Connection& db, Day from, Day today) {
  std::optional<Day> first;
  auto read = db.Query(kFirstDay, {from, today}, [&](const Row& row) {
    if (!row.IsNull(0)) first = row.Day(0);
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return first;
}

Result<std::vector<Place>> ReadPlaces(Connection& db, const RankingQuery& query, std::optional<Day> first_day,
                                      Day today) {
  const auto language = query.language ? std::optional(SanitizeUtf8(*query.language)) : std::nullopt;
  std::vector<Value> parameters = {language,        language,       query.min_stars,
                                   query.min_stars, query.archived, query.archived};
  if (first_day) parameters.insert(parameters.end(), {*first_day, today, *first_day});
  parameters.emplace_back(query.topic.str());
  std::string_view join = first_day ? kJoinBaseline : "";
  if (query.sort == RankingSort::kActivity) join = kJoinActivity;
  std::vector<Place> places;
  auto read = db.Query(fmt::format(fmt::runtime(kPlaces), KeyColumn(query.sort), first_day ? kStarsThen : "NULL", join),
                       parameters, [&](const Row& row) {
                         places.push_back({.id = RepositoryId{row.Int(0)},
                                           .key = ReadKey(query.sort, row),
                                           .matches = row.Bool(2),
                                           .stars_then = row.OptionalInt(3),
                                           .rank = 0,
                                           .rank_change = {}});
                       });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return places;
}

// `places` in today's order; see ranking.h for the meaning.
void SetRankChanges(std::vector<Place>& places) {
  std::vector<Place*> known;
  for (Place& place : places) {
    if (place.stars_then) known.push_back(&place);
  }
  for (size_t now = 0; now < known.size(); ++now) known[now]->rank_change = -static_cast<int64_t>(now);
  std::ranges::sort(known, [](const Place* a, const Place* b) {
    return *a->stars_then != *b->stars_then ? *a->stars_then > *b->stars_then : a->id < b->id;
  });
  for (size_t then = 0; then < known.size(); ++then) *known[then]->rank_change += static_cast<int64_t>(then);
}

using TrendingById = std::unordered_map<RepositoryId, TrendingActivity>;

// Above any number of stars.
constexpr int64_t kAboveStars = int64_t{1} << 62;

// Moves those of the topic that trend before all others.
Status PutTrendingFirst(Connection& db, const RankingQuery& query, TrendingHours& hours, std::vector<Place>& places,
                        TrendingById& trending) {
  const TimePoint to = std::chrono::floor<std::chrono::seconds>(query.trending_to);
  TrendingSearch search(db, hours, {to - kTrendingWindow, to});
  if (auto counted = search.Count(query.topic); !counted) return counted;
  const auto all = search.All();
  if (!all) return tl::make_unexpected(all.error());
  for (const TrendingCandidate& one : *all) trending.emplace(one.position.id, one.activity);
  for (Place& place : places) {
    if (const auto found = trending.find(place.id); found != trending.end()) {
      place.key = kAboveStars + found->second.score.key();
    }
  }
  return {};
}

struct Selection {
  std::vector<Place> places;
  int64_t total = 0;
  bool has_more = false;
};

// The places of the page, those behind query.after that match.
Selection Select(const std::vector<Place>& places, const RankingQuery& query) {
  std::optional<Place> after;
  if (query.after) {
    after = Place{.id = query.after->id,
                  .key = query.sort == RankingSort::kStored ? 0 : query.after->key,
                  .stars_then = {},
                  .rank_change = {}};
  }
  Selection selection;
  for (const Place& place : places) {
    if (!place.matches) continue;
    ++selection.total;
    if (after && !Before(*after, place)) continue;
    if (selection.places.size() < query.limit) {
      selection.places.push_back(place);
    } else {
      selection.has_more = true;
    }
  }
  return selection;
}

struct Details {
  Repository repository;
  std::optional<Growth> growth;
  std::optional<RepositoryActivity> activity;
};
using DetailsById = std::unordered_map<RepositoryId, Details>;

Growth GrowthSince(Day since, int64_t then, int64_t now) {
  Growth growth{.since = since, .stars = now - then, .percent = {}};
  if (then > 0) growth.percent = 100.0 * static_cast<double>(growth.stars) / static_cast<double>(then);
  return growth;
}

Status ReadRepositories(Connection& db, std::span<const RepositoryId> ids, std::optional<Day> first_day,
                        DetailsById& details) {
  std::vector<Value> parameters = {first_day};
  const std::string list = IdList(ids, parameters);
  return db.Query(fmt::format(fmt::runtime(kRepositories), kRepositoryColumns, list), parameters, [&](const Row& row) {
    auto repository = ReadRepository(row);
    if (!repository) return;
    std::optional<Growth> growth;
    if (const auto then = row.OptionalInt(kRepositoryColumnCount)) {
      growth = GrowthSince(*first_day, *then, repository->stargazers_count);
    }
    const RepositoryId id = repository->id;
    details.emplace(id, Details{*std::move(repository), growth, {}});
  });
}

// The growth of those that have no snapshot on the first day.
Status ReadLaterGrowth(Connection& db, std::span<const RepositoryId> ids, Day first_day, Day today,
                       DetailsById& details) {
  std::vector<RepositoryId> missing;
  for (RepositoryId id : ids) {
    if (const auto found = details.find(id); found != details.end() && !found->second.growth) missing.push_back(id);
  }
  if (missing.empty()) return {};
  std::vector<Value> parameters;
  const std::string list = IdList(missing, parameters);
  parameters.insert(parameters.end(), {first_day, today});
  return db.Query(fmt::format(fmt::runtime(kLaterSnapshots), list), parameters, [&](const Row& row) {
    Details& of = details.at(RepositoryId{row.Int(0)});
    if (!of.growth) of.growth = GrowthSince(row.Day(1), row.Int(2), of.repository.stargazers_count);
  });
}

Status ReadActivities(Connection& db, std::span<const RepositoryId> ids, DetailsById& details) {
  std::vector<Value> parameters;
  const std::string list = IdList(ids, parameters);
  return db.Query(fmt::format(fmt::runtime(kActivities), kActivityColumns, list), parameters, [&](const Row& row) {
    const RepositoryActivity activity = ReadActivity(row);
    if (const auto found = details.find(activity.repository); found != details.end()) found->second.activity = activity;
  });
}

Result<DetailsById> ReadDetails(Connection& db, const std::vector<Place>& places, std::optional<Day> first_day,
                                Day today, RankingSort sort) {
  std::vector<RepositoryId> ids;
  for (const Place& place : places) ids.push_back(place.id);
  DetailsById details;
  auto read = InGroups(ids, [&](std::span<const RepositoryId> group) {
    auto done = ReadRepositories(db, group, first_day, details);
    if (done && first_day) done = ReadLaterGrowth(db, group, *first_day, today, details);
    if (done && sort == RankingSort::kActivity) done = ReadActivities(db, group, details);
    return done;
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return details;
}

}  // namespace

Result<RankingPage> ReadRanking(Connection& db, const RankingQuery& query, Day today, TrendingHours& trending_hours) {
  auto first_day = ReadFirstDay(db, query.baseline_day, today);
  if (!first_day) return tl::make_unexpected(std::move(first_day.error()));
  auto places = ReadPlaces(db, query, query.sort == RankingSort::kPopularity ? *first_day : std::nullopt, today);
  if (!places) return tl::make_unexpected(std::move(places.error()));
  TrendingById trending;
  if (query.sort == RankingSort::kTrending) {
    auto put = PutTrendingFirst(db, query, trending_hours, *places, trending);
    if (!put) return tl::make_unexpected(std::move(put.error()));
  }
  std::ranges::sort(*places, Before);
  for (size_t i = 0; i < places->size(); ++i) (*places)[i].rank = static_cast<int64_t>(i) + 1;
  SetRankChanges(*places);
  const Selection selection = Select(*places, query);
  auto details = ReadDetails(db, selection.places, *first_day, today, query.sort);
  if (!details) return tl::make_unexpected(std::move(details.error()));

  RankingPage page{.items = {}, .total = selection.total, .has_more = selection.has_more};
  for (const Place& place : selection.places) {
    const auto found = details->find(place.id);
    if (found == details->end()) continue;
    page.items.push_back({.repository = std::move(found->second.repository),
                          .rank = place.rank,
                          .rank_change = place.rank_change,
                          .growth = found->second.growth,
                          .position = {.key = place.key, .id = place.id},
                          .activity = found->second.activity,
                          .trending = {}});
    if (const auto risen = trending.find(place.id); risen != trending.end()) page.items.back().trending = risen->second;
  }
  return page;
}

}  // namespace repopulse
