// The API's own description; api/openapi/ is its source, from which the build makes the function.
#pragma once

#include <string_view>

namespace repopulse::http {

// OpenAPI 3.1 as JSON. Lives as long as the program.
std::string_view OpenApiDocument();

}  // namespace repopulse::http
