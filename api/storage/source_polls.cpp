// The polling of sources: what is due, how a poll ended, what was missed.
#include <fmt/format.h>

#include "base/strings.h"
#include "storage/present_names.h"
#include "storage/source_store.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

constexpr size_t kErrorBytesMax = 500;
constexpr size_t kEtagBytesMax = 300;

constexpr std::string_view kColumns = R"(
  SELECT s.id, s.kind, s.repository_id, s.active, s.next_poll_at, s.last_polled_at, s.watched_since, s.newest_event_at,
    COALESCE(s.etag, ''), s.poll_interval_seconds, s.mean_interval_seconds, s.unchanged_polls, s.failed_polls,
    s.last_error, s.polls, s.requests, s.not_modified, s.events_new, s.events_duplicate, s.events_malformed,
    (SELECT COUNT(*) FROM event_gaps g WHERE g.source_id = s.id)
  FROM event_sources s)";
// What was never polled first; then by how many of its own intervals each has been waiting.
const std::string kDue = fmt::format(R"({}
  WHERE s.active AND s.next_poll_at <= ?
  ORDER BY s.last_polled_at IS NOT NULL,
    TIMESTAMPDIFF(MICROSECOND, s.last_polled_at, ?) /
      GREATEST(COALESCE(s.mean_interval_seconds, s.poll_interval_seconds), 1) DESC,
    s.next_poll_at, s.id
  LIMIT ?)",
                                     kColumns);
const std::string kList = fmt::format("{} ORDER BY s.kind, s.id LIMIT ?", kColumns);
const std::string kListAfter = fmt::format(R"({} JOIN event_sources a ON a.id = ?
  WHERE s.kind > a.kind OR (s.kind = a.kind AND s.id > a.id)
  ORDER BY s.kind, s.id LIMIT ?)",
                                           kColumns);
// next_poll_at comes first: the assignments are made in this order, and it depends on what `active` was.
constexpr std::string_view kEnable = R"(
  INSERT INTO event_sources (kind, repository_id, active, next_poll_at, poll_interval_seconds)
  VALUES ('firehose', 0, TRUE, ?, 60)
  ON DUPLICATE KEY UPDATE
    next_poll_at = IF(event_sources.active, event_sources.next_poll_at, VALUES(next_poll_at)), active = TRUE)";
constexpr std::string_view kDisable = "UPDATE event_sources SET active = FALSE WHERE kind = 'firehose'";
constexpr std::string_view kRecord = R"(
  UPDATE event_sources SET next_poll_at = ?, last_polled_at = ?, watched_since = ?, newest_event_at = ?, etag = ?,
    poll_interval_seconds = ?, mean_interval_seconds = ?, unchanged_polls = ?, failed_polls = ?, last_error = ?,
    polls = ?, requests = ?, not_modified = ?, events_new = ?, events_duplicate = ?, events_malformed = ?
  WHERE id = ?)";
constexpr std::string_view kAddGap =
    "INSERT INTO event_gaps (source_id, from_at, to_at, polled_from, polled_to) VALUES (?, ?, ?, ?, ?)";
constexpr std::string_view kGaps = R"(
  SELECT from_at, to_at, polled_from, polled_to FROM event_gaps
  WHERE source_id = ? ORDER BY to_at DESC, id DESC LIMIT ?)";

constexpr std::string_view kTotals = R"(
  SELECT s.kind, CAST(SUM(s.active) AS SIGNED), CAST(SUM(s.polls) AS SIGNED), CAST(SUM(s.requests) AS SIGNED),
    CAST(SUM(s.not_modified) AS SIGNED), CAST(SUM(s.events_new) AS SIGNED), CAST(SUM(s.events_duplicate) AS SIGNED),
    CAST(SUM(s.events_malformed) AS SIGNED), CAST(SUM(COALESCE(g.gaps, 0)) AS SIGNED), MAX(s.last_polled_at),
    MAX(s.newest_event_at)
  FROM event_sources s LEFT JOIN (SELECT source_id, COUNT(*) AS gaps FROM event_gaps GROUP BY source_id) g ON g.source_id = s.id
  GROUP BY s.kind ORDER BY s.kind)";

SourceKind KindOf(std::string_view text) {
  if (text == ToString(SourceKind::kRepository)) return SourceKind::kRepository;
  return text == ToString(SourceKind::kDetails) ? SourceKind::kDetails : SourceKind::kFirehose;
}

EventSource ReadSource(const Row& row) {
  return {.id = row.Int(0),
          .kind = KindOf(row.Text(1)),
          .repository = RepositoryId{row.Int(2)},
          .name = {},
          .active = row.Bool(3),
          .next_poll_at = row.Time(4),
          .last_polled_at = row.OptionalTime(5),
          .watched_since = row.OptionalTime(6),
          .newest_event_at = row.OptionalTime(7),
          .etag = row.Text(8),
          .poll_interval = std::chrono::seconds{row.Int(9)},
          .mean_interval_seconds = row.OptionalDouble(10),
          .unchanged_polls = row.Int(11),
          .failed_polls = row.Int(12),
          .last_error = row.OptionalText(13),
          .polls = row.Int(14),
          .requests = row.Int(15),
          .not_modified = row.Int(16),
          .events_new = row.Int(17),
          .events_duplicate = row.Int(18),
          .events_malformed = row.Int(19),
          .gaps = row.Int(20)};
}

