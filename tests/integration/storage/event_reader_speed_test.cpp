// How long questions about events take with a million of them, and with ten times as many. For a person to run:
//   with-servers mariadb -- storage_tests --gtest_also_run_disabled_tests --gtest_filter=EventReaderSpeed*
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "integration/storage/event_tables.h"

namespace repopulse {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;

constexpr RepositoryId kBusy{1};
constexpr RepositoryId kQuiet{777};

class EventReaderSpeedTest : public EventTablesTest {
 protected:
  static constexpr int kRuns = 15;

  // One event in ten is the busy repository's; the rest spread over 20,000. `days_stored` days end at the clock's now.
  // MariaDB's sequences make the rows.
  void Fill(int64_t count, int days_stored) {
    const auto end = std::chrono::ceil<days>(clock_.Now());
    std::string partitions;
    for (int day = days_stored; day >= 0; --day) {
      partitions +=
          fmt::format("PARTITION p{} VALUES LESS THAN ('{}'), ", days_stored - day, FormatDay(end - days{day}));
    }
    ASSERT_OK(db().Run("ALTER TABLE events PARTITION BY RANGE COLUMNS (created_at) (" + partitions +
                       "PARTITION before_max VALUES LESS THAN (MAXVALUE))"));
    ASSERT_OK(
        db().Run("INSERT INTO event_words (word) VALUES ('PushEvent'), ('WatchEvent'), ('IssuesEvent'), "
                 "('PullRequestEvent'), ('ReleaseEvent'), ('PublicEvent'), ('opened'), ('closed'), ('started')"));
    ConnectionOptions options = ConnectionTo();
    options.read_timeout = std::chrono::minutes{10};
    const auto patient = Connection::Open(options).value();
    const int64_t span = days_stored * int64_t{86400} - 43200;
    constexpr int64_t kPart = 250'000;
    for (int64_t begin = 1; begin <= count; begin += kPart) {
      // A prime walks through the seconds; the type and the repository do not depend on where it is.
      ASSERT_OK(patient->Run(fmt::format(
          "INSERT INTO events SELECT '{}' - INTERVAL ((seq * 7919) % {}) SECOND, seq, "
          "CASE WHEN seq % 5003 = 0 THEN 6 WHEN seq % 1009 = 0 THEN 5 WHEN seq % 7 = 0 THEN 4 WHEN seq % 11 = 0 THEN 3 "
          "WHEN seq % 3 = 0 THEN 2 ELSE 1 END AS t, CASE WHEN seq % 7 = 0 AND seq % 5003 > 0 AND seq % 1009 > 0 "
          "THEN 7 + seq % 2 ELSE 0 END, IF(seq % 10 = 0, 1, 2 + (seq * 31) % 20000), seq % 1000, 'octocat', "
          "seq % 4 = 0, 0, NULL, NULL FROM seq_{}_to_{}",
          FormatRfc3339(clock_.Now()).substr(0, 19), span, begin, std::min(begin + kPart - 1, count))));
    }
    Summarize(*patient);
    ASSERT_OK(
        patient->Run("ANALYZE TABLE events, event_rollups, event_minutes, event_totals, event_repository_totals"));
  }
  template <class Result>
  void Measure(const std::string& what, const std::function<Result()>& ask) {
    ASSERT_OK(ask());
    std::vector<microseconds> times;
    for (int i = 0; i < kRuns; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      ASSERT_OK(ask());
      times.push_back(std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begin));
    }
    std::ranges::sort(times);
    fmt::print("{:>9} us  {:>9} us  {}\n", times[kRuns / 2].count(), times.back().count(), what);
  }
  void MeasureAll() {
    EventReader& reader = event_reader();
    const TimePoint now = clock_.Now();
    const std::pair<const char*, EventFilter> filters[] = {
        {"all", {}},
        {"a type", {.type = "PushEvent", .action = {}, .repository = {}}},
        {"a rare type", {.type = "PublicEvent", .action = {}, .repository = {}}},
        {"an action", {.type = "PullRequestEvent", .action = "opened", .repository = {}}},
        {"busy", {.type = {}, .action = {}, .repository = kBusy}},
        {"busy, an action", {.type = "PullRequestEvent", .action = "opened", .repository = kBusy}},
        {"busy, a rare type", {.type = "ReleaseEvent", .action = {}, .repository = kBusy}},
        {"quiet", {.type = {}, .action = {}, .repository = kQuiet}},
        {"quiet, a type", {.type = "WatchEvent", .action = {}, .repository = kQuiet}}};
    for (const auto& [name, filter] : filters) {
      Measure<Result<EventCounts>>(fmt::format("counts of an hour: {}", name),
                                   [&, of = filter] { return reader.Counts(of, now - minutes{61}); });
      Measure<Result<EventCounts>>(fmt::format("counts ever: {}", name),
                                   [&, of = filter] { return reader.Counts(of, {}); });
      Measure<Result<IntervalStatistics>>(fmt::format("intervals: {}", name), [&, of = filter] {
        return reader.Intervals(of, EventReader::Percentiles::kWanted);
      });
      EventListQuery query{.repository = filter.repository,
                           .type = filter.type,
                           .action = filter.action,
                           .since = {},
                           .until = {},
                           .after = {}};
      Measure<Result<EventListPage>>(fmt::format("list: {}", name), [&] { return reader.List(query); });
      query.offset = 300;
      Measure<Result<EventListPage>>(fmt::format("list, page 11: {}", name), [&] { return reader.List(query); });
      query.offset = 0;
      query.after = EventPosition{.created_at = now - days{2} - minutes{7}, .id = 1, .type = "PushEvent"};
      Measure<Result<EventListPage>>(fmt::format("list, deep: {}", name), [&] { return reader.List(query); });
    }
    for (const RepositoryId repository : {kBusy, kQuiet}) {
      for (const BotFilter bots : {BotFilter::kInclude, BotFilter::kExclude}) {
        Measure<Result<EventWindow>>(fmt::format("window of {}, bots {}", repository.value, static_cast<int>(bots)),
                                     [&, bots] { return reader.Window(repository, now - days{7}, 500, bots); });
      }
      Measure<Result<std::vector<BucketCount>>>(fmt::format("history by day of {}", repository.value), [&] {
        return reader.History(repository, days{1}, TimePoint{DayOf(now) - days{30}}, TimePoint{DayOf(now)});
      });
    }
    for (const char* type : {"PushEvent", "PublicEvent"}) {
      Measure<Result<RepositoryCountPage>>(fmt::format("repositories ever: {}", type),
                                           [&] { return reader.Repositories(type, 1, {}, {}, 30); });
      Measure<Result<RepositoryCountPage>>(fmt::format("repositories of an hour: {}", type),
                                           [&] { return reader.Repositories(type, 1, now - hours{1}, {}, 30); });
    }
    Measure<Result<std::vector<BucketCount>>>("minutes of an hour", [&] { return reader.Minutes(now - hours{1}); });
    Measure<Result<std::optional<TimePoint>>>("newest", [&] { return reader.NewestEvent({}); });
  }
};

TEST_F(EventReaderSpeedTest, DISABLED_WithAMillionEvents) {
  Fill(1'000'000, 9);
  MeasureAll();
}

TEST_F(EventReaderSpeedTest, DISABLED_WithTenMillionEvents) {
  Fill(10'000'000, 90);
  MeasureAll();
}

}  // namespace
}  // namespace repopulse
