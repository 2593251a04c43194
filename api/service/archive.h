// Port: files of GH Archive, read batch by batch with bounded memory, from disk or from the archive's server.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/event.h"

namespace repopulse {

// One hour of GH Archive: "2015-01-01-0", the hour without a leading zero, UTC.
struct ArchiveHour {
  TimePoint begin;
  bool operator==(const ArchiveHour&) const = default;
};
std::optional<ArchiveHour> ParseArchiveHour(std::string_view text);
std::string ToString(ArchiveHour hour);

using ArchiveLocation = std::variant<std::filesystem::path, ArchiveHour>;

struct BadLine {
  int64_t number = 0;  // from 1
  std::string reason;
};

struct ArchiveBatch {
  std::vector<Event> events;
  int64_t lines = 0;               // read for this batch, the wrong ones included
  int64_t skipped = 0;             // events that `wants` refused
  int64_t other_format = 0;        // lines in the form of 2011 to 2014
  int64_t bad = 0;                 // other lines that are no event
  std::vector<BadLine> bad_lines;  // the first few of these
  int64_t bytes_read = 0;          // of the file as stored, up to here
  bool end = false;                // this was the last
};

struct ArchiveReading {
  int64_t skip_lines = 0;                   // done by an earlier run
  std::function<bool(RepositoryId)> wants;  // empty: every event
  std::function<bool(RepositoryId)> keeps_payload;
  size_t batch_events_max = 2'000;
  size_t batch_bytes_max = 2 * 1024 * 1024;  // of payloads
};

// Belongs to one thread.
class ArchiveFile {
 public:
  virtual ~ArchiveFile() = default;
  // The file's own name, without its folder.
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::string fingerprint() const = 0;
  [[nodiscard]] virtual std::optional<ArchiveHour> hour() const = 0;
  [[nodiscard]] virtual std::optional<int64_t> size_bytes() const = 0;  // as stored
  // Once, before Next().
  virtual Status Begin(ArchiveReading reading) = 0;
  // kMalformed: damaged; kInvalidArgument: nothing in it but the form of 2011 to 2014; kUnavailable: it cannot be
  // read on (what came before is good); kCancelled.
  virtual Result<ArchiveBatch> Next() = 0;
  // Waits until it is known whether the file is what it should be, which a file on disk has to be before anything of it
  // is kept: kMalformed where it is damaged. Not before its end is near or some batches have been read. What a server
  // sends is kept as far as it came. After Begin(); waits for no call of Next().
  [[nodiscard]] virtual Status Check() = 0;
  // False: Next() would still have to wait after that time.
  [[nodiscard]] virtual bool ReadyWithin(std::chrono::milliseconds time) = 0;
};

class Archive {
 public:
  virtual ~Archive() = default;
  // kNotFound: no such file, or no such hour at the server; kMalformed: not what its name says.
  virtual Result<std::unique_ptr<ArchiveFile>> Open(const ArchiveLocation& location, std::stop_token stop) = 0;
};

}  // namespace repopulse
