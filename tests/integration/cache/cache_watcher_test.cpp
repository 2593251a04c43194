#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>

#include "cache/cache.h"
#include "integration/cache/redis_server.h"

namespace repopulse::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Writes down what it hears, in order.
class Diary final : public CacheChangeListener {
 public:
  void OnEntryChanged(const std::string& key) override { Note("entry " + key); }
  void OnScopeInvalidated(const std::string& scope) override { Note("scope " + scope); }
  void OnAllChanged() override { Note("all"); }
  void OnWatching(bool watching) override { Note(watching ? "watching" : "deaf"); }

  std::vector<std::string> Notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }
  bool Hears(const std::string& note) {
    return Eventually([&] {
      const auto notes = Notes();
      return std::ranges::find(notes, note) != notes.end();
    });
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    notes_.clear();
  }

 private:
  void Note(std::string note) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(note));
  }
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

using Notes = std::vector<std::string>;

class CacheWatcherTest : public testing::Test {
 protected:
  void Watch() { Watch(PatientOptions(redis_.socket())); }
  void Watch(const RedisOptions& options) {
    watcher_ = WatchSharedCache(options, diary_);
    ASSERT_TRUE(diary_.Hears("watching"));
  }
  // Lost, everything doubtful, and heard again.
  void ExpectLostAndFound() {
    ASSERT_TRUE(diary_.Hears("watching"));
    EXPECT_EQ(diary_.Notes(), (Notes{"deaf", "all", "all", "watching"}));
  }
  std::string Do(const std::vector<std::string>& command) { return Tell(redis_.socket(), command); }

  RedisServer redis_;
  SystemClock clock_;
  Diary diary_;
  std::unique_ptr<CacheWatcher> watcher_;
};

TEST_F(CacheWatcherTest, TrustsNothingFromBeforeItWatched) {
  Watch();
  EXPECT_EQ(diary_.Notes(), (Notes{"all", "watching"}));
}

TEST_F(CacheWatcherTest, HearsWhatAnotherReplicaChanges) {
  Watch();
  const auto other = OpenSharedCache(PatientOptions(redis_.socket()), clock_);
  ASSERT_TRUE(other->Put("list?topic=go", 0, "x", seconds{60}));
  EXPECT_TRUE(diary_.Hears("entry list?topic=go"));
  ASSERT_TRUE(other->Invalidate("topic:go"));
  EXPECT_TRUE(diary_.Hears("scope topic:go"));
}

TEST_F(CacheWatcherTest, HearsOfDeletedAndExpiredEntries) {
  Watch();
  Do({"SET", "rp:r:gone", "x"});
  Do({"SET", "rp:r:short", "x", "PX", "50"});
  ASSERT_TRUE(diary_.Hears("entry gone"));
  ASSERT_TRUE(diary_.Hears("entry short"));
  diary_.Forget();
  Do({"DEL", "rp:r:gone"});
  EXPECT_TRUE(diary_.Hears("entry gone"));
  EXPECT_TRUE(diary_.Hears("entry short"));
}

TEST_F(CacheWatcherTest, DoesNotHearOfLocksAndForeignKeys) {
  Watch();
  diary_.Forget();
  Do({"SET", "rp:l:list", "token"});
  Do({"SET", "something", "else"});
  Do({"SET", "rp:r:last", "x"});
  ASSERT_TRUE(diary_.Hears("entry last"));
  EXPECT_EQ(diary_.Notes(), (Notes{"entry last"}));
}

TEST_F(CacheWatcherTest, HearsOfManyChangesAtOnce) {
  Watch();
  std::vector<std::string> command = {"MSET"};
  for (int i = 0; i < 5000; ++i) command.insert(command.end(), {"rp:r:" + std::to_string(i), "x"});
  Do(command);
  ASSERT_TRUE(Eventually([this] { return diary_.Notes().size() >= 5002; }));
}

TEST_F(CacheWatcherTest, HearsOfFlushes) {
  for (const char* flush : {"FLUSHALL", "FLUSHDB"}) {
    Watch();
    diary_.Forget();
    Do({"SET", "rp:r:k", "x"});
    Do({flush});
    EXPECT_TRUE(diary_.Hears("all")) << flush;
  }
}

