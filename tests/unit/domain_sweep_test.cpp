// Whole topics read through a search that shows a thousand results of any one query.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "domain/sweep.h"
#include "support/samples.h"
#include "support/simulated_search.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;
using test::Candidate;
using test::SimulatedSearch;

const TimePoint kNow = test::At("2026-03-01T12:00:00Z");
const TimePoint kYears = test::At("2015-01-01T00:00:00Z");

struct Outcome {
  SweepPlan plan;
  std::set<int64_t> seen;
  bool refused = false;  // GitHub answered 422
  size_t longest_query = 0;
};

constexpr int kRequestsMax = 2'000;  // far above what any of these needs: the plan has to end

Outcome RunSweep(const SimulatedSearch& search, bool incomplete_results = false,
                 std::optional<int64_t> wrong_total = std::nullopt) {
  Outcome outcome;
  const TopicName topic = test::TopicNamed(std::string(50, 'k'));
  for (SweepPlan plan = StartSweep(); !IsDone(plan); outcome.plan = plan) {
    if (plan.requests >= kRequestsMax) {
      ADD_FAILURE() << "the sweep does not end";
      break;
    }
    const std::string query = SearchText(topic, plan.pending.back());
    const auto page = search.Ask(query, plan.page);
    outcome.refused = outcome.refused || page.refused;
    outcome.longest_query = std::max(outcome.longest_query, query.size());
    SearchFacts facts{.total_count = wrong_total.value_or(page.total_count),
                      .delivered = static_cast<int64_t>(page.items.size()),
                      .stars_lowest = {},
                      .has_next = page.has_next,
                      .incomplete_results = incomplete_results};
    for (const Candidate& item : page.items) {
      outcome.seen.insert(item.id);
      facts.stars_lowest = std::min(facts.stars_lowest.value_or(item.stars), item.stars);
    }
    plan = Advance(plan, facts, kNow);
  }
  return outcome;
}

void ExpectAllSeen(const SimulatedSearch& search, const Outcome& outcome) {
  size_t missed = 0;
  for (const Candidate& candidate : search.population()) {
    if (!search.IsHidden(candidate) && !outcome.seen.contains(candidate.id)) ++missed;
  }
  EXPECT_EQ(missed, 0u);
  EXPECT_FALSE(outcome.refused) << "a page was asked for beyond the search's end";
  EXPECT_LE(outcome.longest_query, 256u);
  EXPECT_EQ(outcome.plan.reported_count, static_cast<int64_t>(search.population().size()));
}

