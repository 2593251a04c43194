#include "app/memory_trimmer.h"

#include <malloc.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/process_memory.h"

namespace repopulse {

MemoryTrimmer::MemoryTrimmer(std::chrono::milliseconds interval, Memory memory)
    : thread_([interval, memory = std::move(memory)](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        int64_t after_last = 0;
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
