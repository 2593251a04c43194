// A circuit breaker: after a failure, calls are refused for a while, so that a dead server costs one timeout and not
// one for each request (STACK: a hung Redis costs the whole timeout each time).
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace repopulse {

// Thread-safe. While open, one caller at each `Allow` after the pause is let through as a probe.
class CircuitBreaker {
 public:
  using Duration = std::chrono::milliseconds;
  CircuitBreaker(const Clock& clock, Duration first_pause, Duration longest_pause)
      : clock_(clock), first_pause_(first_pause), longest_pause_(longest_pause) {}

  // True where the call may be made; each allowed call reports back with Succeeded or Failed.
  bool Allow() {
    auto until = refused_until_.load(std::memory_order_acquire);
    if (until == 0) return true;
    const auto now = Ticks(clock_.SteadyNow());
    // The probe pushes the time on for the others, so that only one thread waits for the dead server.
    if (now < until || !refused_until_.compare_exchange_strong(until, now + Ticks(first_pause_))) return false;
    probing_.store(true);
    return true;
  }
  void Succeeded() {
    refused_until_.store(0, std::memory_order_release);
    probing_.store(false);
    pause_ms_.store(0, std::memory_order_relaxed);
  }
  void Failed() {
    // Calls that were under way when it opened tell nothing new: only a probe's failure makes the pause longer.
    if (IsOpen() && !probing_.exchange(false)) return;
    const auto pause = std::clamp<int64_t>(pause_ms_.load() * 2, first_pause_.count(), longest_pause_.count());
    pause_ms_.store(pause);
    refused_until_.store(Ticks(clock_.SteadyNow()) + Ticks(Duration{pause}), std::memory_order_release);
  }
  [[nodiscard]] bool IsOpen() const { return refused_until_.load(std::memory_order_acquire) != 0; }

 private:
  static int64_t Ticks(SteadyTime time) { return Ticks(time.time_since_epoch()); }
  static int64_t Ticks(std::chrono::nanoseconds duration) { return duration.count(); }

  const Clock& clock_;
  const Duration first_pause_;
  const Duration longest_pause_;
  std::atomic<int64_t> refused_until_{0};  // steady nanoseconds; 0: calls are allowed
  std::atomic<bool> probing_{false};
  std::atomic<int64_t> pause_ms_{0};
};

}  // namespace repopulse
