// What this process holds of the machine's memory.
#pragma once

#include <cstdint>

namespace repopulse {

// Its resident pages; 0 where the system does not tell.
int64_t ResidentBytes();

}  // namespace repopulse
