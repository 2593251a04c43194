#include "github/json.h"

namespace repopulse {
namespace {

// C0 without tab and line ends, DEL, and C1 (two bytes in UTF-8).
size_t ControlSize(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte == '\t' || byte == '\n' || byte == '\r') return 0;
  if (byte < 0x20 || byte == 0x7F) return 1;
  const bool c1 = byte == 0xC2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xA0;
  return c1 ? 2 : 0;
}

bool IsPrintableAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::string CleanText(std::string_view text, size_t bytes_max) {
  if (IsPrintableAscii(text)) return std::string(text.substr(0, bytes_max));  // nearly all of them
  const std::string valid = SanitizeUtf8(text);
  std::string clean;
  clean.reserve(valid.size());
  for (size_t i = 0; i < valid.size();) {
    const size_t control = ControlSize(std::string_view(valid).substr(i));
    if (control == 0) clean.push_back(valid[i]);
    i += std::max<size_t>(control, 1);
  }
  clean.resize(TruncateUtf8(clean, bytes_max).size());
  return clean;
}

bool IsOneValuesFault(simdjson::error_code error) {
  return error == simdjson::STRING_ERROR || error == simdjson::NUMBER_ERROR;
}

bool IsReadToItsEnd(simdjson::ondemand::document& document) {
  const char* behind = nullptr;
  return document.current_location().get(behind) == simdjson::OUT_OF_BOUNDS;
}

simdjson::error_code ParseSanitized(simdjson::dom::parser& parser, std::string& body, simdjson::dom::element& root) {
  auto error = parser.parse(body).get(root);
  if (error == simdjson::UTF8_ERROR) {
    body = SanitizeUtf8(body);
    error = parser.parse(body).get(root);
  }
  return error;
}

}  // namespace repopulse
