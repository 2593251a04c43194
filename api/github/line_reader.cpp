#include "github/line_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "github/event_parser.h"

namespace repopulse {
namespace {

constexpr size_t kBufferBytes = 2 * kLineBytesMax;
constexpr size_t kReadBytes =
    256 * 1024;  // at once, so that lines are still in the processor's cache when they are parsed
static_assert(kBufferBytes > kLineBytesMax + 1);

}  // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes + kJsonPadding)) {}

Result<std::optional<Line>> LineReader::Next(const std::stop_token& stop) {
  for (;;) {
    const void* newline = std::memchr(buffer_.get() + scanned_, '\n', end_ - scanned_);
    if (newline != nullptr) {
      return std::optional(Take(static_cast<size_t>(static_cast<const char*>(newline) - buffer_.get()) - begin_, 1));
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
  Line line{std::string_view(buffer_.get() + begin_, size), skipping_ || size > kLineBytesMax};
  if (line.too_long) line.text = {};
  skipping_ = false;
  begin_ += size + end_size;
  scanned_ = begin_;
  return line;
}

Status LineReader::Fill(const std::stop_token& stop) {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    scanned_ -= begin_;
    begin_ = 0;
  }
  const auto size = source_->Read({buffer_.get() + end_, std::min(kReadBytes, kBufferBytes - end_)}, stop);
  if (!size) return tl::make_unexpected(size.error());
  end_ += *size;
  ended_ = *size == 0;
  return {};
}

}  // namespace repopulse
