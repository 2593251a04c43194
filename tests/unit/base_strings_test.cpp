#include <gtest/gtest.h>
#include <zlib.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/strings.h"

namespace repopulse {
namespace {

using namespace std::string_literals;

constexpr const char* kReplacement = "\xEF\xBF\xBD";  // U+FFFD

TEST(Strings, SplitKeepsEmptyPartsAndSplitWordsDropsThem) {
  EXPECT_EQ(Split("a,,b", ',').size(), 3u);
  EXPECT_EQ(Split("", ',').size(), 1u);
  EXPECT_EQ(SplitWords(" a,\tb ,, c\r\n"), (std::vector<std::string_view>{"a", "b", "c"}));
  EXPECT_TRUE(SplitWords(" , ").empty());
}

TEST(Strings, ParseIntegerTakesTheWholeTextOrNothing) {
  EXPECT_EQ(ParseInteger<int64_t>("-42"), -42);
  EXPECT_EQ(ParseInteger<int64_t>("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", " 1", "1 ", "+1", "1.0", "0x1", "9223372036854775808", "--1", "1e3"}) {
    EXPECT_FALSE(ParseInteger<int64_t>(bad)) << bad;
  }
}

TEST(Percent, DecodesBytesAndPlusOnlyInQueries) {
  EXPECT_EQ(PercentDecode("a%20b%2Fc%c3%A9", false), "a b/c\xC3\xA9");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  EXPECT_EQ(PercentDecode("a+b", false), "a+b");
  EXPECT_EQ(PercentDecode("%2B", true), "+");
  EXPECT_EQ(PercentDecode("", true), "");
}

TEST(Percent, RefusesBrokenEscapesAndNul) {
  for (const char* bad : {"%", "%2", "abc%", "%zz", "%2g", "%g2", "%00", "a%00b", "%%20"}) {
    EXPECT_FALSE(PercentDecode(bad, false)) << bad;
  }
}

TEST(Percent, EncodesAllButUnreserved) {
  EXPECT_EQ(PercentEncode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(PercentEncode("a b/c&d=e%"), "a%20b%2Fc%26d%3De%25");
  EXPECT_EQ(PercentEncode("\r\n\"<>"), "%0D%0A%22%3C%3E");
  std::string every_byte;
  for (int c = 1; c < 256; ++c) every_byte.push_back(static_cast<char>(c));
  EXPECT_EQ(PercentDecode(PercentEncode(every_byte), true), every_byte);
}

TEST(Base64Url, MatchesRfc4648WithoutPadding) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF", "-_8"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(Base64UrlEncode(plain), coded);
    EXPECT_EQ(Base64UrlDecode(coded), plain);
  }
}

TEST(Base64Url, RoundTripsEveryByte) {
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes.push_back(static_cast<char>(c));
  EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), bytes);
}

// One value has one text, so that a cursor cannot be written in several ways.
TEST(Base64Url, RefusesWhatTheEncoderNeverWrites) {
  for (const char* bad : {"A", "Zm9vY", "Zh", "Zm9", "Zg==", "Z g", "Zm+v", "Zm/v", "Zg\n"}) {
    EXPECT_FALSE(Base64UrlDecode(bad)) << bad;
  }
}

TEST(Utf8, ValidTextStaysAsItIs) {
  for (const char* text : {"", "plain", "\xC2\x80", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF",
                           "\xED\x9F\xBF\xEE\x80\x80", "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC"}) {
    EXPECT_EQ(SanitizeUtf8(text), text);
  }
}

