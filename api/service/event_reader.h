// Port: questions about collected events. Thread-safe; every call has a deadline. What an answer costs depends on what
// it shows, not on how many events are stored.
//
// Types and actions are compared exactly. A repository is its id: events under an earlier name are its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/activity_score.h"
#include "domain/event.h"
#include "domain/event_statistics.h"
#include "domain/ids.h"
#include "domain/names.h"

namespace repopulse {

struct EventFilter {
  std::optional<std::string> type;
  std::optional<std::string> action;
  std::optional<RepositoryId> repository;
};

struct EventCount {
  std::string type;
  std::string action;  // empty: none
  int64_t events = 0;
  TimePoint first;
  TimePoint last;
};

struct EventCounts {
  std::vector<EventCount> counts;  // by type, then action
  std::optional<TimePoint> since;  // the window's true begin: that asked for, or the next whole hour or day where
                                   // minutes or events of that time are no longer kept; none: everything
};

struct TypedTime {
  std::string type;
  std::string action;
  TimePoint created_at;
  int64_t actor_id = 0;
};

// The rolling window of a repository: at most `events_max` events, none older than `since`.
enum class WindowBound { kTime, kEvents };
struct EventWindow {
  std::vector<TypedTime> events;           // newest first
  WindowBound bound = WindowBound::kTime;  // kEvents: there are older ones within the time
  TimePoint from;                          // `since`, or the oldest event's time where the number bound it
};

struct BucketCount {
  TimePoint bucket;  // its begin
  std::string type;
  std::string action;
  int64_t events = 0;
};
struct BucketTotal {
  TimePoint bucket;      // its begin
  int64_t events = 0;    // of all types
  int64_t of_types = 0;  // of those that were asked for
};

struct RepositoryCount {
  RepositoryId repository;
  std::optional<RepositoryName> name;  // the present one; none where no event told it
  int64_t events = 0;
  TimePoint first;
  TimePoint last;
};
struct RepositoryCountPosition {
  int64_t events = 0;
  RepositoryId repository;
};
struct RepositoryCountPage {
  std::vector<RepositoryCount> items;  // most events first, ties by ascending id
  bool has_more = false;
};

// Newest first; ties by descending id, then in a fixed order of types.
struct EventPosition {
  TimePoint created_at;
  int64_t id = 0;
  std::string type;
};
struct EventListQuery {
  std::optional<RepositoryId> repository;
  std::optional<std::string> type;
  std::optional<std::string> action;
  std::optional<TimePoint> since;      // inclusive
  std::optional<TimePoint> until;      // exclusive
  std::optional<EventPosition> after;  // keyset: strictly behind it
  size_t offset = 0;                   // the predecessors' pages: so many are left out first; at most 10,000
  size_t limit = 30;
};
struct EventListPage {
  std::vector<Event> items;  // repository_name is the repository's present one; payload empty where none was kept
  bool has_more = false;
  std::optional<int64_t>
      total;  // of the repository and type over all time; none where since, until or action narrow it
};

class EventReader {
 public:
  virtual ~EventReader() = default;

  // Events created at or after `since`, later than now too; none: all that were ever counted.
  virtual Result<EventCounts> Counts(const EventFilter& filter, std::optional<TimePoint> since) = 0;
  // Of all that were ever counted. Median and p90, where they are wanted, of the newest kPercentileEventsMax that are
  // still stored: the mean is told by a few counts, they are not.
  static constexpr size_t kPercentileEventsMax = 500;  // as many as a rolling window holds
  enum class Percentiles { kWanted, kNotWanted };
  virtual Result<IntervalStatistics> Intervals(const EventFilter& filter, Percentiles percentiles) = 0;
  // Repositories with at least `min_count` events of the type: ever, or from `since` on.
  virtual Result<RepositoryCountPage> Repositories(const std::string& type, int64_t min_count,
                                                   std::optional<TimePoint> since,
                                                   std::optional<RepositoryCountPosition> after, size_t limit) = 0;

  // Whose the newest `events_max` stored events of the type are: each once, that of the newest first; those whose name
  // nothing tells are left out.
  virtual Result<std::vector<RepositoryName>> RecentRepositories(const std::string& type, size_t events_max) = 0;

  virtual Result<EventListPage> List(const EventListQuery& query) = 0;
  virtual Result<EventWindow> Window(RepositoryId repository, TimePoint since, size_t events_max, BotFilter bots) = 0;
  // Of one repository, buckets of an hour or a day, from..to (both begins of buckets, both inclusive); empty ones left
  // out.
  virtual Result<std::vector<BucketCount>> History(RepositoryId repository, std::chrono::seconds bucket, TimePoint from,
                                                   TimePoint to) = 0;
  // The same of each repository, in this order, with types and actions summed up; by bucket.
  virtual Result<std::vector<std::vector<BucketTotal>>> TotalsOfEach(const std::vector<RepositoryId>& repositories,
                                                                     std::chrono::seconds bucket, TimePoint from,
                                                                     TimePoint to,
                                                                     const std::vector<std::string_view>& types) = 0;
  // Of all repositories, by minute, from the one in which `since` lies; actions are summed up.
  virtual Result<std::vector<BucketCount>> Minutes(TimePoint since) = 0;

  struct Known {
    RepositoryId id;
    RepositoryName name;  // the present one
    int64_t events = 0;   // counted so far
  };
  // Of each name, in this order: who has it now; else who had it last. Also repositories that only events have told of.
  virtual Result<std::vector<std::optional<Known>>> FindRepositories(const std::vector<RepositoryName>& names) = 0;
  Result<std::optional<Known>> FindRepository(const RepositoryName& name) { return FirstOf(FindRepositories({name})); }
  // The newest created_at stored; of the repository or of all.
  virtual Result<std::optional<TimePoint>> NewestEvent(std::optional<RepositoryId> repository) = 0;
  // Of each repository, in this order: when the newest of its events of one of these types happened, if there is one.
  virtual Result<std::vector<std::optional<TimePoint>>> NewestOfEach(const std::vector<RepositoryId>& repositories,
                                                                     const std::vector<std::string_view>& types) = 0;
  // Of each repository, in this order: its activity score as it was computed last; none where it never was.
  virtual Result<std::vector<std::optional<RepositoryActivity>>> ActivityOfEach(
      const std::vector<RepositoryId>& repositories) = 0;
  Result<std::optional<RepositoryActivity>> Activity(RepositoryId repository) {
    return FirstOf(ActivityOfEach({repository}));
  }
};

}  // namespace repopulse
