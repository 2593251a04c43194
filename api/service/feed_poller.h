// Polls one feed of events: reads its pages, stores what is new, and records where the source stands and what it
// missed.
//
// Each page is stored when it has come, so what was read before a limit or an error is kept. Such a broken-off poll
// does not move the source's last poll: its state says so (no ETag, a failed poll) before the first page is stored, so
// that after a crash nobody takes the events it stored for a sign that everything before them was seen.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/event.h"
#include "domain/polling.h"
#include "service/event_store.h"
#include "service/github_gate.h"
#include "service/github_retry.h"
#include "service/repository_store.h"
#include "service/source_store.h"

namespace repopulse {

// "firehose", or the repository's name or id.
std::string LabelOf(const EventSource& source);

// How a source's next poll is planned from its state.
PollPace PaceOf(const EventSource& source);

// Belongs to one thread at a time.
class FeedPoller {
 public:
  FeedPoller(EventStore& events, SourceStore& sources, RepositoryStore& repositories, GitHubGate& github,
             const Clock& clock)
      : events_(events), sources_(sources), repositories_(repositories), github_(github), clock_(clock) {}

  struct Outcome {
    bool answered = false;           // GitHub has, at least once
    int64_t added = 0;               // events
    std::set<RepositoryId> touched;  // the repositories of those
    std::optional<Error> error;      // why the feed was not read to its end; kTimeout may also be our deadline
  };
  // `active`: the repositories whose payloads are kept. Fails where our own side does: the database, or a job that is
  // to stop.
  Result<Outcome> Poll(GitHubTurn& turn, const EventSource& source, const std::set<RepositoryId>& active);

 private:
  struct EventKey {
    TimePoint created_at;
    int64_t id = 0;
    std::string type;
    auto operator<=>(const EventKey&) const = default;
  };
  // What broken-off polls of a source have stored since its last whole one.
  struct BrokenOff {
    int64_t failed_polls = 0;  // the source's, when this was written: else somebody else polled since
    std::set<EventKey> stored;
  };
  struct Progress;

  Result<EventFeedPage> Fetch(GitHubTurn& turn, Progress& poll, int page);
  Result<EventFeedPage> FetchFirst(GitHubTurn& turn, Progress& poll);
  Status ReadOn(GitHubTurn& turn, Progress& poll, EventFeedPage first, const std::set<RepositoryId>& active);
  Status StorePage(Progress& poll, EventFeedPage page, const std::set<RepositoryId>& active);
  void RefreshName(GitHubTurn& turn, const EventSource& source);

  Status RecordBegin(Progress& poll);
  Status RecordUnchanged(Progress& poll);
  Status RecordWhole(GitHubTurn& turn, Progress& poll);
  Status RecordBrokenOff(GitHubTurn& turn, Progress& poll);
  Status RecordGone(Progress& poll);

  EventStore& events_;
  SourceStore& sources_;
  RepositoryStore& repositories_;
  GitHubGate& github_;
  const Clock& clock_;
  std::map<int64_t, BrokenOff> broken_off_;  // by source
};

}  // namespace repopulse
