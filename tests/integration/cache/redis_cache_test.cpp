// What only the cache on Redis can show: what lies in Redis, and how it behaves when Redis does not.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <thread>

#include "cache/cache.h"
#include "cache/stored_value.h"
#include "integration/cache/redis_server.h"
#include "support/fake_clock.h"

namespace repopulse::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

milliseconds Since(SteadyTime start) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

class RedisCacheTest : public testing::Test {
 protected:
  RedisServer redis_;
  SystemClock clock_;
  std::unique_ptr<SharedCache> cache_ = OpenSharedCache(PatientOptions(redis_.socket()), clock_);
  std::string Do(const std::vector<std::string>& command) { return Tell(redis_.socket(), command); }
};

TEST_F(RedisCacheTest, WritesKeysWithItsPrefixesAndATimeToLive) {
  ASSERT_TRUE(cache_->Put("list", 7, "x", seconds{100}));
  ASSERT_TRUE(cache_->Invalidate("topic:go"));
  ASSERT_EQ(cache_->TryLock("list", seconds{30}), true);
  EXPECT_EQ(Do({"DBSIZE"}), "3");
  for (const char* key : {"rp:r:list", "rp:g:topic:go", "rp:l:list"}) {
    EXPECT_GT(std::strtol(Do({"PTTL", key}).c_str(), nullptr, 10), 0) << key;
  }
  EXPECT_EQ(Do({"GET", "rp:r:list"}), EncodeEntryHeader(7) + "x");
  // A generation must not be forgotten before the entries it condemns.
  ASSERT_TRUE(cache_->Put("for ever", 7, "x", std::chrono::hours{24 * 3650}));
  EXPECT_LT(std::strtol(Do({"TTL", "rp:r:for ever"}).c_str(), nullptr, 10),
            std::strtol(Do({"TTL", "rp:g:topic:go"}).c_str(), nullptr, 10));
}

TEST_F(RedisCacheTest, TakesWhatItCannotReadForNoEntry) {
  for (const std::string& foreign : {std::string("{}"), std::string("RPv1"), std::string("RPv1\0\0\0\0\0\0\0", 11),
                                     std::string("RPv2\0\0\0\0\0\0\0\0body", 16), std::string()}) {
    Do({"SET", "rp:r:list", foreign});
    const auto answer = cache_->Get("list", "s");
    ASSERT_TRUE(answer);
    EXPECT_FALSE(answer->entry) << foreign;
  }
  Do({"DEL", "rp:r:list"});
  Do({"LPUSH", "rp:r:list", "x"});
  EXPECT_FALSE(cache_->Get("list", "s")->entry);
}

