#include "storage/event_verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/time_format.h"
#include "storage/event_minutes.h"
#include "storage/event_partitions.h"
#include "storage/packed_events.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using std::chrono::hours;
using std::chrono::sys_days;

constexpr size_t kExamplesMax = 20;
constexpr int64_t kRollupsAtOnce = 4'000;  // up to a day's hours and types each: 10 KB in memory

constexpr std::string_view kWords = "SELECT id, word FROM event_words";
// The first read of the table keeps others from dropping its days until the snapshot ends.
constexpr std::string_view kTouchEvents = "SELECT 1 FROM events WHERE created_at >= ? AND created_at < ? LIMIT 1";
// What is committed now, not the snapshot's state.
constexpr std::string_view kDroppedNow = "SELECT 1 FROM event_days_dropped WHERE day = ? LOCK IN SHARE MODE";
constexpr std::string_view kEvents = R"(
  SELECT repository_id, type_id, action_id, created_at FROM events
  WHERE created_at >= ? AND created_at < ? AND repository_id > ? AND repository_id <= ?)";
constexpr std::string_view kTheirRollups = R"(
  SELECT STRAIGHT_JOIN r.repository_id, r.hour, r.counts
  FROM (
    SELECT DISTINCT repository_id FROM events
    WHERE created_at >= ? AND created_at < ? AND repository_id > ? AND repository_id <= ?
  ) e
  JOIN event_rollups r ON r.repository_id = e.repository_id
  WHERE r.hour >= ? AND r.hour < ?)";
constexpr std::string_view kDay = "SELECT 1 FROM event_days WHERE day = ?";
constexpr std::string_view kTotalsOfDay = R"(
  SELECT bucket_seconds, bucket, type_id, action_id, events, first_at, last_at
  FROM event_totals
  WHERE bucket_seconds IN (3600, 86400) AND bucket >= ? AND bucket < ?)";
constexpr std::string_view kTotalsByDay = R"(
  SELECT bucket, type_id, action_id, events, first_at, last_at FROM event_totals WHERE bucket_seconds = 86400)";
constexpr std::string_view kLastRepository = R"(
  SELECT repository_id FROM event_rollups WHERE repository_id > ? ORDER BY repository_id LIMIT 1 OFFSET ?)";
constexpr std::string_view kRollups = R"(
  SELECT repository_id, hour, counts FROM event_rollups WHERE repository_id > ? AND repository_id <= ?)";
constexpr std::string_view kRepositoryTotals = R"(
  SELECT repository_id, type_id, events, first_at, last_at
  FROM event_repository_totals
  WHERE repository_id > ? AND repository_id <= ?)";

struct Count {
  int64_t events = 0;
  TimePoint first;
  TimePoint last;
  uint64_t places = 0;  // of minutes: a sum over the events' times and repositories, which tells others from them
  bool operator==(const Count&) const = default;

  void Add(const Count& other) {
    first = events == 0 ? other.first : std::min(first, other.first);
    last = events == 0 ? other.last : std::max(last, other.last);
    events += other.events;
    places += other.places;
  }
};

// Numbers that differ in a bit have sums that differ in many (the mixer of SplitMix64).
uint64_t Mixed(uint64_t number) {
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31U);
}

Count OneAt(const PlaceEntry& place) {
  const auto second = static_cast<uint64_t>(place.created_at.time_since_epoch() / std::chrono::seconds{1});
  return {.events = 1,
          .first = place.created_at,
          .last = place.created_at,
          .places = Mixed(Mixed(static_cast<uint64_t>(place.repository)) + second)};
}

Count Plain(Count count) {
  count.places = 0;
  return count;
}

std::string Described(const Count& count) {
  if (count.events == 0) return "none";
  std::string text =
      fmt::format("{} from {} to {}", count.events, FormatRfc3339(count.first), FormatRfc3339(count.last));
  if (count.places != 0) text += fmt::format(" (places {:016x})", count.places);
  return text;
}

std::string HourName(int64_t repository, TimePoint hour) {
  return fmt::format("rollup of repository {}, hour {}", repository, FormatRfc3339(hour));
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
  using RollupKey = std::tuple<int64_t, TimePoint, int64_t, int64_t>;  // repository, hour, type, action
  using Rollups = std::map<RollupKey, Count>;

  Result<bool> IsDropped(sys_days day);
  // Of the repositories behind `after` up to `last`; adds what they have to the totals.
  Status CompareRollups(sys_days day, int64_t after, int64_t last, Totals& totals);
  Status ReadTotals(sys_days day, Totals& totals);
  // Readers look only for days and kinds that are listed.
  Status CheckListed(sys_days day, const Totals& counted);
  Status CompareSome(int64_t after, int64_t last, Totals& totals);
  void TakeRollups(const Row& row, Rollups& rollups);
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
  auto read = db_.Query(kTouchEvents, {TimePoint{day}, TimePoint{day} + hours{24}}, [](const Row&) {});
  bool dropped = false;
  if (read) read = db_.Query(kDroppedNow, {day}, [&](const Row&) { dropped = true; });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return dropped;
}

