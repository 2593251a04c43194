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

}  // namespace

void ArchiveFileImport::Begin(Result<std::unique_ptr<ArchiveFile>> opened, FileReport& report) {
  report_ = &report;
  if (!opened) return EndWith(OutcomeOfArchive(opened.error().code), std::move(opened.error()));
  file_ = *std::move(opened);
  report.name = file_->name();
  auto plan = Prepare();
  if (!plan) return EndWith(OutcomeOfDatabase(plan.error().code), std::move(plan.error()));
  plan_ = *std::move(plan);
  report.lines_done_before = plan_.progress.lines_done;
  report.taken_before = !plan_.recorded;
  auto begun = file_->Begin({.skip_lines = plan_.progress.lines_done,
                             .wants = session_.only_tracked ? session_.is_tracked : nullptr,
                             .keeps_payload = session_.is_tracked});
  if (!begun) read_error_ = std::move(begun.error());
}

Result<ArchiveFileImport::Plan> ArchiveFileImport::Prepare() {
  auto found = Patiently([&] { return parts_.imports.Find(file_->name()); });
  if (!found) return WithContext("how far " + file_->name() + " was read", std::move(found.error()));
  ImportProgress fresh;
  fresh.name = file_->name();
  fresh.fingerprint = file_->fingerprint();
  fresh.only_tracked = session_.only_tracked;
  if (const auto hour = file_->hour()) fresh.hour = hour->begin;
  fresh.started_at = parts_.clock.Now();
  const bool same = *found && (*found)->fingerprint == fresh.fingerprint;
  // What was read as a whole covers a later wish for less, so its record stays; otherwise other wishes begin anew.
  if (same && (*found)->state == ImportState::kDone && (!(*found)->only_tracked || session_.only_tracked)) {
    return Plan{.progress = fresh, .recorded = false};
  }
  if (same && (*found)->state != ImportState::kDone && (*found)->only_tracked == session_.only_tracked) {
    (*found)->error.reset();
    return Plan{.progress = **std::move(found), .stored = true};
  }
  return Plan{.progress = fresh};
}

bool ArchiveFileImport::ReadyWithin(std::chrono::milliseconds time) const {
  return ended_ || read_to_end_ || read_error_ || file_->ReadyWithin(time);
}

std::optional<ArchiveBatch> ArchiveFileImport::Next() {
  if (ended_ || read_to_end_ || read_error_) return std::nullopt;
  if (session_.stop.stop_requested()) {
    read_error_ = Error{ErrorCode::kCancelled, "the import was stopped"};
    return std::nullopt;
  }
  auto batch = file_->Next();
  if (!batch) {
    read_error_ = std::move(batch.error());
    return std::nullopt;
  }
  read_to_end_ = batch->end;
  return *std::move(batch);
}

ImportProgress ArchiveFileImport::After(const ArchiveBatch& batch) const {
  ImportProgress after = plan_.progress;
  Count(batch, after);
  after.updated_at = parts_.clock.Now();
  return after;
}

bool ArchiveFileImport::WantsMore() {
  if (ended_) return false;
  if (session_.stop.stop_requested()) {
    EndWith(ImportOutcome::kInterrupted, Error{ErrorCode::kCancelled, "the import was stopped"});
  } else if (session_.database_is_gone) {
    EndWith(ImportOutcome::kUnreachable, Error{ErrorCode::kUnavailable, "the database does not answer"});
  }
  return !ended_;
}

bool ArchiveFileImport::IsToBeKept() {
  if (!WantsMore()) return false;
  if (auto whole = file_->Check(); !whole) {
    read_error_ = std::move(whole.error());
    End();
  }
  return !ended_;
}

std::optional<ImportCheckpoint> ArchiveFileImport::Checkpoint(const ArchiveBatch& batch) const {
  if (!plan_.recorded) return std::nullopt;
  return ImportCheckpoint{After(batch)};
}

void ArchiveFileImport::Finished(const ArchiveBatch& batch, const IngestResult& result) {
  Account(batch, After(batch), result);
}

void ArchiveFileImport::Take(const ArchiveBatch& batch) {
  if (!IsToBeKept()) return;
  const ImportProgress after = After(batch);
  if (batch.end) {
    if (auto any = CheckHasEvents(after); !any) {
      Count(batch, *report_);
      read_error_ = std::move(any.error());
      return End();
    }
  }
  auto result = Patiently([&] { return TakeOnce(batch, after); });
  if (result) return Account(batch, after, *result);
  result.error().message = "storing events: " + result.error().message;
  EndWith(OutcomeOfDatabase(result.error().code), std::move(result.error()));
}

