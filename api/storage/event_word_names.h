// The words of events (types and actions) by their ids in the database, and back. There are few; each is read once.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "storage/connection.h"

namespace repopulse {

// For readers; ids never change. Thread-safe.
class EventWordNames {
 public:
  // none: no event was ever stored with this word. The empty text, no word, is 0.
  Result<std::optional<int64_t>> IdOf(Connection& db, const std::string& word);
  Result<std::string> NameOf(Connection& db, int64_t id);

 private:
  std::optional<int64_t> KnownId(const std::string& word);
  std::optional<std::string> KnownName(int64_t id);
  Status Load(Connection& db);

  std::mutex mutex_;
  std::map<int64_t, std::string> names_ = {{0, ""}};
  std::map<std::string, int64_t> ids_ = {{"", 0}};
};

}  // namespace repopulse
