// What `repopulse import` is told to read: files, folders, hours and ranges of hours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "service/archive.h"

namespace repopulse {

// The longest range of hours: 31 days.
inline constexpr size_t kImportHoursMax = size_t{31} * 24;

struct ImportArguments {
  std::vector<ArchiveLocation> locations;  // in the order given; a folder's files by name; each once
  bool only_tracked = false;
  bool json = false;
};

// kInvalidArgument: the sentence says which word is wrong and what is right. What looks like an hour and is the name of
// a file, is the file. A file that does not exist is left for the import to report.
Result<ImportArguments> ParseImportArguments(const std::vector<std::string>& words);

}  // namespace repopulse
