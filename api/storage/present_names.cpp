#include "storage/present_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "storage/repository_rows.h"

namespace repopulse {
namespace {

// What is known of a repository itself follows the events (event_names.h).
constexpr std::string_view kDescribed = "SELECT id, full_name FROM repositories WHERE id IN {}";
// A repository has a name for each of its types, and hardly ever two that differ: one row each, and only where they do
// all of them.
constexpr std::string_view kToldFirstAndLast = R"(
  SELECT repository_id, MIN(full_name), MAX(full_name) FROM event_repository_totals
  WHERE repository_id IN {} AND full_name <> ''
  GROUP BY repository_id)";
constexpr std::string_view kTold = R"(
  SELECT repository_id, full_name FROM event_repository_totals
  WHERE repository_id IN {} AND full_name <> ''
  ORDER BY last_at, type_id)";
constexpr std::string_view kHolders = "SELECT name, repository_id FROM repository_names WHERE name IN {}";

Status ReadDescribed(Connection& db, std::span<const RepositoryId> ids, NamesById& names) {
  std::vector<Value> values;
  const std::string list = IdList(ids, values);
  return db.Query(fmt::format(kDescribed, list), values, [&](const Row& row) {
    if (auto name = RepositoryName::Parse(row.Text(1)))
      names.insert_or_assign(RepositoryId{row.Int(0)}, *std::move(name));
  });
}

// As the newest event that told one did.
Result<NamesById> ReadTold(Connection& db, std::span<const RepositoryId> ids) {
  NamesById told;
  const auto take = [&](RepositoryId id, const std::string& text) {
    if (auto name = RepositoryName::Parse(text)) told.insert_or_assign(id, *std::move(name));
  };
  std::vector<RepositoryId> with_several;
  std::vector<Value> values;
  const std::string list = IdList(ids, values);
  auto read = db.Query(fmt::format(kToldFirstAndLast, list), values, [&](const Row& row) {
    const RepositoryId id{row.Int(0)};
    const std::string first = row.Text(1);
    if (first == row.Text(2)) {
      take(id, first);
    } else {
      with_several.push_back(id);
    }
  });
  if (read && !with_several.empty()) {
    values.clear();
    const std::string those = IdList(with_several, values);
    read = db.Query(fmt::format(kTold, those), values,
                    [&](const Row& row) { take(RepositoryId{row.Int(0)}, row.Text(1)); });
  }
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return told;
}

// Those that nobody else has taken since.
Status KeepHeld(Connection& db, const NamesById& told, NamesById& names) {
  std::unordered_map<std::string, RepositoryId> by_name;
  for (const auto& [id, name] : told) by_name.emplace(ToLowerAscii(name.full()), id);
  std::vector<Value> values;
  for (const auto& [name, id] : by_name) values.emplace_back(name);
  const std::string list = FilledList(values, 0);
  return db.Query(fmt::format(kHolders, list), values, [&](const Row& row) {
    const RepositoryId holder{row.Int(1)};
    const auto one = told.find(holder);
    if (one != told.end() && ToLowerAscii(one->second.full()) == row.Text(0)) {
      names.insert_or_assign(holder, one->second);
    }
  });
}

Status ReadNames(Connection& db, std::span<const RepositoryId> ids, NamesById& names) {
  if (auto read = ReadDescribed(db, ids, names); !read) return read;
  std::vector<RepositoryId> missing;
  std::ranges::copy_if(ids, std::back_inserter(missing), [&](RepositoryId id) { return !names.contains(id); });
  if (missing.empty()) return {};
  const auto told = ReadTold(db, missing);
  if (!told) return tl::make_unexpected(told.error());
  return told->empty() ? Status() : KeepHeld(db, *told, names);
}

}  // namespace

Result<NamesById> PresentNames(Connection& db, std::span<const RepositoryId> ids) {
  NamesById names;
  auto read = InGroups(ids, [&](std::span<const RepositoryId> group) { return ReadNames(db, group, names); });
  if (!read) return WithContext("read names", std::move(read.error()));
  return names;
}

}  // namespace repopulse
