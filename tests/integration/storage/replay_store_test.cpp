// The contract of service/replay_store.h.
#include "integration/storage/database.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

class ReplayStoreTest : public StorageTest {
 protected:
  const TimePoint from_ = At("2015-01-01T03:00:00Z");
  TimePoint Join(TimePoint from, TimePoint now) {
    auto joined = storage_->replay().Join(from, now);
    EXPECT_OK(joined);
    return joined.value_or(TimePoint{});
  }
};

TEST_F(ReplayStoreTest, BeginsAReplayThatOthersJoin) {
  const TimePoint begin = At("2026-03-01");
  EXPECT_EQ(Join(from_, begin), begin);
  EXPECT_EQ(Join(from_, begin + 30s), begin);
  EXPECT_EQ(Join(from_, begin + 140s), begin);  // joining keeps it alive
}

TEST_F(ReplayStoreTest, BeginsAnewWhereNobodyKeptItAlive) {
  const TimePoint begin = At("2026-03-01");
  Join(from_, begin);
  EXPECT_EQ(Join(from_, begin + 2min), begin + 2min);
}

TEST_F(ReplayStoreTest, StaysAliveWhileItIsTouched) {
  const TimePoint begin = At("2026-03-01");
  Join(from_, begin);
  for (auto later = 1min; later < 10min; later += 1min) {
    EXPECT_TRUE(storage_->replay().Touch(from_, begin, begin + later).value_or(false));
  }
  EXPECT_EQ(Join(from_, begin + 10min), begin);
}

TEST_F(ReplayStoreTest, IsReplacedByOneFromAnotherTime) {
  const TimePoint begin = At("2026-03-01");
  Join(from_, begin);
  EXPECT_EQ(Join(from_ + 1h, begin + 1s), begin + 1s);
  EXPECT_FALSE(storage_->replay().Touch(from_, begin, begin + 2s).value_or(true));
}

}  // namespace
}  // namespace repopulse
