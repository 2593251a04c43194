// The contract of domain/event_statistics.h. Expected quantiles were computed by hand, and agree with numpy.percentile,
// whose default is the same type 7.
#include <gtest/gtest.h>

#include "domain/event_statistics.h"

namespace repopulse {
namespace {

using std::chrono::seconds;

std::vector<TimePoint> Times(const std::vector<int64_t>& seconds_since_epoch) {
  std::vector<TimePoint> times;
  for (int64_t second : seconds_since_epoch) times.emplace_back(seconds{second});
  return times;
}

TEST(Quantile, OfOneValueIsThatValue) {
  EXPECT_DOUBLE_EQ(Quantile({7}, 0), 7);
  EXPECT_DOUBLE_EQ(Quantile({7}, 0.5), 7);
  EXPECT_DOUBLE_EQ(Quantile({7}, 1), 7);
}

TEST(Quantile, LiesBetweenItsTwoNeighboursInRank) {
  const std::vector<double> values = {1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(Quantile(values, 0), 1);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.25), 1.75);  // rank 0.75: 1 + 0.75 * (2 - 1)
  EXPECT_DOUBLE_EQ(Quantile(values, 0.5), 3);      // rank 1.5
  EXPECT_DOUBLE_EQ(Quantile(values, 0.9), 6.8);    // rank 2.7: 4 + 0.7 * (8 - 4)
  EXPECT_DOUBLE_EQ(Quantile(values, 1), 8);
}

TEST(Quantile, OfAnOddNumberIsTheMiddleOne) { EXPECT_DOUBLE_EQ(Quantile({15, 20, 35, 40, 50}, 0.5), 35); }

// numpy.percentile([15, 20, 35, 40, 50], 40) == 29.0
TEST(Quantile, AgreesWithTheTextbooksExample) { EXPECT_DOUBLE_EQ(Quantile({15, 20, 35, 40, 50}, 0.4), 29); }

TEST(IntervalStatistics, OfNothingAreEmpty) {
  const IntervalStatistics statistics = StatisticsOf({});
  EXPECT_EQ(statistics.events, 0);
  EXPECT_FALSE(statistics.first || statistics.last || statistics.mean_seconds || statistics.median_seconds ||
               statistics.p90_seconds);
  EXPECT_EQ(statistics.percentile_intervals, 0);
}

TEST(IntervalStatistics, OfOneEventHaveNoInterval) {
  const IntervalStatistics statistics = StatisticsOf(Times({100}));
  EXPECT_EQ(statistics.events, 1);
  EXPECT_EQ(statistics.first, TimePoint{seconds{100}});
  EXPECT_EQ(statistics.last, TimePoint{seconds{100}});
  EXPECT_FALSE(statistics.mean_seconds || statistics.median_seconds || statistics.p90_seconds);
  EXPECT_EQ(statistics.percentile_intervals, 0);
}

// In order 0, 10, 10, 40, 100: intervals 10, 0, 30, 60; sorted 0, 10, 30, 60.
TEST(IntervalStatistics, TakeTheTimesInAnyOrder) {
  const IntervalStatistics statistics = StatisticsOf(Times({40, 10, 100, 0, 10}));
  EXPECT_EQ(statistics.events, 5);
  EXPECT_EQ(statistics.first, TimePoint{seconds{0}});
  EXPECT_EQ(statistics.last, TimePoint{seconds{100}});
  EXPECT_DOUBLE_EQ(statistics.mean_seconds.value(), 25);
  EXPECT_DOUBLE_EQ(statistics.median_seconds.value(), 20);
  EXPECT_DOUBLE_EQ(statistics.p90_seconds.value(), 51);  // rank 2.7: 30 + 0.7 * 30
  EXPECT_EQ(statistics.percentile_intervals, 4);
}

TEST(IntervalStatistics, EventsOfTheSameSecondAreIntervalsOfZero) {
  const IntervalStatistics statistics = StatisticsOf(Times({5, 5, 5}));
  EXPECT_EQ(statistics.mean_seconds, 0);
  EXPECT_EQ(statistics.median_seconds, 0);
  EXPECT_EQ(statistics.p90_seconds, 0);
  EXPECT_EQ(statistics.percentile_intervals, 2);
}

TEST(IntervalStatistics, TheMeanNeedsOnlyTheNumberAndTheEnds) {
  EXPECT_EQ(MeanInterval(1, TimePoint{}, TimePoint{}), std::nullopt);
  EXPECT_EQ(MeanInterval(4, TimePoint{}, TimePoint{seconds{10}}), 10.0 / 3);
}

}  // namespace
}  // namespace repopulse
