#include "storage/event_verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/time_format.h"
#include "storage/event_partitions.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using std::chrono::hours;
using std::chrono::sys_days;

constexpr size_t kExamplesMax = 20;
constexpr int64_t kRollupsAtOnce = 50'000;

constexpr std::string_view kWords = "SELECT id, word FROM event_words";
// The first read of the table keeps others from dropping its days until the snapshot ends.
constexpr std::string_view kTouchEvents = "SELECT 1 FROM events WHERE created_at = ? LIMIT 1";
// What is committed now, not the snapshot's state.
constexpr std::string_view kDroppedNow = "SELECT 1 FROM event_days_dropped WHERE day = ? LOCK IN SHARE MODE";
constexpr std::string_view kRollupsOfHour = R"(
  SELECT e.repository_id, e.type_id, e.action_id, e.events, e.first_at, e.last_at, r.events, r.first_at, r.last_at,
    r.events IS NOT NULL AND r.events = e.events AND r.first_at = e.first_at AND r.last_at = e.last_at
  FROM (
    SELECT repository_id, type_id, action_id, COUNT(*) AS events, MIN(created_at) AS first_at,
      MAX(created_at) AS last_at
    FROM events
    WHERE created_at >= ? AND created_at < ?
    GROUP BY repository_id, type_id, action_id
  ) e
  LEFT JOIN event_rollups r
    ON r.repository_id = e.repository_id AND r.hour = ? AND r.type_id = e.type_id AND r.action_id = e.action_id)";
constexpr std::string_view kMinutesOfHour = R"(
  SELECT MIN(created_at) - INTERVAL SECOND(MIN(created_at)) SECOND, type_id, action_id, COUNT(*), MIN(created_at),
    MAX(created_at)
  FROM events
  WHERE created_at >= ? AND created_at < ?
  GROUP BY MINUTE(created_at), type_id, action_id)";
constexpr std::string_view kTotalsOfDay = R"(
  SELECT bucket_seconds, bucket, type_id, action_id, events, first_at, last_at
  FROM event_totals
  WHERE bucket_seconds IN (60, 3600, 86400) AND bucket >= ? AND bucket < ?)";
constexpr std::string_view kTotalsByDay = R"(
  SELECT bucket, type_id, action_id, events, first_at, last_at FROM event_totals WHERE bucket_seconds = 86400)";
constexpr std::string_view kLastRepository = R"(
  SELECT repository_id FROM event_rollups WHERE repository_id > ? ORDER BY repository_id LIMIT 1 OFFSET ?)";
constexpr std::string_view kRollupsByType = R"(
  SELECT repository_id, type_id, CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at), COUNT(*)
  FROM event_rollups
  WHERE repository_id > ? AND repository_id <= ?
  GROUP BY repository_id, type_id)";
constexpr std::string_view kRepositoryTotals = R"(
  SELECT repository_id, type_id, events, first_at, last_at
  FROM event_repository_totals
  WHERE repository_id > ? AND repository_id <= ?)";
constexpr std::string_view kRollupsByDay = R"(
  SELECT DATE(hour), type_id, action_id, CAST(SUM(events) AS SIGNED), MIN(first_at), MAX(last_at)
  FROM event_rollups
  WHERE repository_id > ? AND repository_id <= ?
  GROUP BY DATE(hour), type_id, action_id)";

struct Count {
  int64_t events = 0;
  TimePoint first;
  TimePoint last;
  bool operator==(const Count&) const = default;

  void Add(const Count& other) {
    first = events == 0 ? other.first : std::min(first, other.first);
    last = events == 0 ? other.last : std::max(last, other.last);
    events += other.events;
  }
};

std::string Described(const Count& count) {
  return count.events == 0
             ? "none"
             : fmt::format("{} from {} to {}", count.events, FormatRfc3339(count.first), FormatRfc3339(count.last));
}

Count ReadCount(const Row& row, size_t column) {
  return {.events = row.Int(column), .first = row.Time(column + 1), .last = row.Time(column + 2)};
}

