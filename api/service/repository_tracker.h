// Port: tracking of repositories that may not be known here yet, so that GitHub has to be asked. Thread-safe; calls
// wait for GitHub, so they are made by threads that may.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "domain/names.h"
#include "service/source_store.h"

namespace repopulse {

class RepositoryTracker {
 public:
  virtual ~RepositoryTracker() = default;

  struct Tracked {
    TrackedRepository repository;
    bool started = false;  // it was not active before
  };
  // Starts collecting the events of a repository, for a person. One renamed since is tracked under its present name.
  // kNotFound: unknown on GitHub, named in the message; kConflict: more would be active than are allowed.
  virtual Result<Tracked> Track(const RepositoryName& name) = 0;
  // All of them or none.
  virtual Result<std::vector<Tracked>> TrackAll(const std::vector<RepositoryName>& names) = 0;
};

}  // namespace repopulse
