#include "storage/trending_actors.h"

namespace repopulse {
namespace {

// A repository's place in an hour, with the memory that belongs to it.
constexpr size_t kPlaceBytes = 112;

size_t BytesOf(const Actors& actors) { return kPlaceBytes + actors.size() * sizeof(uint64_t); }

}  // namespace

uint64_t ActorOf(int64_t actor_id, bool forked) {
  return static_cast<uint64_t>(actor_id) << 1U | static_cast<uint64_t>(forked);
}

std::vector<GainedHour> TrendingActors::Find(std::span<const GainedHour> asked, ActorsByRepository& found) const {
  std::vector<GainedHour> missing;
  const std::scoped_lock lock(mutex_);
  for (const GainedHour& one : asked) {
    const auto hour = hours_.find(one.hour);
    const Actors* kept = nullptr;
    if (hour != hours_.end()) {
      if (const auto at = hour->second.find(one.repository); at != hour->second.end()) kept = &at->second;
    }
    if (!kept || std::ssize(*kept) != one.events) {
      missing.push_back(one);
      continue;
    }
    Actors& actors = found[one.repository];
    actors.insert(actors.end(), kept->begin(), kept->end());
  }
  return missing;
}

void TrendingActors::Keep(TimePoint hour, int64_t repository, Actors actors) {
  const std::scoped_lock lock(mutex_);
  const auto [at, added] = hours_[hour].try_emplace(repository);
  if (!added) bytes_ -= BytesOf(at->second);
  at->second = std::move(actors);
  bytes_ += BytesOf(at->second);
  while (bytes_ > kBytesMax) {
    for (const auto& [id, oldest] : hours_.begin()->second) bytes_ -= BytesOf(oldest);
    hours_.erase(hours_.begin());
  }
}

}  // namespace repopulse
