// How long the slowest reads and writes take. The limits hold for a build with sanitizers on a busy machine; what is
// measured is in the report's properties.
#include <functional>

#include "integration/storage/database.h"

namespace repopulse {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLimit{2000};

class SpeedTest : public TopicTest {
 protected:
  static constexpr int kRuns = 7;

  // Members 1..count with different stars, and snapshots of the eight days before.
  void Fill(int64_t count) {
    std::vector<Repository> seen;
    for (int64_t id = 1; id <= count; ++id) {
      auto repository =
          MakeRepository(id * 7919 % 1'000'003, "owner" + std::to_string(id) + "/repository", id * 31 % 977);
      repository.description = std::string(150, 'd');
      repository.updated_at += std::chrono::seconds{id * 17 % 9973};
      seen.push_back(repository);
    }
    const Sweep sweep = Read(topic_, seen);
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_OK(topics().PublishSweep(sweep, true, clock_.Now(), clock_.Now()));
    Note("publish", std::chrono::steady_clock::now() - begin);
    for (int days = 1; days <= 8; ++days) {
      ASSERT_OK(db().Execute("INSERT INTO repository_snapshots SELECT id, ?, stargazers_count, 0, 0 FROM repositories",
                             {DayOf(clock_.Now()) - std::chrono::days{days}}));
    }
    ASSERT_OK(db().Run("ANALYZE TABLE repositories, topic_repositories, repository_snapshots"));
  }
  void Note(const std::string& what, std::chrono::nanoseconds time) {
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    RecordProperty(what + "_microseconds", std::to_string(microseconds));
    EXPECT_LT(time, kLimit) << what;
  }
  void Measure(const std::string& what, const std::function<void()>& work) {
    work();
    std::vector<std::chrono::nanoseconds> times;
    for (int i = 0; i < kRuns; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      work();
      times.push_back(std::chrono::steady_clock::now() - begin);
    }
    std::ranges::sort(times);
    Note(what, times[kRuns / 2]);
  }
  void MeasureRanking(const std::string& what, RankingSort sort, size_t limit,
                      std::optional<std::string> language = {}) {
    RankingQuery query{.topic = Tagged("kubernetes"),
                       .sort = sort,
                       .language = std::move(language),
                       .min_stars = {},
                       .archived = {},
                       .after = {},
                       .limit = limit,
                       .baseline_day = DayOf(clock_.Now()) - std::chrono::days{7}};
    Measure(what, [&] {
      auto page = topics().Rank(query);
      ASSERT_OK(page);
      ASSERT_EQ(page->items.size(), limit);
    });
  }
};

TEST_F(SpeedTest, ListsOf500OfATopicOf1000) {
  Fill(1000);
  MeasureRanking("by_id", RankingSort::kStored, 500);
  MeasureRanking("by_stars", RankingSort::kPopularity, 500);
  MeasureRanking("by_updated_at", RankingSort::kUpdated, 500);
}

TEST_F(SpeedTest, FirstPagesOfATopicOf10000) {
  Fill(10'000);
  MeasureRanking("popularity", RankingSort::kPopularity, 30);
  MeasureRanking("popularity_of_a_language", RankingSort::kPopularity, 30, "go");
  MeasureRanking("activity", RankingSort::kActivity, 30);
  MeasureRanking("updated_100", RankingSort::kUpdated, 100);
  Measure("find_by_name", [&] { ASSERT_OK(repositories().FindByName(Name("owner77/repository"))); });
  Measure("search",
          [&] { ASSERT_OK(repositories().List({.text = "nowhere", .active = {}, .after = {}, .limit = 30})); });
}

}  // namespace
}  // namespace repopulse
