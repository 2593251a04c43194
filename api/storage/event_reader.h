// Implements service/event_reader.h, in event_*.cpp: one file for each kind of question.
#pragma once

#include "service/event_reader.h"
#include "storage/daily_totals.h"
#include "storage/event_places.h"
#include "storage/event_word_names.h"
#include "storage/pool.h"

namespace repopulse {

class SqlEventReader final : public EventReader {
 public:
  explicit SqlEventReader(Pool& pool) : pool_(pool) {}

  Result<EventCounts> Counts(const EventFilter& filter, std::optional<TimePoint> since) override;
  Result<IntervalStatistics> Intervals(const EventFilter& filter, Percentiles percentiles) override;
  Result<RepositoryCountPage> Repositories(const std::string& type, int64_t min_count, std::optional<TimePoint> since,
                                           std::optional<RepositoryCountPosition> after, size_t limit) override;
  Result<std::vector<RepositoryName>> RecentRepositories(const std::string& type, size_t events_max) override;
  Result<EventListPage> List(const EventListQuery& query) override;
  Result<EventWindow> Window(RepositoryId repository, TimePoint since, size_t events_max, BotFilter bots) override;
  Result<std::vector<BucketCount>> History(RepositoryId repository, std::chrono::seconds bucket, TimePoint from,
                                           TimePoint to) override;
  Result<std::vector<std::vector<BucketTotal>>> TotalsOfEach(const std::vector<RepositoryId>& repositories,
                                                             std::chrono::seconds bucket, TimePoint from, TimePoint to,
                                                             const std::vector<std::string_view>& types) override;
  Result<std::vector<BucketCount>> Minutes(TimePoint since) override;
  Result<std::vector<std::optional<Known>>> FindRepositories(const std::vector<RepositoryName>& names) override;
  Result<std::optional<TimePoint>> NewestEvent(std::optional<RepositoryId> repository) override;
  Result<std::vector<std::optional<TimePoint>>> NewestOfEach(const std::vector<RepositoryId>& repositories,
                                                             const std::vector<std::string_view>& types) override;
  Result<std::vector<std::optional<RepositoryActivity>>> ActivityOfEach(
      const std::vector<RepositoryId>& repositories) override;

 private:
  // The filter in ids; none where it names a word that no stored event has, so that nothing can match.
  Result<std::optional<EventMatch>> MatchOf(Connection& db, const EventFilter& filter);
  Result<TotalsById> ReadTotals(Connection& db, const std::vector<RepositoryId>& repositories,
                                std::chrono::seconds bucket, const TimeRange& range,
                                const std::vector<std::string_view>& types);

  Pool& pool_;
  EventWordNames words_;
  DailyTotals daily_totals_;
};

}  // namespace repopulse
