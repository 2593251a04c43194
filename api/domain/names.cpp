#include "domain/names.h"

#include <algorithm>

#include "base/strings.h"

namespace repopulse {
namespace {

constexpr size_t kTopicSizeMax = 50;
constexpr size_t kOwnerSizeMax = 39;
constexpr size_t kNameSizeMax = 100;

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool IsOwner(std::string_view text) {
  return !text.empty() && text.size() <= kOwnerSizeMax &&
         std::ranges::all_of(text, [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_'; });
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kNameSizeMax && text != "." && text != ".." &&
         std::ranges::all_of(text, [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace

std::optional<TopicName> TopicName::Parse(std::string_view text) {
  std::string name = ToLowerAscii(text);
  const bool valid = !name.empty() && name.size() <= kTopicSizeMax && name[0] != '-' &&
                     std::ranges::all_of(name, [](char c) { return IsAlphanumeric(c) || c == '-'; });
  if (!valid) return std::nullopt;
  return TopicName(std::move(name));
}

std::optional<RepositoryName> RepositoryName::Parse(std::string_view full_name) {
  const size_t slash = full_name.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return Make(full_name.substr(0, slash), full_name.substr(slash + 1));
}

std::optional<RepositoryName> RepositoryName::Make(std::string_view owner, std::string_view name) {
  if (!IsOwner(owner) || !IsName(name)) return std::nullopt;
  return RepositoryName(std::string(owner), std::string(name));
}

bool RepositoryName::operator==(const RepositoryName& other) const {
  return EqualsIgnoreCaseAscii(owner_, other.owner_) && EqualsIgnoreCaseAscii(name_, other.name_);
}

}  // namespace repopulse
