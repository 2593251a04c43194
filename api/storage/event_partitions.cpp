#include "storage/event_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "base/log.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace repopulse {
namespace {

using std::chrono::sys_days;

constexpr std::string_view kPartitions = R"(
  SELECT partition_name FROM information_schema.partitions
  WHERE table_schema = DATABASE() AND table_name = 'events' AND partition_name IS NOT NULL
  ORDER BY partition_ordinal_position)";
constexpr std::string_view kDropped = "SELECT day FROM event_days_dropped WHERE day BETWEEN ? AND ?";

// A file grows page by page up to a MiB, with two syncs each, and by whole MiBs from there on. What makes it grow is
// not kept.
constexpr std::string_view kGrow = R"(
  INSERT INTO events (created_at, id, type_id, action_id, repository_id, actor_id, actor_login, bot, merged, payload)
  VALUES (?, -1, -1, -1, -1, -1, '', 0, 0, REPEAT('x', 1048576)))";

constexpr std::chrono::seconds kLockWait{20};
// A change of the table waits for all transactions that use it, and all that come later wait for it: rather try often
// than wait long.
constexpr std::string_view kImpatience = "SET SESSION lock_wait_timeout = 1";
constexpr std::string_view kPatience = "SET SESSION lock_wait_timeout = 3";
constexpr int kAttempts = 40;
constexpr std::chrono::milliseconds kPause{250};

constexpr int64_t kEventsOfPart = 100'000;  // and those of the last repository among them
constexpr std::string_view kLastOfPart = R"(
  SELECT repository_id FROM events
  WHERE created_at >= ? AND created_at < ? AND repository_id > ?
  ORDER BY repository_id LIMIT 1 OFFSET ?)";

std::string Digits(sys_days day) {
  std::string digits = FormatDay(day);
  std::erase(digits, '-');
  return digits;
}

std::optional<sys_days> DayIn(std::string_view name) {
  if (name.size() != 9) return std::nullopt;
  return ParseDay(fmt::format("{}-{}-{}", name.substr(1, 4), name.substr(5, 2), name.substr(7, 2)));
}

// The day a name stands for; none for the partitions between days.
std::optional<sys_days> DayOfPartition(std::string_view name) {
  return name.starts_with('p') ? DayIn(name) : std::nullopt;
}

// Where the partition ends: it holds what is before. None: at the end of time.
std::optional<sys_days> EndOfPartition(std::string_view name) {
  const auto day = DayIn(name);
  if (!day) return std::nullopt;
  return name.starts_with('p') ? *day + std::chrono::days{1} : *day;
}

std::string Definition(std::string_view name) {
  const auto end = EndOfPartition(name);
  return end ? fmt::format("PARTITION {} VALUES LESS THAN ('{} 00:00:00')", name, FormatDay(*end))
             : fmt::format("PARTITION {} VALUES LESS THAN (MAXVALUE)", name);
}

// `partition`, which begins at `begin` (none: at the beginning of time), split so that `days` of it have their own.
std::string Split(const std::string& partition, std::optional<sys_days> begin, const std::vector<sys_days>& days) {
  std::string pieces;
  const auto add = [&](const std::string& name) { pieces += (pieces.empty() ? "" : ", ") + Definition(name); };
  std::optional<sys_days> done = begin;
  for (sys_days day : days) {
    if (!done || *done < day) add("g" + Digits(day));
    add("p" + Digits(day));
    done = day + std::chrono::days{1};
  }
  if (EndOfPartition(partition) != done) add(partition);
  return fmt::format("ALTER TABLE events REORGANIZE PARTITION {} INTO ({})", partition, pieces);
}

Result<std::vector<std::string>> ReadPartitions(Connection& db) {
  std::vector<std::string> names;
  auto read = db.Query(kPartitions, {}, [&](const Row& row) { names.push_back(row.Text(0)); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  if (names.empty()) return Fail(ErrorCode::kInternal, "the table events has no partitions");
  return names;
}

Status GrowOne(Connection& db, sys_days day) {
  auto done = db.Run("START TRANSACTION");
  if (!done) return done;
  const auto written = db.Execute(kGrow, {TimePoint{day}});
  done = db.Run("ROLLBACK");
  if (!written) return tl::make_unexpected(written.error());
  return done;
}

Status ChangeTable(Connection& db, const std::string& statement) {
  if (auto set = db.Run(kImpatience); !set) return set;
  Status changed;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    changed = db.Run(statement);
    if (changed || !db.ShouldRetry()) break;
    std::this_thread::sleep_for(kPause);
  }
  if (db.health() != ConnectionHealth::kUsable) return changed;
  if (auto set = db.Run(kPatience); !set) return set;
  return changed;
}

}  // namespace

