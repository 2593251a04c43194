#include "storage/migration_files.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <system_error>

#include "base/encode.h"
#include "base/strings.h"

namespace repopulse {
namespace {

constexpr size_t kDigits = 4;

struct Texts {
  std::string name;
  std::optional<std::string> up;
  std::optional<std::string> down;
};

std::optional<std::string> ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return std::nullopt;
  return text;
}

tl::unexpected<Error> Wrong(const std::filesystem::path& path, std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", path.string(), what));
}

// Adds one file to the texts found so far.
Status Take(const std::filesystem::path& path, std::map<int, Texts>& found) {
  const std::string file = path.filename().string();
  const bool up = file.ends_with(".up.sql");
  if (!up && !file.ends_with(".down.sql")) return {};
  const std::string stem = file.substr(0, file.size() - (up ? 7 : 9));
  const auto version = ParseInteger<int>(stem.substr(0, kDigits));
  if (!version || *version < 1 || stem.size() < kDigits + 2 || stem[kDigits] != '_') {
    return Wrong(path, "a migration is called NNNN_name.up.sql or NNNN_name.down.sql");
  }
  Texts& texts = found[*version];
  const std::string name = stem.substr(kDigits + 1);
  if (!texts.name.empty() && texts.name != name) return Wrong(path, "another migration has the same number");
  texts.name = name;
  auto text = ReadText(path);
  if (!text) return Wrong(path, "cannot be read");
  (up ? texts.up : texts.down) = std::move(text);
  return {};
}

}  // namespace

std::vector<std::string> SplitStatements(std::string_view sql) {
  std::vector<std::string> statements;
  std::string current;
  for (std::string_view line : Split(sql, '\n')) {
    const std::string_view trimmed = TrimSpace(line);
    if (trimmed.empty() || trimmed.starts_with("--")) continue;
    const bool ends = trimmed.ends_with(';');
    if (!current.empty()) current += '\n';
    current += ends ? trimmed.substr(0, trimmed.size() - 1) : line;
    if (!ends) continue;
    if (!TrimSpace(current).empty()) statements.push_back(std::move(current));
    current.clear();
  }
  if (!current.empty()) statements.push_back(std::move(current));
  return statements;
}

Result<std::vector<Migration>> ReadMigrations(const std::filesystem::path& folder) {
  std::error_code error;
  std::map<int, Texts> found;
  const std::filesystem::directory_iterator files(folder, error);
  if (error) return Wrong(folder, "cannot be read: " + error.message());
  for (const auto& entry : files) {
    if (auto taken = Take(entry.path(), found); !taken) return tl::make_unexpected(std::move(taken.error()));
  }
  std::vector<Migration> migrations;
  for (auto& [version, texts] : found) {
    if (version != static_cast<int>(migrations.size()) + 1) {
      return Wrong(folder, fmt::format("migration {:04} is missing", migrations.size() + 1));
    }
    if (!texts.up || !texts.down) {
      return Wrong(folder, fmt::format("{:04}_{} needs an up and a down file", version, texts.name));
    }
    migrations.push_back({.version = version,
                          .name = texts.name,
                          .checksum = ContentHash(*texts.up),
                          .up = SplitStatements(*texts.up),
                          .down = SplitStatements(*texts.down)});
  }
  if (migrations.empty()) return Wrong(folder, "has no migrations");
  return migrations;
}

}  // namespace repopulse
