// Bytes in order, from wherever they come: a file, a download, what was compressed in either.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>

#include "base/result.h"

namespace repopulse {

// Belongs to one thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At least one byte, or 0 at the end; after an error the same error. kUnavailable: what came before is good;
  // kMalformed: damaged; kTimeout; kCancelled (stop requested, within some 200 ms).
  virtual Result<size_t> Read(std::span<char> out, const std::stop_token& stop) = 0;
  // Of what is stored (compressed), up to what was read.
  [[nodiscard]] virtual int64_t stored_bytes_read() const = 0;
};

}  // namespace repopulse
