// The ports behind the event endpoints besides the reader, reduced to what an answer shows of them.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/import_store.h"
#include "service/repository_tracker.h"
#include "service/source_store.h"

namespace repopulse::test {

// What is tracked and watched is what a test puts in; nothing is polled.
class StubSourceStore final : public SourceStore {
 public:
  struct CoverageAsked {
    std::optional<RepositoryId> repository;
    TimePoint from;
    TimePoint to;
  };
  std::vector<TrackedRepository> tracked;
  std::vector<EventSource> sources;  // by id
  std::map<int64_t, std::vector<SourceGap>> gaps;
  Coverage coverage;                      // of every window
  std::map<RepositoryId, double> shares;  // of these repositories instead
  std::vector<CoverageAsked> coverage_asked;
  std::optional<Error> failing;

  Result<TrackedRepository> Activate(RepositoryId id, int64_t active_max, TimePoint) override {
    if (failing) return tl::make_unexpected(*failing);
    if (std::ranges::count(tracked, true, &TrackedRepository::active) >= active_max) {
      return Fail(ErrorCode::kConflict, "too many");
    }
    for (TrackedRepository& one : tracked) {
      if (one.id != id) continue;
      one.active = true;
      return one;
    }
    return Fail(ErrorCode::kNotFound, "unknown");
  }
  Result<std::vector<TrackedRepository>> ActivateAll(const std::vector<RepositoryId>& ids, int64_t active_max,
                                                     TimePoint now) override {
    std::vector<TrackedRepository> all;
    for (const RepositoryId id : ids) {
      auto one = Activate(id, active_max, now);
      if (!one) return tl::make_unexpected(std::move(one.error()));
      all.push_back(*std::move(one));
    }
    return all;
  }
  Result<std::optional<TrackedRepository>> Deactivate(RepositoryId id, TimePoint) override {
    if (failing) return tl::make_unexpected(*failing);
    for (TrackedRepository& one : tracked) {
      if (one.id != id) continue;
      one.active = false;
      return std::optional(one);
    }
    return std::optional<TrackedRepository>();
  }
  Result<std::optional<TrackedRepository>> FindTracked(RepositoryId id) override {
    if (failing) return tl::make_unexpected(*failing);
    const auto one = std::ranges::find(tracked, id, &TrackedRepository::id);
    return one == tracked.end() ? std::nullopt : std::optional(*one);
  }
  Result<std::vector<TrackedRepository>> ListTracked(bool only_active) override {
    if (failing) return tl::make_unexpected(*failing);
    auto listed = tracked;
    if (only_active) std::erase_if(listed, [](const TrackedRepository& one) { return !one.active; });
    return listed;
  }
  Status SyncConfigured(const std::vector<RepositoryName>&, TimePoint) override { return {}; }
  Result<std::vector<RepositoryName>> UnresolvedNames(TimePoint, size_t) override {
    return std::vector<RepositoryName>();
  }
  Status ResolveName(const RepositoryName&, RepositoryId, TimePoint) override { return {}; }
  Status PostponeName(const RepositoryName&, TimePoint, const std::string&) override { return {}; }
  Status SyncTop(int64_t, int64_t, TimePoint) override { return {}; }
  Status EnableFirehose(bool, TimePoint) override { return {}; }
  Result<std::vector<EventSource>> Due(TimePoint, size_t) override { return std::vector<EventSource>(); }
  Status RecordPoll(const EventSource&, const std::optional<SourceGap>&) override { return {}; }
  Result<std::vector<EventSource>> ListSources(std::optional<int64_t> after_id, size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<EventSource> page;
    for (const EventSource& source : sources) {
      if ((!after_id || source.id > *after_id) && page.size() < limit) page.push_back(source);
    }
    return page;
  }
  std::vector<SourceTotals> totals;
  Result<std::vector<SourceTotals>> Totals() override {
    if (failing) return tl::make_unexpected(*failing);
    return totals;
  }
  Result<std::vector<SourceGap>> Gaps(int64_t source_id, size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    auto found = gaps[source_id];
    if (found.size() > limit) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit), found.end());
    return found;
  }
  Result<Coverage> CoverageOf(std::optional<RepositoryId> repository, TimePoint from, TimePoint to,
                              TimePoint) override {
    if (failing) return tl::make_unexpected(*failing);
    coverage_asked.push_back({repository, from, to});
    Coverage found = coverage;
    if (const auto own = repository ? shares.find(*repository) : shares.end(); own != shares.end()) {
      found.share = own->second;
    }
    return found;
  }
  Result<std::vector<Coverage>> CoverageOfEach(const std::vector<RepositoryId>& repositories, TimePoint from,
                                               TimePoint to, TimePoint now) override {
    std::vector<Coverage> found;
    for (const RepositoryId id : repositories) {
      auto one = CoverageOf(id, from, to, now);
      if (!one) return tl::make_unexpected(std::move(one.error()));
      found.push_back(*std::move(one));
    }
    return found;
  }
};

class StubImportStore final : public ImportStore {
 public:
  std::vector<ImportProgress> imports;  // the last changed first

  Result<std::optional<ImportProgress>> Find(const std::string& name) override {
    const auto one = std::ranges::find(imports, name, &ImportProgress::name);
    return one == imports.end() ? std::nullopt : std::optional(*one);
  }
  Status Save(const ImportProgress& progress) override {
    std::erase_if(imports, [&](const ImportProgress& one) { return one.name == progress.name; });
    imports.insert(imports.begin(), progress);
    return {};
  }
  Result<std::vector<ImportProgress>> Recent(size_t limit) override {
    auto recent = imports;
    if (recent.size() > limit) recent.erase(recent.begin() + static_cast<std::ptrdiff_t>(limit), recent.end());
    return recent;
  }
};

// A GitHub that knows `on_github`, and a limit of `active_max`.
class StubRepositoryTracker final : public RepositoryTracker {
 public:
  explicit StubRepositoryTracker(StubSourceStore& sources) : sources_(sources) {}

  std::vector<std::pair<RepositoryId, RepositoryName>> on_github;
  int64_t active_max = 100;
  std::optional<Error> failing;

  Result<Tracked> Track(const RepositoryName& name) override {
    auto all = TrackAll({name});
    if (!all) return tl::make_unexpected(std::move(all.error()));
    return all->front();
  }
  Result<std::vector<Tracked>> TrackAll(const std::vector<RepositoryName>& names) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<Tracked> all;
    for (const RepositoryName& name : names) {
      const auto one = std::ranges::find(on_github, name, &std::pair<RepositoryId, RepositoryName>::second);
      if (one == on_github.end()) {
        return Fail(ErrorCode::kNotFound, "The repository " + name.full() + " is not on GitHub.");
      }
      const auto before = std::ranges::find(sources_.tracked, one->first, &TrackedRepository::id);
      const bool active = before != sources_.tracked.end() && before->active;
      if (!active && std::ranges::count(sources_.tracked, true, &TrackedRepository::active) >= active_max) {
        return Fail(ErrorCode::kConflict, "No more than " + std::to_string(active_max) + " repositories are tracked.");
      }
      if (before == sources_.tracked.end()) {
        sources_.tracked.push_back({.id = one->first, .name = one->second, .active = true, .requested = true});
        all.push_back({sources_.tracked.back(), true});
      } else {
        before->active = before->requested = true;
        all.push_back({*before, !active});
      }
    }
    return all;
  }

 private:
  StubSourceStore& sources_;
};

}  // namespace repopulse::test
