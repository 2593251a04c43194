// Whatever a feed or an archive holds, the parser neither crashes nor passes on what the service takes for granted.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "base/time_format.h"
#include "github/event_parser.h"

namespace {

void Demand(bool holds) {
  if (!holds) std::abort();
}

const repopulse::TimePoint kNow = *repopulse::ParseRfc3339("2026-03-01T00:00:00Z");

void DemandValid(const repopulse::Event& event) {
  Demand(event.id > 0 && event.repository.value >= 0 && event.actor_id >= 0 && event.number.value_or(0) >= 0);
  Demand(repopulse::IsEventWord(event.type));
  Demand(event.action.empty() || repopulse::IsEventWord(event.action));
  Demand(event.repository_name.empty() ||
         (event.repository.value > 0 && repopulse::RepositoryName::Parse(event.repository_name)));
  Demand(event.actor_login.size() <= 64 && repopulse::SanitizeUtf8(event.actor_login) == event.actor_login &&
         event.actor_login.find('\0') == std::string::npos);
  Demand(repopulse::IsPlausibleEventTime(event.created_at, kNow));
  Demand(event.created_at == std::chrono::floor<std::chrono::seconds>(event.created_at));
  const std::string& payload = event.payload;
  Demand(payload.size() <= 256 * 1024 && repopulse::SanitizeUtf8(payload) == payload);
  Demand(payload.empty() || (payload.front() == '{' && payload.back() == '}'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string padded = std::string(text) + std::string(repopulse::kJsonPadding, '}');
  repopulse::EventParser parser;
  // Twice: what one text leaves behind must not show in the next.
  for (int i = 0; i < 2; ++i) {
    const auto event = parser.Parse(std::string_view(padded).substr(0, size), kNow,
                                    [](repopulse::RepositoryId id) { return id.value != 8; });
    if (event) DemandValid(*event);
    Demand(event || !event.error().reason.empty());
  }
  if (const auto page = repopulse::ParseEventPage(text, kNow)) {
    Demand(page->malformed >= 0 && page->malformed_reasons.size() <= 5);
    Demand(static_cast<int64_t>(page->events.size()) + page->malformed == page->delivered);
    for (const auto& event : page->events) DemandValid(event);
  }
  return 0;
}
