// Port: the database's schema version, and whether the database answers at all.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace repopulse {

struct SchemaState {
  int applied = 0;   // highest migration in the database; 0: none
  int expected = 0;  // highest this binary knows
};

// Thread-safe.
class Schema {
 public:
  virtual ~Schema() = default;
  virtual Status Ping(std::chrono::milliseconds deadline) = 0;
  virtual Result<SchemaState> State() = 0;
  // A word of letters and digits that tells this installation from others, the same as long as its database is kept.
  virtual Result<std::string> Installation() = 0;
  // Applies what is missing, under a lock shared by all replicas; the versions applied by this call.
  virtual Result<std::vector<int>> MigrateUp() = 0;
};

}  // namespace repopulse
