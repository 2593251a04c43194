// Tracks repositories at a person's word: those known here at once, others once GitHub has told of them.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "service/event_reader.h"
#include "service/github_gate.h"
#include "service/repository_store.h"
#include "service/repository_tracker.h"

namespace repopulse {

// One at a time asks GitHub; others wait for their turn, which is bounded (kUnavailable).
class GitHubTracker final : public RepositoryTracker {
 public:
  struct Options {
    int64_t active_max = 300;
    std::chrono::milliseconds turn_wait{20'000};
    std::stop_token stop;  // ends what is under way (kCancelled)
  };
  GitHubTracker(RepositoryStore& repositories, SourceStore& sources, EventReader& events, GitHubGate& github,
                const Clock& clock, Options options);

  Result<Tracked> Track(const RepositoryName& name) override;
  Result<std::vector<Tracked>> TrackAll(const std::vector<RepositoryName>& names) override;

 private:
  Result<RepositoryId> Find(const RepositoryName& name);
  Result<RepositoryId> AskGitHub(const RepositoryName& name);

  RepositoryStore& repositories_;
  SourceStore& sources_;
  EventReader& events_;
  GitHubGate& github_;
  const Clock& clock_;
  const Options options_;
  std::timed_mutex turn_;
};

}  // namespace repopulse
