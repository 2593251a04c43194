// Time as the service sees it. Everything that decides by time takes a Clock, so that a test can move it.
#pragma once

#include <chrono>
#include <functional>

namespace repopulse {

// UTC, in microseconds: what MariaDB's DATETIME(6) holds.
using TimePoint = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint Now() const = 0;
  // For deadlines and durations; never goes back.
  [[nodiscard]] virtual SteadyTime SteadyNow() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint Now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  [[nodiscard]] SteadyTime SteadyNow() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace repopulse
