// Port: the cache all replicas share (L2). Thread-safe; every call returns within some tens of milliseconds, behind a
// breaker when the server does not answer (kUnavailable).
//
// Each entry belongs to a scope ("topic:kubernetes"). Invalidate(scope) sets the scope's generation anew: entries
// stored under an earlier generation still come back, marked outdated, for the case that nothing newer can be computed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/shared_bytes.h"

namespace repopulse {

struct SharedCacheEntry {
  SharedBytes payload;
  bool outdated = false;  // its scope was invalidated after it was stored
};

struct SharedCacheAnswer {
  std::optional<SharedCacheEntry> entry;
  uint64_t generation = 0;  // of the scope, now: what a value computed after this call is stored under
};

class SharedCache {
 public:
  virtual ~SharedCache() = default;
  // Entry and generation in one round trip.
  virtual Result<SharedCacheAnswer> Get(const std::string& key, const std::string& scope) = 0;
  virtual Status Put(const std::string& key, uint64_t generation, const std::string& payload,
                     std::chrono::seconds time_to_live) = 0;
  virtual Status Invalidate(const std::string& scope) = 0;
  // A lock across replicas for computing `key`. False: another holds it. It ends by itself after `time_to_live`.
  virtual Result<bool> TryLock(const std::string& key, std::chrono::milliseconds time_to_live) = 0;
  // Gives it free if it is still ours.
  virtual void Unlock(const std::string& key) = 0;
  virtual Status Ping() = 0;
};

// What a near-cache must hear of changes in the shared cache. Called on the watcher's own thread.
class CacheChangeListener {
 public:
  virtual ~CacheChangeListener() = default;
  virtual void OnEntryChanged(const std::string& key) = 0;
  virtual void OnScopeInvalidated(const std::string& scope) = 0;
  // Everything may have changed: FLUSHALL, or changes may have been missed.
  virtual void OnAllChanged() = 0;
  // Whether changes are being heard from now on. While they are not, what is near cannot be called fresh.
  virtual void OnWatching(bool watching) = 0;
};

}  // namespace repopulse
