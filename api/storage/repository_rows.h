// How a repository stands in a row: the one list of its columns, for reading and for writing many at once.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/repository.h"
#include "storage/connection.h"

namespace repopulse {

// Of `repositories` under the alias r, in the order ReadRepository() expects.
inline constexpr std::string_view kRepositoryColumns =
    "r.id, r.full_name, r.html_url, r.description, r.language, r.license, r.fork, r.archived, r.stargazers_count, "
    "r.forks_count, r.open_issues_count, r.created_at, r.updated_at, r.pushed_at";
inline constexpr size_t kRepositoryColumnCount = 14;

// The repository in the row's first columns; none where its name is not one, which only a foreign hand can have
// written.
std::optional<Repository> ReadRepository(const Row& row);

// Adds its columns, in the same order, to a statement's parameters. It must outlive them. What no column holds is cut.
void AppendRepository(std::vector<Value>& parameters, const Repository& repository, const std::string& full_name);

// Behind an INSERT of kRepositoryColumns and fetched_at into `repositories`: older news never overwrite newer.
// fetched_at comes last: the assignments are made in this order, and all others compare with what it was.
extern const std::string_view kNewerRepositoryWins;
// Behind an INSERT of (name, repository_id, seen_at) into `repository_names`: whoever was seen with a name
// last is its present holder. seen_at comes last, as above.
extern const std::string_view kNewerHolderWins;

// "(?, ?), (?, ?)": `rows` groups of `columns` placeholders.
std::string Placeholders(size_t rows, size_t columns);

// "(?, ?, ?)" for `column IN`, and the ids added to the parameters: one to kIdListMax of them. A list has one of a few
// lengths, so that few statements are prepared; it is filled up with the last id.
inline constexpr size_t kIdListMax = 500;
std::string IdList(std::span<const RepositoryId> ids, std::vector<Value>& parameters);
// The same for parameters that are there already, from `begin` on.
std::string FilledList(std::vector<Value>& parameters, size_t begin);

// Calls ask(group), which returns a Status, for one part of them after the other that fits into a list, until one
// fails.
template <class Range, class Ask>
Status InGroups(const Range& all, const Ask& ask) {
  for (std::span left(all); !left.empty();) {
    const auto group = left.first(std::min(kIdListMax, left.size()));
    if (auto asked = ask(group); !asked) return asked;
    left = left.subspan(group.size());
  }
  return {};
}
// Each once, by id.
std::vector<RepositoryId> Distinct(std::vector<RepositoryId> ids);

}  // namespace repopulse
