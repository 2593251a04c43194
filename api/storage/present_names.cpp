#include "storage/present_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/repository_rows.h"

namespace repopulse {
namespace {

// A name that passed to another repository is no row of its former holder's any more.
constexpr std::string_view kNames = R"(
  SELECT n.repository_id, COALESCE(n.full_name, IF(LOWER(r.full_name) = n.name, r.full_name, n.name))
  FROM repository_names n LEFT JOIN repositories r ON r.id = n.repository_id
  WHERE n.repository_id IN {}
  ORDER BY n.seen_at, n.name)";
constexpr std::string_view kDescribed = "SELECT id, full_name FROM repositories WHERE id IN {}";

Status ReadNames(Connection& db, std::string_view sql, std::span<const RepositoryId> ids, NamesById& names) {
  std::vector<Value> values;
  const std::string list = IdList(ids, values);
  return db.Query(fmt::format(fmt::runtime(sql), list), values, [&](const Row& row) {
    if (auto name = RepositoryName::Parse(row.Text(1))) {
      names.insert_or_assign(RepositoryId{row.Int(0)}, *std::move(name));
    }
  });
}

}  // namespace

Result<NamesById> PresentNames(Connection& db, std::span<const RepositoryId> ids) {
  NamesById names;
  for (size_t begin = 0; begin < ids.size(); begin += kIdListMax) {
    const auto part = ids.subspan(begin, std::min(kIdListMax, ids.size() - begin));
    auto read = ReadNames(db, kNames, part, names);
    std::vector<RepositoryId> missing;
    std::ranges::copy_if(part, std::back_inserter(missing), [&](RepositoryId id) { return !names.contains(id); });
    if (read && !missing.empty()) read = ReadNames(db, kDescribed, missing, names);
    if (!read) return WithContext("read names", std::move(read.error()));
  }
  return names;
}

}  // namespace repopulse
