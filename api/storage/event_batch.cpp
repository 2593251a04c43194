#include "storage/event_batch.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/time_format.h"

namespace repopulse {
namespace {

// A larger one would not fit into a message to the server beside other rows; nothing GitHub sends comes near it.
constexpr size_t kPayloadBytesMax = 8UL * 1024 * 1024;

auto IdentityOf(const BatchEvent& event) { return std::tie(event.created_at, event.id, event.type); }

}  // namespace

EventBatch MakeBatch(const EventRefs& events, const std::vector<EventWords::Ids>& words) {
  std::vector<BatchEvent> all(events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    const Event& event = *events[i];
    all[i] = {.created_at = std::chrono::floor<std::chrono::seconds>(event.created_at),
              .id = event.id,
              .type = words[i].type,
              .action = words[i].action,
              .event = &event,
              .payload = event.payload.size() > kPayloadBytesMax ? std::string_view{} : event.payload};
  }
  std::vector<size_t> order(events.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t a, size_t b) {
    const auto left = IdentityOf(all[a]);
    const auto right = IdentityOf(all[b]);
    return left < right || (left == right && a < b);
  });
  EventBatch batch;
  batch.events.reserve(events.size());
  batch.place_of.resize(events.size());
  for (size_t i : order) {
    if (batch.events.empty() || IdentityOf(batch.events.back()) != IdentityOf(all[i])) {
      batch.events.push_back(all[i]);
      const auto day = DayOf(all[i].created_at);
      if (batch.days.empty() || *batch.days.rbegin() != day) batch.days.insert(day);
    } else if (batch.events.back().payload.empty()) {
      batch.events.back().payload = all[i].payload;
    }
    batch.place_of[i] = batch.events.size() - 1;
  }
  return batch;
}

}  // namespace repopulse
