// The names by which repositories are known now.
#pragma once

#include <span>
#include <unordered_map>

#include "domain/ids.h"
#include "domain/names.h"
#include "storage/connection.h"

namespace repopulse {

using NamesById = std::unordered_map<RepositoryId, RepositoryName>;

// A name that has passed to another repository is its former holder's no more. Finding that out costs as much as the
// names do; in a list, where nobody follows a name to what it means now, it is not worth that.
enum class Holders { kChecked, kAsTold };
// The name seen last of each that is known at all, as GitHub or an event spelled it.
Result<NamesById> PresentNames(Connection& db, std::span<const RepositoryId> ids, Holders holders);

}  // namespace repopulse
