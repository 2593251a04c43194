// Takes files of GH Archive into the store, batch by batch: the command line's import and the job's.
//
// Each batch is stored together with how far its file has been read, so an import that was stopped or killed goes on
// behind the last stored batch. Reading a file again that was taken as a whole stores nothing twice.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "service/archive.h"
#include "service/event_store.h"
#include "service/import_store.h"
#include "service/source_store.h"

namespace repopulse {

enum class ImportOutcome {
  kTaken,        // read to its end
  kDamaged,      // not the file it should be: broken gzip, or no event in it
  kOtherFormat,  // nothing in it but the form of 2011 to 2014
  kNotFound,     // no such file, or no such hour at the archive's server
  kUnreachable,  // a server cannot be reached; what was stored until then stays, and the next import goes on there
  kFailed,       // anything else that ended it
  kInterrupted,  // stopped; the next import goes on where this one was
  kNotTried,     // after an interruption, or after servers that could not be reached
};
std::string_view ToString(ImportOutcome outcome);  // "taken", "other format"

struct ImportCounts {
  int64_t read = 0;  // events: the sum of the next four
  int64_t added = 0;
  int64_t duplicates = 0;
  int64_t expired = 0;       // of days whose events have been dropped
  int64_t skipped = 0;       // of repositories that are not tracked
  int64_t bad = 0;           // lines that are no event
  int64_t other_format = 0;  // lines in the form of 2011 to 2014
  ImportCounts& operator+=(const ImportCounts& other);
};

// What this run did with one file.
struct FileReport {
  std::string name;
  ImportOutcome outcome = ImportOutcome::kNotTried;
  int64_t lines_done_before = 0;  // by an earlier run: left out by this one
  bool taken_before = false;      // as a whole: read again, and only what is missing is added
  ImportCounts counts = {};
  std::vector<BadLine> bad_lines = {};  // the first kBadLinesShown
  std::optional<Error> error = std::nullopt;
};

struct ImportReport {
  std::vector<FileReport> files;
  ImportCounts total;
  std::chrono::milliseconds duration{};
  std::optional<Error> rescoring_error;  // activity scores are as they were; the next collect makes them anew
};

struct ImportProgressNow {
  size_t file = 0;  // from 1
  size_t files = 0;
  std::string name;
  int64_t bytes_read = 0;              // of this file as stored
  std::optional<int64_t> bytes_total;  // of this file
  int64_t events_read = 0;             // of all files
  int64_t events_added = 0;
  double events_per_second = 0;                   // since the beginning
  std::optional<std::chrono::seconds> time_left;  // of all files, where their sizes can be told or guessed
};

// What an importer tells while it works, on the thread that runs it.
struct ImportListener {
  // At each batch.
  std::function<void(const ImportProgressNow&)> on_progress = [](const auto&) {};
  // Events were added since the last call: at most every five seconds, and at the end.
  std::function<void()> on_events_added = [] {};
};

struct ImportRequest {
  std::vector<ArchiveLocation> locations;
  bool only_tracked = false;
};

// One Run() at a time; the importer has no other state.
class ArchiveImporter {
 public:
  static constexpr size_t kBadLinesShown = 20;
  struct Parts {
    Archive& archive;
    EventStore& events;
    ImportStore& imports;
    std::function<Result<std::vector<TrackedRepository>>()> tracked;  // the active ones
    const Clock& clock;
    // Makes activity scores anew after all is read; `touched` are the tracked repositories that have new events.
    std::function<Status(const std::vector<RepositoryId>& touched, const std::stop_token&)> rescore =
        [](const auto&, const auto&) { return Status(); };
    // How long a database that does not answer is tried again.
    std::chrono::milliseconds patience{60'000};
    std::chrono::milliseconds pause{500};  // between two tries
  };
  explicit ArchiveImporter(Parts parts) : parts_(std::move(parts)) {}

  // Each file has its report, in the order asked for. An error: nothing could be begun.
  Result<ImportReport> Run(const ImportRequest& request, const ImportListener& listener, const std::stop_token& stop);

 private:
  Parts parts_;
};

}  // namespace repopulse
