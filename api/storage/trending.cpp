#include "storage/trending.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "storage/event_minutes.h"
#include "storage/repository_rows.h"

namespace repopulse {
namespace {

using std::chrono::seconds;

constexpr std::string_view kKinds = R"(
  SELECT w.word, k.type_id, k.action_id FROM event_words w JOIN event_kinds k ON k.type_id = w.id
  WHERE w.word IN ('WatchEvent', 'ForkEvent'))";
constexpr std::string_view kMembers = R"(
  SELECT m.repository_id FROM topics t JOIN topic_repositories m ON m.topic_id = t.id
  WHERE t.name = ? AND (t.configured OR t.requested) AND m.left_at IS NULL)";
constexpr std::string_view kAges = "SELECT id, created_at, pushed_at, gone_at FROM repositories WHERE id IN {}";
constexpr std::string_view kActors = R"(
  SELECT repository_id, type_id, actor_id, created_at FROM events
  WHERE repository_id IN {} AND type_id IN (?, ?) AND created_at >= ? AND created_at < ?)";

// So many are asked about their actors at once; most of them hold.
constexpr size_t kGuardedAtOnce = 100;
// So many more than are wanted are asked about their ages.
constexpr size_t kAgesSlack = 50;
constexpr size_t kAgesGrowth = 8;

using Members = std::unordered_set<int64_t>;