TEST(Utf8, EachBadByteBecomesAReplacementCharacter) {
  const auto replaced = [](int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += kReplacement;
    return text;
  };
  EXPECT_EQ(SanitizeUtf8("\x80"), replaced(1)) << "a continuation alone";
  EXPECT_EQ(SanitizeUtf8("\xFF\xFE"), replaced(2)) << "never part of UTF-8";
  EXPECT_EQ(SanitizeUtf8("\xC0\xAF"), replaced(2)) << "overlong '/', two bytes";
  EXPECT_EQ(SanitizeUtf8("\xE0\x80\xAF"), replaced(3)) << "overlong '/', three bytes";
  EXPECT_EQ(SanitizeUtf8("\xF0\x80\x80\xAF"), replaced(4)) << "overlong '/', four bytes";
  EXPECT_EQ(SanitizeUtf8("\xED\xA0\x80"), replaced(3)) << "a surrogate";
  EXPECT_EQ(SanitizeUtf8("\xF4\x90\x80\x80"), replaced(4)) << "beyond U+10FFFF";
  EXPECT_EQ(SanitizeUtf8("\xE2\x82"), replaced(2)) << "cut short";
  EXPECT_EQ(SanitizeUtf8("a\xE2\x82z"), "a" + replaced(2) + "z") << "cut short within text";
}

TEST(Utf8, TruncatesBetweenCharacters) {
  EXPECT_EQ(TruncateUtf8("abc", 10), "abc");
  EXPECT_EQ(TruncateUtf8("abc", 2), "ab");
  EXPECT_EQ(TruncateUtf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(TruncateUtf8("a\xE2\x82\xAC", 4), "a\xE2\x82\xAC");
  EXPECT_EQ(TruncateUtf8("\xF0\x9F\x98\x80", 3), "");
  EXPECT_EQ(TruncateUtf8("\x80\x80\x80", 2), "");
}

TEST(Strings, ConstantTimeEqualityIsEquality) {
  EXPECT_TRUE(EqualsConstantTime("secret-secret-12", "secret-secret-12"));
  EXPECT_TRUE(EqualsConstantTime("", ""));
  for (const char* other :
       {"", "secret-secret-1", "secret-secret-123", "Secret-secret-12", "secret-secret-12secret-secret-12"}) {
    EXPECT_FALSE(EqualsConstantTime(other, "secret-secret-12")) << other;
    EXPECT_FALSE(EqualsConstantTime("secret-secret-12", other)) << other;
  }
}

std::string JsonOf(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

TEST(JsonString, EscapesWhatJsonMustAndReplacesBadUtf8) {
  EXPECT_EQ(JsonOf("plain"), R"("plain")");
  EXPECT_EQ(JsonOf("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(JsonOf("line\r\n\tnext"), R"("line\r\n\tnext")");
  EXPECT_EQ(JsonOf("\x01\x1F\x7F"s), "\"\\u0001\\u001f\x7F\"");
  EXPECT_EQ(JsonOf("nul\0."s), R"("nul\u0000.")");
  EXPECT_EQ(JsonOf("\xE2\x82\xAC"), "\"\xE2\x82\xAC\"");
  EXPECT_EQ(JsonOf("\xFF"), "\""s + kReplacement + "\"");
}

std::string Gunzip(const std::string& compressed) {
  z_stream stream{};
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  EXPECT_EQ(inflateInit2(&stream, kGzipOnly), Z_OK);
  std::string in = compressed;
  std::string out;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  int state = Z_OK;
  while (state == Z_OK) {
    char part[4096];
    stream.next_out = reinterpret_cast<Bytef*>(part);
    stream.avail_out = sizeof part;
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(part, sizeof part - stream.avail_out);
  }
  EXPECT_EQ(state, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0u);
  inflateEnd(&stream);
  return out;
}

TEST(Gzip, IsReadByAnotherImplementation) {
  std::string incompressible;
  for (uint32_t x = 1; incompressible.size() < 100'000; x = x * 1664525 + 1013904223) {
    incompressible.push_back(static_cast<char>(x >> 24));
  }
  const std::string repeated(300'000, 'a');
  for (const std::string& text : {""s, "x"s, repeated, incompressible}) EXPECT_EQ(Gunzip(Gzip(text)), text);
  EXPECT_LT(Gzip(repeated).size(), 2'000u);
}

TEST(ContentHash, TellsVersionsApartAndStaysTheSame) {
  EXPECT_EQ(ContentHash("").size(), 32u);
  EXPECT_EQ(ContentHash("").find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(ContentHash(""), "99aa06d3014798d86001c324468d497f");  // XXH3-128's published value for no input
  EXPECT_NE(ContentHash("a"), ContentHash("b"));
}

}  // namespace
}  // namespace repopulse