std::vector<std::string> PartitionStatements(std::span<const std::string> present, const std::set<sys_days>& days) {
  std::vector<std::string> statements;
  std::optional<sys_days> begin;
  auto day = days.begin();
  for (const std::string& partition : present) {
    const auto end = EndOfPartition(partition);
    std::vector<sys_days> inside;
    for (; day != days.end() && (!end || *day < *end); ++day) {
      if (DayOfPartition(partition) != *day) inside.push_back(*day);
    }
    if (!inside.empty()) statements.push_back(Split(partition, begin, inside));
    begin = end;
  }
  return statements;
}

Status EachPartOfDay(Connection& db, sys_days day, const std::function<Status(int64_t, int64_t)>& take) {
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  for (int64_t after = -1; after < kEnd;) {
    int64_t last = kEnd;
    auto done = db.Query(kLastOfPart, {TimePoint{day}, TimePoint{day + std::chrono::days{1}}, after, kEventsOfPart},
                         [&](const Row& row) { last = row.Int(0); });
    if (done) done = take(after, last);
    if (!done) return done;
    after = last;
  }
  return {};
}

Result<std::set<sys_days>> DroppedAmong(Connection& db, const std::set<sys_days>& days) {
  std::set<sys_days> dropped;
  if (days.empty()) return dropped;
  auto read = db.Query(kDropped, {*days.begin(), *days.rbegin()}, [&](const Row& row) {
    if (days.contains(row.Day(0))) dropped.insert(row.Day(0));
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return dropped;
}

EventPartitions::EventPartitions(std::string_view database) : lock_("event-days", database) {}

bool EventPartitions::AllSettled(const std::set<sys_days>& days) {
  const std::lock_guard lock(mutex_);
  return std::ranges::includes(settled_, days);
}

Result<std::vector<sys_days>> EventPartitions::Ensure(Connection& db, const std::set<sys_days>& days) {
  if (AllSettled(days)) return std::vector<sys_days>();
  auto taken = lock_.Take(db, kLockWait);
  if (!taken) return WithContext("make partitions", std::move(taken.error()));
  if (!*taken) return Fail(ErrorCode::kUnavailable, "somebody else has been changing the days of events for long");
  auto made = Make(db, days);
  lock_.Free(db);
  if (!made) return WithContext("make partitions", std::move(made.error()));
  const std::lock_guard lock(mutex_);
  settled_ = std::move(made->settled);
  return std::move(made->now);
}

Status EventPartitions::Grow(Connection& db, const std::vector<sys_days>& days) {
  for (const sys_days day : days) {
    if (auto grown = GrowOne(db, day); !grown) return WithContext("make room for a day", std::move(grown.error()));
  }
  return {};
}

Result<EventPartitions::Made> EventPartitions::Make(Connection& db, const std::set<sys_days>& days) {
  auto settled = DroppedAmong(db, days);
  if (!settled) return tl::make_unexpected(std::move(settled.error()));
  auto present = ReadPartitions(db);
  if (!present) return tl::make_unexpected(std::move(present.error()));
  std::set<sys_days> missing;
  std::ranges::set_difference(days, *settled, std::inserter(missing, missing.end()));
  for (const std::string& name : *present) {
    if (const auto day = DayOfPartition(name)) settled->insert(*day);
  }
  std::erase_if(missing, [&](sys_days day) { return settled->contains(day); });
  for (const std::string& statement : PartitionStatements(*present, missing)) {
    if (auto changed = ChangeTable(db, statement); !changed) return tl::make_unexpected(std::move(changed.error()));
  }
  settled->insert(missing.begin(), missing.end());
  if (!missing.empty()) {
    LogInfo("event_days_made", {{"first", FormatDay(*missing.begin())}, {"days", missing.size()}});
  }
  return Made{*std::move(settled), {missing.begin(), missing.end()}};
}

Result<std::vector<sys_days>> EventPartitions::Days(Connection& db) {
  auto present = ReadPartitions(db);
  if (!present) return tl::make_unexpected(std::move(present.error()));
  std::vector<sys_days> days;
  for (const std::string& name : *present) {
    if (const auto day = DayOfPartition(name)) days.push_back(*day);
  }
  return days;
}

Status EventPartitions::Drop(Connection& db, const std::vector<sys_days>& days) {
  if (days.empty()) return {};
  std::string names;
  for (sys_days day : days) names += (names.empty() ? "p" : ", p") + Digits(day);
  return ChangeTable(db, "ALTER TABLE events DROP PARTITION " + names);
}

}  // namespace repopulse
