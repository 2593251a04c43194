// What is tracked and polled, in memory, by the contract of service/source_store.h.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/strings.h"
#include "service/source_store.h"

namespace repopulse::test {

class FakeSourceStore final : public SourceStore {
 public:
  std::map<RepositoryId, RepositoryName> names;        // of all repositories that are known, present ones
  std::vector<std::vector<RepositoryId>> topics;       // the members of each topic, the most starred first
  std::map<int64_t, std::vector<SourceGap>> recorded;  // by source, oldest first
  std::map<std::string, std::pair<TimePoint, std::string>> postponed;  // names in TRACK, and why
  std::optional<Error> failing;

  // The source as it stands; it must exist.
  EventSource& Source(SourceKind kind, RepositoryId repository = {}) {
    return *std::ranges::find_if(
        sources_, [&](const EventSource& one) { return one.kind == kind && one.repository == repository; });
  }
  [[nodiscard]] bool IsActive(RepositoryId id) const {
    const auto it = tracked_.find(id);
    return it != tracked_.end() && it->second.IsActive();
  }
  [[nodiscard]] std::vector<SourceGap> GapsOf(SourceKind kind, RepositoryId repository = {}) {
    return recorded[Source(kind, repository).id];
  }

  Result<TrackedRepository> Activate(RepositoryId id, int64_t active_max, TimePoint now) override {
    auto all = ActivateAll({id}, active_max, now);
    if (!all) return tl::make_unexpected(std::move(all.error()));
    return all->front();
  }
  Result<std::vector<TrackedRepository>> ActivateAll(const std::vector<RepositoryId>& ids, int64_t active_max,
                                                     TimePoint now) override {
    if (failing) return tl::make_unexpected(*failing);
    std::set<RepositoryId> more;
    for (const RepositoryId id : ids) {
      if (!names.contains(id)) return Fail(ErrorCode::kNotFound, "no such repository");
      if (!IsActive(id)) more.insert(id);
    }
    if (ActiveCount() + static_cast<int64_t>(more.size()) > active_max) {
      return Fail(ErrorCode::kConflict, "at most " + std::to_string(active_max) + " repositories can be active");
    }
    std::vector<TrackedRepository> result;
    for (const RepositoryId id : ids) {
      Reasons& reasons = tracked_[id];
      reasons.requested = true;
      reasons.muted = false;
      SyncSources(now);
      result.push_back(Describe(id));
    }
    return result;
  }
  Result<std::optional<TrackedRepository>> Deactivate(RepositoryId id, TimePoint now) override {
    if (failing) return tl::make_unexpected(*failing);
    const auto it = tracked_.find(id);
    if (it == tracked_.end()) return std::optional<TrackedRepository>();
    it->second.requested = false;
    it->second.muted = true;
    SyncSources(now);
    return std::optional(Describe(id));
  }
  Result<std::optional<TrackedRepository>> FindTracked(RepositoryId id) override {
    if (failing) return tl::make_unexpected(*failing);
    return tracked_.contains(id) ? std::optional(Describe(id)) : std::nullopt;
  }
  Result<std::vector<TrackedRepository>> ListTracked(bool only_active) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<TrackedRepository> list;
    for (const auto& [id, reasons] : tracked_) {
      if (!only_active || reasons.IsActive()) list.push_back(Describe(id));
    }
    return list;
  }

  Status SyncConfigured(const std::vector<RepositoryName>& wanted, TimePoint now) override {
    if (failing) return tl::make_unexpected(*failing);
    std::map<std::string, ConfiguredName> kept;
    for (const RepositoryName& name : wanted) {
      const std::string key = ToLowerAscii(name.full());
      const auto it = configured_.find(key);
      kept.insert_or_assign(key, it == configured_.end() ? ConfiguredName{name, {}, now} : it->second);
    }
    configured_ = std::move(kept);
    for (auto& [id, reasons] : tracked_) reasons.configured = false;
    for (const auto& [key, name] : configured_) {
      if (name.id) tracked_[*name.id].configured = true;
    }
    SyncSources(now);
    return {};
  }
  Result<std::vector<RepositoryName>> UnresolvedNames(TimePoint now, size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<RepositoryName> unresolved;
    for (const auto& [key, name] : configured_) {
      if (!name.id && name.next_try_at <= now && unresolved.size() < limit) unresolved.push_back(name.name);
    }
    return unresolved;
  }
  Status ResolveName(const RepositoryName& name, RepositoryId id, TimePoint now) override {
    if (failing) return tl::make_unexpected(*failing);
    configured_.at(ToLowerAscii(name.full())).id = id;
    names.try_emplace(id, name);
    tracked_[id].configured = true;
    SyncSources(now);
    return {};
  }
  Status PostponeName(const RepositoryName& name, TimePoint next_try_at, const std::string& error) override {
    if (failing) return tl::make_unexpected(*failing);
    configured_.at(ToLowerAscii(name.full())).next_try_at = next_try_at;
    postponed.insert_or_assign(name.full(), std::pair(next_try_at, error));
    return {};
  }
  Status SyncTop(int64_t per_topic, int64_t active_max, TimePoint now) override {
    if (failing) return tl::make_unexpected(*failing);
    for (auto& [id, reasons] : tracked_) reasons.top = false;
    for (const auto& members : topics) {
      for (size_t i = 0; i < members.size() && static_cast<int64_t>(i) < per_topic; ++i) {
        if (IsActive(members[i]) || ActiveCount() < active_max) tracked_[members[i]].top = true;
      }
    }
    SyncSources(now);
    return {};
  }

