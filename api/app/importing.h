// What imports work with, the same for the command line and for jobs.
#pragma once

#include <memory>

#include "app/config.h"
#include "app/replay_clock.h"
#include "service/activity_scorer.h"
#include "service/archive_importer.h"
#include "service/shared_cache.h"
#include "storage/storage.h"

namespace repopulse {

struct Importing {
  // All must outlive it.
  Importing(const Config& config, const ServiceClock& clock, Storage& storage);

  const std::unique_ptr<Archive> archive;
  ActivityScorer scorer;
  ArchiveImporter importer;
};

// Events were added: answers made of them are no longer what they would be.
void InvalidateEvents(SharedCache& cache);

}  // namespace repopulse
