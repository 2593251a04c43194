#include "github/gzip_reader.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace repopulse {
namespace {

constexpr size_t kPackedBlockBytes = 128 * 1024;
constexpr size_t kReadBytesMax = 1U << 30;  // the library counts in 32 bits

tl::unexpected<Error> Damaged(const std::string& why) { return Fail(ErrorCode::kMalformed, "damaged gzip: " + why); }

class GunzipSource final : public ByteSource {
 public:
  explicit GunzipSource(std::unique_ptr<ByteSource> packed) : packed_(std::move(packed)), block_(kPackedBlockBytes) {
    isal_inflate_init(&stream_);
    stream_.crc_flag = ISAL_GZIP;  // expect gzip's header and check its sum
  }

  Result<size_t> Read(std::span<char> out, const std::stop_token& stop) override {
    if (error_) return tl::make_unexpected(*error_);
    stream_.next_out = reinterpret_cast<uint8_t*>(out.data());
    stream_.avail_out = static_cast<uint32_t>(std::min(out.size(), kReadBytesMax));
    const uint32_t room = stream_.avail_out;
    while (stream_.avail_out == room && !ended_) {
      if (auto step = Step(stop); !step) {
        error_ = step.error();
        return tl::make_unexpected(std::move(step.error()));
      }
    }
    return room - stream_.avail_out;
  }

  [[nodiscard]] int64_t stored_bytes_read() const override { return packed_->stored_bytes_read() - stream_.avail_in; }

 private:
  Status Step(const std::stop_token& stop) {
    // The library holds back some of what it was given, so a member may go on with nothing more to give.
    if (in_member_ && !needs_more_) return Inflate();
    if (stream_.avail_in == 0) {
      if (auto filled = Fill(stop); !filled) return filled;
      if (stream_.avail_in == 0) {
        ended_ = true;
        if (in_member_) return Damaged("it ends before its time");
        return {};
      }
    }
    return in_member_ ? Inflate() : Begin();
  }

  Status Fill(const std::stop_token& stop) {
    const auto size = packed_->Read(block_, stop);
    if (!size) return tl::make_unexpected(size.error());
    stream_.next_in = reinterpret_cast<uint8_t*>(block_.data());
    stream_.avail_in = static_cast<uint32_t>(*size);
    return {};
  }

  Status Inflate() {
    const uint32_t room = stream_.avail_out;
    const int code = isal_inflate(&stream_);
    if (code < 0) return Damaged("it cannot be unpacked, or its check sum is wrong");
    in_member_ = stream_.block_state != ISAL_BLOCK_FINISH;
    needs_more_ = stream_.avail_in == 0 && stream_.avail_out == room;
    return {};
  }

  // Between two members: the next one, or padding.
  Status Begin() {
    if (members_ > 0) {
      while (stream_.avail_in > 0 && *stream_.next_in == 0) {
        ++stream_.next_in;
        --stream_.avail_in;
        padding_ = true;
      }
      if (stream_.avail_in == 0) return {};
      if (padding_) return Damaged("something follows its end");
      isal_inflate_reset(&stream_);
    }
    ++members_;
    in_member_ = true;
    needs_more_ = false;
    return {};
  }

  const std::unique_ptr<ByteSource> packed_;
  std::vector<char> block_;
  inflate_state stream_{};
  std::optional<Error> error_;
  int64_t members_ = 0;
  bool in_member_ = false;
  bool needs_more_ = false;  // nothing comes of what the library has
  bool padding_ = false;
  bool ended_ = false;
};

}  // namespace

bool StartsLikeGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::unique_ptr<ByteSource> GunzipStream(std::unique_ptr<ByteSource> packed) {
  return std::make_unique<GunzipSource>(std::move(packed));
}

}  // namespace repopulse
