#include "service/archive_file_import.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "base/strings.h"

namespace repopulse {
namespace {

constexpr size_t kErrorBytesMax = 500;

ImportOutcome OutcomeOfArchive(ErrorCode code) {
  switch (code) {
    case ErrorCode::kMalformed:
      return ImportOutcome::kDamaged;
    case ErrorCode::kInvalidArgument:
      return ImportOutcome::kOtherFormat;
    case ErrorCode::kNotFound:
    case ErrorCode::kGone:
      return ImportOutcome::kNotFound;
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kRateLimited:
      return ImportOutcome::kUnreachable;
    case ErrorCode::kCancelled:
      return ImportOutcome::kInterrupted;
    default:
      return ImportOutcome::kFailed;
  }
}

ImportOutcome OutcomeOfDatabase(ErrorCode code) {
  if (code == ErrorCode::kCancelled) return ImportOutcome::kInterrupted;
  const bool gone = code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout;
  return gone ? ImportOutcome::kUnreachable : ImportOutcome::kFailed;
}

void Count(const ArchiveBatch& batch, ImportProgress& progress) {
  progress.lines_done += batch.lines;
  progress.read += static_cast<int64_t>(batch.events.size()) + batch.skipped;
  progress.skipped += batch.skipped;
  progress.bad += batch.bad;
  progress.other_format += batch.other_format;
  progress.state = batch.end ? ImportState::kDone : ImportState::kRunning;
}

void Count(const ArchiveBatch& batch, FileReport& report) {
  report.counts.read += static_cast<int64_t>(batch.events.size()) + batch.skipped;
  report.counts.skipped += batch.skipped;
  report.counts.bad += batch.bad;
  report.counts.other_format += batch.other_format;
  const size_t room = ArchiveImporter::kBadLinesShown - report.bad_lines.size();
  report.bad_lines.insert(report.bad_lines.end(), batch.bad_lines.begin(),
                          batch.bad_lines.begin() + static_cast<ptrdiff_t>(std::min(room, batch.bad_lines.size())));
}

// A file of which no line is an event is not what its name says.
Status CheckHasEvents(const ImportProgress& progress) {
  if (progress.read > 0) return {};
  if (progress.lines_done == 0) return Fail(ErrorCode::kMalformed, "the file is empty");
  if (progress.bad == 0) return Fail(ErrorCode::kInvalidArgument, "all lines are in the form of 2011 to 2014");
  return Fail(ErrorCode::kMalformed, "no line of the file is an event");
}

void EndWith(FileReport& report, ImportOutcome outcome, Error error) {
  report.outcome = outcome;
  report.error = std::move(error);
}

}  // namespace

void ArchiveFileImport::Run(const ArchiveLocation& location, FileReport& report) {
  database_failed_ = false;
  auto file = parts_.archive.Open(location, options_.stop);
  if (!file) return EndWith(report, OutcomeOfArchive(file.error().code), std::move(file.error()));
  report.name = (*file)->name();
  options_.on_opened(**file);
  auto plan = Prepare(**file);
  if (!plan) return EndWith(report, OutcomeOfDatabase(plan.error().code), std::move(plan.error()));
  report.lines_done_before = plan->progress.lines_done;
  report.taken_before = !plan->recorded;
  if (auto read = Read(**file, *plan, report); !read) {
    const ErrorCode code = read.error().code;
    NoteFailure(*plan, read.error());
    return EndWith(report, database_failed_ ? OutcomeOfDatabase(code) : OutcomeOfArchive(code),
                   std::move(read.error()));
  }
  report.outcome = ImportOutcome::kTaken;
}

Result<ArchiveFileImport::Plan> ArchiveFileImport::Prepare(const ArchiveFile& file) {
  auto found = Patiently([&](bool) { return parts_.imports.Find(file.name()); });
  if (!found) return WithContext("how far " + file.name() + " was read", std::move(found.error()));
  ImportProgress fresh;
  fresh.name = file.name();
  fresh.fingerprint = file.fingerprint();
  fresh.only_tracked = options_.only_tracked;
  if (const auto hour = file.hour()) fresh.hour = hour->begin;
  fresh.started_at = parts_.clock.Now();
  const bool same = *found && (*found)->fingerprint == file.fingerprint();
  // What was read as a whole covers a later wish for less, so its record stays; otherwise other wishes begin anew.
  if (same && (*found)->state == ImportState::kDone && (!(*found)->only_tracked || options_.only_tracked)) {
    return Plan{.progress = fresh, .recorded = false};
  }
  if (same && (*found)->state != ImportState::kDone && (*found)->only_tracked == options_.only_tracked) {
    (*found)->error.reset();
    return Plan{.progress = **std::move(found), .stored = true};
  }
  return Plan{.progress = fresh};
}

Status ArchiveFileImport::Read(ArchiveFile& file, Plan& plan, FileReport& report) {
  ArchiveReading reading{.skip_lines = plan.progress.lines_done,
                         .wants = options_.only_tracked ? options_.is_tracked : nullptr,
                         .keeps_payload = options_.is_tracked,
                         .batch_events_max = EventStore::kIngestEventsMax};
  if (auto begun = file.Begin(std::move(reading)); !begun) return begun;
  for (bool end = false; !end;) {
    if (options_.stop.stop_requested()) return Fail(ErrorCode::kCancelled, "the import was stopped");
    auto batch = file.Next();
    if (!batch) return tl::make_unexpected(std::move(batch.error()));
    end = batch->end;
    const int64_t added_before = report.counts.added;
    const auto read = static_cast<int64_t>(batch->events.size()) + batch->skipped;
    if (auto taken = Take(*batch, plan, report); !taken) return taken;
    options_.on_batch(batch->bytes_read, read, report.counts.added - added_before);
  }
  return {};
}

Status ArchiveFileImport::Take(const ArchiveBatch& batch, Plan& plan, FileReport& report) {
  Count(batch, plan.progress);
  plan.progress.updated_at = parts_.clock.Now();
  if (batch.end) {
    if (auto any = CheckHasEvents(plan.progress); !any) {
      Count(batch, report);
      return any;
    }
  }
  if (batch.events.empty()) {
    // Lines that hold nothing to store are counted with the next batch, or at the end.
    if (batch.end && plan.recorded) {
      if (auto saved = Save(plan.progress); !saved) return saved;
    }
    Count(batch, report);
    return {};
  }
  auto result = Ingest(batch, plan);
  if (!result) return WithContext("storing events", std::move(result.error()));
  plan.stored = true;
  if (result->added > 0) NoteTouched(batch, *result);
  plan.progress.added += result->added;
  plan.progress.duplicates += result->duplicates;
  plan.progress.expired += result->expired;
  Count(batch, report);
  report.counts.added += result->added;
  report.counts.duplicates += result->duplicates;
  report.counts.expired += result->expired;
  return {};
}

Result<IngestResult> ArchiveFileImport::Ingest(const ArchiveBatch& batch, const Plan& plan) {
  return Patiently([&](bool again) { return IngestOnce(batch, plan, again); });
}

// A lost connection leaves open whether the batch was stored: the file's record, written with it, tells.
Result<IngestResult> ArchiveFileImport::IngestOnce(const ArchiveBatch& batch, const Plan& plan, bool again) {
  const ImportProgress& progress = plan.progress;
  if (again && plan.recorded) {
    auto found = parts_.imports.Find(progress.name);
    if (!found) return tl::make_unexpected(std::move(found.error()));
    if (*found && (*found)->started_at == progress.started_at && (*found)->lines_done == progress.lines_done) {
      return IngestResult{.added = (*found)->added - progress.added,
                          .duplicates = (*found)->duplicates - progress.duplicates,
                          .expired = (*found)->expired - progress.expired,
                          .known = {}};
    }
  }
  const ImportCheckpoint checkpoint{progress};
  return parts_.events.Ingest(batch.events, plan.recorded ? &checkpoint : nullptr, parts_.clock.Now());
}

void ArchiveFileImport::NoteTouched(const ArchiveBatch& batch, const IngestResult& result) {
  const bool told = result.known.size() == batch.events.size();
  for (size_t i = 0; i < batch.events.size(); ++i) {
    const RepositoryId repository = batch.events[i].repository;
    if (!(told && result.known[i]) && options_.is_tracked(repository)) touched_.insert(repository);
  }
}

Status ArchiveFileImport::Save(const ImportProgress& progress) {
  return Patiently([&](bool) { return parts_.imports.Save(progress); });
}

// So that whoever looks sees why a file is not whole. A file of which nothing was stored leaves no trace, and one that
// was interrupted is as it is.
void ArchiveFileImport::NoteFailure(const Plan& plan, const Error& error) {
  if (!plan.stored || !plan.recorded || database_failed_ || error.code == ErrorCode::kCancelled) return;
  auto found = parts_.imports.Find(plan.progress.name);
  if (!found || !*found) return;
  (*found)->state = ImportState::kFailed;
  (*found)->error = std::string(TruncateUtf8(error.message, kErrorBytesMax));
  (*found)->updated_at = parts_.clock.Now();
  if (auto saved = parts_.imports.Save(**found); !saved) {
    LogWarn("import_failure_not_noted", {{"file", plan.progress.name}, {"error", saved.error().message}});
  }
}

template <class Attempt>
auto ArchiveFileImport::Patiently(const Attempt& attempt) -> decltype(attempt(false)) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  const auto until = parts_.clock.SteadyNow() + parts_.patience;
  for (bool again = false;; again = true) {
    auto result = attempt(again);
    database_failed_ = !result;
    if (result) return result;
    if (OutcomeOfDatabase(result.error().code) != ImportOutcome::kUnreachable) return result;
    if (parts_.clock.SteadyNow() >= until) {
      database_is_gone_ = true;
      return result;
    }
    LogWarn("import_waits_for_database", {{"error", result.error().message}});
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, options_.stop, parts_.pause, [] { return false; });
    if (options_.stop.stop_requested()) return Fail(ErrorCode::kCancelled, "the import was stopped");
  }
}

}  // namespace repopulse