  Status EnableFirehose(bool enabled, TimePoint now) override {
    if (failing) return tl::make_unexpected(*failing);
    if (EventSource* source = Find(SourceKind::kFirehose, {})) {
      source->active = enabled;
    } else if (enabled) {
      Add(SourceKind::kFirehose, {}, now);
    }
    return {};
  }
  Result<std::vector<EventSource>> Due(TimePoint now, size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<EventSource> due;
    for (const EventSource& source : sources_) {
      if (!source.active || source.next_poll_at > now) continue;
      due.push_back(source);
      const auto name = names.find(source.repository);
      if (name != names.end()) due.back().name = name->second;
    }
    std::ranges::stable_sort(due, std::greater{}, [now](const EventSource& source) {
      if (!source.last_polled_at) return std::numeric_limits<double>::max();
      const std::chrono::duration<double> waited = now - *source.last_polled_at;
      return waited.count() / source.mean_interval_seconds.value_or(3600);
    });
    if (due.size() > limit) due.resize(limit);
    return due;
  }
  Status RecordPoll(const EventSource& source, const std::optional<SourceGap>& gap) override {
    if (failing) return tl::make_unexpected(*failing);
    EventSource& kept = *std::ranges::find(sources_, source.id, &EventSource::id);
    const bool active = kept.active;
    kept = source;
    kept.active = active;
    if (gap) {
      recorded[source.id].push_back(*gap);
      ++kept.gaps;
    }
    return {};
  }
  Result<std::vector<EventSource>> ListSources(std::optional<int64_t> after_id, size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<EventSource> list;
    for (const EventSource& source : sources_) {
      if (source.id > after_id.value_or(0) && list.size() < limit) list.push_back(source);
    }
    return list;
  }
  Result<std::vector<SourceTotals>> Totals() override { return std::vector<SourceTotals>(); }
  Result<std::vector<SourceGap>> Gaps(int64_t source_id, size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<SourceGap> gaps = recorded[source_id];
    std::ranges::reverse(gaps);
    if (gaps.size() > limit) gaps.resize(limit);
    return gaps;
  }
  Result<Coverage> CoverageOf(std::optional<RepositoryId>, TimePoint, TimePoint, TimePoint) override {
    if (failing) return tl::make_unexpected(*failing);
    return Coverage{};
  }
  Result<std::vector<Coverage>> CoverageOfEach(const std::vector<RepositoryId>& repositories, TimePoint, TimePoint,
                                               TimePoint) override {
    if (failing) return tl::make_unexpected(*failing);
    return std::vector<Coverage>(repositories.size());
  }

 private:
  struct Reasons {
    bool requested = false;
    bool configured = false;
    bool top = false;
    bool muted = false;
    [[nodiscard]] bool IsActive() const { return (requested || configured || top) && !muted; }
  };
  struct ConfiguredName {
    RepositoryName name;
    std::optional<RepositoryId> id;
    TimePoint next_try_at;
  };

  [[nodiscard]] int64_t ActiveCount() const {
    return std::ranges::count_if(tracked_, [](const auto& entry) { return entry.second.IsActive(); });
  }
  [[nodiscard]] TrackedRepository Describe(RepositoryId id) const {
    const Reasons& reasons = tracked_.at(id);
    return {.id = id,
            .name = names.at(id),
            .active = reasons.IsActive(),
            .requested = reasons.requested,
            .configured = reasons.configured,
            .top = reasons.top};
  }
  EventSource* Find(SourceKind kind, RepositoryId repository) {
    const auto it = std::ranges::find_if(
        sources_, [&](const EventSource& one) { return one.kind == kind && one.repository == repository; });
    return it == sources_.end() ? nullptr : &*it;
  }
  void Add(SourceKind kind, RepositoryId repository, TimePoint now) {
    EventSource source;
    source.id = static_cast<int64_t>(sources_.size()) + 1;
    source.kind = kind;
    source.repository = repository;
    source.next_poll_at = now;
    sources_.push_back(std::move(source));
  }
  // Each active repository has its two sources; details only where no topic brings them.
  void SyncSources(TimePoint now) {
    for (const auto& [id, reasons] : tracked_) {
      const bool of_topic = std::ranges::any_of(
          topics, [id = id](const auto& members) { return std::ranges::find(members, id) != members.end(); });
      for (const SourceKind kind : {SourceKind::kRepository, SourceKind::kDetails}) {
        const bool wanted = reasons.IsActive() && (kind == SourceKind::kRepository || !of_topic);
        if (EventSource* source = Find(kind, id)) {
          source->active = wanted;
        } else if (wanted) {
          Add(kind, id, now);
        }
      }
    }
  }

  std::map<RepositoryId, Reasons> tracked_;
  std::map<std::string, ConfiguredName> configured_;  // by the name in lower case
  std::vector<EventSource> sources_;
};

}  // namespace repopulse::test
