#include "http/repository_lookup.h"

#include "base/strings.h"

namespace repopulse::http {
namespace {

constexpr size_t kOwnerSegment = 3;  // behind "api", "v1" and "repos"

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

Result<std::optional<LocatedRepository>> FindRepository(const Services& services, const RepositoryName& name) {
  auto stored = services.repositories.FindByName(name);
  if (!stored) return tl::make_unexpected(std::move(stored.error()));
  if (*stored && (*stored)->repository.name == name) {
    const Repository& repository = (*stored)->repository;
    return LocatedRepository{repository.id, repository.name, **stored, std::nullopt};
  }
  // A repository that only events told of may have taken the name over since.
  auto known = services.events.FindRepository(name);
  if (!known) return tl::make_unexpected(std::move(known.error()));
  if (*known && (*known)->name == name)
    return LocatedRepository{(*known)->id, (*known)->name, std::nullopt, std::nullopt};
  if (!*known && !*stored) return std::optional<LocatedRepository>();
  const RepositoryId id = *known ? (*known)->id : (*stored)->repository.id;
  LocatedRepository found{id, *known ? (*known)->name : (*stored)->repository.name, std::nullopt, std::nullopt};
  if (*stored && (*stored)->repository.id == id) found.stored = **std::move(stored);
  return std::optional(std::move(found));
}

Result<LocatedRepository> Locate(const Services& services, const Request& request, const RepositoryName& name) {
  auto found = FindRepository(services, name);
  if (!found) return tl::make_unexpected(std::move(found.error()));
  if (!*found) return Fail(ErrorCode::kNotFound, "The repository " + name.full() + " is not known here.");
  LocatedRepository located = **std::move(found);
  if (!(located.name == name)) located.moved = services.builder.Moved(UnderName(request, located.name));
  return located;
}

}  // namespace repopulse::http
