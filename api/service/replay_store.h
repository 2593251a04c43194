// Port: where the clock of a replay stands, shared by all replicas. Thread-safe; every call has a deadline.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "base/result.h"

namespace repopulse {

class ReplayStore {
 public:
  virtual ~ReplayStore() = default;
  // A replay that nobody has touched for this long has ended.
  static constexpr std::chrono::minutes kAliveFor{2};

  // The real time at which `from` was now: of the replay from then that runs, or else `real_now`, which begins one in
  // the place of any other.
  virtual Result<TimePoint> Join(TimePoint from, TimePoint real_now) = 0;
  // Says that the replay runs. False: another has taken its place.
  virtual Result<bool> Touch(TimePoint from, TimePoint real_at, TimePoint real_now) = 0;
};

}  // namespace repopulse
