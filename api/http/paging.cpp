#include "http/paging.h"

#include "base/encode.h"
#include "base/strings.h"

namespace repopulse::http {
namespace {

constexpr int64_t kPerPageDefault = 30;
constexpr int64_t kPerPageMax = 100;
constexpr size_t kCursorBytesMax = 400;
constexpr char kSeparator = '\x1f';
constexpr size_t kCheckBytes = 8;

// Tells a cursor that was cut or mistyped from a whole one; no secret, so no protection against a forged one.
std::string CheckOf(std::string_view text) { return ContentHash(text).substr(0, kCheckBytes); }

}  // namespace

std::string MakeCursor(std::string_view kind, const std::vector<std::string>& fields) {
  std::string text(kind);
  for (const std::string& field : fields) text += kSeparator + field;
  return Base64UrlEncode(CheckOf(text) + text);
}

std::optional<std::vector<std::string>> ReadCursor(std::string_view kind, size_t fields, std::string_view cursor) {
  const auto decoded = Base64UrlDecode(cursor);
  if (!decoded || decoded->size() < kCheckBytes) return std::nullopt;
  const std::string_view text = std::string_view(*decoded).substr(kCheckBytes);
  if (!decoded->starts_with(CheckOf(text))) return std::nullopt;
  const auto parts = Split(text, kSeparator);
  if (parts.size() != fields + 1 || parts[0] != kind) return std::nullopt;
  return std::vector<std::string>(parts.begin() + 1, parts.end());
}

ListFormat ReadFormat(Params& params) { return ParseListFormat(params.OneOf("format", kListFormats, "json")); }

Paging Paging::Read(Params& params) {
  Paging paging;
  paging.per_page = static_cast<size_t>(params.Integer("per_page", 1, kPerPageMax).value_or(kPerPageDefault));
  paging.format = ReadFormat(params);
  paging.cursor = params.Text("cursor", kCursorBytesMax);
  return paging;
}

std::string Paging::Key() const {
  return "per_page=" + std::to_string(per_page) + "&format=" + ToString(format) + "&cursor=" + cursor.value_or("");
}

std::string LinkToNext(const Request& request, const std::string& cursor) {
  std::string url;
  for (const std::string& segment : request.segments) url += "/" + PercentEncode(segment);
  url += "?";
  for (const auto& [name, value] : request.query) {
    if (name != "cursor") url += PercentEncode(name) + "=" + PercentEncode(value) + "&";
  }
  return "Link: <" + url + "cursor=" + cursor + ">; rel=\"next\"\r\n";
}

}  // namespace repopulse::http
