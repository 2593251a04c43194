// The HTTP layer with repositories whose events are known.
#pragma once

#include "support/http_service.h"

namespace repopulse::test {

// "Kube/Ctl" (1, once "old/name"), "a/two" (2) and "a/three" (3), without events; three quarters of any time watched.
struct EventService : HttpService {
  EventService() {
    events.known = {
        {{1}, RepositoryNamed("Kube/Ctl")}, {{2}, RepositoryNamed("a/two")}, {{3}, RepositoryNamed("a/three")}};
    events.earlier_names["old/name"] = RepositoryId{1};
    sources.coverage.share = 0.75;
  }
};

}  // namespace repopulse::test
