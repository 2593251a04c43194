// One file's way from the archive into the store, for ArchiveImporter.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "service/archive_importer.h"

namespace repopulse {

// Belongs to one thread.
class ArchiveFileImport {
 public:
  struct Options {
    bool only_tracked = false;
    std::function<bool(RepositoryId)> is_tracked;
    std::stop_token stop;
    std::function<void(const ArchiveFile&)> on_opened;
    std::function<void(int64_t bytes_read, int64_t events_read, int64_t events_added)> on_batch;
  };
  ArchiveFileImport(const ArchiveImporter::Parts& parts, Options options)
      : parts_(parts), options_(std::move(options)) {}

  // Fills `report`, but its name.
  void Run(const ArchiveLocation& location, FileReport& report);
  // It did not answer for as long as patience lasts: no use in trying another file.
  [[nodiscard]] bool database_is_gone() const { return database_is_gone_; }
  // Tracked repositories that have new events since this was made.
  [[nodiscard]] std::vector<RepositoryId> touched() const { return {touched_.begin(), touched_.end()}; }

 private:
  // What has to be done with a file, after what is known of it.
  struct Plan {
    ImportProgress progress;  // as stored, or of a new beginning
    bool recorded = true;     // progress is written with each batch; false: all of it was taken before
    bool stored = false;      // something of it is in the database: an end before its time is noted there
  };

  Result<Plan> Prepare(const ArchiveFile& file);
  Status Read(ArchiveFile& file, Plan& plan, FileReport& report);
  Status Take(const ArchiveBatch& batch, Plan& plan, FileReport& report);
  Result<IngestResult> Ingest(const ArchiveBatch& batch, const Plan& plan);
  Result<IngestResult> IngestOnce(const ArchiveBatch& batch, const Plan& plan, bool again);
  void NoteTouched(const ArchiveBatch& batch, const IngestResult& result);
  Status Save(const ImportProgress& progress);
  void NoteFailure(const Plan& plan, const Error& error);
  // Runs `attempt` until it succeeds, fails for good, patience ends or the import is stopped. `attempt` hears whether
  // it was tried before.
  template <class Attempt>
  auto Patiently(const Attempt& attempt) -> decltype(attempt(false));

  const ArchiveImporter::Parts& parts_;
  const Options options_;
  std::set<RepositoryId> touched_;
  bool database_is_gone_ = false;
  bool database_failed_ = false;  // the last error is the database's, not the archive's
};

}  // namespace repopulse
