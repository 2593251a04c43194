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

struct NearCacheFilesTest : NearCacheTest {
  static std::string Long(char letter) { return std::string(NearCache::kFileBytesMin, letter); }
  // Until it has been asked for often.
  RepresentationPtr Ask(const std::string& key) {
    for (uint32_t i = 1; i < NearCache::kFileHits; ++i) EXPECT_FALSE(roomy.Find(key)->representation->file) << i;
    return roomy.Find(key)->representation;
  }
  void PutRoomy(const std::string& key, const std::string& text) {
    roomy.Insert(key, "s", roomy.Begin(key, "s"), Body(text));
  }
  NearCache roomy{clock, size_t{64} << 20U};
};

TEST_F(NearCacheFilesTest, MovesALongBodyIntoAFileWhenItWasAskedForOften) {
  PutRoomy("k", Long('a'));
  const RepresentationPtr found = Ask("k");
  ASSERT_TRUE(found->file);
  EXPECT_TRUE(found->body == Long('a'));
  EXPECT_TRUE(found->file->bytes() == Long('a'));
  EXPECT_EQ(roomy.Find("k")->representation, found);
}

TEST_F(NearCacheFilesTest, LeavesAShortOneWhereItIs) {
  PutRoomy("k", Long('a').substr(1));
  EXPECT_FALSE(Ask("k")->file);
}

TEST_F(NearCacheFilesTest, GivesANewValueNoFileOfAnOldOne) {
  PutRoomy("k", Long('a'));
  const RepresentationPtr old = Ask("k");
  PutRoomy("k", Long('b'));
  const RepresentationPtr now = Ask("k");
  ASSERT_TRUE(now->file);
  EXPECT_TRUE(now->file->bytes() == Long('b'));
  EXPECT_TRUE(old->file->bytes() == Long('a')) << "who is still being answered has the old one";
}

TEST_F(NearCacheFilesTest, LetsGoOfAFileWithItsEntry) {
  PutRoomy("k", Long('a'));
  const std::weak_ptr<const MemoryFile> watched = Ask("k")->file;
  EXPECT_FALSE(watched.expired());
  PutRoomy("k", "short");
  EXPECT_TRUE(watched.expired());
}

TEST_F(NearCacheFilesTest, OpensNoMoreFilesThanAllowed) {
  constexpr int kEntries = 2 * static_cast<int>(NearCache::kFilesMax);
  const auto files = [this] {
    size_t count = 0;
    for (int i = 0; i < kEntries; ++i) count += roomy.Find(std::to_string(i))->representation->file ? 1 : 0;
    return count;
  };
  for (int i = 0; i < kEntries; ++i) PutRoomy(std::to_string(i), Long('a'));
  for (uint32_t i = 0; i < NearCache::kFileHits; ++i) (void)files();
  EXPECT_LE(files(), NearCache::kFilesMax);
  EXPECT_GT(files(), NearCache::kFilesMax / 2);
  // Those of replaced entries may be had again.
  for (int i = 0; i < kEntries; ++i) PutRoomy(std::to_string(i), Long('b'));
  EXPECT_EQ(files(), 0U);
  for (uint32_t i = 0; i < NearCache::kFileHits; ++i) (void)files();
  EXPECT_GT(files(), NearCache::kFilesMax / 2);
}

}  // namespace
}  // namespace repopulse
