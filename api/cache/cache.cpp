#include "cache/cache.h"

#include "cache/cache_watcher.h"
#include "cache/redis_cache.h"

namespace repopulse {

std::unique_ptr<SharedCache> OpenSharedCache(RedisOptions options, const Clock& clock) {
  return std::make_unique<RedisCache>(std::move(options), clock);
}

std::unique_ptr<CacheWatcher> WatchSharedCache(RedisOptions options, CacheChangeListener& listener) {
  return std::make_unique<RedisCacheWatcher>(std::move(options), listener);
}

}  // namespace repopulse