class Verifier {
 public:
  explicit Verifier(Connection& db) : db_(db) {}

  Status ReadWords() {
    return db_.Query(kWords, {}, [&](const Row& row) { words_[row.Int(0)] = row.Text(1); });
  }
  // Within a snapshot; false: the day has been dropped meanwhile.
  Result<bool> CompareDay(sys_days day);
  // Within a snapshot.
  Status CompareRepositories();
  [[nodiscard]] Verification& result() { return result_; }

 private:
  using TotalKey = std::tuple<int64_t, TimePoint, int64_t, int64_t>;  // bucket's seconds and begin, type, action
  using Totals = std::map<TotalKey, Count>;
  using RepositoryKey = std::pair<int64_t, int64_t>;  // repository, type
  using RepositoryCounts = std::map<RepositoryKey, Count>;

  Result<bool> IsDropped(sys_days day);
  Status CompareRollups(TimePoint hour);
  Status CountMinutes(TimePoint hour, Totals& totals);
  Status CompareSome(int64_t after, int64_t last);
  Status CountRollupsByDay(int64_t after, int64_t last, Totals& totals);
  template <class Key, class Describe>
  void Compare(const std::map<Key, Count>& counted, const std::map<Key, Count>& stored, const Describe& describe);
  void Report(const std::string& what, const Count& counted, const Count& stored);
  std::string WordsOf(int64_t type, int64_t action);
  std::string TotalName(const TotalKey& key);

  Connection& db_;
  std::unordered_map<int64_t, std::string> words_;
  Verification result_;
};

std::string Verifier::WordsOf(int64_t type, int64_t action) {
  const std::string& word = words_[type];
  return action == 0 ? word : word + " " + words_[action];
}

std::string Verifier::TotalName(const TotalKey& key) {
  const auto& [size, bucket, type, action] = key;
  return fmt::format("total of {} s from {}, {}", size, FormatRfc3339(bucket), WordsOf(type, action));
}

void Verifier::Report(const std::string& what, const Count& counted, const Count& stored) {
  ++result_.differences;
  if (result_.examples.size() >= kExamplesMax) return;
  result_.examples.push_back(fmt::format("{}: counted {}, stored {}", what, Described(counted), Described(stored)));
}

// Both ways: what only one of the two has differs too.
template <class Key, class Describe>
void Verifier::Compare(const std::map<Key, Count>& counted, const std::map<Key, Count>& stored,
                       const Describe& describe) {
  for (const auto& [key, count] : counted) {
    const auto found = stored.find(key);
    const Count other = found == stored.end() ? Count{} : found->second;
    if (other != count) Report(describe(key), count, other);
  }
  for (const auto& [key, count] : stored) {
    if (!counted.contains(key)) Report(describe(key), Count{}, count);
  }
}

Result<bool> Verifier::IsDropped(sys_days day) {
  auto read = db_.Query(kTouchEvents, {TimePoint{day}}, [](const Row&) {});
  bool dropped = false;
  if (read) read = db_.Query(kDroppedNow, {day}, [&](const Row&) { dropped = true; });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return dropped;
}

Status Verifier::CompareRollups(TimePoint hour) {
  return db_.Query(kRollupsOfHour, {hour, hour + hours{1}, hour}, [&](const Row& row) {
    ++result_.rollups;
    const Count counted = ReadCount(row, 3);
    result_.events += counted.events;
    if (row.Bool(9)) return;
    Report(fmt::format("rollup of repository {}, hour {}, {}", row.Int(0), FormatRfc3339(hour),
                       WordsOf(row.Int(1), row.Int(2))),
           counted, row.IsNull(6) ? Count{} : ReadCount(row, 6));
  });
}

Status Verifier::CountMinutes(TimePoint hour, Totals& totals) {
  const TimePoint day{DayOf(hour)};
  return db_.Query(kMinutesOfHour, {hour, hour + hours{1}}, [&](const Row& row) {
    const Count count = ReadCount(row, 3);
    totals[{60, row.Time(0), row.Int(1), row.Int(2)}].Add(count);
    totals[{3600, hour, row.Int(1), row.Int(2)}].Add(count);
    totals[{86400, day, row.Int(1), row.Int(2)}].Add(count);
  });
}