// A row of repository, hour and counts.
void Verifier::TakeRollups(const Row& row, Rollups& rollups) {
  const int64_t repository = row.Int(0);
  const TimePoint hour = row.Time(1);
  const std::string counts = row.Text(2);
  if (counts.size() % kRollupEntryBytes != 0) {
    Report(HourName(repository, hour) + ", which ends within an entry", {}, {});
  }
  EachRollup(counts, hour, [&](const RollupEntry& entry) {
    rollups[{repository, FloorHour(entry.first), entry.type, entry.action}].Add(
        {.events = entry.events, .first = entry.first, .last = entry.last});
  });
}

Status Verifier::CompareRollups(sys_days day, int64_t after, int64_t last, Totals& totals) {
  const TimePoint begin{day};
  const TimePoint end = begin + hours{24};
  Rollups counted;
  Rollups stored;
  auto read = db_.Query(kEvents, {begin, end, after, last}, [&](const Row& row) {
    const PlaceEntry place{.created_at = row.Time(3), .repository = row.Int(0)};
    const Count one = OneAt(place);
    counted[{place.repository, std::chrono::floor<hours>(place.created_at), row.Int(1), row.Int(2)}].Add(Plain(one));
    totals[{60, std::chrono::floor<std::chrono::minutes>(place.created_at), row.Int(1), row.Int(2)}].Add(one);
    ++result_.events;
  });
  if (read) {
    read = db_.Query(kTheirRollups, {begin, end, after, last, begin, end},
                     [&](const Row& row) { TakeRollups(row, stored); });
  }
  if (!read) return read;
  result_.rollups += static_cast<int64_t>(counted.size());
  Compare(counted, stored, [&](const RollupKey& key) {
    const auto& [repository, hour, type, action] = key;
    return HourName(repository, hour) + ", " + WordsOf(type, action);
  });
  return {};
}

Status Verifier::ReadTotals(sys_days day, Totals& totals) {
  const TimePoint begin{day};
  const TimePoint end = begin + hours{24};
  auto read = ReadMinutes(db_, {}, {begin, end}, [&](const EventKind& kind, TimePoint minute, std::string_view places) {
    ++result_.totals;
    Count& count = totals[{60, minute, kind.type, kind.action}];
    EachPlace(places, minute, [&](const PlaceEntry& place) { count.Add(OneAt(place)); });
    // What ends within an entry, or holds none, differs from all that can be counted.
    if (places.empty() || places.size() % kPlaceEntryBytes != 0) ++count.events;
  });
  if (!read) return read;
  return db_.Query(kTotalsOfDay, {begin, end}, [&](const Row& row) {
    ++result_.totals;
    totals[{row.Int(0), row.Time(1), row.Int(2), row.Int(3)}] = ReadCount(row, 4);
  });
}

Status Verifier::CheckListed(sys_days day, const Totals& counted) {
  bool listed = counted.empty();
  auto read = db_.Query(kDay, {day}, [&](const Row&) { listed = true; });
  if (!read) return read;
  if (!listed) Report("day " + FormatDay(day) + ", which is not listed", {}, {});
  const auto kinds = StoredKinds(db_, {});
  if (!kinds) return tl::make_unexpected(kinds.error());
  std::set<std::pair<int64_t, int64_t>> missing;
  for (const auto& [key, count] : counted) missing.emplace(std::get<2>(key), std::get<3>(key));
  for (const EventKind& kind : *kinds) missing.erase({kind.type, kind.action});
  for (const auto& [type, action] : missing) Report("kind " + WordsOf(type, action) + ", which is not listed", {}, {});
  return {};
}

Result<bool> Verifier::CompareDay(sys_days day) {
  auto dropped = IsDropped(day);
  if (!dropped) return dropped;
  if (*dropped) return false;
  Totals counted;
  Totals stored;
  auto done =
      EachPartOfDay(db_, day, [&](int64_t after, int64_t last) { return CompareRollups(day, after, last, counted); });
  if (done) done = ReadTotals(day, stored);
  if (!done) return tl::make_unexpected(std::move(done.error()));
  if (auto listed = CheckListed(day, counted); !listed) return tl::make_unexpected(std::move(listed.error()));
  Totals longer;
  for (const auto& [key, count] : counted) {
    const auto& [size, minute, type, action] = key;
    longer[{3600, std::chrono::floor<hours>(minute), type, action}].Add(Plain(count));
    longer[{86400, TimePoint{day}, type, action}].Add(Plain(count));
  }
  counted.merge(longer);
  Compare(counted, stored, [&](const TotalKey& key) { return TotalName(key); });
  return true;
}

Status Verifier::CompareSome(int64_t after, int64_t last, Totals& totals) {
  RepositoryCounts counted;
  RepositoryCounts stored;
  Rollups rollups;
  auto read = db_.Query(kRollups, {after, last}, [&](const Row& row) { TakeRollups(row, rollups); });
  if (read) {
    read = db_.Query(kRepositoryTotals, {after, last}, [&](const Row& row) {
      ++result_.totals;
      stored[{row.Int(0), row.Int(1)}] = ReadCount(row, 2);
    });
  }
  if (!read) return read;
  for (const auto& [key, count] : rollups) {
    const auto& [repository, hour, type, action] = key;
    counted[{repository, type}].Add(count);
    totals[{86400, TimePoint{DayOf(hour)}, type, action}].Add(count);
  }
  Compare(counted, stored, [&](const RepositoryKey& key) {
    return fmt::format("total of repository {}, {}, against its rollups", key.first, WordsOf(key.second, 0));
  });
  return {};
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
    if (done) done = CompareSome(after, last, counted);
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
