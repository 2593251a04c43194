#include "cache/redis_cache.h"

#include <hiredis/hiredis.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/strings.h"
#include "cache/stored_value.h"

namespace repopulse {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{2000};
constexpr seconds kEntryLifeMax = std::chrono::hours{24 * 30};
// Outlives every entry of its scope: an entry of generation 0 must not come back to honour when the generation expires.
constexpr seconds kGenerationLife = kEntryLifeMax + std::chrono::hours{24};
constexpr size_t kHeldLocksSwept = 1024;

// Redis's clock, one for all replicas, and never the same value twice in a row. Below 2^53 Lua's numbers are exact.
constexpr const char* kInvalidateScript = R"(
local time = redis.call('TIME')
local generation = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', KEYS[1]) or '')
if last and last >= generation and last < 9007199254740991 then generation = last + 1 end
redis.call('SET', KEYS[1], string.format('%.0f', generation), 'EX', ARGV[1])
return redis.status_reply('OK'))";

constexpr const char* kUnlockScript = R"(
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0)";

std::string Key(std::string_view prefix, const std::string& name) { return std::string(prefix) + name; }

std::string_view TextOf(const redisReply& reply) {
  return reply.type == REDIS_REPLY_STRING ? std::string_view(reply.str, reply.len) : std::string_view();
}

std::optional<std::string> RandomToken() {
  std::array<char, 16> bytes{};
  if (getentropy(bytes.data(), bytes.size()) != 0) return std::nullopt;
  return Base64UrlEncode({bytes.data(), bytes.size()});
}

}  // namespace

RedisCache::RedisCache(RedisOptions options, const Clock& clock)
    : command_timeout_(options.command_timeout),
      pool_(std::move(options)),
      breaker_(clock, kFirstPause, kLongestPause) {}

Result<SharedCacheAnswer> RedisCache::Get(const std::string& key, const std::string& scope) {
  auto got = Run({"MGET", Key(kEntryPrefix, key), Key(kGenerationPrefix, scope)});
  if (!got) return WithContext("reading from the shared cache", std::move(got.error()));
  std::shared_ptr<const redisReply> reply = std::move(*got);
  const redisReply& both = *reply;
  if (both.type != REDIS_REPLY_ARRAY || both.elements != 2) {
    return Fail(ErrorCode::kMalformed, "reading from the shared cache: not the answer to MGET");
  }
  SharedCacheAnswer answer;
  answer.generation = DecodeGeneration(TextOf(*both.element[1]));
  if (const auto stored = DecodeEntry(TextOf(*both.element[0]))) {
    answer.entry = SharedCacheEntry{{std::move(reply), stored->payload}, stored->generation != answer.generation};
  }
  return answer;
}

Status RedisCache::Put(const std::string& key, uint64_t generation, const std::string& payload,
                       std::chrono::seconds time_to_live) {
  const std::string header = EncodeEntryHeader(generation);
  const std::string life = std::to_string(std::clamp(time_to_live, seconds{1}, kEntryLifeMax).count());
  auto reply = Run({"SET", Key(kEntryPrefix, key), {header, payload}, "EX", life});
  if (!reply) return WithContext("writing to the shared cache", std::move(reply.error()));
  return {};
}

Status RedisCache::Invalidate(const std::string& scope) {
  const std::string life = std::to_string(kGenerationLife.count());
  auto reply = Run({"EVAL", kInvalidateScript, "1", Key(kGenerationPrefix, scope), life});
  if (!reply) return WithContext("invalidating in the shared cache", std::move(reply.error()));
  return {};
}

Result<bool> RedisCache::TryLock(const std::string& key, std::chrono::milliseconds time_to_live) {
  auto token = RandomToken();
  if (!token) return Fail(ErrorCode::kInternal, "no random bytes for a lock's token");
  const milliseconds life = std::max(time_to_live, milliseconds{1});
  const SteadyTime until = std::chrono::steady_clock::now() + life;
  auto reply = Run({"SET", Key(kLockPrefix, key), *token, "NX", "PX", std::to_string(life.count())});
  if (!reply) return WithContext("locking in the shared cache", std::move(reply.error()));
  if ((*reply)->type == REDIS_REPLY_NIL) return false;
  Remember(key, std::move(*token), until);
  return true;
}

void RedisCache::Unlock(const std::string& key) {
  std::string token;
  {
    const std::lock_guard lock(locks_mutex_);
    const auto held = locks_.find(key);
    if (held == locks_.end()) return;
    token = std::move(held->second.token);
    locks_.erase(held);
  }
  // Where it fails, the lock ends by itself.
  if (auto reply = Run({"EVAL", kUnlockScript, "1", Key(kLockPrefix, key), token}); !reply) {
    Log(LogLevel::kDebug, "shared_cache_unlock_failed", {{"error", reply.error().message}});
  }
}

void RedisCache::Remember(const std::string& key, std::string token, SteadyTime until) {
  const std::lock_guard lock(locks_mutex_);
  // Locks that nobody gave free end by themselves; their tokens must not stay for good.
  if (locks_.size() >= kHeldLocksSwept) {
    const SteadyTime now = std::chrono::steady_clock::now();
    std::erase_if(locks_, [now](const auto& held) { return held.second.until <= now; });
  }
  locks_[key] = HeldLock{std::move(token), until};
}

Status RedisCache::Ping() {
  auto reply = Run({"PING"});
  if (!reply) return WithContext("pinging the shared cache", std::move(reply.error()));
  return {};
}

Result<RedisReply> RedisCache::Run(RedisArguments arguments) {
  if (!breaker_.Allow()) return Fail(ErrorCode::kUnavailable, "Redis failed a moment ago and is left alone");
  auto lease = pool_.Acquire(std::chrono::steady_clock::now() + command_timeout_);
  if (!lease) {
    ReportFailure(lease.error());
    return tl::make_unexpected(std::move(lease.error()));
  }
  auto reply = (*lease)->Command(arguments, std::chrono::steady_clock::now() + command_timeout_);
  if (!reply && reply.error().code == ErrorCode::kUnauthorized) lease->Discard();
  if (lease->IsAlive()) {
    ReportSuccess();  // an error reply too: the server is there
  } else {
    ReportFailure(reply.error());
  }
  return reply;
}

// Only the turns are logged, so that an outage is two lines and not two for each request.
void RedisCache::ReportFailure(const Error& error) {
  if (!failing_.exchange(true)) {
    LogWarn("shared_cache_lost", {{"code", ToString(error.code)}, {"error", error.message}});
  }
  breaker_.Failed();
}

void RedisCache::ReportSuccess() {
  breaker_.Succeeded();
  if (failing_.load(std::memory_order_relaxed) && failing_.exchange(false)) LogInfo("shared_cache_back");
}

}  // namespace repopulse
