// Which repositories are tracked: what a person asks for, and what is asked about it.
#include <fmt/format.h>

#include <algorithm>

#include "storage/present_names.h"
#include "storage/repository_rows.h"
#include "storage/source_store.h"
#include "storage/tracking.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using TrackedList = std::vector<TrackedRepository>;

const std::string kColumns = fmt::format(R"(
  SELECT t.repository_id, {}, t.requested, t.configured, t.top, s.last_polled_at
  FROM tracked_repositories t
  LEFT JOIN event_sources s ON s.kind = 'repository' AND s.repository_id = t.repository_id)",
                                         kIsActive);
const std::string kAll = kColumns + " ORDER BY t.repository_id";
const std::string kActive = fmt::format("{} WHERE {} ORDER BY t.repository_id", kColumns, kIsActive);
const std::string kSome = kColumns + " WHERE t.repository_id IN ";
constexpr std::string_view kKnown = R"(
  SELECT id FROM repositories WHERE id = ?
  UNION SELECT repository_id FROM event_repository_totals WHERE repository_id = ?)";
constexpr std::string_view kRequest = R"(
  INSERT INTO tracked_repositories (repository_id, requested, added_at) VALUES (?, TRUE, ?)
  ON DUPLICATE KEY UPDATE requested = TRUE, muted = FALSE)";
constexpr std::string_view kMute =
    "UPDATE tracked_repositories SET requested = FALSE, muted = TRUE WHERE repository_id = ?";

Result<TrackedList> ReadTracked(Connection& db, std::string_view sql, const std::vector<Value>& values) {
  struct Found {
    RepositoryId id;
    bool active, requested, configured, top;
    std::optional<TimePoint> polled_at;
  };
  std::vector<Found> rows;
  std::vector<RepositoryId> ids;
  auto read = db.Query(sql, values, [&](const Row& row) {
    ids.push_back(RepositoryId{row.Int(0)});
    rows.push_back({ids.back(), row.Bool(1), row.Bool(2), row.Bool(3), row.Bool(4), row.OptionalTime(5)});
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  const auto names = PresentNames(db, ids);
  if (!names) return tl::make_unexpected(names.error());
  TrackedList tracked;
  for (const Found& row : rows) {
    const auto name = names->find(row.id);
    if (name == names->end()) continue;  // only a foreign hand can have removed it
    tracked.push_back({.id = row.id,
                       .name = name->second,
                       .active = row.active,
                       .requested = row.requested,
                       .configured = row.configured,
                       .top = row.top,
                       .polled_at = row.polled_at});
  }
  return tracked;
}

Result<TrackedList> ReadSome(Connection& db, std::span<const RepositoryId> ids) {
  TrackedList tracked;
  auto read = InGroups(ids, [&](std::span<const RepositoryId> group) -> Status {
    std::vector<Value> values;
    const std::string list = IdList(group, values);
    const auto part = ReadTracked(db, kSome + list, values);
    if (!part) return tl::make_unexpected(part.error());
    tracked.insert(tracked.end(), part->begin(), part->end());
    return {};
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return tracked;
}

// kNotFound where one of them is not known.
Status CheckKnown(Connection& db, std::span<const RepositoryId> ids) {
  for (RepositoryId id : ids) {
    bool known = false;
    auto read = db.Query(kKnown, {id, id}, [&](const Row&) { known = true; });
    if (!read) return read;
    if (!known) return Fail(ErrorCode::kNotFound, fmt::format("no repository with the id {} is known", id.value));
  }
  return {};
}

Result<TrackedList> ActivateIn(Connection& db, const std::vector<RepositoryId>& ids, int64_t active_max,
                               TimePoint now) {
  if (auto locked = LockTracking(db); !locked) return tl::make_unexpected(std::move(locked.error()));
  if (auto known = CheckKnown(db, ids); !known) return tl::make_unexpected(std::move(known.error()));
  const auto before = CountActive(db);
  if (!before) return tl::make_unexpected(before.error());
  for (RepositoryId id : ids) {
    if (auto written = db.Execute(kRequest, {id, now}); !written) return tl::make_unexpected(written.error());
  }
  const auto after = CountActive(db);
  if (!after) return tl::make_unexpected(after.error());
  // What is active already may stay, even where fewer are allowed by now.
  if (*after > active_max && *after > *before) {
    return Fail(ErrorCode::kConflict,
                fmt::format("{} repositories would be active; at most {} may be", *after, active_max));
  }
  if (auto synced = SyncSources(db, now); !synced) return tl::make_unexpected(std::move(synced.error()));
  return ReadSome(db, ids);
}

}  // namespace

Result<TrackedRepository> SqlSourceStore::Activate(RepositoryId id, int64_t active_max, TimePoint now) {
  auto tracked = ActivateAll({id}, active_max, now);
  if (!tracked) return tl::make_unexpected(std::move(tracked.error()));
  if (tracked->empty()) return Fail(ErrorCode::kInternal, "the repository is missing after its activation");
  return std::move(tracked->front());
}

Result<TrackedList> SqlSourceStore::ActivateAll(const std::vector<RepositoryId>& ids, int64_t active_max,
                                                TimePoint now) {
  auto tracked = WithConnection(reads_, [&](Connection& db) {
    return InTransaction(db, [&](Connection& same) { return ActivateIn(same, ids, active_max, now); });
  });
  if (!tracked) return WithContext("activate repositories", std::move(tracked.error()));
  return tracked;
}

Result<std::optional<TrackedRepository>> SqlSourceStore::Deactivate(RepositoryId id, TimePoint now) {
  const auto work = [&](Connection& db) -> Result<std::optional<TrackedRepository>> {
    if (auto locked = LockTracking(db); !locked) return tl::make_unexpected(std::move(locked.error()));
    auto muted = db.Execute(kMute, {id});
    if (!muted) return tl::make_unexpected(std::move(muted.error()));
    if (auto synced = SyncSources(db, now); !synced) return tl::make_unexpected(std::move(synced.error()));
    auto tracked = ReadSome(db, {&id, 1});
    if (!tracked) return tl::make_unexpected(std::move(tracked.error()));
    return tracked->empty() ? std::nullopt : std::optional(tracked->front());
  };
  auto tracked = WithConnection(reads_, [&](Connection& db) { return InTransaction(db, work); });
  if (!tracked) return WithContext("deactivate a repository", std::move(tracked.error()));
  return tracked;
}

Result<std::optional<TrackedRepository>> SqlSourceStore::FindTracked(RepositoryId id) {
  auto tracked = WithConnection(reads_, [&](Connection& db) { return ReadSome(db, {&id, 1}); });
  if (!tracked) return WithContext("find a tracked repository", std::move(tracked.error()));
  return tracked->empty() ? std::nullopt : std::optional(tracked->front());
}

Result<TrackedList> SqlSourceStore::ListTracked(bool only_active) {
  auto tracked =
      WithConnection(reads_, [&](Connection& db) { return ReadTracked(db, only_active ? kActive : kAll, {}); });
  if (!tracked) return WithContext("list tracked repositories", std::move(tracked.error()));
  return tracked;
}

}  // namespace repopulse
