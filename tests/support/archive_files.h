// Files of GH Archive for tests: lines of events, packed as the archive packs them, in a folder that is removed.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/encode.h"
#include "service/archive.h"

namespace repopulse::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "repopulse-test-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::filesystem::path path() const { return path_; }
  [[nodiscard]] std::filesystem::path Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string EventLine(int64_t id, int64_t repository = 7) {
  return R"({"id":")" + std::to_string(id) +
         R"(","type":"WatchEvent","actor":{"id":1,"login":"octocat"},"repo":{"id":)" + std::to_string(repository) +
         R"(,"name":"octocat/hello"},"payload":{"action":"started"},"public":true,)" +
         R"("created_at":"2015-01-01T00:00:01Z"})" + "\n";
}

inline std::string EventLines(int64_t first, int64_t count) {
  std::string lines;
  for (int64_t id = first; id < first + count; ++id) lines += EventLine(id);
  return lines;
}

// As the archives of 2011 to 2014 have it.
inline std::string OldEventLine() {
  return R"({"created_at":"2013-05-01T00:00:00-07:00","payload":{"size":1},"public":true,"type":"PushEvent",)"
         R"("url":"https://github.com/a/b","actor":"octocat","repository":{"id":5,"name":"b","owner":"a"}})"
         "\n";
}

// All batches of a file put together, and how it ended.
struct WholeReading {
  ArchiveBatch sum;
  size_t batches = 0;
  Status status;
};

inline WholeReading ReadWhole(ArchiveFile& file, ArchiveReading reading = {}) {
  WholeReading whole;
  whole.status = file.Begin(std::move(reading));
  while (whole.status && !whole.sum.end) {
    auto batch = file.Next();
    if (!batch) {
      whole.status = tl::make_unexpected(batch.error());
      break;
    }
    ++whole.batches;
    auto& sum = whole.sum;
    std::move(batch->events.begin(), batch->events.end(), std::back_inserter(sum.events));
    std::move(batch->bad_lines.begin(), batch->bad_lines.end(), std::back_inserter(sum.bad_lines));
    sum.lines += batch->lines;
    sum.skipped += batch->skipped;
    sum.other_format += batch->other_format;
    sum.bad += batch->bad;
    EXPECT_GE(batch->bytes_read, sum.bytes_read);
    sum.bytes_read = batch->bytes_read;
    sum.end = batch->end;
  }
  return whole;
}

}  // namespace repopulse::test