Result<std::vector<EventSource>> ReadSources(Connection& db, std::string_view sql, const std::vector<Value>& values) {
  std::vector<EventSource> sources;
  std::vector<RepositoryId> ids;
  auto read = db.Query(sql, values, [&](const Row& row) {
    sources.push_back(ReadSource(row));
    if (sources.back().repository.value != 0) ids.push_back(sources.back().repository);
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  const auto names = PresentNames(db, ids);
  if (!names) return tl::make_unexpected(names.error());
  for (EventSource& source : sources) {
    if (const auto name = names->find(source.repository); name != names->end()) source.name = name->second;
  }
  return sources;
}

Status Record(Connection& db, const EventSource& source, const std::optional<SourceGap>& gap) {
  std::optional<std::string_view> error;
  if (source.last_error) error = TruncateUtf8(*source.last_error, kErrorBytesMax);
  // A validator that was cut would never match again.
  std::optional<std::string_view> etag;
  if (!source.etag.empty() && source.etag.size() <= kEtagBytesMax) etag = source.etag;
  auto written =
      db.Execute(kRecord, {source.next_poll_at, source.last_polled_at, source.watched_since, source.newest_event_at,
                           etag, source.poll_interval.count(), source.mean_interval_seconds, source.unchanged_polls,
                           source.failed_polls, error, source.polls, source.requests, source.not_modified,
                           source.events_new, source.events_duplicate, source.events_malformed, source.id});
  if (!written) return tl::make_unexpected(std::move(written.error()));
  if (*written == 0) return Fail(ErrorCode::kNotFound, "no such source");
  if (!gap) return {};
  written = db.Execute(kAddGap, {source.id, gap->from, gap->to, gap->polled_from, gap->polled_to});
  if (!written) return tl::make_unexpected(std::move(written.error()));
  return {};
}

}  // namespace

Status SqlSourceStore::EnableFirehose(bool enabled, TimePoint now) {
  auto written = WithConnection(
      work_, [&](Connection& db) { return enabled ? db.Execute(kEnable, {now}) : db.Execute(kDisable); });
  if (!written) return WithContext("enable the firehose", std::move(written.error()));
  return {};
}

Result<std::vector<EventSource>> SqlSourceStore::Due(TimePoint now, size_t limit) {
  auto sources = WithConnection(work_, [&](Connection& db) { return ReadSources(db, kDue, {now, now, limit}); });
  if (!sources) return WithContext("find the sources that are due", std::move(sources.error()));
  return sources;
}

Status SqlSourceStore::RecordPoll(const EventSource& source, const std::optional<SourceGap>& gap) {
  auto recorded = WithConnection(work_, [&](Connection& db) {
    return InTransaction(db, [&](Connection& same) { return Record(same, source, gap); });
  });
  if (!recorded) return WithContext("record a poll", std::move(recorded.error()));
  return recorded;
}

Result<std::vector<EventSource>> SqlSourceStore::ListSources(std::optional<int64_t> after_id, size_t limit) {
  auto sources = WithConnection(reads_, [&](Connection& db) {
    return after_id ? ReadSources(db, kListAfter, {*after_id, limit}) : ReadSources(db, kList, {limit});
  });
  if (!sources) return WithContext("list sources", std::move(sources.error()));
  return sources;
}

Result<std::vector<SourceTotals>> SqlSourceStore::Totals() {
  return WithConnection(reads_, [&](Connection& db) -> Result<std::vector<SourceTotals>> {
    std::vector<SourceTotals> totals;
    auto read = db.Query(kTotals, {}, [&](const Row& row) {
      totals.push_back({.kind = KindOf(row.Text(0)),
                        .active = row.Int(1),
                        .polls = row.Int(2),
                        .requests = row.Int(3),
                        .not_modified = row.Int(4),
                        .events_new = row.Int(5),
                        .events_duplicate = row.Int(6),
                        .events_malformed = row.Int(7),
                        .gaps = row.Int(8),
                        .last_polled_at = row.OptionalTime(9),
                        .newest_event_at = row.OptionalTime(10)});
    });
    if (!read) return WithContext("add up the sources", std::move(read.error()));
    return totals;
  });
}

Result<std::vector<SourceGap>> SqlSourceStore::Gaps(int64_t source_id, size_t limit) {
  return WithConnection(reads_, [&](Connection& db) -> Result<std::vector<SourceGap>> {
    std::vector<SourceGap> gaps;
    auto read = db.Query(kGaps, {source_id, limit}, [&](const Row& row) {
      gaps.push_back({.from = row.Time(0), .to = row.Time(1), .polled_from = row.Time(2), .polled_to = row.Time(3)});
    });
    if (!read) return WithContext("read the gaps of a source", std::move(read.error()));
    return gaps;
  });
}

}  // namespace repopulse
