#include "storage/pool.h"

#include <utility>

namespace repopulse {
namespace {

constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{2000};

bool MeansServerIsGone(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
}

}  // namespace

Pool::Pool(PoolOptions options, const Clock& clock)
    : options_(std::move(options)), breaker_(clock, kFirstPause, kLongestPause) {}

Result<Pool::Lease> Pool::Acquire(std::chrono::milliseconds deadline) {
  const bool probe = breaker_.IsOpen();
  if (!breaker_.Allow()) return Fail(ErrorCode::kUnavailable, "the database did not answer just now");
  auto idle = WaitForRoom(deadline);
  if (!idle) return tl::make_unexpected(std::move(idle.error()));
  auto connection = Ready(std::move(*idle), probe);
  if (!connection) {
    GiveRoom(nullptr);
    return tl::make_unexpected(std::move(connection.error()));
  }
  return Lease(*this, std::move(*connection));
}

Result<std::unique_ptr<Connection>> Pool::WaitForRoom(std::chrono::milliseconds deadline) {
  std::unique_lock lock(mutex_);
  if (!returned_.wait_for(lock, deadline, [this] { return lent_ < options_.size; })) {
    return Fail(ErrorCode::kUnavailable, "all connections to the database are in use");
  }
  ++lent_;
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

// A connection that is good for use: the idle one, or a new one in its place.
Result<std::unique_ptr<Connection>> Pool::Ready(std::unique_ptr<Connection> idle, bool probe) {
  if (idle && idle->LooksDead()) idle.reset();
  // After failures an idle connection may lead to a server that hangs: find out in little time.
  if (idle && probe) {
    if (auto alive = idle->Ping(options_.probe_timeout); !alive) {
      if (idle->health() == ConnectionHealth::kTimedOut) {
        breaker_.Failed();
        return tl::make_unexpected(std::move(alive.error()));
      }
      idle.reset();
    }
  }
  if (!idle) {
    auto opened = Connection::Open(options_.connection);
    if (!opened) {
      if (MeansServerIsGone(opened.error())) breaker_.Failed();
      return opened;
    }
    idle = std::move(*opened);
  }
  if (probe) breaker_.Succeeded();
  return idle;
}

void Pool::Return(std::unique_ptr<Connection> connection) {
  if (connection->health() == ConnectionHealth::kTimedOut) breaker_.Failed();
  if (connection->health() != ConnectionHealth::kUsable) connection.reset();
  GiveRoom(std::move(connection));
}

void Pool::GiveRoom(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    if (connection) idle_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

}  // namespace repopulse
