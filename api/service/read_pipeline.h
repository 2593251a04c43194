// The one way every GET is answered: near-cache (L1), shared cache (L2), else computed from the database once.
//
// Fresh entries are served as they are. Entries stale by time are served at once and refreshed behind the reader's
// back; where the last computation of any answer failed by our own fault, they say that nothing newer can be had.
// Entries whose scope was invalidated (an administrator changed something) are computed anew before they are
// served; the old one remains the answer of last resort, for when MySQL is gone.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "base/worker_queue.h"
#include "service/near_cache.h"
#include "service/representation.h"
#include "service/shared_cache.h"

namespace repopulse {

// Where an answer came from; the words of the access log and the metrics.
enum class ReadSource { kNear, kNearStale, kShared, kSharedStale, kComputed, kLastResort };
inline constexpr ReadSource kAllReadSources[] = {ReadSource::kNear,     ReadSource::kNearStale,
                                                 ReadSource::kShared,   ReadSource::kSharedStale,
                                                 ReadSource::kComputed, ReadSource::kLastResort};
std::string_view ToString(ReadSource source);

struct ReadQuery {
  std::string key;    // canonical text of the query: equal queries have equal keys
  std::string scope;  // what invalidates it, e.g. "topic:kubernetes"
  // Makes the answer from the database. Runs on the reader's thread or on a refresher's; keeps what it needs by value.
  std::function<Result<Representation>()> compute;
};

struct ReadAnswer {
  RepresentationPtr representation;
  ReadSource source = ReadSource::kComputed;
  bool stale = false;       // past its freshness
  bool outlasting = false;  // and nothing newer could be made: the answer carries a Warning
};

// Thread-safe.
class ReadPipeline {
 public:
  struct Options {
    size_t refresher_threads = 2;
    size_t refresher_tasks_max = 256;
    std::chrono::milliseconds flight_deadline{5000};  // how long a reader waits for another's computation
    std::chrono::milliseconds peer_deadline{1000};    // … for another replica's
    std::string realm = {};  // of the keys: processes whose clocks differ on purpose share no answers; empty: real time
  };
  ReadPipeline(const Clock& clock, NearCache& near, SharedCache& shared, Options options);
  ~ReadPipeline();

  Result<ReadAnswer> Read(const ReadQuery& query);
  // Computes anew and stores, whatever is cached: what refresh-cache does.
  Status Refresh(const ReadQuery& query);

 private:
  struct Flight;
  struct Cached {
    std::optional<ReadAnswer> answer;    // may be served
    RepresentationPtr last_resort;       // may be served if computing fails
    std::optional<uint64_t> generation;  // of the scope; absent where the shared cache did not answer

    [[nodiscard]] const RepresentationPtr& any() const { return answer ? answer->representation : last_resort; }
  };

  [[nodiscard]] ReadQuery InRealm(const ReadQuery& query) const;
  Result<ReadAnswer> ReadInRealm(const ReadQuery& query);
  Status RefreshInRealm(const ReadQuery& query);
  Result<ReadAnswer> Lead(const ReadQuery& query, RepresentationPtr last_resort);
  Result<ReadAnswer> Follow(const std::shared_ptr<Flight>& flight);
  Cached LookUpShared(const ReadQuery& query);
  std::optional<ReadAnswer> AwaitPeer(const ReadQuery& query, bool& locked);
  // `before`: the one that it takes the place of, if that is known.
  Result<ReadAnswer> ComputeAndStore(const ReadQuery& query, std::optional<uint64_t> generation,
                                     const RepresentationPtr& before);
  std::optional<ReadAnswer> ServeIfUsable(RepresentationPtr representation, ReadSource fresh, ReadSource stale) const;
  // `result`, or where it failed by our own fault the old answer, if there is a usable one.
  Result<ReadAnswer> OrLastResort(const ReadQuery& query, Result<ReadAnswer> result,
                                  RepresentationPtr last_resort) const;
  void Forget(const ReadQuery& query);
  void RefreshLater(const ReadQuery& query);
  void RefreshIfStillStale(const ReadQuery& query);

  const Clock& clock_;
  NearCache& near_;
  SharedCache& shared_;
  const Options options_;
  std::atomic<bool> computing_fails_{false};  // by our own fault, the last time
  std::mutex flights_mutex_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
  WorkerQueue refresher_;  // last: its tasks use the rest
};

}  // namespace repopulse
