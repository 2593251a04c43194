#include "service/near_cache.h"

#include <functional>
#include <iterator>

namespace repopulse {
namespace {

// While changes are not heard (Redis is gone), what this replica made itself is trusted that long.
constexpr std::chrono::seconds kUnwatchedTrust{1};

size_t HashOf(const std::string& text) { return std::hash<std::string>{}(text); }

}  // namespace

NearCache::NearCache(const Clock& clock, size_t bytes_max) : clock_(clock), shard_bytes_max_(bytes_max / kShards) {}

NearCache::Shard& NearCache::ShardOf(const std::string& key) { return shards_[HashOf(key) % kShards]; }
const NearCache::Shard& NearCache::ShardOf(const std::string& key) const { return shards_[HashOf(key) % kShards]; }

bool NearCache::IsTrusted(const Entry& entry) const {
  if (entry.changed || entry.epoch != epoch_.load() || entry.scope_epoch != scope_epochs_[entry.scope_slot].load()) {
    return false;
  }
  return watching_.load() || clock_.SteadyNow() - entry.loaded_at < kUnwatchedTrust;
}

std::optional<NearCache::Found> NearCache::Find(const std::string& key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.by_key.find(key);
  if (it == shard.by_key.end()) return std::nullopt;
  if (it->second != shard.entries.begin()) shard.entries.splice(shard.entries.begin(), shard.entries, it->second);
  Entry& entry = *it->second;
  if (++entry.hits % kFileHits == 0) MoveToFile(shard, entry);
  return Found{entry.representation, IsTrusted(entry)};
}

void NearCache::MoveToFile(Shard& shard, Entry& entry) {
  if (entry.representation->file || entry.representation->body.size() < kFileBytesMin) return;
  if (shard.files >= kFilesMax / kShards) return;
  if (auto moved = WithBodyInFile(*entry.representation)) {
    entry.representation = std::move(moved);
    ++shard.files;
  }
}

NearCache::Ticket NearCache::Begin(const std::string& key, const std::string& scope) const {
  return {epoch_.load(), scope_epochs_[HashOf(scope) % kScopeSlots].load(), ShardOf(key).epoch.load()};
}

void NearCache::Insert(const std::string& key, const std::string& scope, const Ticket& ticket,
                       RepresentationPtr representation) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  Entry entry{key,
              std::move(representation),
              ticket.epoch,
              ticket.scope_epoch,
              HashOf(scope) % kScopeSlots,
              ticket.shard_epoch != shard.epoch.load(),
              clock_.SteadyNow()};
  if (EntryBytes(entry) > shard_bytes_max_) return;
  if (const auto it = shard.by_key.find(key); it != shard.by_key.end()) {
    if (IsTrusted(*it->second) && !IsTrusted(entry)) return;  // somebody slower, with an older value
    Remove(shard, it->second);
  }
  shard.bytes += EntryBytes(entry);
  shard.entries.push_front(std::move(entry));
  shard.by_key.emplace(shard.entries.front().key, shard.entries.begin());
  while (shard.bytes > shard_bytes_max_) Remove(shard, std::prev(shard.entries.end()));
}

size_t NearCache::EntryBytes(const Entry& entry) {
  constexpr size_t kNodeBytes = 128;  // list and map nodes
  return sizeof(Entry) + kNodeBytes + entry.key.size() + entry.representation->size_bytes();
}

void NearCache::Remove(Shard& shard, std::list<Entry>::iterator entry) {
  shard.bytes -= EntryBytes(*entry);
  shard.files -= entry->representation->file ? 1 : 0;
  shard.by_key.erase(entry->key);
  shard.entries.erase(entry);
}

size_t NearCache::size_bytes() const {
  size_t bytes = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    bytes += shard.bytes;
  }
  return bytes;
}

size_t NearCache::entries() const {
  size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.entries.size();
  }
  return count;
}

void NearCache::OnEntryChanged(const std::string& key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  shard.epoch.fetch_add(1);
  if (const auto it = shard.by_key.find(key); it != shard.by_key.end()) it->second->changed = true;
}

void NearCache::OnScopeInvalidated(const std::string& scope) {
  scope_epochs_[HashOf(scope) % kScopeSlots].fetch_add(1);
}

void NearCache::OnAllChanged() { epoch_.fetch_add(1); }

void NearCache::OnWatching(bool watching) { watching_.store(watching); }

}  // namespace repopulse
