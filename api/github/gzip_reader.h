// Gzip (RFC 1952), of any number of members, as a stream.
#pragma once

#include <memory>
#include <string_view>

#include "github/byte_source.h"

namespace repopulse {

bool StartsLikeGzip(std::string_view bytes);

// The unpacked bytes of `packed`. kMalformed where it is damaged or ends early; damage is noticed where it is met: what
// was read of that member before is not yet known to be right. Zeros behind the last member are padding.
std::unique_ptr<ByteSource> GunzipStream(std::unique_ptr<ByteSource> packed);

}  // namespace repopulse