TEST_F(CacheWatcherTest, StartsAnewWhenEitherConnectionIsKilled) {
  Watch();
  for (const char* kind : {"pubsub", "normal"}) {  // the subscriber; the one that tracks
    diary_.Forget();
    Do({"CLIENT", "KILL", "TYPE", kind});
    ExpectLostAndFound();
    Do({"SET", "rp:r:after", kind});
    EXPECT_TRUE(diary_.Hears("entry after")) << kind;
  }
}

TEST_F(CacheWatcherTest, StartsAnewWhenRedisDoes) {
  Watch();
  diary_.Forget();
  redis_.Kill();
  ASSERT_TRUE(diary_.Hears("all"));
  EXPECT_EQ(diary_.Notes(), (Notes{"deaf", "all"}));
  ASSERT_TRUE(redis_.Start());
  ExpectLostAndFound();
  Do({"SET", "rp:r:after", "x"});
  EXPECT_TRUE(diary_.Hears("entry after"));
}

TEST_F(CacheWatcherTest, NoticesThatRedisHangs) {
  RedisOptions options = PatientOptions(redis_.socket());
  options.ping_interval = milliseconds{50};
  options.ping_timeout = milliseconds{300};
  Watch(options);
  diary_.Forget();
  redis_.Freeze();
  EXPECT_TRUE(diary_.Hears("deaf"));
  redis_.Thaw();
  EXPECT_TRUE(diary_.Hears("watching"));
}

TEST_F(CacheWatcherTest, KeepsWatchingThroughManyPings) {
  RedisOptions options = PatientOptions(redis_.socket());
  options.ping_interval = milliseconds{1};
  Watch(options);
  ASSERT_TRUE(Eventually([this] { return InfoNumber(redis_.socket(), "total_commands_processed") > 200; }));
  Do({"SET", "rp:r:k", "x"});
  EXPECT_TRUE(diary_.Hears("entry k"));
  EXPECT_EQ(diary_.Notes(), (Notes{"all", "watching", "entry k"}));
}

TEST_F(CacheWatcherTest, WaitsForARedisThatIsNotThereYet) {
  redis_.Kill();
  watcher_ = WatchSharedCache(PatientOptions(redis_.socket()), diary_);
  std::this_thread::sleep_for(milliseconds{150});
  EXPECT_EQ(diary_.Notes(), Notes{});
  ASSERT_TRUE(redis_.Start());
  EXPECT_TRUE(diary_.Hears("watching"));
}

TEST_F(CacheWatcherTest, StopsAtOnceWhateverItIsDoing) {
  const auto stops_in_time = [this] {
    const auto start = std::chrono::steady_clock::now();
    watcher_.reset();
    return std::chrono::steady_clock::now() - start < milliseconds{500};
  };
  Watch();
  EXPECT_TRUE(stops_in_time()) << "while listening";
  EXPECT_EQ(diary_.Notes(), (Notes{"all", "watching", "deaf", "all"}));

  redis_.Freeze();
  watcher_ = WatchSharedCache(PatientOptions(redis_.socket()), diary_);
  std::this_thread::sleep_for(milliseconds{100});
  EXPECT_TRUE(stops_in_time()) << "while waiting for an answer";
  redis_.Thaw();

  watcher_ = WatchSharedCache(PatientOptions("/tmp/rp-there-is-no-such-socket"), diary_);
  std::this_thread::sleep_for(milliseconds{400});
  EXPECT_TRUE(stops_in_time()) << "while waiting to connect again";
}

TEST_F(CacheWatcherTest, DoesNotLogThePassword) {
  RedisServer guarded({}, "right-password");
  RedisOptions options = PatientOptions(guarded.socket());
  options.password = "wrong-password";
  testing::internal::CaptureStderr();
  watcher_ = WatchSharedCache(options, diary_);
  std::this_thread::sleep_for(milliseconds{200});
  watcher_.reset();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("cache_watch_lost"), std::string::npos);
  EXPECT_EQ(log.find("wrong-password"), std::string::npos);
  EXPECT_EQ(diary_.Notes(), Notes{});
}

}  // namespace
}  // namespace repopulse::test
