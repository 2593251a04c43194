// Events in memory, by the contract of service/event_store.h.
#pragma once

#include <algorithm>
#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "service/event_store.h"
#include "support/fake_stored_batch.h"

namespace repopulse::test {

// What makes an event the same as another.
struct EventIdentity {
  TimePoint created_at;
  int64_t id = 0;
  std::string type;
  auto operator<=>(const EventIdentity&) const = default;
};
inline EventIdentity IdentityOf(const Event& event) { return {event.created_at, event.id, event.type}; }

class FakeEventStore final : public EventStore {
 public:
  std::map<EventIdentity, Event> stored;
  std::map<RepositoryId, std::vector<Contributions>> contributions;
  std::map<RepositoryId, RepositoryActivity> scores;
  std::vector<RepositoryId> scored;            // whose scores are wanted: tracked ones and members
  std::vector<TimePoint> contributions_since;  // of each call
  std::optional<TimePoint> pruned_before;
  std::optional<std::chrono::sys_days> folded_before;
  bool folded_first = false;  // before anything was pruned
  std::optional<Error> fails_to_fold;
  std::function<void()> on_folding;
  std::optional<Error> failing;
  std::function<void()> on_ingest = [] {};  // before anything is stored

  [[nodiscard]] bool Has(const Event& event) const { return stored.contains(IdentityOf(event)); }

  Result<IngestResult> Ingest(const std::vector<Event>& events, const ImportCheckpoint*, TimePoint) override {
    on_ingest();
    if (failing) return tl::make_unexpected(*failing);
    IngestResult result;
    std::set<EventIdentity> before;
    for (const Event& event : events) {
      if (Has(event)) before.insert(IdentityOf(event));
    }
    for (const Event& event : events) {
      result.known.push_back(before.contains(IdentityOf(event)));
      const auto [kept, added] = stored.try_emplace(IdentityOf(event), event);
      ++(added ? result.added : result.duplicates);
      if (!added && kept->second.payload.empty()) kept->second.payload = event.payload;
    }
    return result;
  }
  Result<std::unique_ptr<StoredBatch>> Store(const std::vector<EventSpan>& parts) override {
    return std::make_unique<FakeStoredBatch>(*this, parts);
  }
  Status ExpectDays(const std::set<std::chrono::sys_days>&) override { return {}; }
  Result<EventPruning> Prune(TimePoint before) override {
    if (failing) return tl::make_unexpected(*failing);
    pruned_before = before;
    return EventPruning{.days_dropped = 1, .rows_removed = 2};
  }
  Result<EventFolding> FoldDays(std::chrono::sys_days before,
                                const std::function<bool(std::chrono::sys_days)>& go_on) override {
    if (failing) return tl::make_unexpected(*failing);
    if (fails_to_fold) return tl::make_unexpected(*fails_to_fold);
    folded_before = before;
    folded_first = !pruned_before;
    if (on_folding) on_folding();
    return go_on(before - std::chrono::days{1}) ? EventFolding{.days = 1, .rows_removed = 4} : EventFolding{};
  }
  Result<Verification> Verify(const std::function<bool(std::chrono::sys_days)>&) override {
    if (failing) return tl::make_unexpected(*failing);
    return Verification{.events = static_cast<int64_t>(stored.size()), .examples = {}};
  }

  Result<std::vector<Contributions>> ContributionsTo(RepositoryId repository, TimePoint since) override {
    if (failing) return tl::make_unexpected(*failing);
    contributions_since.push_back(since);
    return contributions[repository];
  }
  Status SaveActivity(const std::vector<RepositoryActivity>& activities) override {
    if (failing) return tl::make_unexpected(*failing);
    for (const RepositoryActivity& one : activities) scores.insert_or_assign(one.repository, one);
    return {};
  }
  Result<std::vector<RepositoryId>> ActivityDue(const std::vector<RepositoryId>& among, TimePoint computed_before,
                                                size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<RepositoryId> due;
    for (const RepositoryId id : scored) {
      if (!among.empty() && std::ranges::find(among, id) == among.end()) continue;
      const auto it = scores.find(id);
      if (it == scores.end() || it->second.computed_at < computed_before) due.push_back(id);
    }
    std::ranges::stable_sort(due, {}, [this](RepositoryId id) {
      const auto it = scores.find(id);
      return it == scores.end() ? TimePoint::min() : it->second.computed_at;
    });
    if (due.size() > limit) due.resize(limit);
    return due;
  }
};

}  // namespace repopulse::test