Result<bool> Verifier::CompareDay(sys_days day) {
  auto dropped = IsDropped(day);
  if (!dropped) return dropped;
  if (*dropped) return false;
  Totals counted;
  Totals stored;
  const TimePoint begin{day};
  const TimePoint end = begin + hours{24};
  Status done;
  for (TimePoint hour = begin; done && hour < end; hour += hours{1}) {
    done = CompareRollups(hour);
    if (done) done = CountMinutes(hour, counted);
  }
  if (done) {
    done = db_.Query(kTotalsOfDay, {begin, end}, [&](const Row& row) {
      ++result_.totals;
      stored[{row.Int(0), row.Time(1), row.Int(2), row.Int(3)}] = ReadCount(row, 4);
    });
  }
  if (!done) return tl::make_unexpected(std::move(done.error()));
  Compare(counted, stored, [&](const TotalKey& key) { return TotalName(key); });
  return true;
}

Status Verifier::CompareSome(int64_t after, int64_t last) {
  RepositoryCounts counted;
  RepositoryCounts stored;
  auto read = db_.Query(kRollupsByType, {after, last}, [&](const Row& row) {
    counted[{row.Int(0), row.Int(1)}] = ReadCount(row, 2);
  });
  if (read) {
    read = db_.Query(kRepositoryTotals, {after, last}, [&](const Row& row) {
      ++result_.totals;
      stored[{row.Int(0), row.Int(1)}] = ReadCount(row, 2);
    });
  }
  if (!read) return read;
  Compare(counted, stored, [&](const RepositoryKey& key) {
    return fmt::format("total of repository {}, {}, against its rollups", key.first, WordsOf(key.second, 0));
  });
  return {};
}

Status Verifier::CountRollupsByDay(int64_t after, int64_t last, Totals& totals) {
  return db_.Query(kRollupsByDay, {after, last}, [&](const Row& row) {
    totals[{86400, row.Time(0), row.Int(1), row.Int(2)}].Add(ReadCount(row, 3));
  });
}

// Rollups without any event behind them show here, also those of days that have been dropped.
Status Verifier::CompareRepositories() {
  Totals counted;
  Totals stored;
  auto done = db_.Query(kTotalsByDay, {}, [&](const Row& row) {
    stored[{86400, row.Time(0), row.Int(1), row.Int(2)}] = ReadCount(row, 3);
  });
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  for (int64_t after = -1; done && after < kEnd;) {
    int64_t last = kEnd;
    done = db_.Query(kLastRepository, {after, kRollupsAtOnce}, [&](const Row& row) { last = row.Int(0); });
    if (done) done = CompareSome(after, last);
    if (done) done = CountRollupsByDay(after, last, counted);
    after = last;
  }
  if (!done) return done;
  Compare(counted, stored, [&](const TotalKey& key) { return TotalName(key) + ", against the rollups"; });
  return {};
}

}  // namespace

Result<Verification> VerifyEvents(Connection& db, const std::function<bool(sys_days)>& on_day) {
  auto days = EventPartitions::Days(db);
  if (!days) return tl::make_unexpected(std::move(days.error()));
  Verifier verifier(db);
  if (auto read = verifier.ReadWords(); !read) return tl::make_unexpected(std::move(read.error()));
  for (sys_days day : *days) {
    const Verification before = verifier.result();  // a snapshot may be tried again
    auto compared = InSnapshot(db, [&](Connection&) {
      verifier.result() = before;
      return verifier.CompareDay(day);
    });
    if (!compared) return tl::make_unexpected(std::move(compared.error()));
    if (*compared && !on_day(day)) return verifier.result();
  }
  const Verification before = verifier.result();
  auto compared = InSnapshot(db, [&](Connection&) {
    verifier.result() = before;
    return verifier.CompareRepositories();
  });
  if (!compared) return tl::make_unexpected(std::move(compared.error()));
  return verifier.result();
}

}  // namespace repopulse
