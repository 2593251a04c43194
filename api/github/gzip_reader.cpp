#include "github/gzip_reader.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <new>
#include <vector>

namespace repopulse {
namespace {

constexpr size_t kPackedBlockBytes = 128 * 1024;
constexpr size_t kFirstGuessBytes = 1024 * 1024;
constexpr int kGzipWindowBits = 16 + MAX_WBITS;  // expect gzip's header and check its sum

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

tl::unexpected<Error> Damaged(const std::string& why) { return Fail(ErrorCode::kMalformed, "damaged gzip: " + why); }

// The last four bytes are the last member's size (modulo 2^32): a guess that is right for files of one member.
size_t GuessedSize(std::string_view packed) {
  if (packed.size() < 18) return kFirstGuessBytes;
  size_t size = 0;
  for (size_t i = 1; i <= 4; ++i) size = size << 8 | static_cast<unsigned char>(packed[packed.size() - i]);
  return size;
}

class GunzipSource final : public ByteSource {
 public:
  explicit GunzipSource(std::unique_ptr<ByteSource> packed) : packed_(std::move(packed)), block_(kPackedBlockBytes) {
    if (inflateInit2(&stream_, kGzipWindowBits) != Z_OK) throw std::bad_alloc();
  }
  ~GunzipSource() override { inflateEnd(&stream_); }
  GunzipSource(const GunzipSource&) = delete;
  GunzipSource& operator=(const GunzipSource&) = delete;

  Result<size_t> Read(std::span<char> out, const std::stop_token& stop) override {
    if (error_) return tl::make_unexpected(*error_);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(out.size(), 1U << 30));
    const uInt room = stream_.avail_out;
    while (stream_.avail_out == room && !ended_) {
      if (auto step = Step(stop); !step) return Failed(std::move(step.error()));
    }
    return room - stream_.avail_out;
  }

  [[nodiscard]] int64_t stored_bytes_read() const override { return packed_->stored_bytes_read() - stream_.avail_in; }

 private:
  Status Step(const std::stop_token& stop) {
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
    stream_.next_in = reinterpret_cast<Bytef*>(block_.data());
    stream_.avail_in = static_cast<uInt>(*size);
    return {};
  }

  Status Inflate() {
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      in_member_ = false;
      return {};
    }
    if (code == Z_OK || code == Z_BUF_ERROR) return {};
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    return Damaged(stream_.msg != nullptr ? stream_.msg : "it cannot be unpacked");
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
    }
    ++members_;
    in_member_ = true;
    inflateReset(&stream_);
    return {};
  }

  tl::unexpected<Error> Failed(Error error) {
    error_ = error;
    return tl::make_unexpected(std::move(error));
  }

  const std::unique_ptr<ByteSource> packed_;
  std::vector<char> block_;
  z_stream stream_{};
  std::optional<Error> error_;
  int64_t members_ = 0;
  bool in_member_ = false;
  bool padding_ = false;
  bool ended_ = false;
};

// One member behind what `out` already holds (`used` bytes of it), which grows up to `bytes_max`.
struct Member {
  libdeflate_result result = LIBDEFLATE_BAD_DATA;
  size_t packed_bytes = 0;
  size_t bytes = 0;
};

Member Unpack(libdeflate_decompressor* decompressor, std::string_view packed, ByteBuffer& out, size_t used,
              size_t bytes_max) {
  for (;;) {
    Member member;
    member.result = libdeflate_gzip_decompress_ex(decompressor, packed.data(), packed.size(), out.data() + used,
                                                  out.size() - used, &member.packed_bytes, &member.bytes);
    if (member.result != LIBDEFLATE_INSUFFICIENT_SPACE || out.size() == bytes_max) return member;
    out.Resize(std::min(bytes_max, std::max(out.size() * 2, kFirstGuessBytes)));
  }
}

}  // namespace

bool StartsLikeGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

Result<std::optional<ByteBuffer>> GunzipWhole(std::string_view packed, size_t bytes_max) {
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(libdeflate_alloc_decompressor());
  if (!decompressor) throw std::bad_alloc();
  ByteBuffer out;
  size_t used = 0;
  bool first = true;
  while (first || packed.find_first_not_of('\0') != std::string_view::npos) {
    if (first) out.Resize(std::min(bytes_max, GuessedSize(packed)));
    first = false;
    const Member member = Unpack(decompressor.get(), packed, out, used, bytes_max);
    if (member.result == LIBDEFLATE_INSUFFICIENT_SPACE) return std::optional<ByteBuffer>();
    if (member.result != LIBDEFLATE_SUCCESS) return Damaged("it cannot be unpacked, or its check sum is wrong");
    packed.remove_prefix(member.packed_bytes);
    used += member.bytes;
  }
  out.Resize(used);
  return std::optional(std::move(out));
}

std::unique_ptr<ByteSource> GunzipStream(std::unique_ptr<ByteSource> packed) {
  return std::make_unique<GunzipSource>(std::move(packed));
}

}  // namespace repopulse
