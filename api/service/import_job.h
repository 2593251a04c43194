// The import of one hour of GH Archive as a job: what is backfilled by a request, on whichever replica it reached.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "service/archive_importer.h"
#include "service/job_runner.h"

namespace repopulse {

// What an import job is asked to do; its text is the job's argument.
struct ImportOrder {
  ArchiveHour hour;
  bool only_tracked = false;
};
std::string ToString(const ImportOrder& order);  // "2015-01-01-0", "2015-01-01-0 only-tracked"
std::optional<ImportOrder> ParseImportOrder(std::string_view text);

// The work of JobKind::kImport. `on_events_added` as ImportListener's.
Status RunImportJob(ArchiveImporter& importer, JobContext& job, const std::function<void()>& on_events_added);

}  // namespace repopulse
