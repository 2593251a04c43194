// Port: what is watched of GitHub's events: tracked repositories, when each source is due, and what was missed.
// Thread-safe; every call has a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"
#include "domain/names.h"

namespace repopulse {

enum class SourceKind {
  kFirehose,    // GET /events
  kRepository,  // GET /repos/{owner}/{repo}/events
  kDetails,     // GET /repos/{owner}/{repo}
};
std::string_view ToString(SourceKind kind);  // "firehose", "repository", "details"

// Where the polling of one source stands.
struct EventSource {
  int64_t id = 0;
  SourceKind kind = SourceKind::kFirehose;
  RepositoryId repository;             // 0: the firehose
  std::optional<RepositoryName> name;  // the repository's present name
  bool active = true;
  TimePoint next_poll_at;
  std::optional<TimePoint> last_polled_at;  // the last answer of GitHub, 304 included
  std::optional<TimePoint> watched_since;
  std::optional<TimePoint> newest_event_at;
  std::string etag;                             // of page 1, for the credential that is used; empty: none
  std::chrono::seconds poll_interval{60};       // X-Poll-Interval
  std::optional<double> mean_interval_seconds;  // between its events, at the last look
  int64_t unchanged_polls = 0;                  // 304s in a row
  int64_t failed_polls = 0;                     // in a row
  std::optional<std::string> last_error;
  int64_t polls = 0;
  int64_t requests = 0;
  int64_t not_modified = 0;
  int64_t events_new = 0;
  int64_t events_duplicate = 0;
  int64_t events_malformed = 0;
  int64_t gaps = 0;  // read only: how many are recorded
};

// All sources of a kind together, those that are not active any more included.
struct SourceTotals {
  SourceKind kind = SourceKind::kFirehose;
  int64_t active = 0;  // sources
  int64_t polls = 0;
  int64_t requests = 0;
  int64_t not_modified = 0;
  int64_t events_new = 0;
  int64_t events_duplicate = 0;
  int64_t events_malformed = 0;
  int64_t gaps = 0;
  std::optional<TimePoint> last_polled_at;
  std::optional<TimePoint> newest_event_at;
};

// Events created in from..to, or shown between the two polls, may be missing.
struct SourceGap {
  TimePoint from;
  TimePoint to;
  TimePoint polled_from;
  TimePoint polled_to;
};

struct TimeSpan {
  TimePoint from;
  TimePoint to;
};
// Of a window: what was watched without a gap by any source that shows the repository's events (its own feed, the
// firehose, imported hours); without a repository: the firehose and imported hours of all repositories.
struct Coverage {
  double share = 0;            // of the window up to now, 0..1
  std::vector<TimeSpan> gaps;  // in order, merged; at most 100, the longest ones kept
};

struct TrackedRepository {
  RepositoryId id;
  RepositoryName name;
  bool active = false;
  bool requested = false;
  bool configured = false;
  bool top = false;
  std::optional<TimePoint> polled_at = std::nullopt;  // when GitHub last answered for its events; none: not yet
};

class SourceStore {
 public:
  virtual ~SourceStore() = default;

  // ---- tracking. A repository is active where it was requested, is named in TRACK or is among the first of a topic,
  // and nobody has stopped it.

  // Starts, for a person. kConflict where that would make more than `active_max` active. Idempotent. The repository
  // must be known (RepositoryStore::Save, a topic or an event).
  virtual Result<TrackedRepository> Activate(RepositoryId id, int64_t active_max, TimePoint now) = 0;
  // All of them or none.
  virtual Result<std::vector<TrackedRepository>> ActivateAll(const std::vector<RepositoryId>& ids, int64_t active_max,
                                                             TimePoint now) = 0;
  // Stops, for a person, also what is tracked for other reasons. Idempotent. none: it was never tracked.
  virtual Result<std::optional<TrackedRepository>> Deactivate(RepositoryId id, TimePoint now) = 0;
  virtual Result<std::optional<TrackedRepository>> FindTracked(RepositoryId id) = 0;
  // Active ones, or all that ever were; by id.
  virtual Result<std::vector<TrackedRepository>> ListTracked(bool only_active) = 0;

  // TRACK, as it is from now on: names no longer in it are not configured any more.
  virtual Status SyncConfigured(const std::vector<RepositoryName>& names, TimePoint now) = 0;
  // Names in TRACK whose repository is not known yet, and that may be tried (again) now.
  virtual Result<std::vector<RepositoryName>> UnresolvedNames(TimePoint now, size_t limit) = 0;
  virtual Status ResolveName(const RepositoryName& name, RepositoryId id, TimePoint now) = 0;
  virtual Status PostponeName(const RepositoryName& name, TimePoint next_try_at, const std::string& error) = 0;
  // Marks the `per_topic` most starred members of each tracked topic as top, and unmarks the others; no more than
  // `active_max` are active then, the most starred first.
  virtual Status SyncTop(int64_t per_topic, int64_t active_max, TimePoint now) = 0;

  // ---- sources. The firehose exists from `EnableFirehose`; a repository's two with its tracking (details only where
  // no tracked topic brings them).

  virtual Status EnableFirehose(bool enabled, TimePoint now) = 0;
  // Active ones that are due. The most valuable first: never polled ones, then by how many of its own intervals a
  // source has been waiting.
  virtual Result<std::vector<EventSource>> Due(TimePoint now, size_t limit) = 0;
  // The state after a poll (all but `gaps`, `name`, `active`), and the gap it found, in one transaction.
  virtual Status RecordPoll(const EventSource& source, const std::optional<SourceGap>& gap) = 0;
  // By kind and id; for GET /coverage.
  virtual Result<std::vector<EventSource>> ListSources(std::optional<int64_t> after_id, size_t limit) = 0;
  // Of each kind that has a source; for GET /metrics.
  virtual Result<std::vector<SourceTotals>> Totals() = 0;
  // Newest first.
  virtual Result<std::vector<SourceGap>> Gaps(int64_t source_id, size_t limit) = 0;
  virtual Result<Coverage> CoverageOf(std::optional<RepositoryId> repository, TimePoint from, TimePoint to,
                                      TimePoint now) = 0;
  // Of each of them, in this order: what they share is read once.
  virtual Result<std::vector<Coverage>> CoverageOfEach(const std::vector<RepositoryId>& repositories, TimePoint from,
                                                       TimePoint to, TimePoint now) = 0;
};

}  // namespace repopulse
