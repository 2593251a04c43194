#include "base/process_memory.h"

#include <unistd.h>

#include <fstream>

namespace repopulse {

// proc(5): the second number of statm counts resident pages.
int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t program = 0;
  int64_t resident = 0;
  statm >> program >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

}  // namespace repopulse
