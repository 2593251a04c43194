#include <gtest/gtest.h>

#include <latch>
#include <vector>

#include "app/memory_trimmer.h"

namespace repopulse {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr int64_t kGrowth = MemoryTrimmer::kGrowthBytes;

// Grows a little each time it is looked at; a trim takes all of that away.
struct GrowingMemory {
  size_t looks = 0;
  int64_t resident = 10 * kGrowth;
  std::vector<int64_t> trimmed_at{};
  std::latch enough{3};

  MemoryTrimmer::Memory AsSeen(int64_t growth) {
    return {.resident_bytes =
                [this, growth] {
                  ++looks;
                  return resident += growth;
                },
            .trim =
                [this] {
                  trimmed_at.push_back(resident);
                  resident = 10 * kGrowth;
                  if (trimmed_at.size() <= 3) enough.count_down();
                }};
  }
};

TEST(MemoryTrimmerTest, TrimsWhenThereIsSoMuchMoreThanAfterTheLastTrim) {
  GrowingMemory memory;
  {
    const MemoryTrimmer trimmer(milliseconds{1}, memory.AsSeen(kGrowth / 4));
    memory.enough.wait();
  }
  ASSERT_GE(memory.trimmed_at.size(), 3U);
  for (size_t i = 1; i < memory.trimmed_at.size(); ++i) {
    EXPECT_EQ(memory.trimmed_at[i], 10 * kGrowth + kGrowth / 4 + kGrowth);  // one look tells what the trim has left
  }
}

TEST(MemoryTrimmerTest, LeavesAloneWhatDoesNotGrow) {
  std::latch looked(20);
  size_t trims = 0;
  {
    size_t looks = 0;
    const MemoryTrimmer trimmer(milliseconds{1}, {.resident_bytes =
                                                      [&] {
                                                        if (++looks <= 20) looked.count_down();
                                                        return 10 * kGrowth;
                                                      },
                                                  .trim = [&] { ++trims; }});
    looked.wait();
  }
  EXPECT_EQ(trims, 1U);  // the first: what there was before is not known
}

TEST(MemoryTrimmerTest, EndsWithoutWaitingForTheInterval) {
  size_t looks = 0;
  {
    const MemoryTrimmer trimmer(hours{1}, {.resident_bytes = [&] { return ++looks; }, .trim = [] {}});
  }
  EXPECT_EQ(looks, 0);
}

}  // namespace
}  // namespace repopulse
