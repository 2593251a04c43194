// The contract of service/rate_budget_store.h; the rules themselves are domain/rate_limit.h's.
#include <thread>

#include "integration/storage/database.h"

namespace repopulse {
namespace {

using testing::IsEmpty;

class RateBudgetStoreTest : public StorageTest {
 protected:
  std::optional<TimePoint> Take(RateResource resource = RateResource::kSearch,
                                const std::string& credential = "token") {
    auto taken = budgets().TryTake(resource, credential, RatePace::kFull, clock_.Now());
    EXPECT_OK(taken);
    return taken.value_or(std::nullopt);
  }
  void Record(const RateObservation& observation) {
    ASSERT_OK(budgets().Record(RateResource::kSearch, "token", observation, clock_.Now()));
  }
  RateObservation Seen(int64_t limit, int64_t remaining) {
    return {
        .limit = limit, .remaining = remaining, .reset_at = clock_.Now() + std::chrono::minutes{1}, .retry_after = {}};
  }
};

TEST_F(RateBudgetStoreTest, AllowsTheFirstRequestEver) { EXPECT_EQ(Take(), std::nullopt); }

TEST_F(RateBudgetStoreTest, AllowsWhatIsLeftAndThenTellsWhenToTryAgain) {
  Record(Seen(30, 2));
  EXPECT_EQ(Take(), std::nullopt);
  EXPECT_EQ(Take(), std::nullopt);
  EXPECT_EQ(Take(), clock_.Now() + std::chrono::minutes{1});
  clock_.Advance(std::chrono::minutes{1});
  EXPECT_EQ(Take(), std::nullopt);
}

TEST_F(RateBudgetStoreTest, KeepsResourcesAndCredentialsApart) {
  Record(Seen(30, 0));
  EXPECT_NE(Take(), std::nullopt);
  EXPECT_EQ(Take(RateResource::kCore), std::nullopt);
  EXPECT_EQ(Take(RateResource::kSearch, "anonymous"), std::nullopt);
}

TEST_F(RateBudgetStoreTest, RemembersABlockAndItsBackoff) {
  RateObservation limited;
  limited.limited = true;
  Record(limited);
  EXPECT_EQ(Take(), clock_.Now() + std::chrono::seconds{60});
  Record(limited);
  EXPECT_EQ(Take(), clock_.Now() + std::chrono::seconds{120});
}

TEST_F(RateBudgetStoreTest, SurvivesARestart) {
  Record(Seen(30, 0));
  storage_ = MakeStorage();
  EXPECT_EQ(Take(), clock_.Now() + std::chrono::minutes{1});
}

TEST_F(RateBudgetStoreTest, ListsWhatIsKnownOfACredential) {
  EXPECT_THAT(budgets().List("token").value(), IsEmpty());
  Record(Seen(30, 17));
  ASSERT_OK(budgets().Record(RateResource::kCore, "token", Seen(5000, 4999), clock_.Now()));
  ASSERT_OK(budgets().Record(RateResource::kCore, "other", Seen(60, 1), clock_.Now()));
  auto list = budgets().List("token");
  ASSERT_OK(list);
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].resource, RateResource::kCore);
  EXPECT_EQ((*list)[0].budget.remaining, 4999);
  EXPECT_EQ((*list)[1].resource, RateResource::kSearch);
  EXPECT_EQ((*list)[1].budget.limit, 30);
  EXPECT_EQ((*list)[1].budget.remaining, 17);
  EXPECT_EQ((*list)[1].budget.reset_at, clock_.Now() + std::chrono::minutes{1});
}

TEST_F(RateBudgetStoreTest, ReplicasTogetherNeverOverspend) {
  Record(Seen(100, 40));
  const auto other = MakeStorage();
  std::atomic<int> taken{0};
  const auto spend = [&](Storage& storage) {
    for (int i = 0; i < 30; ++i) {
      auto answer = storage.rate_budgets().TryTake(RateResource::kSearch, "token", RatePace::kFull, clock_.Now());
      ASSERT_OK(answer);
      if (!*answer) ++taken;
    }
  };
  std::thread a([&] { spend(*storage_); });
  std::thread b([&] { spend(*other); });
  std::thread c([&] { spend(*other); });
  a.join();
  b.join();
  c.join();
  EXPECT_EQ(taken, 40);
}

}  // namespace
}  // namespace repopulse
