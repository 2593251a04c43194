// Recorded answers of GitHub, which are not part of the project: REPOPULSE_DATA names their folder, by default
// ../shared/data beside the project. Tests that need them skip where they are not there.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "source_dir.h"

namespace repopulse::test {

inline std::filesystem::path RecordedDataFolder() {
  if (const char* folder = std::getenv("REPOPULSE_DATA")) return folder;
  const auto project = std::filesystem::path(REPOPULSE_SOURCE_DIR);
  return project.parent_path() / "shared" / "data";
}

inline std::optional<std::string> RecordedData(const std::string& name) {
  std::ifstream file(RecordedDataFolder() / name, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace repopulse::test
