// Gives freed memory back to the system when the process has grown. The allocator keeps what its arenas once needed:
// answers of a hundred kilobytes, made by several threads, leave a third of a replica's memory behind as holes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

namespace repopulse {

class MemoryTrimmer {
 public:
  struct Memory {
    std::function<int64_t()> resident_bytes;
    std::function<void()> trim;  // takes some milliseconds, in which other threads may wait to allocate
  };
  // Looks each `interval`, on a thread of its own, until the destructor, which waits for no interval's end.
  explicit MemoryTrimmer(std::chrono::milliseconds interval, Memory memory = OfProcess());

  // So much more than after the last trim is reason for another.
  static constexpr int64_t kGrowthBytes = int64_t{2} << 20U;

 private:
  static Memory OfProcess();

  std::jthread thread_;
};

}  // namespace repopulse
