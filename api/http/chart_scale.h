// Where a chart's axes are marked, and what stands there: few, round values that a person can read.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"

namespace repopulse::http {

// From `first` to `last`, with all values between them, in equal steps of 1, 2 or 5 times a power of ten.
struct ValueScale {
  double last = 1;
  double step = 1;
  double first = 0;
  [[nodiscard]] std::vector<double> ticks() const;
};
// `whole`: the values are counts, which have no marks between them. About `marks` steps.
ValueScale ScaleOf(double greatest, int marks, bool whole);
// The same from a round value under `least`, not under 0: what changes little is seen to change. From 0 where that is
// near.
ValueScale ScaleBetween(double least, double greatest, int marks, bool whole);

// "1,250", "0.25": with the decimals the step has.
std::string FormatValue(double value, double step);

struct TimeTick {
  TimePoint at;
  std::string label;  // "14:05"; "14:05:30" between minutes; "05-07" from midnight to midnight
};
// Round times of UTC within from..to, at most about `marks`.
std::vector<TimeTick> TimeTicks(TimePoint from, TimePoint to, int marks);

}  // namespace repopulse::http