// A lost connection leaves open whether the batch was stored: the file's record, written with it, tells.
Result<IngestResult> ArchiveFileImport::TakeOnce(const ArchiveBatch& batch, const ImportProgress& after) {
  if (plan_.recorded && !batch.events.empty()) {
    auto found = parts_.imports.Find(after.name);
    if (!found) return tl::make_unexpected(std::move(found.error()));
    if (*found && (*found)->started_at == after.started_at && (*found)->lines_done == after.lines_done) {
      return IngestResult{.added = (*found)->added - after.added,
                          .duplicates = (*found)->duplicates - after.duplicates,
                          .expired = (*found)->expired - after.expired,
                          .known = {}};
    }
  }
  if (batch.events.empty()) return SaveEmpty(batch, after);
  const ImportCheckpoint checkpoint{after};
  return parts_.events.Ingest(batch.events, plan_.recorded ? &checkpoint : nullptr, after.updated_at);
}

// Lines that hold nothing to store are written down with the next batch, or at the end.
Result<IngestResult> ArchiveFileImport::SaveEmpty(const ArchiveBatch& batch, const ImportProgress& after) {
  if (batch.end && plan_.recorded) {
    if (auto saved = parts_.imports.Save(after); !saved) return tl::make_unexpected(std::move(saved.error()));
  }
  return IngestResult{};
}

void ArchiveFileImport::Account(const ArchiveBatch& batch, const ImportProgress& after, const IngestResult& result) {
  if (!batch.events.empty()) plan_.stored = true;
  if (result.added > 0) NoteTouched(batch.events, result);
  plan_.progress = after;
  plan_.progress.added += result.added;
  plan_.progress.duplicates += result.duplicates;
  plan_.progress.expired += result.expired;
  Count(batch, *report_);
  report_->counts.added += result.added;
  report_->counts.duplicates += result.duplicates;
  report_->counts.expired += result.expired;
  on_batch_(batch.bytes_read, static_cast<int64_t>(batch.events.size()) + batch.skipped, result.added);
  if (batch.end) EndWith(ImportOutcome::kTaken);
}

void ArchiveFileImport::NoteTouched(const std::vector<Event>& events, const IngestResult& result) {
  const bool told = result.known.size() == events.size();
  for (size_t i = 0; i < events.size(); ++i) {
    const RepositoryId repository = events[i].repository;
    if (!(told && result.known[i]) && session_.is_tracked(repository)) session_.touched.insert(repository);
  }
}

void ArchiveFileImport::End() {
  if (ended_ || !read_error_) return;
  NoteFailure(*read_error_);
  EndWith(OutcomeOfArchive(read_error_->code), std::move(read_error_));
}

// So that whoever looks sees why a file is not whole. A file of which nothing was stored leaves no trace, and one that
// was interrupted is as it is.
void ArchiveFileImport::NoteFailure(const Error& error) {
  if (!plan_.stored || !plan_.recorded || error.code == ErrorCode::kCancelled) return;
  auto found = parts_.imports.Find(plan_.progress.name);
  if (!found || !*found) return;
  (*found)->state = ImportState::kFailed;
  (*found)->error = std::string(TruncateUtf8(error.message, kErrorBytesMax));
  (*found)->updated_at = parts_.clock.Now();
  if (auto saved = parts_.imports.Save(**found); !saved) {
    LogWarn("import_failure_not_noted", {{"file", plan_.progress.name}, {"error", saved.error().message}});
  }
}

void ArchiveFileImport::EndWith(ImportOutcome outcome, std::optional<Error> error) {
  report_->outcome = outcome;
  report_->error = std::move(error);
  ended_ = true;
  file_.reset();
}

template <class Attempt>
auto ArchiveFileImport::Patiently(const Attempt& attempt) -> decltype(attempt()) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  const auto until = parts_.clock.SteadyNow() + parts_.patience;
  for (;;) {
    auto result = attempt();
    if (result || OutcomeOfDatabase(result.error().code) != ImportOutcome::kUnreachable) return result;
    if (parts_.clock.SteadyNow() >= until) {
      session_.database_is_gone = true;
      return result;
    }
    LogWarn("import_waits_for_database", {{"error", result.error().message}});
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, session_.stop, parts_.pause, [] { return false; });
    if (session_.stop.stop_requested()) return Fail(ErrorCode::kCancelled, "the import was stopped");
  }
}

}  // namespace repopulse
