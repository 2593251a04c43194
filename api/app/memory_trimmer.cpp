#include "app/memory_trimmer.h"

#include <malloc.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <utility>

namespace repopulse {
namespace {

// proc(5): the second number of statm counts resident pages. 0 where it cannot be read.
size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t program = 0;
  size_t resident = 0;
  statm >> program >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

MemoryTrimmer::MemoryTrimmer(std::chrono::milliseconds interval, Memory memory)
    : thread_([interval, memory = std::move(memory)](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        size_t after_last = 0;
        while (!stopped.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
          if (memory.resident_bytes() < after_last + kGrowthBytes) continue;
          memory.trim();
          after_last = memory.resident_bytes();
        }
      }) {}

MemoryTrimmer::Memory MemoryTrimmer::OfProcess() {
  return {.resident_bytes = ResidentBytes, .trim = [] { malloc_trim(0); }};
}

}  // namespace repopulse
