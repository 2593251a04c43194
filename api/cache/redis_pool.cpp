#include "cache/redis_pool.h"

namespace repopulse {

Result<RedisPool::Lease> RedisPool::Acquire(SteadyTime deadline) {
  {
    std::unique_lock lock(mutex_);
    const auto available = [this] { return !idle_.empty() || open_ < options_.connections_max; };
    if (!freed_.wait_until(lock, deadline, available)) {
      return Fail(ErrorCode::kUnavailable, "all connections to Redis are in use");
    }
    while (!idle_.empty()) {
      RedisConnection connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection.IsReusable()) return Lease(*this, std::move(connection));
      --open_;
    }
    ++open_;
  }
  auto opened = RedisConnection::Open(options_);
  if (!opened) {
    Forget();
    return tl::make_unexpected(std::move(opened.error()));
  }
  return Lease(*this, std::move(*opened));
}

void RedisPool::Return(RedisConnection connection) {
  if (!connection.alive()) return Forget();
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

void RedisPool::Forget() {
  {
    const std::lock_guard lock(mutex_);
    --open_;
  }
  freed_.notify_one();
}

}  // namespace repopulse
