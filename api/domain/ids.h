// Small strong types for identities: two of them cannot be mixed up, and each is what it is in the database.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace repopulse {

template <class Tag>
struct Id {
  int64_t value = 0;
  auto operator<=>(const Id&) const = default;
};

using RepositoryId = Id<struct RepositoryTag>;  // GitHub's own, for life
using TopicId = Id<struct TopicTag>;            // ours
using JobId = Id<struct JobTag>;                // ours
using SweepId = Id<struct SweepTag>;            // ours

}  // namespace repopulse

template <class Tag>
struct std::hash<repopulse::Id<Tag>> {
  size_t operator()(repopulse::Id<Tag> id) const noexcept { return std::hash<int64_t>{}(id.value); }
};
