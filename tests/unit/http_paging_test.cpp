#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "http/paging.h"

namespace repopulse::http {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

Request Asked(std::string_view target) {
  Request request;
  EXPECT_TRUE(ParseTarget(target, request));
  return request;
}

TEST(Cursor, GivesBackWhatItWasMadeOf) {
  EXPECT_THAT(ReadCursor("popularity", 2, MakeCursor("popularity", {"1200", "-7"})),
              Optional(ElementsAre("1200", "-7")));
  EXPECT_THAT(ReadCursor("topics", 1, MakeCursor("topics", {""})), Optional(ElementsAre("")));
}

TEST(Cursor, NeedsNoEscapingInAUrl) {
  const std::string cursor = MakeCursor("popularity", {"\xFF\xFE?&=/+", "9223372036854775807"});
  EXPECT_EQ(PercentEncode(cursor), cursor);
}

TEST(Cursor, HoldsForItsListAndOrderOnly) {
  const std::string cursor = MakeCursor("popularity", {"1200", "7"});
  EXPECT_FALSE(ReadCursor("newest", 2, cursor));
  EXPECT_FALSE(ReadCursor("topics", 1, cursor));
  EXPECT_FALSE(ReadCursor("popularit", 2, cursor));
  EXPECT_FALSE(ReadCursor("popularity", 1, cursor));
  EXPECT_FALSE(ReadCursor("popularity", 3, cursor));
}

TEST(Cursor, IsRefusedWhereverItWasCut) {
  const std::string cursor = MakeCursor("popularity", {"1200", "7"});
  for (size_t size = 0; size < cursor.size(); ++size) {
    EXPECT_FALSE(ReadCursor("popularity", 2, cursor.substr(0, size))) << size;
  }
  for (size_t size = 1; size < cursor.size(); ++size) {
    EXPECT_FALSE(ReadCursor("popularity", 2, cursor.substr(size))) << size;
  }
}

TEST(Cursor, IsRefusedWhereverACharacterWasMistyped) {
  const std::string cursor = MakeCursor("popularity", {"1200", "7"});
  for (size_t i = 0; i < cursor.size(); ++i) {
    std::string mistyped = cursor;
    mistyped[i] = mistyped[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ReadCursor("popularity", 2, mistyped)) << i;
  }
}

TEST(Cursor, IsRefusedWithAnythingBehindIt) {
  const std::string cursor = MakeCursor("popularity", {"1200", "7"});
  for (const char* more : {"A", "AA", "AAAA", "=", "==", "%", " ", "\n"}) {
    EXPECT_FALSE(ReadCursor("popularity", 2, cursor + more)) << more;
  }
}

TEST(Cursor, IsNotGuessed) {
  for (const char* garbage : {"", "1", "30", "AAAA", "!!!!", "../..", "eyJpZCI6MX0", "null", "' OR 1=1"}) {
    EXPECT_FALSE(ReadCursor("topics", 1, garbage)) << garbage;
  }
  EXPECT_FALSE(ReadCursor("topics", 1, Base64UrlEncode("topics\x1fkubernetes")));
}

TEST(Paging, HasDefaults) {
  const Request request = Asked("/x");
  Params params(request);
  const Paging paging = Paging::Read(params);
  EXPECT_EQ(paging.per_page, 30U);
  EXPECT_EQ(paging.format, ListFormat::kJson);
  EXPECT_FALSE(paging.cursor);
  EXPECT_FALSE(params.Finish());
}

TEST(Paging, TakesUpToAHundredAPage) {
  for (const auto& [text, allowed] :
       std::vector<std::pair<std::string, bool>>{{"0", false}, {"1", true}, {"100", true}, {"101", false}}) {
    const Request request = Asked("/x?per_page=" + text);
    Params params(request);
    (void)Paging::Read(params);
    EXPECT_EQ(!params.Finish(), allowed) << text;
  }
}

TEST(Paging, KnowsThreeFormats) {
  for (const auto& [text, format] : std::vector<std::pair<std::string, ListFormat>>{
           {"json", ListFormat::kJson}, {"csv", ListFormat::kCsv}, {"ndjson", ListFormat::kNdjson}}) {
    const Request request = Asked("/x?format=" + text);
    Params params(request);
    EXPECT_EQ(Paging::Read(params).format, format) << text;
    EXPECT_FALSE(params.Finish()) << text;
  }
  const Request request = Asked("/x?format=xml");
  Params params(request);
  (void)Paging::Read(params);
  EXPECT_TRUE(params.Finish());
}

TEST(Paging, BoundsTheCursor) {
  const Request request = Asked("/x?cursor=" + std::string(401, 'A'));
  Params params(request);
  (void)Paging::Read(params);
  EXPECT_TRUE(params.Finish());
}

TEST(LinkToNext, KeepsTheQueryAndReplacesTheCursor) {
  const Request request = Asked("/api/v1/repos/?q=c%2B%2B+d&cursor=old&per_page=5");
  EXPECT_EQ(LinkToNext(request, "new"), "Link: </api/v1/repos?q=c%2B%2B%20d&per_page=5&cursor=new>; rel=\"next\"\r\n");
}

TEST(LinkToNext, LeavesNoWayToAddHeaders) {
  const Request request = Asked("/api/v1/repos?q=%0D%0ASet-Cookie:%20a%3E;%22");
  const std::string link = LinkToNext(request, "c");
  EXPECT_EQ(link.find('\r'), link.size() - 2);
  EXPECT_EQ(link, "Link: </api/v1/repos?q=%0D%0ASet-Cookie%3A%20a%3E%3B%22&cursor=c>; rel=\"next\"\r\n");
}

}  // namespace
}  // namespace repopulse::http
