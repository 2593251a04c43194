#include "http/repository_lookup.h"

#include "base/strings.h"

namespace repopulse::http {
namespace {

constexpr size_t kOwnerSegment = 3;  // behind "api", "v1" and "repos"

// From what events tell of a name, and what is stored of it under another present name.
std::optional<LocatedRepository> LocatedOf(const RepositoryName& name, const std::optional<EventReader::Known>& known,
                                           std::optional<StoredRepository> stored) {
  if (known && known->name == name) return LocatedRepository{known->id, known->name, std::nullopt, std::nullopt};
  if (!known && !stored) return std::nullopt;
  const RepositoryId id = known ? known->id : stored->repository.id;
  LocatedRepository found{id, known ? known->name : stored->repository.name, std::nullopt, std::nullopt};
  if (stored && stored->repository.id == id) found.stored = std::move(stored);
  return found;
}

}  // namespace

Checked<RepositoryName> RepositoryOf(const std::string& owner, const std::string& name) {
  if (auto repository = RepositoryName::Make(owner, name)) return *std::move(repository);
  return Refuse(BadParameters({{"repository", std::string(TruncateUtf8(owner + "/" + name, 150)),
                                "owner/name as on GitHub: letters, digits, '-', '_' and '.'"}}));
}

std::string UnderName(const Request& request, const RepositoryName& present) {
  auto segments = request.segments;
  segments.at(kOwnerSegment) = present.owner();
  segments.at(kOwnerSegment + 1) = present.name();
  std::string target;
  for (const std::string& segment : segments) target += "/" + PercentEncode(segment);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    target += separator + PercentEncode(name) + "=" + PercentEncode(value);
    separator = '&';
  }
  return target;
}

Result<std::vector<std::optional<LocatedRepository>>> FindRepositories(const Services& services,
                                                                       const std::vector<RepositoryName>& names) {
  auto stored = services.repositories.FindByNames(names);
  if (!stored) return tl::make_unexpected(std::move(stored.error()));
  std::vector<std::optional<LocatedRepository>> located(names.size());
  std::vector<RepositoryName> others;
  for (size_t i = 0; i < names.size(); ++i) {
    std::optional<StoredRepository>& one = (*stored)[i];
    if (one && one->repository.name == names[i]) {
      located[i] = {one->repository.id, one->repository.name, std::move(one), std::nullopt};
    } else {
      others.push_back(names[i]);
    }
  }
  if (others.empty()) return located;
  // A repository that only events told of may have taken the name over since.
  auto known = services.events.FindRepositories(others);
  if (!known) return tl::make_unexpected(std::move(known.error()));
  auto next = known->begin();
  for (size_t i = 0; i < names.size(); ++i) {
    if (!located[i]) located[i] = LocatedOf(names[i], *next++, std::move((*stored)[i]));
  }
  return located;
}

Result<LocatedRepository> Locate(const Services& services, const Request& request, const RepositoryName& name) {
  auto found = FirstOf(FindRepositories(services, {name}));
  if (!found) return tl::make_unexpected(std::move(found.error()));
  if (!*found) return Fail(ErrorCode::kNotFound, "The repository " + name.full() + " is not known here.");
  LocatedRepository located = **std::move(found);
  if (!(located.name == name)) located.moved = services.builder.Moved(UnderName(request, located.name));
  return located;
}

}  // namespace repopulse::http
