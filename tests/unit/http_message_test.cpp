#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/answer_writer.h"
#include "http/message.h"

namespace repopulse::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Request Parsed(std::string_view target) {
  Request request;
  const Status parsed = ParseTarget(target, request);
  EXPECT_TRUE(parsed) << target;
  return request;
}

bool IsRefused(std::string_view target) {
  Request request;
  const Status parsed = ParseTarget(target, request);
  return !parsed && parsed.error().code == ErrorCode::kInvalidArgument;
}

TEST(ParseTarget, SplitsThePathAndTheQuery) {
  const Request request = Parsed("/api/v1/topics/kubernetes/repositories?sort=newest&per_page=5");
  EXPECT_THAT(request.segments, ElementsAre("api", "v1", "topics", "kubernetes", "repositories"));
  EXPECT_THAT(request.query, ElementsAre(Pair("sort", "newest"), Pair("per_page", "5")));
  EXPECT_EQ(request.target, "/api/v1/topics/kubernetes/repositories?sort=newest&per_page=5");
}

TEST(ParseTarget, LeavesOutDoubleAndTrailingSlashes) {
  EXPECT_THAT(Parsed("//update_cache").segments, ElementsAre("update_cache"));
  EXPECT_THAT(Parsed("/api//v1///topics/").segments, ElementsAre("api", "v1", "topics"));
  EXPECT_THAT(Parsed("/").segments, IsEmpty());
  EXPECT_THAT(Parsed(std::string(15'000, '/')).segments, IsEmpty());
  EXPECT_THAT(Parsed("").segments, IsEmpty());
}

TEST(ParseTarget, DecodesEscapesAfterSplitting) {
  EXPECT_THAT(Parsed("/a/owner%2Frepo/%63").segments, ElementsAre("a", "owner/repo", "c"));
  EXPECT_THAT(Parsed("/x?a%3Db=c%26d").query, ElementsAre(Pair("a=b", "c&d")));
  EXPECT_THAT(Parsed("/%3Fx?y=%3f").segments, ElementsAre("?x"));
}

TEST(ParseTarget, TakesPlusForASpaceInTheQueryOnly) {
  const Request request = Parsed("/c++?q=c+d%2B");
  EXPECT_THAT(request.segments, ElementsAre("c++"));
  EXPECT_THAT(request.query, ElementsAre(Pair("q", "c d+")));
}

TEST(ParseTarget, KeepsDuplicatesInTheirOrderAndEmptyValues) {
  EXPECT_THAT(Parsed("/x?a=1&b&a=2&c=&&d=1=2").query,
              ElementsAre(Pair("a", "1"), Pair("b", ""), Pair("a", "2"), Pair("c", ""), Pair("d", "1=2")));
  EXPECT_THAT(Parsed("/x?").query, IsEmpty());
  EXPECT_THAT(Parsed("/x??a=1").query, ElementsAre(Pair("?a", "1")));
}

TEST(ParseTarget, RefusesBrokenEscapesAndNul) {
  for (const char* bad : {"/%", "/%4", "/%zz", "/a%2", "/%-1", "/%00", "/a%00b", "/x?a=%", "/x?a=%0", "/x?%gg=1",
                          "/x?a=%00", "/x?%00=a"}) {
    EXPECT_TRUE(IsRefused(bad)) << bad;
  }
}

TEST(ParseTarget, BoundsThePartsOfThePath) {
  std::string path;
  for (int i = 0; i < 16; ++i) path += "/a";
  EXPECT_EQ(Parsed(path).segments.size(), 16U);
  EXPECT_TRUE(IsRefused(path + "/a"));
}

TEST(ParseTarget, BoundsTheParametersOfTheQuery) {
  std::string target = "/x?";
  for (int i = 0; i < 32; ++i) target += "a=1&";
  EXPECT_EQ(Parsed(target).query.size(), 32U);
  EXPECT_TRUE(IsRefused(target + "a=1"));
}

// RFC 9110, section 13.1.2: the weak comparison; "*" for any.
TEST(MatchesEtag, ComparesWeaklyInAList) {
  EXPECT_TRUE(MatchesEtag("\"abc\"", "abc"));
  EXPECT_TRUE(MatchesEtag("W/\"abc\"", "abc"));
  EXPECT_TRUE(MatchesEtag("\"x\", W/\"y\" ,\"abc\"", "abc"));
  EXPECT_TRUE(MatchesEtag("*", "abc"));
  EXPECT_TRUE(MatchesEtag("  *  ", "abc"));
}

TEST(MatchesEtag, KnowsBothVariants) {
  EXPECT_TRUE(MatchesEtag("\"abc-gz\"", "abc"));
  EXPECT_TRUE(MatchesEtag("W/\"abc-gz\"", "abc"));
  EXPECT_FALSE(MatchesEtag("\"abc-br\"", "abc"));
  EXPECT_FALSE(MatchesEtag("\"abc-gz-gz\"", "abc"));
}

TEST(MatchesEtag, MatchesNothingElse) {
  for (const char* other : {"", " ", ",", "\"", "\"\"", "abc", "\"ABC\"", "\"ab\"", "\"abcd\"", "\"abc", "abc\"",
                            "w/\"abc\"", "\"-gz\"", "W/", "W/\""}) {
    EXPECT_FALSE(MatchesEtag(other, "abc")) << other;
  }
}

TEST(MatchesEtag, NeverHoldsForAnAnswerWithoutValidator) {
  EXPECT_FALSE(MatchesEtag("*", ""));
  EXPECT_FALSE(MatchesEtag("\"\"", ""));
  EXPECT_FALSE(MatchesEtag("\"-gz\"", ""));
}

TEST(ReasonPhrase, IsThatOfRfc9110) {
  EXPECT_EQ(ReasonPhrase(200), "OK");
  EXPECT_EQ(ReasonPhrase(301), "Moved Permanently");
  EXPECT_EQ(ReasonPhrase(304), "Not Modified");
  EXPECT_EQ(ReasonPhrase(405), "Method Not Allowed");
  EXPECT_EQ(ReasonPhrase(422), "Unprocessable Content");
  EXPECT_EQ(ReasonPhrase(503), "Service Unavailable");
}

}  // namespace
}  // namespace repopulse::http
