// Bytes that never change, and a share in whatever holds them: a copy, and a part of them, cost nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace repopulse {

class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(std::string text)  // NOLINT(google-explicit-constructor): a string is such bytes
      : SharedBytes(std::make_shared<const std::string>(std::move(text))) {}
  SharedBytes(const char* text) : SharedBytes(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  // `bytes` lie in what `holder` keeps alive.
  SharedBytes(std::shared_ptr<const void> holder, std::string_view bytes) : holder_(std::move(holder)), bytes_(bytes) {}

  operator std::string_view() const { return bytes_; }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] std::string_view view() const { return bytes_; }
  [[nodiscard]] std::string str() const { return std::string(bytes_); }
  [[nodiscard]] size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  // As std::string_view::substr.
  [[nodiscard]] SharedBytes Part(size_t begin, size_t size = std::string_view::npos) const {
    return {holder_, bytes_.substr(begin, size)};
  }

  friend bool operator==(const SharedBytes& a, std::string_view b) { return a.bytes_ == b; }

 private:
  explicit SharedBytes(std::shared_ptr<const std::string> text) : bytes_(*text) { holder_ = std::move(text); }

  std::shared_ptr<const void> holder_;
  std::string_view bytes_;
};

}  // namespace repopulse
