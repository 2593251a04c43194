// What changes of tracking have in common: one at a time, and the sources follow.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "storage/connection.h"

namespace repopulse {

// Of `tracked_repositories` under the alias t: its events are collected.
inline constexpr std::string_view kIsActive = "((t.requested OR t.configured OR t.top) AND NOT t.muted)";

// First thing in a transaction that changes tracking.
Status LockTracking(Connection& db);

Result<int64_t> CountActive(Connection& db);

// Last thing in such a transaction: active repositories have their sources, which are due at once where they are new
// or begin again; those of all others stop. Where a tracked topic brings a repository's details, they are not polled.
Status SyncSources(Connection& db, TimePoint now);

}  // namespace repopulse
