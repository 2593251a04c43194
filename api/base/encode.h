// What is done once to a body before it is served many times: a validator and a gzip variant.
#pragma once

#include <string>
#include <string_view>

namespace repopulse {

// 32 hexadecimal digits of XXH3-128 over the bytes (not cryptographic: it tells versions apart).
std::string ContentHash(std::string_view bytes);

// RFC 1952. Thread-safe.
std::string Gzip(std::string_view bytes);

}  // namespace repopulse
