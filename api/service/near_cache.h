// The near-cache (L1): representations in this replica's memory, invalidated by what the shared cache tells of changes.
//
// An entry that was invalidated stays, marked as not trusted: it is served no more as it is, but it is better than
// nothing when neither Redis nor MySQL can give a newer one. Bounded in bytes, least recently used out first.
//
// The body of a long answer that is asked for often moves into a file, from where it is sent without being copied. The
// file belongs to the entry's representation, and ends when the last of its readers has let go of that.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "service/representation.h"
#include "service/shared_cache.h"

namespace repopulse {

// Thread-safe.
class NearCache final : public CacheChangeListener {
 public:
  static constexpr size_t kFileBytesMin = 32 * 1024;  // of a body that is worth a file
  static constexpr uint32_t kFileHits = 16;           // a file costs as much as it saves in about so many answers
  static constexpr size_t kFilesMax = 128;            // open at a time, and those that are being sent on top

  NearCache(const Clock& clock, size_t bytes_max);

  struct Found {
    RepresentationPtr representation;
    bool trusted = false;  // nobody has said that it changed, and we would have heard
  };
  [[nodiscard]] std::optional<Found> Find(const std::string& key);

  // The state of invalidations before a value is loaded or computed. Insert() drops a value whose key or scope was
  // invalidated since, so that an answer overtaken by a change never becomes trusted.
  struct Ticket {
    uint64_t epoch = 0;
    uint64_t scope_epoch = 0;
    uint64_t shard_epoch = 0;
  };
  [[nodiscard]] Ticket Begin(const std::string& key, const std::string& scope) const;
  // A value whose ticket is outdated is kept too, but not trusted.
  void Insert(const std::string& key, const std::string& scope, const Ticket& ticket, RepresentationPtr representation);

  [[nodiscard]] size_t size_bytes() const;
  [[nodiscard]] size_t entries() const;

  void OnEntryChanged(const std::string& key) override;
  void OnScopeInvalidated(const std::string& scope) override;
  void OnAllChanged() override;
  void OnWatching(bool watching) override;

 private:
  struct Entry {
    std::string key;
    RepresentationPtr representation;
    uint64_t epoch = 0;
    uint64_t scope_epoch = 0;
    size_t scope_slot = 0;
    bool changed = false;
    SteadyTime loaded_at;
    uint32_t hits = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> entries;                                                 // most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;  // views into Entry::key
    size_t bytes = 0;
    size_t files = 0;
    std::atomic<uint64_t> epoch{0};
  };
  static constexpr size_t kShards = 16;
  // Scopes share slots by hash, which bounds their memory; sharing one only costs a look at the shared cache.
  static constexpr size_t kScopeSlots = 4096;

  Shard& ShardOf(const std::string& key);
  const Shard& ShardOf(const std::string& key) const;
  [[nodiscard]] bool IsTrusted(const Entry& entry) const;
  static size_t EntryBytes(const Entry& entry);
  static void MoveToFile(Shard& shard, Entry& entry);
  static void Remove(Shard& shard, std::list<Entry>::iterator entry);

  const Clock& clock_;
  const size_t shard_bytes_max_;
  std::array<Shard, kShards> shards_;
  std::array<std::atomic<uint64_t>, kScopeSlots> scope_epochs_{};
  std::atomic<uint64_t> epoch_{0};
  std::atomic<bool> watching_{false};
};

}  // namespace repopulse
