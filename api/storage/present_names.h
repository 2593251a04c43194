// The names by which repositories are known now.
#pragma once

#include <span>
#include <unordered_map>

#include "domain/ids.h"
#include "domain/names.h"
#include "storage/connection.h"

namespace repopulse {

using NamesById = std::unordered_map<RepositoryId, RepositoryName>;

// The name seen last of each that is known at all, as GitHub or an event spelled it. One that has passed to another
// repository is its former holder's no more, so no two have the same.
Result<NamesById> PresentNames(Connection& db, std::span<const RepositoryId> ids);

}  // namespace repopulse
