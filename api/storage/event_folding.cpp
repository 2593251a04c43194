#include "storage/event_folding.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "storage/event_partitions.h"
#include "storage/event_places.h"
#include "storage/event_rollup.h"
#include "storage/packed_events.h"
#include "storage/repository_rows.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

// A row saved is a row less to read, each time; folding costs as much as reading it a few times.
constexpr int64_t kRowsMin = 4;
// Of one transaction: it is over before somebody who stores events has waited long.
constexpr size_t kRepositoriesAtOnce = 100;

// Days that are over and have got events since they were folded.
constexpr std::string_view kDue = R"(
  SELECT d.day, CAST(SUM(t.events) AS SIGNED)
  FROM event_days d JOIN event_totals t ON t.bucket_seconds = 86400 AND t.bucket = d.day
  WHERE d.day < ?
  GROUP BY d.day, d.folded_events
  HAVING SUM(t.events) <> d.folded_events
  ORDER BY d.day)";
// Whoever has fewer events than that has fewer hours, too.
constexpr std::string_view kBusy = R"(
  SELECT repository_id FROM events
  WHERE created_at >= ? AND created_at < ? AND repository_id > ? AND repository_id <= ?
  GROUP BY repository_id HAVING COUNT(*) >= ?
  ORDER BY repository_id)";
constexpr std::string_view kHours = R"(
  SELECT repository_id, hour, counts FROM event_rollups
  WHERE repository_id IN {} AND hour >= ? AND hour < ?
  ORDER BY repository_id, hour
  FOR UPDATE)";
constexpr std::string_view kRemove = "DELETE FROM event_rollups WHERE repository_id = ? AND hour IN {}";
constexpr std::string_view kFolded = "UPDATE event_days SET folded_events = ? WHERE day = ?";

// The rows of a repository's day, and all that they count: by hour, type and action each once.
class RepositoryDay {
 public:
  void Add(TimePoint hour, std::string_view counts) {
    hours_.push_back(hour);
    EachRollup(counts, hour, [&](const RollupEntry& entry) {
      const auto [known, added] = entries_.try_emplace({FloorHour(entry.first), entry.type, entry.action}, entry);
      if (added) return;
      known->second.events += entry.events;
      known->second.first = std::min(known->second.first, entry.first);
      known->second.last = std::max(known->second.last, entry.last);
    });
  }
  [[nodiscard]] const std::vector<TimePoint>& hours() const { return hours_; }
  [[nodiscard]] std::string Packed(sys_days day) const {
    std::string packed;
    packed.reserve(entries_.size() * kRollupEntryBytes);
    for (const auto& [key, entry] : entries_) AppendRollup(packed, day, entry);
    return packed;
  }

 private:
  std::vector<TimePoint> hours_;
  std::map<std::tuple<TimePoint, int64_t, int64_t>, RollupEntry> entries_;
};

// How many rows are gone.
Result<int64_t> Remove(Connection& db, RepositoryId repository, const RepositoryDay& of) {
  std::vector<Value> values = {repository};
  values.insert(values.end(), of.hours().begin(), of.hours().end());
  const std::string list = FilledList(values, 1);
  return db.Execute(fmt::format(kRemove, list), values);
}

Result<int64_t> FoldGroup(Connection& db, sys_days day, std::span<const RepositoryId> group) {
  std::map<RepositoryId, RepositoryDay> found;
  std::vector<Value> values;
  const std::string list = IdList(group, values);
  values.insert(values.end(), {TimePoint{day}, TimePoint{day + days{1}}});
  auto read = db.Query(fmt::format(kHours, list), values,
                       [&](const Row& row) { found[RepositoryId{row.Int(0)}].Add(row.Time(1), row.Text(2)); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  std::erase_if(found, [](const auto& one) { return std::ssize(one.second.hours()) < kRowsMin; });
  int64_t gone = 0;
  std::vector<std::string> packed;
  packed.reserve(found.size());  // the rows borrow from it
  using enum BulkKind;
  BulkRows rows({kInteger, kTime, kBytes}, found.size());
  for (const auto& [repository, of] : found) {
    auto removed = Remove(db, repository, of);
    if (!removed) return removed;
    gone += *removed - 1;
    packed.push_back(of.Packed(day));
    rows.Add(repository.value, TimePoint{day}, std::string_view(packed.back()));
  }
  if (rows.empty()) return gone;
  if (auto written = AppendRollups(db, rows); !written) return tl::make_unexpected(std::move(written.error()));
  return gone;
}

// kCancelled: it was ended before all was done.
Status FoldDay(Connection& db, sys_days day, const std::function<bool(sys_days)>& go_on, int64_t& gone) {
  return EachPartOfDay(db, day, [&](int64_t after, int64_t last) -> Status {
    std::vector<RepositoryId> busy;
    auto read = db.Query(kBusy, {TimePoint{day}, TimePoint{day + days{1}}, after, last, kRowsMin},
                         [&](const Row& row) { busy.push_back(RepositoryId{row.Int(0)}); });
    if (!read) return read;
    for (std::span<const RepositoryId> left(busy); go_on(day);) {
      if (left.empty()) return {};
      const auto group = left.first(std::min(kRepositoriesAtOnce, left.size()));
      const auto folded = InTransaction(db, [&](Connection& same) { return FoldGroup(same, day, group); });
      if (!folded) return tl::make_unexpected(folded.error());
      gone += *folded;
      left = left.subspan(group.size());
    }
    return Fail(ErrorCode::kCancelled, "ended by its caller");
  });
}

// As many as were counted before it was folded: what has come since is looked for the next time.
Status Note(Connection& db, sys_days day, int64_t events) {
  return InTransaction(db, [&](Connection& same) -> Status {
    auto noted = same.Execute(kFolded, {events, day});
    if (!noted) return tl::make_unexpected(std::move(noted.error()));
    return {};
  });
}

}  // namespace

Result<EventFolding> FoldPastDays(Connection& db, sys_days before, const std::function<bool(sys_days)>& go_on) {
  std::vector<std::pair<sys_days, int64_t>> due;
  auto read = db.Query(kDue, {before}, [&](const Row& row) { due.emplace_back(row.Day(0), row.Int(1)); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  EventFolding result;
  for (const auto& [day, events] : due) {
    auto folded = FoldDay(db, day, go_on, result.rows_removed);
    if (folded) folded = Note(db, day, events);
    if (!folded && folded.error().code == ErrorCode::kCancelled) break;
    if (!folded) return tl::make_unexpected(std::move(folded.error()));
    ++result.days;
  }
  return result;
}

}  // namespace repopulse
