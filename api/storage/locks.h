// Named locks of the database server. One belongs to a connection and goes with it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "storage/connection.h"

namespace repopulse {

class NamedLock {
 public:
  // The server knows one set of names for all of its databases, so the name holds ours: "repopulse:collect:<database>".
  NamedLock(std::string_view what, std::string_view database);

  // False where another connection still holds it after `wait`, which must be shorter than the connection's timeouts.
  Result<bool> Take(Connection& db, std::chrono::seconds wait) const;
  // Frees it where the connection holds it; a lost connection has freed it already.
  void Free(Connection& db) const;
  // The id of the connection that holds it.
  Result<std::optional<int64_t>> Holder(Connection& db) const;

 private:
  std::string name_;
};

}  // namespace repopulse
