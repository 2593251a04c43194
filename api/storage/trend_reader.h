// Implements service/trend_reader.h.
#pragma once

#include "service/trend_reader.h"
#include "storage/pool.h"
#include "storage/trending_hours.h"

namespace repopulse {

class SqlTrendReader final : public TrendReader {
 public:
  SqlTrendReader(Pool& pool, TrendingHours& hours) : pool_(pool), hours_(hours) {}

  Result<TrendingPage> Trending(const TrendingQuery& query) override;
  Result<std::vector<Newcomer>> Newcomers(const TopicName& topic, TimePoint since, size_t limit) override;
  Result<HealthSample> HealthEvents(RepositoryId repository, TimePoint since, size_t events_max) override;

 private:
  Pool& pool_;
  TrendingHours& hours_;
};

}  // namespace repopulse
