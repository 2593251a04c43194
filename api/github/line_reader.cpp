#include "github/line_reader.h"

#include <cstring>
#include <utility>

namespace repopulse {
namespace {

constexpr size_t kBufferBytes = 2 * kLineBytesMax;
static_assert(kBufferBytes > kLineBytesMax + 1);

}  // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {
  buffer_.Resize(kBufferBytes);
}

LineReader::LineReader(ByteBuffer whole, int64_t stored_bytes)
    : stored_bytes_(stored_bytes), buffer_(std::move(whole)), end_(buffer_.size()), ended_(true) {}

Result<std::optional<Line>> LineReader::Next(const std::stop_token& stop) {
  if (!source_ && stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  for (;;) {
    const void* newline = std::memchr(buffer_.data() + scanned_, '\n', end_ - scanned_);
    if (newline != nullptr) {
      return std::optional(Take(static_cast<size_t>(static_cast<const char*>(newline) - buffer_.data()) - begin_, 1));
    }
    scanned_ = end_;
    if (end_ - begin_ > kLineBytesMax) {
      skipping_ = true;
      begin_ = scanned_ = end_ = 0;
    }
    if (ended_) {
      if (begin_ == end_ && !skipping_) return std::optional<Line>();
      return std::optional(Take(end_ - begin_, 0));
    }
    if (auto filled = Fill(stop); !filled) return tl::make_unexpected(std::move(filled.error()));
  }
}

Line LineReader::Take(size_t size, size_t end_size) {
  Line line{buffer_.view().substr(begin_, size), skipping_ || size > kLineBytesMax};
  if (line.too_long) line.text = {};
  skipping_ = false;
  begin_ += size + end_size;
  scanned_ = begin_;
  return line;
}

Status LineReader::Fill(const std::stop_token& stop) {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    scanned_ -= begin_;
    begin_ = 0;
  }
  const auto size = source_->Read({buffer_.data() + end_, kBufferBytes - end_}, stop);
  if (!size) return tl::make_unexpected(size.error());
  end_ += *size;
  ended_ = *size == 0;
  return {};
}

int64_t LineReader::stored_bytes_read() const {
  if (source_) return source_->stored_bytes_read();
  if (begin_ == end_) return stored_bytes_;
  return static_cast<int64_t>(static_cast<double>(stored_bytes_) * static_cast<double>(begin_) /
                              static_cast<double>(end_));
}

}  // namespace repopulse
