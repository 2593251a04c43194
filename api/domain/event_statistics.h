// Statistics of the intervals between consecutive events.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace repopulse {

// Of the gaps between neighbours once the times are in order. With n events there are n - 1 of them.
struct IntervalStatistics {
  int64_t events = 0;
  std::optional<TimePoint> first;
  std::optional<TimePoint> last;
  std::optional<double> mean_seconds;    // (last - first) / (events - 1); none with fewer than two events
  std::optional<double> median_seconds;  // of `percentile_intervals` intervals, by linear interpolation between ranks
  std::optional<double> p90_seconds;     // (Hyndman and Fan's type 7, the usual one of spreadsheets and numpy)
  int64_t percentile_intervals = 0;
};

// All of the times, in any order.
IntervalStatistics StatisticsOf(std::vector<TimePoint> times);

// The two parts of it, for where not all times are at hand: the mean of all intervals needs only these three (none with
// fewer than two events), and the percentiles are of the intervals between the given times, in any order.
std::optional<double> MeanInterval(int64_t events, TimePoint first, TimePoint last);
void SetPercentiles(IntervalStatistics& statistics, std::vector<TimePoint> times);

// The q-quantile (0..1) of sorted values, which must not be empty.
double Quantile(const std::vector<double>& sorted, double q);

}  // namespace repopulse
