// Gzip (RFC 1952), of any number of members: a whole file at once where it is small, or as a stream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "github/byte_buffer.h"
#include "github/byte_source.h"

namespace repopulse {

bool StartsLikeGzip(std::string_view bytes);

// All of it, checked to its end. kMalformed where it is damaged or ends early; nothing where it would be larger than
// `bytes_max`. Zeros behind the last member are padding.
Result<std::optional<ByteBuffer>> GunzipWhole(std::string_view packed, size_t bytes_max);

// The unpacked bytes of `packed`. Damage is noticed where it is met: what was read of that member before is not yet
// known to be right.
std::unique_ptr<ByteSource> GunzipStream(std::unique_ptr<ByteSource> packed);

}  // namespace repopulse
