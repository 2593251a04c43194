#include "app/import_arguments.h"

#include <algorithm>
#include <filesystem>

namespace repopulse {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kRange = "..";

bool IsArchiveName(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".json.gz") || name.ends_with(".json");
}

// "2015-01-01-9" before "2015-01-01-10", as the hours go; other names by their letters.
bool ComesBefore(const fs::path& a, const fs::path& b) {
  const auto hour_of = [](const fs::path& path) {
    const std::string name = path.filename().string();
    return ParseArchiveHour(std::string_view(name).substr(0, name.find('.')));
  };
  const auto hour_a = hour_of(a);
  const auto hour_b = hour_of(b);
  if (hour_a && hour_b && *hour_a != *hour_b) return hour_a->begin < hour_b->begin;
  return a.filename() < b.filename();
}

Status AddFolder(const fs::path& folder, ImportArguments& arguments) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored) && IsArchiveName(it->path())) files.push_back(it->path());
  }
  if (error) return Fail(ErrorCode::kInvalidArgument, folder.string() + ": " + error.message());
  if (files.empty()) return Fail(ErrorCode::kInvalidArgument, folder.string() + ": no *.json.gz or *.json in it");
  std::ranges::sort(files, ComesBefore);
  arguments.locations.insert(arguments.locations.end(), files.begin(), files.end());
  return {};
}

Status AddRange(const std::string& word, ImportArguments& arguments) {
  const size_t dots = word.find(kRange);
  const auto first = ParseArchiveHour(std::string_view(word).substr(0, dots));
  const auto last = ParseArchiveHour(std::string_view(word).substr(dots + kRange.size()));
  if (!first || !last || last->begin < first->begin) {
    return Fail(ErrorCode::kInvalidArgument,
                word + ": a range of hours is FIRST..LAST, as 2015-01-01-0..2015-01-01-23");
  }
  const auto hours = static_cast<size_t>((last->begin - first->begin) / std::chrono::hours{1}) + 1;
  if (hours > kImportHoursMax) {
    return Fail(ErrorCode::kInvalidArgument, word + ": a range has at most 31 days (744 hours)");
  }
  for (TimePoint hour = first->begin; hour <= last->begin; hour += std::chrono::hours{1}) {
    arguments.locations.emplace_back(ArchiveHour{hour});
  }
  return {};
}

Status AddWord(const std::string& word, ImportArguments& arguments) {
  std::error_code ignored;
  if (fs::is_directory(word, ignored)) return AddFolder(word, arguments);
  const bool is_file = fs::exists(word, ignored);
  const auto hour = ParseArchiveHour(word);
  const bool is_range = word.find(kRange) != std::string::npos && word.find('/') == std::string::npos;
  if (!is_file && !hour && is_range) return AddRange(word, arguments);
  if (!is_file && hour) {
    arguments.locations.emplace_back(*hour);
  } else {
    arguments.locations.emplace_back(fs::path(word));
  }
  return {};
}

void LeaveOutRepetitions(std::vector<ArchiveLocation>& locations) {
  std::vector<ArchiveLocation> once;
  for (ArchiveLocation& location : locations) {
    if (std::ranges::find(once, location) == once.end()) once.push_back(std::move(location));
  }
  locations = std::move(once);
}

}  // namespace

Result<ImportArguments> ParseImportArguments(const std::vector<std::string>& words) {
  ImportArguments arguments;
  bool options = true;
  for (const std::string& word : words) {
    if (options && word == "--") {
      options = false;
    } else if (options && word == "--only-tracked") {
      arguments.only_tracked = true;
    } else if (options && word == "--json") {
      arguments.json = true;
    } else if (word.empty() || (options && word.starts_with("-"))) {
      return Fail(ErrorCode::kInvalidArgument, "'" + word + "' is no option of import");
    } else if (auto added = AddWord(word, arguments); !added) {
      return tl::make_unexpected(std::move(added.error()));
    }
  }
  if (arguments.locations.empty()) return Fail(ErrorCode::kInvalidArgument, "what to import is missing");
  LeaveOutRepetitions(arguments.locations);
  return arguments;
}

}  // namespace repopulse
