// A TrendReader that answers what a test puts in, and keeps what it was asked.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "service/trend_reader.h"

namespace repopulse::test {

class FakeTrendReader final : public TrendReader {
 public:
  std::vector<TrendingRepository> trending;  // in order
  int64_t events = 0;
  std::vector<Newcomer> newcomers;
  std::vector<HealthEvent> health_events;
  std::vector<TrendingQuery> queries;  // of Trending()
  struct HealthAsked {
    RepositoryId repository;
    TimePoint since;
    size_t events_max = 0;
  };
  std::vector<HealthAsked> health_asked;
  std::optional<Error> failing;

  Result<TrendingPage> Trending(const TrendingQuery& query) override {
    if (failing) return tl::make_unexpected(*failing);
    queries.push_back(query);
    TrendingPage page{.items = {}, .has_more = false, .events = events};
    for (const TrendingRepository& one : trending) {
      const auto place = [](const TrendingPosition& at) { return std::pair(-at.key, at.id); };
      if (query.after && place(one.position) <= place(*query.after)) continue;
      page.has_more = page.items.size() == query.limit;
      if (page.has_more) break;
      page.items.push_back(one);
    }
    return page;
  }
  Result<std::vector<Newcomer>> Newcomers(const TopicName&, TimePoint since, size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<Newcomer> found;
    for (const Newcomer& one : newcomers) {
      if (one.joined_at >= since && found.size() < limit) found.push_back(one);
    }
    return found;
  }
  Result<HealthSample> HealthEvents(RepositoryId repository, TimePoint since, size_t events_max) override {
    if (failing) return tl::make_unexpected(*failing);
    health_asked.push_back({repository, since, events_max});
    return HealthSample{health_events, since};
  }
};

}  // namespace repopulse::test
