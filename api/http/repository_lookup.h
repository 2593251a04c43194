// From the {owner}/{repo} of a path to the repository it names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/handlers.h"

namespace repopulse::http {

// The 400 for what cannot be a repository's name.
Checked<RepositoryName> RepositoryOf(const std::string& owner, const std::string& name);

// The request's path and query with another repository in place of the one that /api/v1/repos/{owner}/{repo} names.
std::string UnderName(const Request& request, const RepositoryName& present);

// Who has the name now, else who had it last. Repositories that only events have told of have no `stored`.
struct LocatedRepository {
  RepositoryId id;
  RepositoryName name;  // the present one
  std::optional<StoredRepository> stored;
  std::optional<Representation> moved;  // to be answered instead: the name is an earlier one
};
// The same of each name, in this order, without an answer for earlier names; none where nobody ever had it. What is
// known of the repository itself is there also under an earlier name.
Result<std::vector<std::optional<LocatedRepository>>> FindRepositories(const Services& services,
                                                                       const std::vector<RepositoryName>& names);
// kNotFound, with a message for clients, where nobody ever had it.
Result<LocatedRepository> Locate(const Services& services, const Request& request, const RepositoryName& name);

}  // namespace repopulse::http
