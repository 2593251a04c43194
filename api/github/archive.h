// The port Archive: files on this machine, and hours from GH Archive's server.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "service/archive.h"

namespace repopulse {

struct ArchiveOptions {
  std::string url = "https://data.gharchive.org";  // without a trailing slash; hours are URL/2015-01-01-0.json.gz
  std::string user_agent;
  std::chrono::milliseconds connect{5000};
  std::chrono::milliseconds stall{30000};  // how long the server may send next to nothing
};

// Thread-safe. `clock` must outlive it.
std::unique_ptr<Archive> MakeArchive(ArchiveOptions options, const Clock& clock);

}  // namespace repopulse
