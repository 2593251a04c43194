#include "domain/event_statistics.h"

#include <algorithm>
#include <cmath>

namespace repopulse {
namespace {

double SecondsOf(TimePoint::duration span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

double Quantile(const std::vector<double>& sorted, double q) {
  const double rank = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(rank));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

void SetPercentiles(IntervalStatistics& statistics, std::vector<TimePoint> times) {
  statistics.median_seconds.reset();
  statistics.p90_seconds.reset();
  statistics.percentile_intervals = 0;
  if (times.size() < 2) return;
  std::ranges::sort(times);
  std::vector<double> intervals;
  for (size_t i = 1; i < times.size(); ++i) intervals.push_back(SecondsOf(times[i] - times[i - 1]));
  std::ranges::sort(intervals);
  statistics.median_seconds = Quantile(intervals, 0.5);
  statistics.p90_seconds = Quantile(intervals, 0.9);
  statistics.percentile_intervals = static_cast<int64_t>(intervals.size());
}

std::optional<double> MeanInterval(int64_t events, TimePoint first, TimePoint last) {
  if (events < 2) return std::nullopt;
  return SecondsOf(last - first) / static_cast<double>(events - 1);
}

IntervalStatistics StatisticsOf(std::vector<TimePoint> times) {
  IntervalStatistics statistics;
  if (times.empty()) return statistics;
  const auto [first, last] = std::ranges::minmax(times);
  statistics.events = static_cast<int64_t>(times.size());
  statistics.first = first;
  statistics.last = last;
  statistics.mean_seconds = MeanInterval(statistics.events, first, last);
  SetPercentiles(statistics, std::move(times));
  return statistics;
}

}  // namespace repopulse
