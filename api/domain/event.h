// A public event of GitHub's, reduced to what is counted, and its payload where that is kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/ids.h"

namespace repopulse {

// Identity is (id, type, created_at) and, where it is stored, the repository: GitHub's ids are not unique and say
// nothing about order.
struct Event {
  int64_t id = 0;
  std::string type;             // GitHub's spelling, "PushEvent"; an unknown one is kept
  std::string action;           // payload.action as it was sent; empty: none
  RepositoryId repository;      // 0: the event named none
  std::string repository_name;  // "owner/name" at the time of the event; empty where it named none or no valid one
  int64_t actor_id = 0;
  std::string actor_login;        // at most 64 bytes
  std::optional<int64_t> number;  // of the issue, pull request or discussion it is about
  bool merged = false;            // it merged a pull request: action "merged", or "closed" with payload's merged true
  TimePoint created_at;           // whole seconds
  std::string payload;            // JSON text of an object; empty: not kept
};

// The types GitHub documents today and those of old archives, in alphabetical order.
std::span<const std::string_view> KnownEventTypes();
bool IsKnownEventType(std::string_view type);

// What can be stored as a type or an action: 1 to 64 letters, digits and underscores.
bool IsEventWord(std::string_view word);

// Whether the account is a program's: "dependabot[bot]", the names that well-known services use for users of theirs,
// and names that end with "-bot" or "_bot", without regard to case.
bool IsBotLogin(std::string_view login);

// Which events count: `kExclude` leaves out those of bots, `kOnly` all others.
enum class BotFilter { kInclude, kExclude, kOnly };

// Earlier than GitHub itself, or later than a day from now: no time an event can have.
bool IsPlausibleEventTime(TimePoint created_at, TimePoint now);

}  // namespace repopulse
