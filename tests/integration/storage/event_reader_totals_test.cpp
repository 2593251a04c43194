// The contract of service/event_reader.h: totals of many repositories by bucket. Expected values are counted in memory.
#include <algorithm>

#include "integration/storage/event_tables.h"
#include "storage/daily_totals.h"

namespace repopulse {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

class EventTotalsTest : public EventTablesTest {
 protected:
  using Row = std::tuple<TimePoint, int64_t, int64_t>;  // bucket, events, of the types

  std::vector<Row> Recounted(int64_t repository, seconds bucket, TimePoint from, TimePoint to,
                             const std::vector<std::string_view>& types) const {
    std::map<TimePoint, Row> rows;
    for (const Told& event : Matching({.type = {}, .action = {}, .repository = RepositoryId{repository}})) {
      const TimePoint begin{event.created_at.time_since_epoch() / bucket * bucket};
      if (begin < from || begin > to) continue;
      Row& row = rows.try_emplace(begin, begin, 0, 0).first->second;
      ++std::get<1>(row);
      if (std::ranges::find(types, event.type) != types.end()) ++std::get<2>(row);
    }
    std::vector<Row> recounted;
    for (const auto& [begin, row] : rows) recounted.push_back(row);
    return recounted;
  }
  // Of these repositories, as they are told and as they are.
  void ExpectTotals(const std::vector<int64_t>& of, seconds bucket, TimePoint from, TimePoint to,
                    const std::vector<std::string_view>& types = {}) {
    std::vector<RepositoryId> ids;
    for (const int64_t id : of) ids.push_back(RepositoryId{id});
    const auto each = event_reader().TotalsOfEach(ids, bucket, from, to, types).value();
    ASSERT_EQ(each.size(), of.size());
    for (size_t i = 0; i < of.size(); ++i) {
      std::vector<Row> rows;
      for (const BucketTotal& total : each[i]) rows.emplace_back(total.bucket, total.events, total.of_types);
      EXPECT_EQ(rows, Recounted(of[i], bucket, from, to, types)) << of[i];
    }
  }
  void ExpectDays(const std::vector<int64_t>& of, std::string_view from, std::string_view to) {
    ExpectTotals(of, days{1}, At(from), At(to));
  }
};

TEST_F(EventTotalsTest, AreOfEachRepositoryInTheOrderAskedFor) {
  Store(Random());
  for (int again = 0; again < 2; ++again) {
    ExpectDays({3, 999, 1, 2, 3}, "2024-05-01", "2024-05-03");
    ExpectTotals({3, 999, 1, 2, 3}, hours{1}, At("2024-05-01T12:00:00Z"), At("2024-05-03T11:00:00Z"));
    ExpectTotals({2, 1}, hours{1}, At("2024-05-01T12:00:00Z"), At("2024-05-03T11:00:00Z"),
                 {"IssuesEvent", "PushEvent", "NoSuchEvent"});
    ExpectTotals({2, 1}, days{1}, At("2024-05-01"), At("2024-05-03"), {"IssuesEvent"});
    ExpectDays({}, "2024-05-01", "2024-05-03");
    ExpectDays({1}, "2034-05-01", "2034-05-03");
  }
}

TEST_F(EventTotalsTest, OfDaysReadBeforeAreTheSameWithOthersAroundThem) {
  Store(Random());
  ExpectDays({1, 2}, "2024-05-02", "2024-05-03");
  ExpectDays({2, 3}, "2024-05-04", "2024-05-04");
  ExpectDays({1, 2, 3, 999}, "2024-04-28", "2024-05-06");
  ExpectDays({999, 3, 2}, "2024-05-03", "2024-05-05");
  Drop(OnDay("2024-05-03"));
  ExpectDays({1, 2}, "2024-04-28", "2024-05-06");
}

TEST_F(EventTotalsTest, SeeWhatComesLateToADayReadBefore) {
  Store(Random());
  ExpectDays({1, 2, 999}, "2024-04-28", "2024-05-06");
  Store(
      {{.id = 900'001, .type = "PushEvent", .action = "", .repository = 999, .created_at = At("2024-05-02T01:00:00Z")},
       {.id = 900'002, .type = "PushEvent", .action = "", .repository = 1, .created_at = At("2024-05-04T02:00:00Z")},
       {.id = 900'003, .type = "PushEvent", .action = "", .repository = 1, .created_at = At("2020-01-01T00:00:00Z")}});
  ExpectDays({1, 2, 999}, "2024-04-28", "2024-05-06");
  ExpectDays({1}, "2019-12-31", "2020-01-02");
}

TEST_F(EventTotalsTest, KeepNoMoreNumbersThanTheirMost) {
  std::vector<Told> events;
  for (int64_t day = 0; day < 100; ++day) {
    events.push_back({.id = day + 1,
                      .type = "PushEvent",
                      .action = "",
                      .repository = 5,
                      .created_at = At("2024-01-01") + day * days{1}});
  }
  Store(events);
  std::vector<RepositoryId> many;
  for (int64_t id = 1; id <= static_cast<int64_t>(DailyTotals::kCountsMax / 90); ++id) many.push_back(RepositoryId{id});
  DailyTotals totals;
  for (int again = 0; again < 2; ++again) {
    const auto read = totals.Read(db(), many, OnDay("2024-01-01"), OnDay("2024-04-09"));
    ASSERT_OK(read);
    EXPECT_EQ(read->size(), 1U);
    EXPECT_EQ(read->at(RepositoryId{5}).size(), 100U);
    EXPECT_LE(totals.size(), DailyTotals::kCountsMax);
    EXPECT_GE(totals.size(), DailyTotals::kCountsMax - many.size());
  }
}

}  // namespace
}  // namespace repopulse
