// What app/ needs of this folder: the shared cache on Redis, and the watcher that hears of its changes.
//
// The process must ignore SIGPIPE: hiredis writes to sockets that Redis may have closed.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "service/shared_cache.h"

namespace repopulse {

struct RedisOptions {
  std::string socket;  // path of a unix socket; wins over host and port
  std::string host = "127.0.0.1";
  int port = 6379;
  std::string password;                           // empty: none is sent. Never logged.
  std::chrono::milliseconds connect_timeout{50};  // to connect and be let in (resolving a host's name comes on top)
  std::chrono::milliseconds command_timeout{100};
  size_t connections_max = 8;
  // The watcher's: how often it makes sure that both its connections live, and how long an answer may take.
  std::chrono::milliseconds ping_interval{1000};
  std::chrono::milliseconds ping_timeout{500};
};

// Connects when first used, so that the process starts without Redis. `clock` must outlive it.
std::unique_ptr<SharedCache> OpenSharedCache(RedisOptions options, const Clock& clock);

// Watches from its construction to its destruction, which returns at once.
class CacheWatcher {
 public:
  virtual ~CacheWatcher() = default;
};

// `listener` must outlive it. Until the first OnWatching(true) nothing is being heard. Every change is told, those made
// through OpenSharedCache() in this process included.
std::unique_ptr<CacheWatcher> WatchSharedCache(RedisOptions options, CacheChangeListener& listener);

}  // namespace repopulse
