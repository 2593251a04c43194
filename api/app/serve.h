// `repopulse serve`: a replica, from its configuration to its graceful end.
#pragma once

#include "app/config.h"

namespace repopulse {

// Returns an exit code of command_line.h. Blocks until SIGTERM or SIGINT.
int Serve(const Config& config);

}  // namespace repopulse
