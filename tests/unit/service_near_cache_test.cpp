#include <gtest/gtest.h>

#include "service/near_cache.h"
#include "support/fake_clock.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

RepresentationPtr Body(std::string text) {
  auto made = std::make_shared<Representation>();
  made->body = std::move(text);
  return made;
}

struct NearCacheTest : testing::Test {
  NearCacheTest() { cache.OnWatching(true); }

  void Put(const std::string& key, const std::string& scope, const std::string& text) {
    cache.Insert(key, scope, cache.Begin(key, scope), Body(text));
  }
  [[nodiscard]] bool IsTrusted(const std::string& key) {
    const auto found = cache.Find(key);
    EXPECT_TRUE(found) << key;
    return found && found->trusted;
  }

  test::FakeClock clock;
  NearCache cache{clock, 16 * 64 * 1024};
};

TEST_F(NearCacheTest, FindsWhatWasPut) {
  EXPECT_FALSE(cache.Find("k"));
  Put("k", "s", "one");
  EXPECT_TRUE(IsTrusted("k"));
  EXPECT_EQ(cache.Find("k")->representation->body, "one");
  Put("k", "s", "two");
  EXPECT_EQ(cache.Find("k")->representation->body, "two");
  EXPECT_EQ(cache.entries(), 1u);
}

TEST_F(NearCacheTest, AChangedEntryStaysButIsNotTrusted) {
  Put("k", "s", "one");
  cache.OnEntryChanged("k");
  EXPECT_FALSE(IsTrusted("k"));
  EXPECT_EQ(cache.Find("k")->representation->body, "one");
  Put("k", "s", "two");
  EXPECT_TRUE(IsTrusted("k"));
}

TEST_F(NearCacheTest, AnInvalidatedScopeTakesItsEntriesOnly) {
  Put("a", "topic:a", "a");
  Put("b", "topic:b", "b");
  cache.OnScopeInvalidated("topic:a");
  EXPECT_FALSE(IsTrusted("a"));
  EXPECT_TRUE(IsTrusted("b"));
}

TEST_F(NearCacheTest, NothingIsTrustedAfterAllChanged) {
  Put("a", "s", "a");
  cache.OnAllChanged();
  EXPECT_FALSE(IsTrusted("a"));
  Put("a", "s", "again");
  EXPECT_TRUE(IsTrusted("a"));
}

TEST_F(NearCacheTest, WithoutHearingOfChangesTrustEndsAfterASecond) {
  Put("a", "s", "a");
  cache.OnWatching(false);
  clock.Advance(999ms);
  EXPECT_TRUE(IsTrusted("a"));
  clock.Advance(1ms);
  EXPECT_FALSE(IsTrusted("a"));
}

TEST_F(NearCacheTest, WhileItHearsOfChangesTrustDoesNotEnd) {
  Put("a", "s", "a");
  clock.Advance(24h);
  EXPECT_TRUE(IsTrusted("a"));
}

// A value that was loaded before a change and arrives behind it.
TEST_F(NearCacheTest, AValueOvertakenByAChangeIsKeptButNotTrusted) {
  const std::function<void()> changes[] = {[&] { cache.OnEntryChanged("k"); }, [&] { cache.OnScopeInvalidated("s"); },
                                           [&] { cache.OnAllChanged(); }};
  for (const auto& change : changes) {
    const auto ticket = cache.Begin("k", "s");
    change();
    cache.Insert("k", "s", ticket, Body("old"));
    EXPECT_FALSE(IsTrusted("k"));
  }
}

TEST_F(NearCacheTest, AnOvertakenValueDoesNotReplaceATrustedOne) {
  const auto ticket = cache.Begin("k", "s");
  cache.OnScopeInvalidated("s");
  Put("k", "s", "new");
  cache.Insert("k", "s", ticket, Body("old"));
  EXPECT_TRUE(IsTrusted("k"));
  EXPECT_EQ(cache.Find("k")->representation->body, "new");
}

TEST_F(NearCacheTest, StaysWithinItsBytes) {
  for (int i = 0; i < 5'000; ++i) Put("key " + std::to_string(i), "s", std::string(1'000, 'x'));
  EXPECT_LE(cache.size_bytes(), size_t{16 * 64 * 1024});
  EXPECT_GT(cache.entries(), 300u);
  EXPECT_LT(cache.entries(), 1'048u);
}

TEST_F(NearCacheTest, DoesNotTakeWhatIsTooLarge) {
  Put("small", "s", "x");
  Put("large", "s", std::string(16 * 64 * 1024, 'x'));
  EXPECT_FALSE(cache.Find("large"));
  EXPECT_TRUE(cache.Find("small"));
}

TEST_F(NearCacheTest, DropsTheLeastRecentlyUsedFirst) {
  Put("used", "s", std::string(1'000, 'x'));
  for (int i = 0; i < 5'000; ++i) {
    Put("key " + std::to_string(i), "s", std::string(1'000, 'x'));
    ASSERT_TRUE(cache.Find("used")) << i;
  }
  EXPECT_FALSE(cache.Find("key 0"));
}

TEST_F(NearCacheTest, GivesBackTheBytesOfReplacedEntries) {
  for (int i = 0; i < 100; ++i) Put("k", "s", std::string(10'000, 'x'));
  EXPECT_LT(cache.size_bytes(), 12'000u);
}

}  // namespace
}  // namespace repopulse
