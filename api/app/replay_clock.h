// The clock of a replay: it starts at REPLAY_NOW and ticks as the real one does, the same in all replicas.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "service/replay_store.h"

namespace repopulse {

// The real time until Begin(). Thread-safe; `system` must outlive it.
class ReplayClock final : public Clock {
 public:
  explicit ReplayClock(const Clock& system) : system_(system) {}

  // From now on it is `from` at the real time `real_at`. Steady time stays the system's.
  void Begin(TimePoint from, TimePoint real_at) { ahead_.store((from - real_at).count()); }

  [[nodiscard]] TimePoint Now() const override { return system_.Now() + TimePoint::duration{ahead_.load()}; }
  [[nodiscard]] SteadyTime SteadyNow() const override { return system_.SteadyNow(); }

 private:
  const Clock& system_;
  std::atomic<TimePoint::rep> ahead_{0};
};

// A replay this process takes part in.
struct Replay {
  TimePoint from;
  TimePoint real_at;  // when it began
};
// Takes part in the replay from then that runs, so that all replicas agree on the time, or begins one.
Result<Replay> JoinReplay(ReplayStore& store, const Clock& system, TimePoint from);

// Tells now and then that the replay runs, so that a replica started later joins it. Ends with its destruction.
class ReplayKeeper {
 public:
  ReplayKeeper(ReplayStore& store, const Clock& system, Replay replay,
               std::chrono::milliseconds every = std::chrono::seconds{20});

 private:
  std::jthread thread_;
};

// The clock of a command: the real one, or a replay's once it has begun.
class ServiceClock {
 public:
  // Begins the replay from `from`; without one the time stays real, and nothing is to be kept. Keep what it returns as
  // long as the replay is to run.
  Result<std::unique_ptr<ReplayKeeper>> Start(ReplayStore& store, std::optional<TimePoint> from);

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] const Clock& real() const { return system_; }
  [[nodiscard]] std::string replay_now() const;  // RFC 3339; empty: real time
  // Tells this replay's answers from those of real time and of other replays; empty: real time.
  [[nodiscard]] std::string realm() const;

 private:
  const SystemClock system_{};
  ReplayClock clock_{system_};
  std::optional<Replay> replay_;
};

}  // namespace repopulse
