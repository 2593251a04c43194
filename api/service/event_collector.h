// Collects what is due of GitHub's events: the firehose, tracked repositories' own feeds, and the details of
// repositories that no topic tells about. The most valuable first, within the rate budget, and never past the deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/names.h"
#include "service/details_poller.h"
#include "service/feed_poller.h"
#include "service/job_runner.h"

namespace repopulse {

class EventCollector {
 public:
  struct Options {
    std::vector<RepositoryName> track;  // by name, for as long as they are named here
    int64_t track_top = 25;             // of each topic
    int64_t active_max = 300;
    bool firehose = true;
    std::chrono::seconds details_interval{3 * 3600};
    std::chrono::milliseconds retry_pause{1000};
  };
  struct Summary {
    int64_t answered = 0;               // sources of which GitHub told
    int64_t added = 0;                  // events
    std::vector<RepositoryId> touched;  // repositories of those, ascending
    std::optional<Error> error;         // the first; none where a limit or the deadline ended the run
  };

  EventCollector(EventStore& events, SourceStore& sources, RepositoryStore& repositories, GitHubGate& github,
                 const Clock& clock, Options options);

  // Whether a feed is waiting to be read.
  Result<bool> IsDue();
  // No request is sent after `deadline`. Sources that become due before it, and that would overflow by the tick after
  // it, are waited for.
  Summary Run(JobContext& job, SteadyTime deadline);

 private:
  struct RunState;

  Status Prepare(RunState& run);
  Status ResolveNames(RunState& run);
  Status PollDue(RunState& run);
  Status PollOne(RunState& run, const EventSource& source);
  Result<bool> WaitForUrgent(RunState& run, const std::vector<EventSource>& upcoming);
  void Judge(RunState& run, const EventSource* source, const std::optional<Error>& error);

  SourceStore& sources_;
  const Clock& clock_;
  const Options options_;
  FeedPoller feeds_;
  DetailsPoller details_;
};

}  // namespace repopulse
