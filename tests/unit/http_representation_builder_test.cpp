#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/representation_builder.h"
#include "support/fake_clock.h"
#include "support/gunzip.h"
#include "support/samples.h"

namespace repopulse::http {
namespace {

using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string kLong = "[" + std::string(2000, '1') + "]";

Representation Page(const std::string& body) {
  static const test::FakeClock clock;
  return RepresentationBuilder(clock, {}).Ok("application/json", body, test::At("2024-05-07T08:45:17Z"));
}

TEST(RepresentationBuilder, MakesACacheableAnswer) {
  const test::FakeClock clock;
  const RepresentationBuilder builder(clock, {.fresh = seconds{60}, .stale = seconds{3600}});
  const Representation r = builder.Ok("text/csv", "a\r\n", test::At("2024-05-07T08:45:17Z"), "Link: <x>\r\n");
  EXPECT_EQ(r.status, 200);
  EXPECT_EQ(r.body, "a\r\n");
  EXPECT_EQ(r.data_as_of, test::At("2024-05-07T08:45:17Z"));
  EXPECT_EQ(r.fresh_until, clock.Now() + seconds{60});
  EXPECT_EQ(r.usable_until, clock.Now() + seconds{3660});
  for (const char* line : {"Content-Type: text/csv\r\n", "Vary: Accept-Encoding\r\n", "Link: <x>\r\n",
                           "Access-Control-Allow-Origin: *\r\n", "Last-Modified: Tue, 07 May 2024 08:45:17 GMT\r\n",
                           "Cache-Control: public, max-age=1, stale-while-revalidate=5, stale-if-error=86400\r\n"}) {
    EXPECT_THAT(r.headers, HasSubstr(line));
  }
  EXPECT_THAT(r.headers, EndsWith("\r\n"));
}

TEST(RepresentationBuilder, GivesEqualBodiesEqualValidatorsOnly) {
  EXPECT_EQ(Page("[1]").etag, Page("[1]").etag);
  EXPECT_NE(Page("[1]").etag, Page("[2]").etag);
  EXPECT_THAT(Page("[1]").etag, ::testing::MatchesRegex("[0-9a-f]+"));
}

TEST(RepresentationBuilder, CompressesWhatIsLongEnough) {
  EXPECT_EQ(Page("[]").gzip, "");
  EXPECT_EQ(test::Gunzip(Page(kLong).gzip, kLong.size()), kLong);
}

TEST(RepresentationBuilder, TellsWhoComesTooEarlyWhenToComeAgain) {
  const test::FakeClock clock;
  const Representation r = RepresentationBuilder(clock, {}).NotYet("application/json", "{}", seconds{10});
  EXPECT_EQ(r.status, 202);
  EXPECT_THAT(r.headers, HasSubstr("Retry-After: 10\r\n"));
  EXPECT_THAT(r.headers, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_EQ(r.etag, "");
  EXPECT_LE(r.usable_until, clock.Now() + seconds{1});
}

TEST(RepresentationBuilder, RedirectsToTheNewPlace) {
  const test::FakeClock clock;
  const Representation r = RepresentationBuilder(clock, {}).Moved("/api/v1/repos/new/name");
  EXPECT_EQ(r.status, 301);
  EXPECT_THAT(r.headers, HasSubstr("Location: /api/v1/repos/new/name\r\n"));
}

}  // namespace
}  // namespace repopulse::http
