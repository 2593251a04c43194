// The lines of a ByteSource, with bounded memory.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

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

  // The next line, the last one with or without its end; nothing behind it. An error comes after all whole lines
  // before it.
  Result<std::optional<Line>> Next(const std::stop_token& stop);
  // Of what is stored, up to what was read for the last line.
  [[nodiscard]] int64_t stored_bytes_read() const { return source_->stored_bytes_read(); }

 private:
  Status Fill(const std::stop_token& stop);
  Line Take(size_t size, size_t end_size);

  std::unique_ptr<ByteSource> source_;
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;    // of the next line
  size_t scanned_ = 0;  // no line ends before
  size_t end_ = 0;      // of what was read
  bool ended_ = false;
  bool skipping_ = false;  // the rest of a line that is too long
};

}  // namespace repopulse
