// The migrations as files: db/migrations/NNNN_name.up.sql and NNNN_name.down.sql.
//
// A statement ends with `;` at the end of a line; lines that begin with `--` are comments. So no statement may hold a
// line that ends with `;` inside it (db/migrations/README.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace repopulse {

struct Migration {
  int version = 0;
  std::string name;
  std::string checksum;  // of the up file
  std::vector<std::string> up;
  std::vector<std::string> down;
};

// In ascending order from 1 without a gap, each with both files; else kInvalidArgument, naming the file.
Result<std::vector<Migration>> ReadMigrations(const std::filesystem::path& folder);

std::vector<std::string> SplitStatements(std::string_view sql);

}  // namespace repopulse
