#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "base/encode.h"
#include "github/gzip_reader.h"
#include "github/line_reader.h"
#include "service/archive.h"
#include "support/samples.h"

namespace repopulse::test {
namespace {

// Gives its bytes in pieces of a given size, and then ends or fails.
class PiecewiseSource final : public ByteSource {
 public:
  explicit PiecewiseSource(std::string bytes, size_t piece = 3, std::optional<ErrorCode> error = std::nullopt)
      : bytes_(std::move(bytes)), piece_(piece), error_(error) {}
  Result<size_t> Read(std::span<char> out, const std::stop_token&) override {
    const size_t size = std::min({piece_, out.size(), bytes_.size() - taken_});
    if (size == 0 && error_) return Fail(*error_, "as told");
    std::memcpy(out.data(), bytes_.data() + taken_, size);
    taken_ += size;
    return size;
  }
  [[nodiscard]] int64_t stored_bytes_read() const override { return static_cast<int64_t>(taken_); }

 private:
  const std::string bytes_;
  const size_t piece_;
  const std::optional<ErrorCode> error_;
  size_t taken_ = 0;
};

std::string Noise(size_t size) {
  std::mt19937 random(7);
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>('a' + random() % 7);
  return noise;
}

// The bytes, or the error's code.
struct Unpacked {
  std::optional<std::string> bytes;
  ErrorCode error = ErrorCode::kInternal;
};

Unpacked Unpack(const std::string& packed, size_t piece, size_t block_bytes) {
  const auto stream = GunzipStream(std::make_unique<PiecewiseSource>(packed, piece));
  std::string bytes;
  std::string block(block_bytes, '\0');
  for (;;) {
    const auto size = stream->Read(block, {});
    if (!size) {
      EXPECT_FALSE(stream->Read(block, {}));  // and again
      return {std::nullopt, size.error().code};
    }
    if (*size == 0) {
      EXPECT_EQ(stream->stored_bytes_read(), static_cast<int64_t>(packed.size()));
      return {bytes};
    }
    bytes.append(block, 0, *size);
  }
}

// However large the pieces are in which it comes and is asked for.
struct Pieces {
  size_t packed;
  size_t block;
};
constexpr Pieces kPieces[] = {{1, 1000}, {3, 1000}, {100, 7}, {1 << 20, 1 << 20}};

void ExpectUnpacked(const std::string& packed, const std::string& bytes) {
  for (const auto& [piece, block] : kPieces) EXPECT_TRUE(Unpack(packed, piece, block).bytes == bytes) << piece;
}

void ExpectDamaged(const std::string& packed, const std::string& what) {
  for (const auto& [piece, block] : kPieces) {
    EXPECT_EQ(Unpack(packed, piece, block).error, ErrorCode::kMalformed) << what << " " << piece;
  }
}

TEST(Gunzip, UnpacksOneMemberOrManyAndPadding) {
  const std::string text = Noise(100'000);
  ExpectUnpacked(Gzip(text), text);
  ExpectUnpacked(Gzip(""), "");
  ExpectUnpacked(Gzip(text) + Gzip("") + Gzip("b") + Gzip(text), text + "b" + text);
  ExpectUnpacked(Gzip("a") + std::string(1000, '\0'), "a");
  ExpectUnpacked(Gzip("a") + Gzip(text) + std::string(7, '\0'), "a" + text);
}

TEST(Gunzip, NoticesDamage) {
  const std::string good = Gzip(Noise(20'000));
  ExpectDamaged("this is no gzip, but some text", "text");
  ExpectDamaged(good + "more", "text behind");
  ExpectDamaged(good + std::string(3, '\0') + good, "a member behind padding");
  for (const size_t size : {size_t{1}, size_t{5}, size_t{12}, good.size() / 2, good.size() - 8, good.size() - 1}) {
    ExpectDamaged(good.substr(0, size), "cut at " + std::to_string(size));
    ExpectDamaged(good + good.substr(0, size), "second member cut at " + std::to_string(size));
  }
  for (const size_t place : {size_t{0}, size_t{2}, good.size() / 2, good.size() - 7, good.size() - 2}) {
    std::string changed = good;
    changed[place] = static_cast<char>(changed[place] ^ 0x55);
    ExpectDamaged(changed, "changed at " + std::to_string(place));
  }
}

TEST(Gunzip, NeverCrashesOnDamage) {
  const std::string text = Noise(3'000) + std::string(1'000, 'x') + Noise(500);
  const std::string good = Gzip(text);
  std::mt19937 random(11);
  for (int i = 0; i < 3'000; ++i) {
    std::string changed = good;
    for (int k = 0; k <= i % 3; ++k) changed[random() % changed.size()] = static_cast<char>(random());
    if (changed.substr(10) == good.substr(10)) continue;  // the header's time and system are not checked
    const Unpacked unpacked = Unpack(changed, 64, 500);
    EXPECT_TRUE(!unpacked.bytes || *unpacked.bytes == text) << i;
  }
}

TEST(Gunzip, PassesOnWhatItsSourceSays) {
  const std::string packed = Gzip(Noise(20'000));
  const auto stream = GunzipStream(
      std::make_unique<PiecewiseSource>(packed.substr(0, packed.size() / 2), 100, ErrorCode::kUnavailable));
  std::string block(1000, '\0');
  size_t bytes = 0;
  Result<size_t> size = 0;
  while ((size = stream->Read(block, {}))) bytes += *size;
  EXPECT_EQ(size.error().code, ErrorCode::kUnavailable);
  EXPECT_GT(bytes, 5000u);
}

std::vector<std::string> LinesOf(LineReader reader) {
  std::vector<std::string> lines;
  for (;;) {
    const auto line = reader.Next({});
    EXPECT_TRUE(line);
    if (!line || !*line) return lines;
    lines.push_back((*line)->too_long ? "too long" : std::string((*line)->text));
  }
}

std::vector<std::string> LinesOf(const std::string& text, size_t piece = 3) {
  return LinesOf(LineReader(std::make_unique<PiecewiseSource>(text, piece)));
}

TEST(LineReader, GivesEveryLineWithoutItsEnd) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(LinesOf(""), Lines{});
  EXPECT_EQ(LinesOf("\n"), Lines{""});
  EXPECT_EQ(LinesOf("a"), Lines{"a"});
  EXPECT_EQ(LinesOf("a\n"), Lines{"a"});
  EXPECT_EQ(LinesOf("first\n\nthird\r\nlast"), (Lines{"first", "", "third\r", "last"}));
}

TEST(LineReader, LeavesOutLinesThatAreTooLong) {
  const std::string longest(kLineBytesMax, 'x');
  const std::string expected_long = "too long";
  for (const size_t piece : {size_t{100'000}, size_t{1} << 20, size_t{1} << 30}) {
    EXPECT_EQ(LinesOf(longest + "\nb", piece), (std::vector<std::string>{longest, "b"}));
    for (const size_t size : {kLineBytesMax + 1, 2 * kLineBytesMax - 1, 2 * kLineBytesMax, 5 * kLineBytesMax}) {
      const std::string text(size, 'x');
      EXPECT_EQ(LinesOf("a\n" + text + "\nb\n" + text, piece),
                (std::vector<std::string>{"a", expected_long, "b", expected_long}))
          << size << " " << piece;
    }
  }
}

TEST(LineReader, GivesWholeLinesBeforeAnErrorAndNoPartOfOne) {
  LineReader reader(std::make_unique<PiecewiseSource>("one\ntwo\nthr", 2, ErrorCode::kUnavailable));
  EXPECT_EQ((*reader.Next({}))->text, "one");
  EXPECT_EQ((*reader.Next({}))->text, "two");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reader.Next({}).error().code, ErrorCode::kUnavailable);
}

TEST(ArchiveHour, IsWrittenWithoutALeadingZero) {
  EXPECT_EQ(ParseArchiveHour("2015-01-01-0")->begin, At("2015-01-01T00:00:00Z"));
  EXPECT_EQ(ParseArchiveHour("2015-12-31-23")->begin, At("2015-12-31T23:00:00Z"));
  for (const char* text : {"2015-01-01-0", "2015-01-01-9", "2020-02-29-10", "2026-12-31-23"}) {
    ASSERT_TRUE(ParseArchiveHour(text)) << text;
    EXPECT_EQ(ToString(*ParseArchiveHour(text)), text);
  }
  for (const char* text : {"", "-", "2015-01-01", "2015-01-01-", "2015-01-01-24", "2015-01-01-00", "2015-01-01-07",
                           "2015-01-01--1", "2015-01-01-1x", "2015-13-01-1", "2015-02-29-1", "2015-1-1-1",
                           "2015-01-01-1.json.gz", " 2015-01-01-1", "2015-01-01-+1", "2015-01-01-111"}) {
    EXPECT_FALSE(ParseArchiveHour(text)) << text;
  }
}

}  // namespace
}  // namespace repopulse::test
