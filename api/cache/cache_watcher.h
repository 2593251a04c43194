// Hears from Redis which cached entries and generations have changed, whoever changed them.
#pragma once

#include <chrono>
#include <string_view>
#include <thread>

#include "cache/cache.h"
#include "cache/redis_connection.h"
#include "service/shared_cache.h"

namespace repopulse {

// Two connections: one is subscribed to the channel of invalidations, the other switches tracking on and sends them
// there (RESP2 has no other way). Redis forgets the tracking when either is lost, without a word to the other; so both
// are pinged, and both are opened anew when one fails.
class RedisCacheWatcher final : public CacheWatcher {
 public:
  RedisCacheWatcher(RedisOptions options, CacheChangeListener& listener);
  ~RedisCacheWatcher() override;
  RedisCacheWatcher(const RedisCacheWatcher&) = delete;
  RedisCacheWatcher& operator=(const RedisCacheWatcher&) = delete;

 private:
  // An eventfd that becomes readable once the watcher shall stop.
  class StopSignal {
   public:
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;
    void Raise() const;
    // True where it was raised before the time was over.
    [[nodiscard]] bool WaitFor(std::chrono::milliseconds time) const;
    [[nodiscard]] int fd() const { return fd_; }

   private:
    int fd_;
  };

  struct Channels {
    RedisConnection subscriber;
    RedisConnection tracker;
  };

  // Which answers to a round of PINGs are still out.
  struct Pulse {
    bool asked = false;
    bool subscriber_owes = false;
    bool tracker_owes = false;
    SteadyTime due{};  // of the answers where asked; else of the next round
    [[nodiscard]] bool owes() const { return subscriber_owes || tracker_owes; }
  };

  void Run();
  [[nodiscard]] Result<Channels> Open() const;
  // Listens until something fails; says what.
  Error Listen(Channels& channels);
  Status Beat(Channels& channels, Pulse& pulse) const;
  Status ReadSubscriber(RedisConnection& subscriber, Pulse& pulse);
  static Status ReadTracker(RedisConnection& tracker, Pulse& pulse);
  void Tell(const redisReply& keys);
  void TellOne(std::string_view key);

  const RedisOptions options_;
  CacheChangeListener& listener_;
  StopSignal stop_;
  std::thread thread_;  // last: runs on all of the above
};

}  // namespace repopulse
