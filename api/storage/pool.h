// A bounded pool of connections, lent one at a time.
//
// A dead database costs one caller a connect timeout, and the others nothing: they are refused (kUnavailable) until a
// probe succeeds. Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "base/breaker.h"
#include "base/clock.h"
#include "storage/connection.h"

namespace repopulse {

struct PoolOptions {
  ConnectionOptions connection;
  size_t size = 8;
  std::chrono::milliseconds lease_timeout{1000};  // how long a caller waits for a free connection
  std::chrono::milliseconds probe_timeout{500};   // for one sign of life after failures
};

class Pool {
 public:
  // A borrowed connection; goes back when the lease ends, unless it failed.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection) : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->Return(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  Pool(PoolOptions options, const Clock& clock);

  // kUnavailable: no connection free in time, or the database is not there; else what Connection::Open says.
  Result<Lease> Acquire() { return Acquire(options_.lease_timeout); }
  Result<Lease> Acquire(std::chrono::milliseconds deadline);

 private:
  // Room for one more connection, and an idle one where there is one.
  Result<std::unique_ptr<Connection>> WaitForRoom(std::chrono::milliseconds deadline);
  Result<std::unique_ptr<Connection>> Ready(std::unique_ptr<Connection> idle, bool probe);
  void Return(std::unique_ptr<Connection> connection);
  void GiveRoom(std::unique_ptr<Connection> connection);

  const PoolOptions options_;
  CircuitBreaker breaker_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;  // the last used at the end: it is lent first
  size_t lent_ = 0;
};

// Lends a connection to `work(connection)` and returns its Result.
template <class Work>
auto WithConnection(Pool& pool, Work work) -> decltype(work(std::declval<Connection&>())) {
  auto lease = pool.Acquire();
  if (!lease) return tl::make_unexpected(std::move(lease.error()));
  return work(**lease);
}

}  // namespace repopulse
