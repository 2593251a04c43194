// What the parsers of GitHub's JSON share: text that is safe to keep, and reading on past a value that cannot be read.
// Included by .cpp files only, as simdjson.h takes long to compile.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace repopulse {

// As GitHub has it, spaces and an empty text too; valid UTF-8 without control characters, cut to size.
std::string CleanText(std::string_view text, size_t bytes_max);

// One value's fault (half of a surrogate pair, a number beyond 64 bits) and not the whole text's.
bool IsOneValuesFault(simdjson::error_code error);

// Whether nothing follows the document's value, once that was read to its end.
bool IsReadToItsEnd(simdjson::ondemand::document& document);

// Bytes that are not UTF-8 are replaced in `body` before it is read.
simdjson::error_code ParseSanitized(simdjson::dom::parser& parser, std::string& body, simdjson::dom::element& root);

// Calls `use` with each element's own text, so that a faulty one costs no other; simdjson may read some bytes beyond
// that text. `use` returns whether to go on. False where that or the array itself says no.
template <class Use>
bool ForEachElement(simdjson::ondemand::array& array, Use use) {
  for (auto element : array) {
    simdjson::ondemand::value value;
    std::string_view text;
    if (element.get(value) != simdjson::SUCCESS || simdjson::to_json_string(value).get(text) != simdjson::SUCCESS ||
        !use(TrimSpace(text))) {
      return false;
    }
  }
  return true;
}

}  // namespace repopulse
