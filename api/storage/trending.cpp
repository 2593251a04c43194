#include "storage/trending.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "storage/event_minutes.h"
#include "storage/repository_rows.h"

namespace repopulse {
namespace {

constexpr std::string_view kWordIds = "SELECT word, id FROM event_words WHERE word IN ('WatchEvent', 'ForkEvent')";
constexpr std::string_view kMembers = R"(
  SELECT m.repository_id FROM topics t JOIN topic_repositories m ON m.topic_id = t.id
  WHERE t.name = ? AND (t.configured OR t.requested) AND m.left_at IS NULL)";
constexpr std::string_view kAges = "SELECT id, created_at, pushed_at, gone_at FROM repositories WHERE id IN {}";
constexpr std::string_view kActors = R"(
  SELECT repository_id, COUNT(DISTINCT type_id, actor_id), COUNT(*) FROM events
  WHERE repository_id IN {} AND type_id IN (?, ?) AND created_at >= ?
  GROUP BY repository_id)";

// So many are asked about at once; most of them hold.
constexpr size_t kGuardedAtOnce = 100;

struct Words {
  std::optional<int64_t> watch;
  std::optional<int64_t> fork;
};

// None for a word that no stored event has.
Result<Words> ReadWords(Connection& db) {
  Words words;
  auto read = db.Query(kWordIds, {},
                       [&](const Row& row) { (row.Text(0) == "ForkEvent" ? words.fork : words.watch) = row.Int(1); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return words;
}

struct Gained {
  WindowEvents stars;
  WindowEvents forks;
};
using GainedById = std::unordered_map<int64_t, Gained>;
using Members = std::unordered_set<int64_t>;

class WindowCounter {
 public:
  WindowCounter(const TrendingWindow& window, const std::optional<Members>& members)
      : window_(window), members_(members) {}

  Status Count(Connection& db, int64_t type, WindowEvents Gained::*what) {
    const EventMatch match{.repository = {}, .type = type, .action = {}};
    const TimeRange range{std::chrono::floor<std::chrono::minutes>(window_.from), kEndOfTime};
    return ReadMinutes(db, match, range, [&](const EventKind&, TimePoint minute, std::string_view places) {
      EachPlace(places, minute, [&](const PlaceEntry& place) { Add(place, what); });
    });
  }
  GainedById gained;
  int64_t events = 0;

 private:
  void Add(const PlaceEntry& place, WindowEvents Gained::*what) {
    if (place.created_at < window_.from || place.repository == 0) return;
    if (members_ && !members_->contains(place.repository)) return;
    const TimePoint at = std::min(place.created_at, window_.to);
    (gained[place.repository].*what).Add(std::chrono::floor<std::chrono::seconds>(at - window_.from).count());
    ++events;
  }

  const TrendingWindow& window_;
  const std::optional<Members>& members_;
};

Result<std::optional<Members>> ReadMembers(Connection& db, const std::optional<TopicName>& topic) {
  if (!topic) return std::optional<Members>();
  Members members;
  auto read = db.Query(kMembers, {topic->str()}, [&](const Row& row) { members.insert(row.Int(0)); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return std::optional(std::move(members));
}

bool Before(const TrendingPosition& a, const TrendingPosition& b) {
  return a.key != b.key ? a.key > b.key : a.id < b.id;
}

// Sets the age of those that are known. Those that are gone, or were not pushed to for long, leave the list.
Status SetAges(Connection& db, TimePoint now, std::vector<RepositoryId> ids,
               std::unordered_map<RepositoryId, TrendingCandidate>& candidates) {
  for (size_t begin = 0; begin < ids.size(); begin += kIdListMax) {
    const auto part = std::span(ids).subspan(begin, std::min(kIdListMax, ids.size() - begin));
    std::vector<Value> parameters;
    const std::string list = IdList(part, parameters);
    auto read = db.Query(fmt::format(fmt::runtime(kAges), list), parameters, [&](const Row& row) {
      const RepositoryId id{row.Int(0)};
      const auto pushed_at = row.OptionalTime(2);
      if (!row.IsNull(3) || (pushed_at && *pushed_at < now - kTrendingPushedWithin)) {
        candidates.erase(id);
      } else {
        candidates.at(id).activity.age_years = AgeInYears(row.Time(1), now);
      }
    });
    if (!read) return read;
  }
  return {};
}

// By candidate: those of whose events too few have an actor of their own leave the list.
Result<std::vector<TrendingCandidate>> WithActors(Connection& db, const TrendingWindow& window, const Words& words,
                                                  std::span<const TrendingCandidate> candidates) {
  std::vector<RepositoryId> ids;
  for (const TrendingCandidate& one : candidates) ids.push_back(one.position.id);
  std::vector<Value> parameters;
  const std::string list = IdList(ids, parameters);
  parameters.insert(parameters.end(), {words.watch.value_or(0), words.fork.value_or(0), window.from});
  std::unordered_map<RepositoryId, int64_t> actors;
  auto read = db.Query(fmt::format(fmt::runtime(kActors), list), parameters, [&](const Row& row) {
    const bool holds = static_cast<double>(row.Int(1)) > kTrendingActorsShareOver * static_cast<double>(row.Int(2));
    if (holds) actors.emplace(RepositoryId{row.Int(0)}, row.Int(1));
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  std::vector<TrendingCandidate> held;
  for (const TrendingCandidate& one : candidates) {
    const auto found = actors.find(one.position.id);
    if (found == actors.end()) continue;
    held.push_back(one);
    held.back().activity.actors = found->second;
  }
  return held;
}

}  // namespace

Result<TrendingCandidates> ReadTrendingCandidates(Connection& db, const TrendingWindow& window,
                                                  const std::optional<TopicName>& topic) {
  const auto words = ReadWords(db);
  if (!words) return tl::make_unexpected(words.error());
  const auto members = ReadMembers(db, topic);
  if (!members) return tl::make_unexpected(members.error());
  TrendingCandidates found;
  if (!words->watch || (*members && (*members)->empty())) return found;
  WindowCounter counter(window, *members);
  auto counted = counter.Count(db, *words->watch, &Gained::stars);
  if (counted && words->fork) counted = counter.Count(db, *words->fork, &Gained::forks);
  if (!counted) return tl::make_unexpected(std::move(counted.error()));
  found.events = counter.events;

  std::unordered_map<RepositoryId, TrendingCandidate> candidates;
  std::vector<RepositoryId> ids;
  for (const auto& [repository, gained] : counter.gained) {
    if (gained.stars.events <= kTrendingStarsOver) continue;
    const RepositoryId id{repository};
    ids.push_back(id);
    TrendingCandidate& one = candidates[id];
    one.position.id = id;
    one.activity.stars = gained.stars.events;
    one.activity.forks = gained.forks.events;
  }
  std::ranges::sort(ids);
  if (auto set = SetAges(db, window.to, ids, candidates); !set) return tl::make_unexpected(std::move(set.error()));
  const auto length = std::chrono::floor<std::chrono::seconds>(window.to - window.from);
  for (auto& [id, one] : candidates) {
    const Gained& gained = counter.gained.at(id.value);
    one.activity.score = TrendingScoreOf(gained.stars, gained.forks, length, one.activity.age_years);
    one.position.key = one.activity.score.key();
    found.items.push_back(one);
  }
  std::ranges::sort(found.items, Before, &TrendingCandidate::position);
  return found;
}

Result<std::vector<TrendingCandidate>> FirstTrending(Connection& db, const TrendingWindow& window,
                                                     const std::vector<TrendingCandidate>& candidates,
                                                     const std::optional<TrendingPosition>& after, size_t limit) {
  const auto words = ReadWords(db);
  if (!words) return tl::make_unexpected(words.error());
  auto next = candidates.begin();
  if (after) next = std::ranges::upper_bound(candidates, *after, Before, &TrendingCandidate::position);
  std::vector<TrendingCandidate> first;
  while (first.size() < limit && next != candidates.end()) {
    const auto left = static_cast<size_t>(candidates.end() - next);
    const size_t asked = std::min({left, kGuardedAtOnce, limit - first.size()});
    auto held = WithActors(db, window, *words, std::span(next, asked));
    if (!held) return held;
    first.insert(first.end(), held->begin(), held->end());
    next += static_cast<ptrdiff_t>(asked);
  }
  return first;
}

}  // namespace repopulse
