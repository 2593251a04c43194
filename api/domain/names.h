// The names people type: topics and repositories, parsed once at the edge; inside they are valid.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace repopulse {

// GitHub's rule: 1 to 50 lower-case letters, digits and hyphens, not starting with a hyphen. Upper case is folded.
class TopicName {
 public:
  static std::optional<TopicName> Parse(std::string_view text);
  [[nodiscard]] const std::string& str() const { return text_; }
  auto operator<=>(const TopicName&) const = default;

 private:
  explicit TopicName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// "owner/name". The owner has at most 39 letters, digits and hyphens (and '_' of enterprise accounts); the name at most
// 100 letters, digits, '.', '_' and '-', and is neither "." nor "..". Compared without regard to case.
class RepositoryName {
 public:
  static std::optional<RepositoryName> Parse(std::string_view full_name);
  static std::optional<RepositoryName> Make(std::string_view owner, std::string_view name);
  [[nodiscard]] const std::string& owner() const { return owner_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string full() const { return owner_ + "/" + name_; }
  bool operator==(const RepositoryName& other) const;

 private:
  RepositoryName(std::string owner, std::string name) : owner_(std::move(owner)), name_(std::move(name)) {}
  std::string owner_;
  std::string name_;
};

}  // namespace repopulse
