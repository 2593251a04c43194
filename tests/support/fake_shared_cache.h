// The shared cache in memory, for tests of what uses it. It keeps the same contract as the one on Redis:
// tests/integration/cache/shared_cache_contract_test.cpp runs against both.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "service/shared_cache.h"

namespace repopulse::test {

// Thread-safe. Time to live is by `clock`'s steady time, which must outlive it. A listener is called within the call
// that changes something, by its thread.
class FakeSharedCache final : public SharedCache {
 public:
  explicit FakeSharedCache(const Clock& clock) : store_(std::make_shared<Store>(clock)) {}

  // Another replica's view of the same cache: entries, generations and locks are common, failures are not.
  [[nodiscard]] std::unique_ptr<FakeSharedCache> OtherReplica() const {
    return std::unique_ptr<FakeSharedCache>(new FakeSharedCache(store_));
  }

  // From now on every call of this replica fails so; none ends it.
  void FailWith(std::optional<Error> error) {
    const std::lock_guard lock(store_->mutex);
    failure_ = std::move(error);
  }
  // Told of every change, whichever replica makes it.
  void SetListener(CacheChangeListener* listener) {
    const std::lock_guard lock(store_->mutex);
    store_->listener = listener;
  }
  void FlushAll() {
    const std::lock_guard lock(store_->mutex);
    store_->entries.clear();
    store_->generations.clear();
    store_->locks.clear();
    if (store_->listener != nullptr) store_->listener->OnAllChanged();
  }

  // Calls of this replica so far.
  struct Calls {
    int get = 0, put = 0, invalidate = 0, try_lock = 0, unlock = 0, ping = 0;
  };
  [[nodiscard]] Calls calls() const {
    const std::lock_guard lock(store_->mutex);
    return calls_;
  }

  Result<SharedCacheAnswer> Get(const std::string& key, const std::string& scope) override {
    const std::lock_guard lock(store_->mutex);
    ++calls_.get;
    if (failure_) return tl::make_unexpected(*failure_);
    SharedCacheAnswer answer;
    answer.generation = store_->GenerationOf(scope);
    if (const Entry* entry = store_->Find(key)) {
      answer.entry = SharedCacheEntry{entry->payload, entry->generation != answer.generation};
    }
    return answer;
  }

  Status Put(const std::string& key, uint64_t generation, const std::string& payload,
             std::chrono::seconds time_to_live) override {
    return Change(&Calls::put, [&](Store& store) {
      store.entries[key] = Entry{generation, payload, store.clock.SteadyNow() + time_to_live};
      if (store.listener != nullptr) store.listener->OnEntryChanged(key);
    });
  }

  Status Invalidate(const std::string& scope) override {
    return Change(&Calls::invalidate, [&](Store& store) {
      store.generations[scope] = ++store.last_generation;
      if (store.listener != nullptr) store.listener->OnScopeInvalidated(scope);
    });
  }

  Result<bool> TryLock(const std::string& key, std::chrono::milliseconds time_to_live) override {
    const std::lock_guard lock(store_->mutex);
    ++calls_.try_lock;
    if (failure_) return tl::make_unexpected(*failure_);
    const SteadyTime now = store_->clock.SteadyNow();
    const auto held = store_->locks.find(key);
    if (held != store_->locks.end() && held->second.until > now) return false;
    store_->locks[key] = Lock{this, now + time_to_live};
    return true;
  }

  void Unlock(const std::string& key) override {
    const std::lock_guard lock(store_->mutex);
    ++calls_.unlock;
    const auto held = store_->locks.find(key);
    if (!failure_ && held != store_->locks.end() && held->second.owner == this) store_->locks.erase(held);
  }

  Status Ping() override {
    const std::lock_guard lock(store_->mutex);
    ++calls_.ping;
    if (failure_) return tl::make_unexpected(*failure_);
    return {};
  }

 private:
  struct Entry {
    uint64_t generation = 0;
    std::string payload;
    SteadyTime until;
  };
  struct Lock {
    const FakeSharedCache* owner = nullptr;
    SteadyTime until;
  };
  struct Store {
    explicit Store(const Clock& clock_to_use) : clock(clock_to_use) {}
    const Entry* Find(const std::string& key) {
      const auto found = entries.find(key);
      return found != entries.end() && found->second.until > clock.SteadyNow() ? &found->second : nullptr;
    }
    uint64_t GenerationOf(const std::string& scope) {
      const auto found = generations.find(scope);
      return found == generations.end() ? 0 : found->second;
    }

    const Clock& clock;
    // Recursive: a listener may read the cache.
    std::recursive_mutex mutex;
    std::map<std::string, Entry> entries;
    std::map<std::string, uint64_t> generations;
    std::map<std::string, Lock> locks;
    uint64_t last_generation = 1'000'000;  // outlives FlushAll, as a generation never comes back
    CacheChangeListener* listener = nullptr;
  };

  explicit FakeSharedCache(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  template <class Make>
  Status Change(int Calls::*counter, Make make) {
    const std::lock_guard lock(store_->mutex);
    ++(calls_.*counter);
    if (failure_) return tl::make_unexpected(*failure_);
    make(*store_);
    return {};
  }

  std::shared_ptr<Store> store_;
  std::optional<Error> failure_;
  Calls calls_;
};

}  // namespace repopulse::test
