// One file's way from the archive into the store, for ArchiveImporter.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "service/archive_importer.h"

namespace repopulse {

// What the files of one import have in common.
struct ImportSession {
  const ArchiveImporter::Parts& parts;
  bool only_tracked = false;
  std::function<bool(RepositoryId)> is_tracked;
  std::stop_token stop;
  std::set<RepositoryId> touched = {};  // tracked repositories that have new events
  bool database_is_gone = false;        // it did not answer for as long as patience lasts: no use in another file
};

// Its batches are taken from Next() and stored in that order: by somebody else, who says so in Finished(), or by
// Take(). Belongs to one thread.
class ArchiveFileImport {
 public:
  // How far it is, when a batch has been finished.
  using OnBatch = std::function<void(int64_t bytes_read, int64_t events_read, int64_t events_added)>;
  ArchiveFileImport(ImportSession& session, OnBatch on_batch)
      : session_(session), parts_(session.parts), on_batch_(std::move(on_batch)) {}

  // Begins to read; `report` is filled from here on.
  void Begin(Result<std::unique_ptr<ArchiveFile>> opened, FileReport& report);
  // False: Next() would still have to wait after that time.
  [[nodiscard]] bool ReadyWithin(std::chrono::milliseconds time) const;
  // None: there is no other, whatever the reason; End() follows when those that came are finished.
  std::optional<ArchiveBatch> Next();
  // False: it has ended, or does so now as the import stops or the database is gone; its batches are not to be stored.
  bool WantsMore();
  // The same, and that its file is whole, which is waited for: then they may be kept.
  bool IsToBeKept();
  // What is to be written with the next batch; none where the file is recorded as a whole already.
  [[nodiscard]] std::optional<ImportCheckpoint> Checkpoint(const ArchiveBatch& batch) const;
  void Finished(const ArchiveBatch& batch, const IngestResult& result);
  // All in one go, as often as it needs while patience lasts.
  void Take(const ArchiveBatch& batch);
  // Notes why reading ended before its time, if it did.
  void End();
  [[nodiscard]] bool read_to_end() const { return read_to_end_; }
  // What it was to be has been decided; batches that were not finished by then never will be.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  // What has to be done with a file, after what is known of it.
  struct Plan {
    ImportProgress progress;  // as stored, or of a new beginning
    bool recorded = true;     // progress is written with each batch; false: all of it was taken before
    bool stored = false;      // something of it is in the database: an end before its time is noted there
  };

  Result<Plan> Prepare();
  // The record as it is after the batch, but for what storing it brings.
  [[nodiscard]] ImportProgress After(const ArchiveBatch& batch) const;
  Result<IngestResult> TakeOnce(const ArchiveBatch& batch, const ImportProgress& after);
  Result<IngestResult> SaveEmpty(const ArchiveBatch& batch, const ImportProgress& after);
  void Account(const ArchiveBatch& batch, const ImportProgress& after, const IngestResult& result);
  void NoteTouched(const std::vector<Event>& events, const IngestResult& result);
  void NoteFailure(const Error& error);
  void EndWith(ImportOutcome outcome, std::optional<Error> error = std::nullopt);
  // Runs `attempt` until it succeeds, fails for good, patience ends or the import is stopped.
  template <class Attempt>
  auto Patiently(const Attempt& attempt) -> decltype(attempt());

  ImportSession& session_;
  const ArchiveImporter::Parts& parts_;
  const OnBatch on_batch_;
  FileReport* report_ = nullptr;
  std::unique_ptr<ArchiveFile> file_;
  Plan plan_;
  bool read_to_end_ = false;
  std::optional<Error> read_error_;
  bool ended_ = false;
};

}  // namespace repopulse
