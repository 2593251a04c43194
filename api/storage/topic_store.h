// Implements service/topic_store.h. Sweeps and their publication are in sweep_store.h, the ranking in ranking.h.
#pragma once

#include "service/topic_store.h"
#include "storage/pool.h"
#include "storage/trending_hours.h"

namespace repopulse {

class SqlTopicStore final : public TopicStore {
 public:
  // `reads` for what clients wait for; `work` for sweeps, which may take longer.
  SqlTopicStore(Pool& reads, Pool& work, const Clock& clock, TrendingHours& trending_hours)
      : reads_(reads), work_(work), clock_(clock), trending_hours_(trending_hours) {}

  Result<std::vector<Topic>> List() override;
  Result<std::optional<Topic>> Find(const TopicName& name) override;
  Result<Topic> Track(const TopicName& name, TimePoint now) override;
  Result<bool> Untrack(const TopicName& name) override;
  Status SyncConfigured(const std::vector<TopicName>& names, TimePoint now) override;
  Result<std::vector<Topic>> Due(TimePoint now, size_t limit) override;
  Status Reschedule(TopicId topic, TimePoint next_poll_at, const std::optional<std::string>& error) override;
  Result<Sweep> OpenSweep(TopicId topic, TimePoint now, TimePoint restart_before) override;
  Status StorePage(const Sweep& from, const SweepPlan& next, const std::vector<Repository>& items,
                   TimePoint now) override;
  Result<Publication> PublishSweep(const Sweep& sweep, bool whole, TimePoint now, TimePoint next_poll_at) override;
  Result<RankingPage> Rank(const RankingQuery& query) override;

 private:
  Pool& reads_;
  Pool& work_;
  const Clock& clock_;
  TrendingHours& trending_hours_;
};

}  // namespace repopulse
