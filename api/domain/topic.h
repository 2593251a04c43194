// A tracked topic, and how far its collection has come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "domain/ids.h"
#include "domain/names.h"

namespace repopulse {

struct Topic {
  TopicId id;
  TopicName name;
  TimePoint added_at;
  bool tracked = true;                    // untracked topics keep their history, but are neither served nor collected
  TimePoint next_poll_at;                 // when its next sweep is due
  std::optional<TimePoint> published_at;  // when a sweep was last published; none: no data yet
  int64_t repositories_count = 0;         // members served now
  int64_t reported_count = 0;             // GitHub's total_count at the last sweep
  bool complete = false;                  // the last publication was of a whole sweep
  std::optional<std::string> last_error;  // why the last attempt failed; none after a success
};

}  // namespace repopulse
