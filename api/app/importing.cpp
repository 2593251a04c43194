#include "app/importing.h"

#include "app/rescoring.h"
#include "base/log.h"
#include "github/archive.h"
#include "http/handlers.h"

namespace repopulse {

// An archive is read by the real time: a replay may be loaded with what comes after its clock.
Importing::Importing(const Config& config, const ServiceClock& clock, Storage& storage)
    : archive(MakeArchive({.url = config.gharchive_url, .user_agent = "repopulse/" REPOPULSE_VERSION " (+self-hosted)"},
                          clock.real())),
      scorer(storage.events(), clock.clock()),
      importer({.archive = *archive,
                .events = storage.events(),
                .imports = storage.imports(),
                .tracked = [&storage] { return storage.sources().ListTracked(true); },
                .clock = clock.clock(),
                .rescore = [this, &clock](
                               const auto& touched,
                               const auto& stop) { return RescoreActivity(scorer, clock.clock(), touched, stop); }}) {}

void InvalidateEvents(SharedCache& cache) {
  for (const std::string& scope : {http::kEventsScope, http::kRepositoriesScope}) {
    if (const auto told = cache.Invalidate(scope); !told) {
      LogWarn("scope_not_invalidated", {{"scope", scope}, {"error", told.error().message}});
    }
  }
}

}  // namespace repopulse
