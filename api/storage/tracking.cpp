#include "storage/tracking.h"

#include <fmt/format.h>

namespace repopulse {
namespace {

constexpr std::string_view kLock = "SELECT id FROM event_tracking WHERE id = 1 FOR UPDATE";
const std::string kCountActive = fmt::format("SELECT COUNT(*) FROM tracked_repositories t WHERE {}", kIsActive);

constexpr std::string_view kInTrackedTopic = R"(EXISTS (
    SELECT 1 FROM topic_repositories m JOIN topics p ON p.id = m.topic_id
    WHERE m.repository_id = t.repository_id AND m.left_at IS NULL AND (p.configured OR p.requested)))";
// next_poll_at comes first: the assignments are made in this order, and it depends on what `active` was. {}: kind,
// which are to be polled.
constexpr std::string_view kStart = R"(
  INSERT INTO event_sources (kind, repository_id, active, next_poll_at, poll_interval_seconds)
  SELECT '{}', t.repository_id, TRUE, ?, 60 FROM tracked_repositories t WHERE {}
  ON DUPLICATE KEY UPDATE
    next_poll_at = IF(event_sources.active, event_sources.next_poll_at, VALUES(next_poll_at)), active = TRUE)";
constexpr std::string_view kStop = R"(
  UPDATE event_sources s JOIN tracked_repositories t ON t.repository_id = s.repository_id
  SET s.active = FALSE
  WHERE s.kind = '{}' AND s.active AND NOT ({}))";

const std::string kWithDetails = fmt::format("{} AND NOT {}", kIsActive, kInTrackedTopic);
const std::string kStartEvents = fmt::format(kStart, "repository", kIsActive);
const std::string kStopEvents = fmt::format(kStop, "repository", kIsActive);
const std::string kStartDetails = fmt::format(kStart, "details", kWithDetails);
const std::string kStopDetails = fmt::format(kStop, "details", kWithDetails);

}  // namespace

Status LockTracking(Connection& db) {
  return db.Query(kLock, {}, [](const Row&) {});
}

Result<int64_t> CountActive(Connection& db) {
  int64_t active = 0;
  auto read = db.Query(kCountActive, {}, [&](const Row& row) { active = row.Int(0); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return active;
}

Status SyncSources(Connection& db, TimePoint now) {
  for (const std::string* start : {&kStartEvents, &kStartDetails}) {
    if (auto written = db.Execute(*start, {now}); !written) return tl::make_unexpected(std::move(written.error()));
  }
  for (const std::string* stop : {&kStopEvents, &kStopDetails}) {
    if (auto written = db.Execute(*stop); !written) return tl::make_unexpected(std::move(written.error()));
  }
  return {};
}

}  // namespace repopulse
