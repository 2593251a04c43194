// Asks GitHub about single repositories: those in TRACK by their names, and tracked ones that no topic tells about.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "service/github_gate.h"
#include "service/github_retry.h"
#include "service/repository_store.h"
#include "service/source_store.h"

namespace repopulse {

// Belongs to one thread at a time.
class DetailsPoller {
 public:
  struct Outcome {
    bool answered = false;
    std::optional<Error> error;  // why GitHub did not tell
  };

  DetailsPoller(SourceStore& sources, RepositoryStore& repositories, GitHubGate& github, const Clock& clock,
                std::chrono::seconds interval)
      : sources_(sources), repositories_(repositories), github_(github), clock_(clock), interval_(interval) {}

  // Both fail where our own side does.
  Result<Outcome> Poll(GitHubTurn& turn, EventSource source);
  // From what is stored where that is of today, else from GitHub.
  Result<Outcome> Resolve(GitHubTurn& turn, const RepositoryName& name);

 private:
  SourceStore& sources_;
  RepositoryStore& repositories_;
  GitHubGate& github_;
  const Clock& clock_;
  const std::chrono::seconds interval_;
};

}  // namespace repopulse
