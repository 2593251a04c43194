// A bounded pool of connections to Redis. Connections open when first needed.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "cache/redis_connection.h"

namespace repopulse {

// Thread-safe; must outlive its leases.
class RedisPool {
 public:
  // A connection for one thread. Goes back when the lease ends; a dead one is thrown away.
  class Lease {
   public:
    Lease(RedisPool& pool, RedisConnection connection) : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept : pool_(other.pool_), connection_(std::move(other.connection_)) {
      other.connection_.reset();
    }
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->Return(std::move(*connection_));
    }
    RedisConnection* operator->() { return &*connection_; }
    [[nodiscard]] bool IsAlive() const { return connection_ && connection_->alive(); }
    // It failed in a way not understood: do not put it back.
    void Discard() {
      connection_.reset();
      pool_->Forget();
    }

   private:
    RedisPool* pool_;
    std::optional<RedisConnection> connection_;
  };

  explicit RedisPool(RedisOptions options) : options_(std::move(options)) {}

  // Waits until `deadline` for a connection to be free (kUnavailable), and connect_timeout for a new one to open.
  Result<Lease> Acquire(SteadyTime deadline);

 private:
  void Return(RedisConnection connection);
  void Forget();

  const RedisOptions options_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<RedisConnection> idle_;
  size_t open_ = 0;  // idle or leased
};

}  // namespace repopulse
