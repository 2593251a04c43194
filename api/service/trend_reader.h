// Port: what trends, who joins, and how a project's people work. Thread-safe; every call has a deadline. What an answer
// costs depends on the window it is about, not on how many events are stored.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/health.h"
#include "domain/names.h"
#include "domain/repository.h"
#include "domain/trending.h"

namespace repopulse {

// A place in the order: the most first, ties by ascending id.
struct TrendingPosition {
  int64_t key = 0;  // TrendingScore::key()
  RepositoryId id;
};

struct TrendingQuery {
  std::optional<TopicName> topic;         // of its members only
  TimePoint from;                         // inclusive; whole seconds
  TimePoint to;                           // inclusive; whole seconds
  std::optional<TrendingPosition> after;  // keyset: strictly behind it
  size_t limit = 30;
};

struct TrendingRepository {
  RepositoryId id;
  std::optional<RepositoryName> name;     // the present one; none where nothing tells it
  std::optional<Repository> description;  // none where only events have told of it
  TrendingActivity trending;
  TrendingPosition position;
};

struct TrendingPage {
  std::vector<TrendingRepository> items;
  bool has_more = false;
  int64_t events = 0;  // stars and forks that were looked at
};

struct Newcomer {
  Repository repository;
  TimePoint joined_at;
};

struct HealthSample {
  std::vector<HealthEvent> events;
  TimePoint from;  // as asked for, or the begin of the first day of which events are stored
};

class TrendReader {
 public:
  virtual ~TrendReader() = default;

  virtual Result<TrendingPage> Trending(const TrendingQuery& query) = 0;
  // Repositories that joined the topic from `since` on, the latest first. Those it had when its collection began are
  // none: what joined within a day of the first.
  virtual Result<std::vector<Newcomer>> Newcomers(const TopicName& topic, TimePoint since, size_t limit) = 0;
  // The stored events of one repository that its health is told from, in any order; at most `events_max`, the latest.
  virtual Result<HealthSample> HealthEvents(RepositoryId repository, TimePoint since, size_t events_max) = 0;
};

}  // namespace repopulse
