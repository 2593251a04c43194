// Implements service/replay_store.h.
#pragma once

#include "service/replay_store.h"
#include "storage/pool.h"

namespace repopulse {

class SqlReplayStore final : public ReplayStore {
 public:
  explicit SqlReplayStore(Pool& pool) : pool_(pool) {}

  Result<TimePoint> Join(TimePoint from, TimePoint real_now) override;
  Result<bool> Touch(TimePoint from, TimePoint real_at, TimePoint real_now) override;

 private:
  Pool& pool_;
};

}  // namespace repopulse