Result<TrendingWords> ReadWords(Connection& db) {
  TrendingWords words;
  auto read = db.Query(kKinds, {}, [&](const Row& row) {
    (row.Text(0) == "ForkEvent" ? words.fork : words.watch) = row.Int(1);
    words.kinds.push_back({row.Int(1), row.Int(2)});
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return words;
}

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

// Where repositories stand in a table of few places, which several may share.
class Places {
 public:
  static constexpr unsigned kBits = 17;
  static constexpr size_t kCount = size_t{1} << kBits;
  static size_t Of(int64_t repository) {
    // Fibonacci hashing: ids that follow each other stand far apart.
    return (static_cast<uint64_t>(repository) * 0x9E3779B97F4A7C15U) >> (64 - kBits);
  }
};

}  // namespace

Status TrendingSearch::ReadWindow() {
  const TimePoint until = window_.to + seconds{1};
  const TimePoint first_hour = CeilHour(window_.from);
  const TimePoint last_hour = FloorHour(until);
  cut_ = {{window_.from, until}};
  if (first_hour < last_hour) {
    const auto stored = StoredDays(db_);
    if (!stored) return tl::make_unexpected(stored.error());
    if (!*stored) return {};
    auto whole = hours_.Read(db_, words_, {std::max(first_hour, (*stored)->from), last_hour});
    if (!whole) return tl::make_unexpected(std::move(whole.error()));
    stretches_ = *std::move(whole);
    whole_hours_ = stretches_.size();
    cut_ = {{window_.from, first_hour}, {last_hour, until}};
  }
  std::erase_if(cut_, [](const TimeRange& range) { return range.from >= range.until; });
  for (const TimeRange& range : cut_) {
    auto read = ReadStretch(db_, words_, range);
    if (!read) return tl::make_unexpected(std::move(read.error()));
    stretches_.push_back(*std::move(read));
  }
  return {};
}

void TrendingSearch::Keep(const std::unordered_set<int64_t>& members) {
  for (StretchPtr& stretch : stretches_) {
    auto of_members = std::make_shared<Stretch>();
    of_members->begin = stretch->begin;
    for (const StretchGain& gain : stretch->gains) {
      if (!members.contains(gain.repository)) continue;
      of_members->gains.push_back(gain);
      of_members->events += gain.stars + gain.forks;
    }
    stretch = std::move(of_members);
  }
}

void TrendingSearch::AddUp() {
  // Few repositories have enough stars: where all that share a place have not, none of them is looked at again.
  std::vector<int32_t> stars_at(Places::kCount);
  for (const StretchPtr& stretch : stretches_) {
    events_ += stretch->events;
    for (const StretchGain& gain : stretch->gains) stars_at[Places::Of(gain.repository)] += gain.stars;
  }
  std::vector<Gained> sums = {{}};  // the first stands for none
  std::vector<uint32_t> next_of = {0};
  std::vector<uint32_t> first_at(Places::kCount);
  const auto sum_of = [&](int64_t repository) -> Gained& {
    uint32_t& first = first_at[Places::Of(repository)];
    for (uint32_t at = first; at != 0; at = next_of[at]) {
      if (sums[at].repository == repository) return sums[at];
    }
    sums.push_back({.repository = repository});
    next_of.push_back(first);
    first = static_cast<uint32_t>(sums.size() - 1);
    return sums.back();
  };
  for (const StretchPtr& stretch : stretches_) {
    const int64_t begin = std::chrono::floor<seconds>(stretch->begin - window_.from).count();
    for (const StretchGain& gain : stretch->gains) {
      if (stars_at[Places::Of(gain.repository)] <= kTrendingStarsOver) continue;
      Gained& sum = sum_of(gain.repository);
      sum.stars.events += gain.stars;
      sum.stars.seconds += gain.star_seconds + begin * gain.stars;
      sum.forks.events += gain.forks;
      sum.forks.seconds += gain.fork_seconds + begin * gain.forks;
    }
  }
  const auto length = std::chrono::floor<seconds>(window_.to - window_.from);
  for (Gained& sum : sums) {
    if (sum.stars.events <= kTrendingStarsOver) continue;
    sum.score_least = TrendingScoreOf(sum.stars, sum.forks, length, std::nullopt).total();
    gained_.push_back(sum);
  }
  std::ranges::sort(gained_, std::ranges::greater(), &Gained::score_least);
}

Status TrendingSearch::Count(const std::optional<TopicName>& topic) {
  const auto words = ReadWords(db_);
  if (!words) return tl::make_unexpected(words.error());
  words_ = *words;
  const auto members = ReadMembers(db_, topic);
  if (!members) return tl::make_unexpected(members.error());
  if (!words_.watch || (*members && (*members)->empty())) return {};
  if (auto read = ReadWindow(); !read) return read;
  if (*members) Keep(**members);
  AddUp();
  return {};
}

Result<std::vector<TrendingCandidate>> TrendingSearch::WithAges(size_t count, int64_t& least) {
  auto end = gained_.end();
  least = std::numeric_limits<int64_t>::min();
  if (count < gained_.size()) {
    const double limit = gained_[count].score_least;
    // Above this score nobody is missing: who is not looked at has less even as the newest of all.
    least = TrendingScore{.stars = limit, .forks = 0, .age = 0}.key();
    end = std::ranges::find_if(gained_, [&](const Gained& one) { return one.score_least + kTrendingAgeMost < limit; });
  }
  std::unordered_map<int64_t, std::optional<double>> ages;
  std::unordered_set<int64_t> left_out;
  std::vector<RepositoryId> ids;
  for (auto one = gained_.begin(); one != end; ++one) ids.push_back(RepositoryId{one->repository});
  auto read = InGroups(ids, [&](std::span<const RepositoryId> group) {
    std::vector<Value> parameters;
    const std::string list = IdList(group, parameters);
    return db_.Query(fmt::format(kAges, list), parameters, [&](const Row& row) {
      const auto pushed_at = row.OptionalTime(2);
      const bool gone = !row.IsNull(3) || (pushed_at && *pushed_at < window_.to - kTrendingPushedWithin);
      if (gone) left_out.insert(row.Int(0));
      ages[row.Int(0)] = AgeInYears(row.Time(1), window_.to);
    });
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  const auto length = std::chrono::floor<seconds>(window_.to - window_.from);
  std::vector<TrendingCandidate> candidates;
  for (auto one = gained_.begin(); one != end; ++one) {
    if (left_out.contains(one->repository)) continue;
    const auto age = ages.find(one->repository);
    TrendingActivity activity{.score = {},
                              .stars = one->stars.events,
                              .forks = one->forks.events,
                              .actors = 0,
                              .age_years = age == ages.end() ? std::nullopt : age->second};
    activity.score = TrendingScoreOf(one->stars, one->forks, length, activity.age_years);
    candidates.push_back({{activity.score.key(), RepositoryId{one->repository}}, activity});
  }
  std::ranges::sort(candidates, Before, &TrendingCandidate::position);
  return candidates;
}

std::vector<GainedHour> TrendingSearch::HoursOf(std::span<const RepositoryId> ids) const {
  // Few are asked about: most gains are told apart from theirs by their place.
  std::vector<bool> asked_at(Places::kCount);
  for (const RepositoryId id : ids) asked_at[Places::Of(id.value)] = true;
  std::vector<GainedHour> hours;
  for (size_t i = 0; i < whole_hours_; ++i) {
    const Stretch& hour = *stretches_[i];
    for (const StretchGain& gain : hour.gains) {
      if (!asked_at[Places::Of(gain.repository)] ||
          std::ranges::find(ids, RepositoryId{gain.repository}) == ids.end()) {
        continue;
      }
      hours.push_back({hour.begin, gain.repository, gain.stars + gain.forks});
    }
  }
  return hours;
}

Status TrendingSearch::ReadActorsOf(std::span<const RepositoryId> ids, const TimeRange& range, const TakeActor& take) {
  std::vector<Value> parameters;
  const std::string list = IdList(ids, parameters);
  parameters.insert(parameters.end(), {words_.watch.value_or(0), words_.fork.value_or(0), range.from, range.until});
  return db_.Query(fmt::format(fmt::runtime(kActors), list), parameters, [&](const Row& row) {
    take(row.Int(0), ActorOf(row.Int(2), row.Int(1) == words_.fork), row.Time(3));
  });
}

Status TrendingSearch::ReadHours(std::span<const GainedHour> hours, ActorsByRepository& actors) {
  if (hours.empty()) return {};
  std::map<std::pair<TimePoint, int64_t>, Actors> read;
  std::vector<RepositoryId> ids;
  for (const GainedHour& one : hours) {
    read.try_emplace({one.hour, one.repository});
    const RepositoryId id{one.repository};
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  const TimeRange range{read.begin()->first.first, read.rbegin()->first.first + std::chrono::hours{1}};
  auto done = ReadActorsOf(ids, range, [&](int64_t repository, uint64_t actor, TimePoint at) {
    if (const auto hour = read.find({FloorHour(at), repository}); hour != read.end()) hour->second.push_back(actor);
  });
  if (!done) return done;
  for (auto& [hour, found] : read) {
    Actors& all = actors[hour.second];
    all.insert(all.end(), found.begin(), found.end());
    hours_.actors().Keep(hour.first, hour.second, std::move(found));
  }
  return {};
}

Result<ActorsByRepository> TrendingSearch::ReadActors(std::span<const RepositoryId> ids) {
  ActorsByRepository actors;
  const auto missing = hours_.actors().Find(HoursOf(ids), actors);
  auto read = ReadHours(missing, actors);
  const auto add = [&](int64_t repository, uint64_t actor, TimePoint) { actors[repository].push_back(actor); };
  for (const TimeRange& range : cut_) {
    if (read) read = ReadActorsOf(ids, range, add);
  }
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return actors;
}

Result<std::vector<TrendingCandidate>> TrendingSearch::WithActors(const std::vector<TrendingCandidate>& candidates) {
  std::vector<RepositoryId> ids;
  for (const TrendingCandidate& one : candidates) ids.push_back(one.position.id);
  auto actors = ReadActors(ids);
  if (!actors) return tl::make_unexpected(std::move(actors.error()));
  std::vector<TrendingCandidate> held;
  for (const TrendingCandidate& one : candidates) {
    Actors& found = (*actors)[one.position.id.value];
    std::ranges::sort(found);
    const auto distinct = std::unique(found.begin(), found.end()) - found.begin();
    if (static_cast<double>(distinct) <= kTrendingActorsShareOver * static_cast<double>(found.size())) continue;
    held.push_back(one);
    held.back().activity.actors = distinct;
  }
  return held;
}

Result<std::vector<TrendingCandidate>> TrendingSearch::First(const std::optional<TrendingPosition>& after,
                                                             size_t limit) {
  // Those that are certainly before `after` take no place among the best.
  size_t passed = 0;
  if (after) {
    passed = static_cast<size_t>(std::ranges::count_if(gained_, [&](const Gained& one) {
      return TrendingScore{.stars = one.score_least, .forks = 0, .age = 0}.key() > after->key;
    }));
  }
  for (size_t count = passed + limit + kAgesSlack;; count *= kAgesGrowth) {
    int64_t least = 0;
    auto candidates = WithAges(count, least);
    if (!candidates) return candidates;
    auto next = candidates->begin();
    if (after) next = std::ranges::upper_bound(*candidates, *after, Before, &TrendingCandidate::position);
    const auto end =
        std::find_if(next, candidates->end(), [&](const TrendingCandidate& one) { return one.position.key <= least; });
    std::vector<TrendingCandidate> first;
    while (first.size() < limit && next != end) {
      const auto left = static_cast<size_t>(end - next);
      const auto asked = static_cast<ptrdiff_t>(std::min({left, kGuardedAtOnce, limit - first.size()}));
      auto held = WithActors({next, next + asked});
      if (!held) return held;
      first.insert(first.end(), held->begin(), held->end());
      next += asked;
    }
    if (first.size() == limit || count >= gained_.size()) return first;
  }
}

Result<std::vector<TrendingCandidate>> TrendingSearch::All() { return First(std::nullopt, gained_.size()); }

}  // namespace repopulse
