// Events of one call, in the form in which they are stored: each once, in the order of time.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "domain/event.h"
#include "storage/event_words.h"

namespace repopulse {

enum class EventFate { kNew, kStored, kExpired };

struct BatchEvent {
  TimePoint created_at;
  int64_t id = 0;
  int64_t type = 0;
  int64_t action = 0;
  const Event* event = nullptr;
  std::string_view payload;  // of any of its copies; empty: not kept
  EventFate fate = EventFate::kNew;
};

struct EventBatch {
  std::vector<BatchEvent> events;
  std::vector<size_t> place_of;  // for each event of the call, where in `events` it is
  std::set<std::chrono::sys_days> days;
};

// Borrows from `events`.
EventBatch MakeBatch(const EventRefs& events, const std::vector<EventWords::Ids>& words);

}  // namespace repopulse