TEST_F(RedisCacheTest, OvercomesAForeignGeneration) {
  for (const char* foreign : {"abc", "-5", "99999999999999999999999", "1e300", ""}) {
    Do({"SET", "rp:g:s", foreign});
    EXPECT_EQ(cache_->Get("k", "s")->generation, 0u) << foreign;
    ASSERT_TRUE(cache_->Invalidate("s")) << foreign;
    EXPECT_GT(cache_->Get("k", "s")->generation, 1'700'000'000'000'000u) << foreign;
  }
}

TEST_F(RedisCacheTest, CountsOnWhereTheServersClockWentBack) {
  Do({"SET", "rp:g:s", "4000000000000000"});  // of the year 2096
  ASSERT_TRUE(cache_->Invalidate("s"));
  EXPECT_EQ(cache_->Get("k", "s")->generation, 4'000'000'000'000'001u);
}

TEST_F(RedisCacheTest, OpensNoMoreConnectionsThanAllowed) {
  RedisOptions options = PatientOptions(redis_.socket());
  options.connections_max = 3;
  const auto cache = OpenSharedCache(options, clock_);
  const long before = InfoNumber(redis_.socket(), "total_connections_received");
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int t = 0; t < 10; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) failed += cache->Ping() ? 0 : 1;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  const long opened = InfoNumber(redis_.socket(), "total_connections_received") - before - 1;  // INFO's own
  EXPECT_GE(opened, 1);
  EXPECT_LE(opened, 3);
}

TEST_F(RedisCacheTest, GoesOnAtOnceWhenItsIdleConnectionWasClosed) {
  ASSERT_TRUE(cache_->Ping());
  Do({"CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_TRUE(cache_->Ping());
}

TEST_F(RedisCacheTest, RefusesClearlyWhileRedisIsGoneAndComesBackWithIt) {
  ASSERT_TRUE(cache_->Put("k", 0, "v", seconds{60}));
  redis_.Kill();
  EXPECT_EQ(cache_->Get("k", "s").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(cache_->Put("k", 0, "v", seconds{60}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(cache_->Invalidate("s").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(cache_->TryLock("k", seconds{1}).error().code, ErrorCode::kUnavailable);
  cache_->Unlock("k");
  ASSERT_TRUE(redis_.Start());
  EXPECT_TRUE(Eventually([this] { return cache_->Ping().has_value(); }));
  EXPECT_FALSE(cache_->Get("k", "s")->entry);
}

TEST_F(RedisCacheTest, StartsWithoutRedis) {
  const auto cache = OpenSharedCache(PatientOptions("/tmp/rp-there-is-no-such-socket"), clock_);
  const auto answer = cache->Get("k", "s");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(answer.error().message.find("No such file"), std::string::npos) << answer.error().message;
}

TEST_F(RedisCacheTest, AsksAHungRedisOnceAndNotForEachCall) {
  RedisOptions options = PatientOptions(redis_.socket());
  options.command_timeout = milliseconds{100};
  FakeClock clock;  // stands still: the breaker's pause does not end by itself
  const auto cache = OpenSharedCache(options, clock);
  ASSERT_TRUE(cache->Ping());
  const long commands = InfoNumber(redis_.socket(), "total_commands_processed");
  const long connections = InfoNumber(redis_.socket(), "total_connections_received");
  redis_.Freeze();
  const SteadyTime start = std::chrono::steady_clock::now();
  int timeouts = 0;
  int refused = 0;
  for (int i = 0; i < 50; ++i) {
    const auto answer = cache->Get("k", "s");
    ASSERT_FALSE(answer);
    timeouts += answer.error().code == ErrorCode::kTimeout ? 1 : 0;
    refused += answer.error().code == ErrorCode::kUnavailable ? 1 : 0;
  }
  EXPECT_LT(Since(start), milliseconds{3000});
  EXPECT_EQ(timeouts, 1);
  EXPECT_EQ(refused, 49);
  // After the pause one call is the probe.
  clock.Advance(seconds{1});
  EXPECT_EQ(cache->Ping().error().code, ErrorCode::kTimeout);
  EXPECT_EQ(cache->Ping().error().code, ErrorCode::kUnavailable);
  redis_.Thaw();
  clock.Advance(seconds{10});
  EXPECT_TRUE(Eventually([&] {
    clock.Advance(seconds{10});
    return cache->Ping().has_value();
  }));
  // What Redis has seen of it: the two INFO, the timed out Get and Ping, and the few PING of the recovery.
  EXPECT_LE(InfoNumber(redis_.socket(), "total_commands_processed") - commands, 10);
  EXPECT_LE(InfoNumber(redis_.socket(), "total_connections_received") - connections, 10);
}

TEST_F(RedisCacheTest, RefusesManyThreadsWhileRedisHangs) {
  RedisOptions options = PatientOptions(redis_.socket());
  options.command_timeout = milliseconds{100};
  FakeClock clock;
  const auto cache = OpenSharedCache(options, clock);
  redis_.Freeze();
  EXPECT_FALSE(cache->Ping());
  std::atomic<int> timeouts{0};
  std::vector<std::thread> threads;
  clock.Advance(seconds{1});
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) timeouts += cache->Ping().error().code == ErrorCode::kTimeout ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(timeouts, 1);
  redis_.Thaw();
}

TEST_F(RedisCacheTest, StillReadsWhenRedisIsFull) {
  ASSERT_TRUE(cache_->Put("k", 0, "v", seconds{60}));
  Do({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  Do({"CONFIG", "SET", "maxmemory", "1"});
  for (int i = 0; i < 3; ++i) {  // refused each time, and not left alone for it
    const Status put = cache_->Put("k2", 0, "v", seconds{60});
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(put.error().message.find("OOM"), std::string::npos) << put.error().message;
    EXPECT_EQ(cache_->Get("k", "s")->entry->payload, "v");
  }
  EXPECT_EQ(cache_->Invalidate("s").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(cache_->TryLock("k", seconds{1}).error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(cache_->Ping());
}

TEST_F(RedisCacheTest, SaysThatThePasswordIsWrongAndNotWhatItIs) {
  RedisServer guarded({}, "right-password");
  for (const char* password : {"wrong-password", ""}) {
    RedisOptions options = PatientOptions(guarded.socket());
    options.password = password;
    testing::internal::CaptureStderr();
    const auto ping = OpenSharedCache(options, clock_)->Ping();
    const std::string log = testing::internal::GetCapturedStderr();
    ASSERT_FALSE(ping);
    EXPECT_EQ(ping.error().code, ErrorCode::kUnauthorized) << ping.error().message;
    EXPECT_EQ((ping.error().message + log).find("wrong-password"), std::string::npos);
    EXPECT_NE(log.find("shared_cache_lost"), std::string::npos);
  }
  RedisOptions options = PatientOptions(guarded.socket());
  options.password = "right-password";
  EXPECT_TRUE(OpenSharedCache(options, clock_)->Ping());
  options.socket = redis_.socket();  // asks for none
  EXPECT_EQ(OpenSharedCache(options, clock_)->Ping().error().code, ErrorCode::kUnauthorized);
}

// A server that says what a test wants to anybody who connects.
class Impostor {
 public:
  Impostor(const std::string& path, std::string answer, milliseconds pause = milliseconds{0}) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    thread_ = std::thread([this, answer, pause] {
      for (int peer; (peer = accept(fd_, nullptr, nullptr)) >= 0; close(peer)) {
        char request[4096];
        if (recv(peer, request, sizeof(request), 0) <= 0) continue;
        for (size_t i = 0; i < answer.size(); ++i) {
          if (pause.count() == 0) i = answer.size();
          const std::string_view part =
              pause.count() == 0 ? std::string_view(answer) : std::string_view(answer).substr(i, 1);
          if (send(peer, part.data(), part.size(), MSG_NOSIGNAL) <= 0) break;
          std::this_thread::sleep_for(pause);
        }
      }
    });
  }
  ~Impostor() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }

 private:
  int fd_ = -1;
  std::thread thread_;
};

TEST_F(RedisCacheTest, SurvivesWhatIsNotRedis) {
  int number = 0;
  for (const std::string& nonsense :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("*-5\r\n"), std::string("+OK\r\n"),
        std::string(":1\r\n"), std::string("*2\r\n*2\r\n"), std::string("$-7\r\n"), std::string(3, '\0'),
        std::string("*3\r\n$-1\r\n$-1\r\n$-1\r\n"), std::string("*99999999999\r\n"), std::string("$4\r\nab")}) {
    const std::string path = redis_.socket() + std::to_string(++number);
    const Impostor impostor(path, nonsense);
    EXPECT_FALSE(OpenSharedCache(PatientOptions(path), clock_)->Get("k", "s")) << nonsense;
  }
}

TEST_F(RedisCacheTest, GivesUpOnASlowAnswerAtTheDeadlineOfTheWhole) {
  const std::string path = redis_.socket() + "-slow";
  const Impostor impostor(path, "*2\r\n$-1\r\n$20\r\n01234567890123456789\r\n", milliseconds{30});
  RedisOptions options = PatientOptions(path);
  options.command_timeout = milliseconds{150};
  const SteadyTime start = std::chrono::steady_clock::now();
  EXPECT_EQ(OpenSharedCache(options, clock_)->Get("k", "s").error().code, ErrorCode::kTimeout);
  EXPECT_LT(Since(start), milliseconds{700});
}

}  // namespace
}  // namespace repopulse::test
