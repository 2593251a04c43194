#include "storage/trending_hours.h"

#include <algorithm>
#include <unordered_map>

namespace repopulse {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view kEventsByHour = R"(
  SELECT bucket, CAST(SUM(events) AS SIGNED) FROM event_totals
  WHERE bucket_seconds = 3600 AND bucket >= ? AND bucket < ? AND type_id IN (?, ?)
  GROUP BY bucket)";

class StretchReader {
 public:
  explicit StretchReader(const TimeRange& range) : range_(range) { stretch_->begin = range.from; }

  void Add(bool forks, TimePoint minute, std::string_view places) {
    EachPlace(places, minute, [&](const PlaceEntry& place) {
      if (place.created_at < range_.from || place.created_at >= range_.until || place.repository == 0) return;
      const auto [at, added] = index_.try_emplace(place.repository, stretch_->gains.size());
      if (added) stretch_->gains.push_back({.repository = place.repository});
      StretchGain& gain = stretch_->gains[at->second];
      ++(forks ? gain.forks : gain.stars);
      (forks ? gain.fork_seconds : gain.star_seconds) +=
          std::chrono::floor<seconds>(place.created_at - range_.from).count();
      ++stretch_->events;
    });
  }
  StretchPtr Read() && { return std::move(stretch_); }

 private:
  const TimeRange& range_;
  std::shared_ptr<Stretch> stretch_ = std::make_shared<Stretch>();
  std::unordered_map<int64_t, size_t> index_;
};

}  // namespace

Result<StretchPtr> ReadStretch(Connection& db, const TrendingWords& words, const TimeRange& range) {
  StretchReader reader(range);
  const TimeRange minutes{std::chrono::floor<std::chrono::minutes>(range.from), range.until};
  auto read =
      ReadMinutesOf(db, words.kinds, minutes, [&](const EventKind& kind, TimePoint minute, std::string_view at) {
        reader.Add(kind.type == words.fork, minute, at);
      });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return std::move(reader).Read();
}

Result<std::vector<StretchPtr>> TrendingHours::Read(Connection& db, const TrendingWords& words,
                                                    const TimeRange& range) {
  std::vector<std::pair<TimePoint, int64_t>> counts;
  auto counted = db.Query(kEventsByHour, {range.from, range.until, words.watch.value_or(0), words.fork.value_or(0)},
                          [&](const Row& row) { counts.emplace_back(row.Time(0), row.Int(1)); });
  if (!counted) return tl::make_unexpected(std::move(counted.error()));
  std::vector<StretchPtr> found;
  for (const auto& [hour, events] : counts) {
    StretchPtr kept = Find(hour, events);
    if (!kept) {
      auto read = ReadStretch(db, words, {hour, hour + hours{1}});
      if (!read) return tl::make_unexpected(std::move(read.error()));
      kept = *std::move(read);
      Keep(kept);
    }
    found.push_back(std::move(kept));
  }
  return found;
}

StretchPtr TrendingHours::Find(TimePoint hour, int64_t events) {
  const std::scoped_lock lock(mutex_);
  const auto found = hours_.find(hour);
  return found != hours_.end() && found->second->events == events ? found->second : nullptr;
}

void TrendingHours::Keep(const StretchPtr& hour) {
  const std::scoped_lock lock(mutex_);
  StretchPtr& kept = hours_[hour->begin];
  if (kept) gains_ -= kept->gains.size();
  kept = hour;
  gains_ += hour->gains.size();
  while (gains_ > kGainsMax) {
    gains_ -= hours_.begin()->second->gains.size();
    hours_.erase(hours_.begin());
  }
}

}  // namespace repopulse
