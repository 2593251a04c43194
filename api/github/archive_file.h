// An ArchiveFile over any source of lines: a thread reads and parses, at most eight batches ahead of its owner.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "github/line_reader.h"
#include "service/archive.h"

namespace repopulse {

struct ArchiveContent {
  std::string name;
  std::string fingerprint;
  std::optional<int64_t> size_bytes;  // as stored
  LineReader lines;                   // unpacked
  // Reads all of it for damage, beside `lines`; none where there is nothing to find. Not needed where the lines end
  // soon.
  std::function<Status(const std::stop_token&)> check = {};
};

// `now`: events later than a day after it are none. The thread ends with the file, and at a stop.
std::unique_ptr<ArchiveFile> MakeArchiveFile(ArchiveContent content, TimePoint now, std::stop_token stop);

}  // namespace repopulse
