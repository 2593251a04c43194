// Events in the tables as they stand after they were stored, and the same events in memory to count them there.
#pragma once

#include <map>

#include "integration/storage/database.h"

namespace repopulse {

// One event as the tests see it.
struct Told {
  int64_t id = 0;
  std::string type;
  std::string action;
  int64_t repository = 0;
  TimePoint created_at;
  int64_t actor = 7;
  bool bot = false;
};

class EventTablesTest : public TopicTest {
 protected:
  // Adds events, and makes the rollups and totals anew.
  void Store(const std::vector<Told>& events);
  // The rollups and totals of all events there are, with the database's own grouping; the days before May of 2024 and
  // a few of it are folded.
  static void Summarize(Connection& db);
  // As pruning does: events and minutes of the days before go, everything else stays.
  void Drop(std::chrono::sys_days before);
  void NameRepository(int64_t id, std::string_view full_name, TimePoint seen_at);

  // Some thousand events of three repositories over eight days, many of them in the same second, all different; from
  // a fixed seed.
  static std::vector<Told> Random(size_t count = 3000);

  // What the filter leaves of `told_`.
  [[nodiscard]] std::vector<Told> Matching(const EventFilter& filter, std::optional<TimePoint> since = {}) const;

  std::vector<Told> told_;

 private:
  int64_t WordId(const std::string& word);

  std::map<std::string, int64_t> words_ = {{"", 0}};
};

// Newest first, as every list has them (no two of the events here differ in the type alone).
inline bool IsNewer(const Told& a, const Told& b) {
  return a.created_at != b.created_at ? a.created_at > b.created_at : a.id > b.id;
}

}  // namespace repopulse
