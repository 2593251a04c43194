// Small pure functions on text. ASCII rules only: names on GitHub and HTTP tokens are ASCII.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace repopulse {

std::string ToLowerAscii(std::string_view text);
bool EqualsIgnoreCaseAscii(std::string_view a, std::string_view b);
std::string_view TrimSpace(std::string_view text);

// The parts between separators, empty ones included: "a,,b" has three.
std::vector<std::string_view> Split(std::string_view text, char separator);
// The parts between runs of white space and commas, empty ones left out.
std::vector<std::string_view> SplitWords(std::string_view text);

// The whole text as a decimal integer, or nothing; no leading '+', no space.
template <class Int>
std::optional<Int> ParseInteger(std::string_view text) {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// %XX decoded; nothing where an escape is broken or gives a NUL. `plus_is_space` for query strings.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);
// Everything but RFC 3986's unreserved characters as %XX.
std::string PercentEncode(std::string_view text);

// RFC 4648, section 5, without padding. Decoding takes only what encoding writes.
std::string Base64UrlEncode(std::string_view bytes);
std::optional<std::string> Base64UrlDecode(std::string_view text);

// Valid UTF-8 as is; each byte that is not, replaced by U+FFFD.
std::string SanitizeUtf8(std::string_view text);
// At most `bytes_max` bytes, cut between two characters.
std::string_view TruncateUtf8(std::string_view text, size_t bytes_max);

// Takes the same time wherever the two differ (their length is not kept secret).
bool EqualsConstantTime(std::string_view a, std::string_view b);

}  // namespace repopulse