// `stars_of` the i-th repository; created one a minute.
template <class Stars>
std::vector<Candidate> Population(int64_t size, Stars stars_of, std::chrono::seconds apart = 60s) {
  std::vector<Candidate> population;
  for (int64_t i = 0; i < size; ++i) population.push_back({i + 1, stars_of(i), kYears + i * apart});
  return population;
}
int64_t PowerLaw(int64_t i) { return static_cast<int64_t>(120'000 / std::pow(i + 1, 1.1)); }

TEST(Sweep, OfNothingIsOneRequest) {
  const auto outcome = RunSweep(SimulatedSearch({}));
  EXPECT_EQ(outcome.plan.requests, 1);
  EXPECT_EQ(outcome.plan.reported_count, 0);
  EXPECT_FALSE(outcome.plan.incomplete);
}

struct SweepSize : testing::TestWithParam<std::pair<int64_t, int64_t>> {};  // repositories, requests at most

TEST_P(SweepSize, SeesEveryRepositoryWithFewRequests) {
  const auto [size, requests_max] = GetParam();
  const SimulatedSearch search(Population(size, PowerLaw));
  const auto outcome = RunSweep(search);
  ExpectAllSeen(search, outcome);
  EXPECT_LE(outcome.plan.requests, requests_max);
  EXPECT_FALSE(outcome.plan.incomplete);
}
INSTANTIATE_TEST_SUITE_P(PowerLaw, SweepSize,
                         testing::Values(std::pair{1, 1}, std::pair{99, 1}, std::pair{100, 1}, std::pair{101, 2},
                                         std::pair{999, 10}, std::pair{1'000, 10}, std::pair{1'001, 12},
                                         std::pair{2'400, 40}, std::pair{10'000, 250}));

TEST(Sweep, SplitsAStarCountThatThousandsShareByCreationTime) {
  const SimulatedSearch search(Population(5'000, [](int64_t) { return 0; }));
  const auto outcome = RunSweep(search);
  ExpectAllSeen(search, outcome);
  EXPECT_FALSE(outcome.plan.incomplete);
  EXPECT_LE(outcome.plan.requests, 150);
}

TEST(Sweep, SplitsDownToSingleSeconds) {
  const SimulatedSearch search(Population(
      5'000, [](int64_t) { return 0; }, 1s));
  ExpectAllSeen(search, RunSweep(search));
}

TEST(Sweep, EndsAndSaysSoWhereOneSecondHoldsMoreThanASearchShows) {
  auto population = Population(
      1'300, [](int64_t) { return 7; }, 0s);
  population.push_back({5'000, 8, kYears});
  population.push_back({5'001, 6, kYears});
  const SimulatedSearch search(std::move(population));
  const auto outcome = RunSweep(search);
  EXPECT_TRUE(outcome.plan.incomplete);
  EXPECT_FALSE(outcome.refused);
  EXPECT_TRUE(outcome.seen.contains(5'000));
  EXPECT_TRUE(outcome.seen.contains(5'001)) << "what lies below the full second is read too";
  EXPECT_GE(outcome.seen.size(), 1'000u);
}

TEST(Sweep, LosesNothingToTiesAtTheCapsEdge) {
  // Places 950 to 1,400 share one star count; the cap falls among them.
  const SimulatedSearch search(Population(2'000, [](int64_t i) { return i < 950 ? 5'000 - i : i < 1'400 ? 77 : 5; }));
  const auto outcome = RunSweep(search);
  ExpectAllSeen(search, outcome);
  EXPECT_FALSE(outcome.plan.incomplete);
}

TEST(Sweep, LosesNothingWhereTheLowestOfThousandsIsNotZero) {
  const SimulatedSearch search(Population(3'500, [](int64_t i) { return i < 1'700 ? 3 : i < 3'300 ? 2 : 0; }));
  ExpectAllSeen(search, RunSweep(search));
}

TEST(Sweep, GoesOnWherePagesComeShort) {
  SimulatedSearch search(Population(3'000, PowerLaw));
  search.ShowShortPages(9);
  const auto outcome = RunSweep(search);
  ExpectAllSeen(search, outcome);
}

TEST(Sweep, GoesOnBehindARangeWhoseEndDoesNotLinkOn) {
  // The links end early although 4,000 are said to match.
  const SearchFacts facts{.total_count = 4'000, .delivered = 100, .stars_lowest = 50, .has_next = false};
  const auto plan = Advance(StartSweep(), facts, kNow);
  ASSERT_FALSE(IsDone(plan));
  EXPECT_EQ(plan.pending.back().stars_max, 50);
}

TEST(Sweep, KeepsWhatIncompleteResultsBroughtAndRemembersThatTheyWere) {
  const SimulatedSearch search(Population(250, PowerLaw));
  const auto outcome = RunSweep(search, true);
  ExpectAllSeen(search, outcome);
  EXPECT_TRUE(outcome.plan.incomplete);
}

TEST(Sweep, EndsWhereEveryTotalIsFarTooLargeAndStillReadsAll) {
  const SimulatedSearch search(Population(250, PowerLaw));
  const auto outcome = RunSweep(search, false, 1'000'000'000);
  EXPECT_EQ(outcome.seen.size(), 250u);
  EXPECT_TRUE(outcome.plan.incomplete);
}

TEST(Sweep, EndsWhereAFullRangeHoldsNothingReadable) {
  SweepPlan plan = StartSweep();
  for (int page = 1; page <= 10; ++page) {
    plan = Advance(plan, {.total_count = 3'000, .delivered = 100, .stars_lowest = {}, .has_next = page < 10}, kNow);
  }
  EXPECT_TRUE(plan.incomplete);
}

TEST(Sweep, AsksWithGitHubsQualifiers) {
  const auto topic = test::TopicNamed("kubernetes");
  EXPECT_EQ(SearchText(topic, {}), "topic:kubernetes");
  EXPECT_EQ(SearchText(topic, {.stars_min = {}, .stars_max = 812, .created = {}}), "topic:kubernetes stars:<=812");
  EXPECT_EQ(
      SearchText(topic, {.stars_min = 0,
                         .stars_max = 0,
                         .created = CreatedRange{test::At("2020-01-01T00:00:00Z"), test::At("2020-01-01T23:59:59Z")}}),
      "topic:kubernetes stars:0 created:2020-01-01T00:00:00Z..2020-01-01T23:59:59Z");
}

}  // namespace
}  // namespace repopulse
