#include <gtest/gtest.h>

#include "service/representation.h"
#include "support/samples.h"

namespace repopulse {
namespace {

using namespace std::string_literals;

Representation Sample() {
  return {.status = 202,
          .headers = "Content-Type: text/plain\r\n",
          .body = "body with \0 and \xFF"s,
          .gzip = "\x1f\x8b zipped",
          .etag = "0123456789abcdef",
          .data_as_of = test::At("2026-03-01T12:00:00.123456Z"),
          .fresh_until = test::At("2026-03-01T12:01:00Z"),
          .usable_until = test::At("2026-03-02T12:01:00Z")};
}

void ExpectEqual(const Representation& a, const Representation& b) {
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.headers, b.headers);
  EXPECT_EQ(a.body, b.body);
  EXPECT_EQ(a.gzip, b.gzip);
  EXPECT_EQ(a.etag, b.etag);
  EXPECT_EQ(a.data_as_of, b.data_as_of);
  EXPECT_EQ(a.fresh_until, b.fresh_until);
  EXPECT_EQ(a.usable_until, b.usable_until);
}

TEST(RepresentationCodec, BringsEverythingBack) {
  for (const Representation& original : {Sample(), Representation{}}) {
    const auto decoded = DecodeRepresentation(EncodeRepresentation(original));
    ASSERT_TRUE(decoded) << decoded.error().message;
    ExpectEqual(*decoded, original);
  }
}

TEST(RepresentationCodec, LeavesTheBodiesWhereTheyLie) {
  const SharedBytes encoded = EncodeRepresentation(Sample());
  const auto lie_in_it = [&](std::string_view bytes) {
    return bytes.data() >= encoded.view().data() &&
           bytes.data() + bytes.size() <= encoded.view().data() + encoded.size();
  };
  const auto decoded = DecodeRepresentation(encoded);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(lie_in_it(decoded->body));
  EXPECT_TRUE(lie_in_it(decoded->gzip));
}

TEST(Representation, IsTheSameWithItsBodyInAFile) {
  auto payload = std::make_shared<const std::string>("body gzip");
  const std::weak_ptr<const std::string> watched = payload;
  Representation original = Sample();
  original.body = SharedBytes(payload, *payload).Part(0, 4);
  original.gzip = SharedBytes(std::move(payload), *watched.lock()).Part(5);
  const auto moved = WithBodyInFile(original);
  ASSERT_TRUE(moved);
  ExpectEqual(*moved, original);
  ASSERT_TRUE(moved->file);
  EXPECT_EQ(moved->file->bytes(), "body");
  original = {};
  EXPECT_TRUE(watched.expired()) << "what held the body before is not kept as well";
}

TEST(RepresentationCodec, RefusesWhatWasCutAtAnyByte) {
  const std::string whole = EncodeRepresentation(Sample());
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto decoded = DecodeRepresentation(whole.substr(0, size));
    ASSERT_FALSE(decoded) << size << " bytes";
    EXPECT_EQ(decoded.error().code, ErrorCode::kMalformed);
  }
}

TEST(RepresentationCodec, RefusesWhatItDidNotWrite) {
  const std::string whole = EncodeRepresentation(Sample());
  for (const std::string& foreign : {"{}"s, "RPR0"s + whole.substr(4), whole + "x", std::string(200, '\xFF'),
                                     std::string(200, '\0'), "RPR1"s + std::string(200, '\xFF')}) {
    EXPECT_FALSE(DecodeRepresentation(foreign));
  }
}

TEST(RepresentationCodec, SurvivesAnyChangedByte) {
  const std::string whole = EncodeRepresentation(Sample());
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const char with : {'\0', '\x7F', '\xFF'}) {
      std::string changed = whole;
      changed[i] = with;
      (void)DecodeRepresentation(changed);  // neither crashes nor takes gigabytes, whatever it answers
    }
  }
}

}  // namespace
}  // namespace repopulse
