// The SharedCache on Redis.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/breaker.h"
#include "cache/redis_pool.h"
#include "service/shared_cache.h"

namespace repopulse {

// Each call takes at most connect_timeout + 2 × command_timeout; while the breaker is open it fails at once.
class RedisCache final : public SharedCache {
 public:
  RedisCache(RedisOptions options, const Clock& clock);

  Result<SharedCacheAnswer> Get(const std::string& key, const std::string& scope) override;
  Status Put(const std::string& key, uint64_t generation, const std::string& payload,
             std::chrono::seconds time_to_live) override;
  Status Invalidate(const std::string& scope) override;
  Result<bool> TryLock(const std::string& key, std::chrono::milliseconds time_to_live) override;
  void Unlock(const std::string& key) override;
  Status Ping() override;

 private:
  struct HeldLock {
    std::string token;
    SteadyTime until;
  };

  Result<RedisReply> Run(RedisArguments arguments);
  void ReportFailure(const Error& error);
  void ReportSuccess();
  void Remember(const std::string& key, std::string token, SteadyTime until);

  const std::chrono::milliseconds command_timeout_;
  RedisPool pool_;
  CircuitBreaker breaker_;
  std::atomic<bool> failing_{false};
  std::mutex locks_mutex_;
  std::unordered_map<std::string, HeldLock> locks_;  // by key
};

}  // namespace repopulse
