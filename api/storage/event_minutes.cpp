#include "storage/event_minutes.h"

#include <algorithm>
#include <set>

namespace repopulse {
namespace {

using std::chrono::minutes;

constexpr std::string_view kKinds = "SELECT type_id, action_id FROM event_kinds";
constexpr std::string_view kStoredDays = "SELECT MIN(day), MAX(day) FROM event_days";
constexpr std::string_view kNewest = R"(
  SELECT minute, places FROM event_minutes
  WHERE type_id = ? AND action_id = ? AND minute >= ? AND minute < ?
  ORDER BY type_id DESC, action_id DESC, minute DESC LIMIT ?)";
constexpr std::string_view kMinutes = "SELECT type_id, action_id, minute, places";
constexpr std::string_view kSizes = "SELECT type_id, action_id, minute, LENGTH(places)";
constexpr std::string_view kOfMinutes = " FROM event_minutes WHERE minute >= ? AND minute < ?";
constexpr std::string_view kDelete =
    "DELETE FROM event_minutes WHERE type_id = ? AND action_id = ? AND minute >= ? AND minute < ?";

// So many minutes of a kind are read at first, and each time so many times more.
constexpr size_t kMinutesFirst = 8;
constexpr size_t kMinutesGrowth = 8;

bool Newer(const FoundEvent& a, const FoundEvent& b) { return a.place.created_at > b.place.created_at; }

// Adds the kind's newest events of the range, `need` of them where there are so many.
Status FindOfKind(Connection& db, const EventKind& kind, const TimeRange& range, size_t need,
                  std::vector<FoundEvent>& found) {
  const size_t enough = found.size() + need;
  TimePoint until = range.until;
  for (size_t limit = kMinutesFirst; found.size() < enough; limit *= kMinutesGrowth) {
    size_t rows = 0;
    const auto take = [&](const Row& row) {
      ++rows;
      until = row.Time(0);
      if (found.size() >= enough) return;
      EachPlace(row.Text(1), until, [&](const PlaceEntry& place) {
        if (place.created_at >= range.from && place.created_at < range.until) found.push_back({kind, place});
      });
    };
    const TimePoint from = std::chrono::floor<minutes>(range.from);
    auto read = db.Query(kNewest, {kind.type, kind.action, from, until, limit}, take);
    if (!read) return read;
    if (rows < limit) break;
  }
  return {};
}

// Leaves the newest `need` and those of the last one's second; when that is.
TimePoint KeepNewest(std::vector<FoundEvent>& found, size_t need) {
  const auto last = found.begin() + static_cast<ptrdiff_t>(need) - 1;
  std::nth_element(found.begin(), last, found.end(), Newer);
  const TimePoint oldest = last->place.created_at;
  std::erase_if(found, [&](const FoundEvent& event) { return event.place.created_at < oldest; });
  return oldest;
}

// Of these kinds, minute by minute.
Status SelectMinutes(Connection& db, std::string_view select, std::span<const EventKind> kinds, const TimeRange& range,
                     const Connection::OnRow& on_row) {
  if (kinds.empty()) return {};
  std::set<int64_t> types;
  std::set<int64_t> actions;
  for (const EventKind& kind : kinds) {
    types.insert(kind.type);
    actions.insert(kind.action);
  }
  std::string sql = std::string(select) + std::string(kOfMinutes);
  std::vector<Value> values = {range.from, range.until};
  AppendWords(sql, values, "type_id", types);
  AppendWords(sql, values, "action_id", actions);
  return db.Query(sql, values, on_row);
}

}  // namespace

Result<std::vector<EventKind>> StoredKinds(Connection& db, const EventMatch& match) {
  std::vector<EventKind> kinds;
  std::string sql(kKinds);
  std::vector<Value> values;
  if (match.type) {
    sql += " WHERE type_id = ?";
    values.emplace_back(*match.type);
  }
  auto read = db.Query(sql, values, [&](const Row& row) {
    const EventKind kind{row.Int(0), row.Int(1)};
    if (match.Takes(kind.type, kind.action)) kinds.push_back(kind);
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return kinds;
}

Result<std::optional<TimeRange>> StoredDays(Connection& db) {
  std::optional<TimeRange> stored;
  auto read = db.Query(kStoredDays, {}, [&](const Row& row) {
    if (!row.IsNull(0)) stored = TimeRange{row.Time(0), row.Time(1) + std::chrono::days{1}};
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return stored;
}

Result<std::vector<FoundEvent>> FindNewest(Connection& db, const EventMatch& match, const TimeRange& range,
                                           size_t need) {
  std::vector<FoundEvent> found;
  if (need == 0 || range.from >= range.until) return found;
  const auto kinds = StoredKinds(db, match);
  if (!kinds) return tl::make_unexpected(kinds.error());
  TimeRange worth_reading = range;  // what is older than `need` found ones does not matter any more
  for (const EventKind& kind : *kinds) {
    if (auto read = FindOfKind(db, kind, worth_reading, need, found); !read) {
      return tl::make_unexpected(std::move(read.error()));
    }
    if (found.size() >= need) worth_reading.from = KeepNewest(found, need);
  }
  std::ranges::sort(found, Newer);
  return found;
}

Status ReadMinutes(Connection& db, const EventMatch& match, const TimeRange& range, const TakeMinute& take) {
  const auto kinds = StoredKinds(db, match);
  if (!kinds) return tl::make_unexpected(kinds.error());
  return ReadMinutesOf(db, *kinds, range, take);
}

Status ReadMinutesOf(Connection& db, std::span<const EventKind> kinds, const TimeRange& range, const TakeMinute& take) {
  return SelectMinutes(db, kMinutes, kinds, range, [&](const Row& row) {
    take({row.Int(0), row.Int(1)}, row.Time(2), row.Text(3));
  });
}

Status CountMinutes(Connection& db, const TimeRange& range, const TakeCount& take) {
  const auto kinds = StoredKinds(db, {});
  if (!kinds) return tl::make_unexpected(kinds.error());
  return SelectMinutes(db, kSizes, *kinds, range, [&](const Row& row) {
    take({row.Int(0), row.Int(1)}, row.Time(2), row.Int(3) / static_cast<int64_t>(kPlaceEntryBytes));
  });
}

Result<int64_t> DeleteMinutes(Connection& db, const TimeRange& range) {
  const auto kinds = StoredKinds(db, {});
  if (!kinds) return tl::make_unexpected(kinds.error());
  int64_t deleted = 0;
  for (const EventKind& kind : *kinds) {
    auto done = db.Execute(kDelete, {kind.type, kind.action, range.from, range.until});
    if (!done) return done;
    deleted += *done;
  }
  return deleted;
}

}  // namespace repopulse
