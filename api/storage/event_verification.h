// Whether what is counted is what is stored.
#pragma once

#include <functional>

#include "base/result.h"
#include "service/event_store.h"
#include "storage/connection.h"

namespace repopulse {

// What Verify() promises (service/event_store.h). Each day is compared on a snapshot of its own, so that it may run
// while events come in; then all repositories, some at a time.
Result<Verification> VerifyEvents(Connection& db, const std::function<bool(std::chrono::sys_days)>& on_day);

}  // namespace repopulse
