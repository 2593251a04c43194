// The ranking of a topic's repositories: what can be asked, and what a place in it consists of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/activity_score.h"
#include "domain/ids.h"
#include "domain/repository.h"
#include "domain/trending.h"

namespace repopulse {

// Each order is total: ties are broken by ascending id, so pages never overlap.
enum class RankingSort {
  kPopularity,  // stars, most first
  kActivity,    // those with collected events by their activity score; then the others by pushed_at, never pushed last
  kTrending,    // those that trend, by their trending score; then the others by stars
  kNewest,      // created_at, newest first
  kUpdated,     // updated_at, newest first
  kStored,      // id, smallest first (the predecessor's "as stored")
};

std::string_view ToString(RankingSort sort);
std::optional<RankingSort> ParseRankingSort(std::string_view text);  // only those /api/v1 offers

// The last place of the page before: its sort key and id. The key is stars for kPopularity, microseconds since the
// epoch for the times (never pushed: the smallest int64), and unused for kStored. For kActivity it is 2^62 and the
// score in millionths, which is above any time, or else pushed_at as such a time; for kTrending the same with stars.
struct RankingPosition {
  int64_t key = 0;
  RepositoryId id;
};

struct RankingQuery {
  TopicName topic;
  RankingSort sort = RankingSort::kPopularity;
  std::optional<std::string> language;  // without regard to case
  std::optional<int64_t> min_stars;
  std::optional<bool> archived;          // absent: both
  std::optional<RankingPosition> after;  // keyset: strictly behind it
  size_t limit = 30;
  TimePoint trending_to{};  // the end of the window of kTrendingWindow; for kTrending only
  std::chrono::sys_days
      baseline_day;  // growth and rank change compare with this day's snapshots (or the next later ones)
};

struct Growth {
  std::chrono::sys_days since;    // the day of the snapshot compared with
  int64_t stars = 0;              // gained (or lost) since then
  std::optional<double> percent;  // of the stars then; none where there were no stars
};

// From the first snapshot that is not before `since` to the stars now; none where that is the only one.
// `snapshots`: by day.
std::optional<Growth> GrowthSince(const std::vector<Snapshot>& snapshots, int64_t stars_now,
                                  std::chrono::sys_days since);

struct RankedRepository {
  Repository repository;
  int64_t rank = 0;                    // 1 = first among ALL of the topic's repositories in this order, before filters
  std::optional<int64_t> rank_change;  // places gained by stars since the baseline; only for kPopularity
  std::optional<Growth> growth;        // none without an earlier snapshot
  RankingPosition position;
  std::optional<RepositoryActivity> activity = std::nullopt;  // only for kActivity, where events were collected
  std::optional<TrendingActivity> trending = std::nullopt;    // only for kTrending, where it trends
};

struct RankingPage {
  std::vector<RankedRepository> items;
  int64_t total = 0;  // places that match the filters, over all pages
  bool has_more = false;
};

}  // namespace repopulse
