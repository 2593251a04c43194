// Keyset paging: what a list's page is asked with, and the Link to the next one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/params.h"
#include "http/render.h"

namespace repopulse::http {

// A cursor is opaque to clients: base64url of its fields. `kind` binds it to the list and order it was made for.
std::string MakeCursor(std::string_view kind, const std::vector<std::string>& fields);
std::optional<std::vector<std::string>> ReadCursor(std::string_view kind, size_t fields, std::string_view cursor);

struct Paging {
  size_t per_page = 30;
  ListFormat format = ListFormat::kJson;
  std::optional<std::string> cursor;

  // Reads per_page, format and cursor.
  static Paging Read(Params& params);
  // For the cache key.
  [[nodiscard]] std::string Key() const;
};

// The parameter `format` of a list without pages.
ListFormat ReadFormat(Params& params);

// `Link: <path?query&cursor=…>; rel="next"` with CRLF; `query` as the client gave it, without its cursor.
std::string LinkToNext(const Request& request, const std::string& cursor);

}  // namespace repopulse::http
