// URLs as libcurl reads them, so that what is checked is what will be connected to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace repopulse {

// "scheme://host:port" in lower case, the port always given. Nothing where it is not an absolute http or https URL, or
// where it carries a user name.
std::optional<std::string> OriginOf(std::string_view url);

// What `reference` (absolute or relative, as in a Location header) means on the page `base`.
std::optional<std::string> ResolveUrl(std::string_view base, std::string_view reference);

// Whether its host is this machine by name or address: such a request is never for a proxy.
bool IsLoopback(std::string_view url);

}  // namespace repopulse
