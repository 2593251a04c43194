// SHA-256 (FIPS 180-4), for what others check against a digest: the hashes in a Content-Security-Policy.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace repopulse {

std::array<uint8_t, 32> Sha256(std::string_view bytes);

// RFC 4648, section 4, with padding.
std::string Base64Encode(std::string_view bytes);

}  // namespace repopulse
