// Port: how far each archive file has been read. Thread-safe; every call has a deadline.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace repopulse {

enum class ImportState { kRunning, kDone, kFailed };

// The progress of one file. Counts are since its first line, over all runs that went on with it.
struct ImportProgress {
  std::string name;         // the file's own, without its folder: "2015-01-01-0.json.gz"
  std::string fingerprint;  // of its content: another content under the same name is begun anew
  bool only_tracked = false;
  std::optional<TimePoint> hour;  // where the name is one of GH Archive's
  ImportState state = ImportState::kRunning;
  int64_t lines_done = 0;  // all lines up to here are stored or counted
  int64_t read = 0;        // events read
  int64_t added = 0;
  int64_t duplicates = 0;
  int64_t expired = 0;
  int64_t skipped = 0;       // of repositories that are not tracked, where only those were wanted
  int64_t bad = 0;           // lines that are no event
  int64_t other_format = 0;  // lines in the form of 2011 to 2014
  std::optional<std::string> error;
  TimePoint started_at;
  TimePoint updated_at;
};

// What Ingest() writes together with a batch: `progress` as it is before the batch's added, duplicates and expired,
// with everything else as it is after it.
struct ImportCheckpoint {
  ImportProgress progress;
};

class ImportStore {
 public:
  virtual ~ImportStore() = default;
  virtual Result<std::optional<ImportProgress>> Find(const std::string& name) = 0;
  // Writes it as it is, by name.
  virtual Status Save(const ImportProgress& progress) = 0;
  // The last changed first.
  virtual Result<std::vector<ImportProgress>> Recent(size_t limit) = 0;
};

}  // namespace repopulse
