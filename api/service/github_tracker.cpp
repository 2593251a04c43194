#include "service/github_tracker.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/log.h"

namespace repopulse {

GitHubTracker::GitHubTracker(RepositoryStore& repositories, SourceStore& sources, EventReader& events,
                             GitHubGate& github, const Clock& clock, Options options)
    : repositories_(repositories),
      sources_(sources),
      events_(events),
      github_(github),
      clock_(clock),
      options_(std::move(options)) {}

Result<RepositoryTracker::Tracked> GitHubTracker::Track(const RepositoryName& name) {
  auto all = TrackAll({name});
  if (!all) return tl::make_unexpected(std::move(all.error()));
  return std::move(all->front());
}

Result<std::vector<RepositoryTracker::Tracked>> GitHubTracker::TrackAll(const std::vector<RepositoryName>& names) {
  std::vector<RepositoryId> ids;
  for (const RepositoryName& name : names) {
    auto id = Find(name);
    if (!id) return tl::make_unexpected(std::move(id.error()));
    ids.push_back(*id);
  }
  std::set<RepositoryId> active_before;
  for (const RepositoryId id : ids) {
    auto before = sources_.FindTracked(id);
    if (!before) return WithContext("looking up what is tracked", before.error());
    if (*before && (*before)->active) active_before.insert(id);
  }
  auto activated = sources_.ActivateAll(ids, options_.active_max, clock_.Now());
  if (!activated) return tl::make_unexpected(std::move(activated.error()));  // kConflict's message is for clients
  std::vector<Tracked> tracked;
  for (TrackedRepository& repository : *activated) {
    const bool started = active_before.insert(repository.id).second;
    if (started) LogInfo("tracking_started", {{"repository", repository.name.full()}});
    tracked.push_back({.repository = std::move(repository), .started = started});
  }
  return tracked;
}

// The repository that has this name now. A name that we know as an earlier one may belong to another by now: GitHub
// knows.
Result<RepositoryId> GitHubTracker::Find(const RepositoryName& name) {
  auto stored = repositories_.FindByName(name);
  if (!stored) return WithContext("looking up " + name.full(), stored.error());
  if (*stored && (*stored)->repository.name == name && !(*stored)->gone_at) return (*stored)->repository.id;
  if (!*stored) {
    auto told = events_.FindRepository(name);
    if (!told) return WithContext("looking up " + name.full(), told.error());
    if (*told && (*told)->name == name) return (*told)->id;
  }
  return AskGitHub(name);
}

Result<RepositoryId> GitHubTracker::AskGitHub(const RepositoryName& name) {
  const std::unique_lock turn(turn_, options_.turn_wait);
  if (!turn) return Fail(ErrorCode::kUnavailable, "too many requests ask GitHub for repositories");
  auto repository = github_.FetchRepository(name, RatePace::kFull, options_.stop);
  if (!repository) {
    const ErrorCode code = repository.error().code;
    if (code == ErrorCode::kNotFound || code == ErrorCode::kGone) {
      return Fail(ErrorCode::kNotFound, name.full() + " does not exist on GitHub, or is not public");
    }
    return WithContext("asking GitHub for " + name.full(), repository.error());
  }
  if (auto saved = repositories_.Save(*repository, clock_.Now()); !saved) {
    return WithContext("saving " + name.full(), saved.error());
  }
  return repository->id;
}

}  // namespace repopulse
