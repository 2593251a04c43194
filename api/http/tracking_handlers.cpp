// /api/v1/repos/{owner}/{repo}/tracking: whether a repository's events are collected on their own.
#include "base/time_format.h"
#include "http/event_basis.h"
#include "http/meta.h"

namespace repopulse::http {
namespace {

Json ToJson(const TrackedRepository& tracked) {
  return {{"id", tracked.id.value},
          {"full_name", tracked.name.full()},
          {"active", tracked.active},
          {"requested", tracked.requested},
          {"configured", tracked.configured},
          {"top", tracked.top},
          {"polled_at", tracked.polled_at ? Json(FormatRfc3339(*tracked.polled_at)) : Json(nullptr)}};
}

// Answers of other replicas and of the near-caches are made anew from now on.
void Forget(const Services& services) {
  for (const std::string& scope : {kRepositoriesScope, kEventsScope}) {
    // Where Redis is gone there is nothing shared to forget, and what is near ends with its freshness.
    (void)services.shared_cache.Invalidate(scope);
  }
}

// GitHub may have to be asked which repository this is, and only the control listener's threads may wait for that.
Problem NotHere() {
  return {503, "wrong-listener",    "Service unavailable", "Tracking is changed through the proxy.",
          {},  "Retry-After: 1\r\n"};
}

Checked<Response> Track(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  if (!request.may_wait) return Refuse(NotHere());
  const auto tracked = services.tracker.Track(*name);
  if (!tracked) return Refuse(FromError(tracked.error()));
  Forget(services);
  const Json body = {{"data", ToJson(tracked->repository)},
                     {"meta", CompleteMeta(services, {{"data_as_of", FormatRfc3339(services.clock.Now())}})}};
  return Response{tracked->started ? 201 : 200, "application/json",
                  "Location: /api/v1/repos/" + tracked->repository.name.full() + "\r\n", ToText(body)};
}

// Idempotent for what was tracked once; 404 for what never was.
Checked<Response> Untrack(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const auto known = FindEventRepository(services, *name);
  if (!known) return Refuse(FromError(known.error()));
  const auto stopped = services.sources.Deactivate(known->id, services.clock.Now());
  if (!stopped) return Refuse(FromError(stopped.error()));
  if (!*stopped) return Refuse(NotFound("The repository " + known->name.full() + " is not tracked here."));
  Forget(services);
  return Response{204, "", "", ""};
}

}  // namespace

void AddTrackingRoutes(RouteTable& table, Services& services) {
  const auto direct = [&services](auto handler) {
    return DirectHandler([&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    });
  };
  table.Add({Method::kPut, "/api/v1/repos/{owner}/{repo}/tracking", Access::kAdministrator, direct(Track),
             "Start collecting a repository's events"});
  table.Add({Method::kDelete, "/api/v1/repos/{owner}/{repo}/tracking", Access::kAdministrator, direct(Untrack),
             "Stop collecting a repository's events"});
}

}  // namespace repopulse::http
