#include "service/read_pipeline.h"

#include <algorithm>
#include <condition_variable>
#include <thread>

#include "base/log.h"

namespace repopulse {
namespace {

constexpr std::chrono::milliseconds kLockTime{5000};
constexpr std::chrono::milliseconds kPeerPoll{10};
// No answer is fresh for longer. One that says so was made when the clock was ahead.
constexpr std::chrono::hours kFreshnessMax{1};

std::chrono::seconds TimeToLive(const Representation& representation, TimePoint now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(representation.usable_until - now);
  return std::max(left, std::chrono::seconds{1});
}

bool IsOurFault(ErrorCode code) {
  return code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout || code == ErrorCode::kInternal ||
         code == ErrorCode::kMalformed;
}

// What an answer's maker throws is a failure like any other: readers wait for it, and a lock is to be given free.
Result<Representation> Compute(const ReadQuery& query) {
  try {
    return query.compute();
  } catch (const std::exception& e) {
    return Fail(ErrorCode::kInternal, std::string("computing threw: ") + e.what());
  } catch (...) {
    return Fail(ErrorCode::kInternal, "computing threw");
  }
}

}  // namespace

std::string_view ToString(ReadSource source) {
  switch (source) {
    case ReadSource::kNear:
      return "near";
    case ReadSource::kNearStale:
      return "near_stale";
    case ReadSource::kShared:
      return "shared";
    case ReadSource::kSharedStale:
      return "shared_stale";
    case ReadSource::kComputed:
      return "computed";
    case ReadSource::kLastResort:
      return "last_resort";
  }
  return "unknown";
}

// One computation under way, and those who wait for it.
struct ReadPipeline::Flight {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Result<ReadAnswer>> result;
};

ReadPipeline::ReadPipeline(const Clock& clock, NearCache& near, SharedCache& shared, Options options)
    : clock_(clock),
      near_(near),
      shared_(shared),
      options_(std::move(options)),
      refresher_(options_.refresher_threads, options_.refresher_tasks_max) {}

ReadPipeline::~ReadPipeline() = default;

std::optional<ReadAnswer> ReadPipeline::ServeIfUsable(RepresentationPtr representation, ReadSource fresh,
                                                      ReadSource stale) const {
  const TimePoint now = clock_.Now();
  if (now < representation->fresh_until) return ReadAnswer{std::move(representation), fresh, false, false};
  // What says "not yet" or "not there" must not outlive its time: it is asked for again.
  if (now < representation->usable_until && representation->status == 200) {
    return ReadAnswer{std::move(representation), stale, true, computing_fails_};
  }
  return std::nullopt;
}

ReadQuery ReadPipeline::InRealm(const ReadQuery& query) const {
  return {query.key + options_.realm, query.scope, query.compute};
}

Result<ReadAnswer> ReadPipeline::Read(const ReadQuery& query) {
  return options_.realm.empty() ? ReadInRealm(query) : ReadInRealm(InRealm(query));
}

Status ReadPipeline::Refresh(const ReadQuery& query) {
  return options_.realm.empty() ? RefreshInRealm(query) : RefreshInRealm(InRealm(query));
}

Result<ReadAnswer> ReadPipeline::ReadInRealm(const ReadQuery& query) {
  RepresentationPtr last_resort;
  if (auto found = near_.Find(query.key)) {
    if (found->trusted) {
      if (auto answer = ServeIfUsable(found->representation, ReadSource::kNear, ReadSource::kNearStale)) {
        if (answer->stale) RefreshLater(query);
        return *std::move(answer);
      }
    }
    last_resort = std::move(found->representation);
  }
  std::shared_ptr<Flight> flight;
  bool leader = false;
  {
    const std::lock_guard lock(flights_mutex_);
    auto& slot = flights_[query.key];
    if (!slot) {
      slot = std::make_shared<Flight>();
      leader = true;
    }
    flight = slot;
  }
  if (!leader) return OrLastResort(query, Follow(flight), std::move(last_resort));
  Result<ReadAnswer> result = Fail(ErrorCode::kInternal, "reading threw");
  try {
    result = Lead(query, std::move(last_resort));
  } catch (const std::exception& e) {  // memory may run out anywhere; the flight has to land all the same
    result = Fail(ErrorCode::kInternal, e.what());
  }
  {
    const std::lock_guard lock(flights_mutex_);
    flights_.erase(query.key);
  }
  {
    const std::lock_guard lock(flight->mutex);
    flight->result = result;
  }
  flight->done.notify_all();
  return result;
}

Result<ReadAnswer> ReadPipeline::Follow(const std::shared_ptr<Flight>& flight) {
  std::unique_lock lock(flight->mutex);
  if (!flight->done.wait_for(lock, options_.flight_deadline, [&] { return flight->result.has_value(); })) {
    return Fail(ErrorCode::kTimeout, "waiting for another reader's computation");
  }
  return *flight->result;
}

Result<ReadAnswer> ReadPipeline::Lead(const ReadQuery& query, RepresentationPtr last_resort) {
  Cached cached = LookUpShared(query);
  if (cached.answer) {
    if (cached.answer->stale) RefreshLater(query);
    return *std::move(cached.answer);
  }
  if (cached.last_resort) last_resort = std::move(cached.last_resort);

  bool locked = false;
  if (cached.generation) {
    const auto lock = shared_.TryLock(query.key, kLockTime);
    locked = lock && *lock;
    if (lock && !*lock) {
      auto answer = AwaitPeer(query, locked);
      if (answer && locked) shared_.Unlock(query.key);
      if (answer) return *std::move(answer);
    }
  }
  auto computed = ComputeAndStore(query, cached.generation, last_resort);
  if (locked) shared_.Unlock(query.key);
  return OrLastResort(query, std::move(computed), std::move(last_resort));
}

Result<ReadAnswer> ReadPipeline::OrLastResort(const ReadQuery& query, Result<ReadAnswer> result,
                                              RepresentationPtr last_resort) const {
  if (result || !last_resort || last_resort->status != 200 || !IsOurFault(result.error().code)) return result;
  if (clock_.Now() >= last_resort->usable_until) return result;
  LogWarn("served_last_resort", {{"key", query.key}, {"error", result.error().message}});
  return ReadAnswer{std::move(last_resort), ReadSource::kLastResort, true, true};
}

ReadPipeline::Cached ReadPipeline::LookUpShared(const ReadQuery& query) {
  const auto ticket = near_.Begin(query.key, query.scope);
  auto got = shared_.Get(query.key, query.scope);
  if (!got) return {};
  Cached cached;
  cached.generation = got->generation;
  if (!got->entry) return cached;
  auto decoded = DecodeRepresentation(got->entry->payload);
  if (!decoded) return cached;
  auto representation = std::make_shared<const Representation>(*std::move(decoded));
  if (got->entry->outdated || representation->fresh_until > clock_.Now() + kFreshnessMax) {
    cached.last_resort = std::move(representation);
    return cached;
  }
  near_.Insert(query.key, query.scope, ticket, representation);
  cached.answer = ServeIfUsable(std::move(representation), ReadSource::kShared, ReadSource::kSharedStale);
  return cached;
}

// The peer's answer. Where the peer has given up or died without one, none, and the lock is ours where Redis gave it.
std::optional<ReadAnswer> ReadPipeline::AwaitPeer(const ReadQuery& query, bool& locked) {
  const auto deadline = clock_.SteadyNow() + options_.peer_deadline;
  while (clock_.SteadyNow() < deadline) {
    std::this_thread::sleep_for(
        kPeerPoll);  // Redis has no wait for a key that is not a list; the wait is short and rare
    if (auto cached = LookUpShared(query); cached.answer || !cached.generation) return cached.answer;
    const auto lock = shared_.TryLock(query.key, kLockTime);
    locked = lock && *lock;
    if (locked) return LookUpShared(query).answer;  // it may have stored its answer just before it freed the lock
  }
  return std::nullopt;
}

Result<ReadAnswer> ReadPipeline::ComputeAndStore(const ReadQuery& query, std::optional<uint64_t> generation,
                                                 const RepresentationPtr& before) {
  const auto ticket = near_.Begin(query.key, query.scope);
  auto computed = Compute(query);
  computing_fails_ = !computed && IsOurFault(computed.error().code);
  if (!computed) return tl::make_unexpected(std::move(computed.error()));
  if (before) KeepAge(*computed, *before);
  auto representation = std::make_shared<const Representation>(*std::move(computed));
  if (generation) {
    const auto stored = shared_.Put(query.key, *generation, EncodeRepresentation(*representation),
                                    TimeToLive(*representation, clock_.Now()));
    if (!stored) LogWarn("shared_cache_put_failed", {{"key", query.key}, {"error", stored.error().message}});
  }
  near_.Insert(query.key, query.scope, ticket, representation);
  return ReadAnswer{std::move(representation), ReadSource::kComputed, false, false};
}

Status ReadPipeline::RefreshInRealm(const ReadQuery& query) {
  const Cached cached = LookUpShared(query);
  if (auto computed = ComputeAndStore(query, cached.generation, cached.any()); !computed) {
    return tl::make_unexpected(std::move(computed.error()));
  }
  return {};
}

// What an entry answers is there no more: it must not be served stale until its end.
void ReadPipeline::Forget(const ReadQuery& query) {
  near_.OnScopeInvalidated(query.scope);
  if (const auto told = shared_.Invalidate(query.scope); !told) {
    LogWarn("scope_not_invalidated", {{"scope", query.scope}, {"error", told.error().message}});
  }
}

void ReadPipeline::RefreshLater(const ReadQuery& query) {
  refresher_.TryPush(query.key, [this, query] { RefreshIfStillStale(query); });
}

void ReadPipeline::RefreshIfStillStale(const ReadQuery& query) {
  const Cached cached = LookUpShared(query);
  if (cached.answer && !cached.answer->stale) return;
  bool locked = false;
  if (cached.generation) {
    const auto lock = shared_.TryLock(query.key, kLockTime);
    if (lock && !*lock) return;  // another replica is at it; its result will be heard of
    locked = lock.has_value();
  }
  if (auto computed = ComputeAndStore(query, cached.generation, cached.any()); !computed) {
    LogWarn("refresh_failed", {{"key", query.key}, {"error", computed.error().message}});
    if (computed.error().code == ErrorCode::kNotFound || computed.error().code == ErrorCode::kGone) Forget(query);
  }
  if (locked) shared_.Unlock(query.key);
}

}  // namespace repopulse
