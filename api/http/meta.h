// What the meta of every answer of /api/v1 says besides its own.
#pragma once

#include "http/render.h"
#include "http/services.h"

namespace repopulse::http {

// `meta`, with what must be known of all data: "demo" where GitHub is simulated, "replay_now" where the clock is not
// the real one.
Json CompleteMeta(const Services& services, Json meta);

}  // namespace repopulse::http
