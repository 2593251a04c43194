// A clock that stands still until a test moves it.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace repopulse::test {

// Thread-safe. Both times move together.
class FakeClock final : public Clock {
 public:
  static constexpr TimePoint kStart = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};

  // `steady_start`: real waits until a time of this clock end at once as long as the machine is up for longer.
  explicit FakeClock(TimePoint start = kStart, SteadyTime steady_start = SteadyTime{std::chrono::seconds{1}})
      : start_(start), steady_start_(steady_start) {}

  [[nodiscard]] TimePoint Now() const override { return start_ + std::chrono::microseconds{moved_.load()}; }
  [[nodiscard]] SteadyTime SteadyNow() const override {
    return steady_start_ + std::chrono::microseconds{moved_.fetch_add(by_look_.load()) + by_look_.load()};
  }

  void Advance(std::chrono::microseconds by) { moved_.fetch_add(by.count()); }
  // From now on each look at the steady clock moves time, so that loops with a deadline end without waiting.
  void MoveByLook(std::chrono::microseconds by) { by_look_.store(by.count()); }

 private:
  const TimePoint start_;
  const SteadyTime steady_start_;
  mutable std::atomic<int64_t> moved_{0};
  std::atomic<int64_t> by_look_{0};
};

}  // namespace repopulse::test
