// The words events are full of, types and actions, and their ids in the table event_words. Thread-safe.
//
// There are at most kWordsMax of them, so that nobody can fill the database by inventing some: a word that comes after
// counts as "Other", be it a type or an action.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "domain/event.h"
#include "storage/connection.h"

namespace repopulse {

// Events of one batch, wherever they lie.
using EventRefs = std::vector<const Event*>;

class EventWords {
 public:
  static constexpr size_t kWordsMax = 1'000;
  static constexpr std::string_view kOther = "Other";

  struct Ids {
    int64_t type = 0;
    int64_t action = 0;  // 0: none
  };
  // For each event, in order. New words are stored in a transaction of their own, under the lock of who counts events.
  Result<std::vector<Ids>> Resolve(Connection& db, const EventRefs& events);
  // Stores those that GitHub documents, so that the first events do not wait for it.
  Status Expect(Connection& db);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const { return std::hash<std::string_view>{}(word); }
  };
  using Map = std::unordered_map<std::string, int64_t, Hash, std::equal_to<>>;

  static int64_t IdIn(const Map& known, std::string_view word);
  static std::vector<Ids> ResolveIn(const Map& known, const EventRefs& events);
  static bool Covers(const Map& known, const EventRefs& events);
  static Result<Map> Store(Connection& db, const EventRefs& events);

  std::mutex mutex_;
  Map known_;
};

}  // namespace repopulse
