// The lines of a ByteSource, with bounded memory, or of bytes that are there already.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "github/byte_buffer.h"
#include "github/byte_source.h"

namespace repopulse {

inline constexpr size_t kLineBytesMax = 1024 * 1024;

struct Line {
  std::string_view text;  // without its end; valid until the next call; kJsonPadding bytes behind it are readable
  bool too_long = false;  // more than kLineBytesMax, left out
};

// Belongs to one thread.
class LineReader {
 public:
  explicit LineReader(std::unique_ptr<ByteSource> source);
  // All there is, and of how many stored (compressed) bytes it was made.
  LineReader(ByteBuffer whole, int64_t stored_bytes);

  // The next line, the last one with or without its end; nothing behind it. An error comes after all whole lines
  // before it; kCancelled as soon as a stop is requested.
  Result<std::optional<Line>> Next(const std::stop_token& stop);
  // Of what is stored, up to the last line; of bytes that were unpacked at once, as much as of these.
  [[nodiscard]] int64_t stored_bytes_read() const;

 private:
  Status Fill(const std::stop_token& stop);
  Line Take(size_t size, size_t end_size);

  std::unique_ptr<ByteSource> source_;  // none: all is in the buffer
  int64_t stored_bytes_ = 0;
  ByteBuffer buffer_;
  size_t begin_ = 0;    // of the next line
  size_t scanned_ = 0;  // no line ends before
  size_t end_ = 0;      // of what was read
  bool ended_ = false;
  bool skipping_ = false;  // the rest of a line that is too long
};

}  // namespace repopulse
