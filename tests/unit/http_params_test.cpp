#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/params.h"
#include "support/samples.h"

namespace repopulse::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Request Asked(std::string_view query) {
  Request request;
  EXPECT_TRUE(ParseTarget("/x?" + std::string(query), request));
  return request;
}

std::vector<std::string> Names(const std::optional<Problem>& problem) {
  std::vector<std::string> names;
  if (problem) {
    for (const ParameterError& error : problem->errors) names.push_back(error.parameter);
  }
  return names;
}

TEST(Params, ReadsTypedValues) {
  const Request request = Asked("text=a+b&number=-7&flag=false&day=2024-02-29&sort=new");
  Params params(request);
  EXPECT_EQ(params.Text("text", 10), "a b");
  EXPECT_EQ(params.Integer("number", -7, 7), -7);
  EXPECT_EQ(params.Boolean("flag"), false);
  EXPECT_EQ(params.Day("day"), test::Day("2024-02-29"));
  EXPECT_EQ(params.OneOf("sort", {"old", "new"}, "old"), "new");
  EXPECT_FALSE(params.Finish());
}

TEST(Params, GivesNothingWhereAbsent) {
  const Request request = Asked("");
  Params params(request);
  EXPECT_FALSE(params.Text("text", 10));
  EXPECT_FALSE(params.Integer("number", 0, 9));
  EXPECT_FALSE(params.Boolean("flag"));
  EXPECT_FALSE(params.Day("day"));
  EXPECT_EQ(params.OneOf("sort", {"old", "new"}, "old"), "old");
  EXPECT_FALSE(params.Finish());
}

TEST(Params, NamesEveryMistakeAtOnce) {
  const Request request = Asked("number=ten&flag=yes&day=2023-02-29&sort=best&text=&surprise=1&twice=1&twice=2");
  Params params(request);
  (void)params.Integer("number", 0, 9);
  (void)params.Boolean("flag");
  (void)params.Day("day");
  (void)params.OneOf("sort", {"old", "new"}, "old");
  (void)params.Text("text", 10);
  (void)params.Text("twice", 10);
  const auto problem = params.Finish();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->status, 400);
  EXPECT_THAT(Names(problem), ElementsAre("number", "flag", "day", "sort", "text", "twice", "surprise"));
}

TEST(Params, SaysWhatWasGivenAndWhatIsAllowed) {
  const Request request = Asked("number=ten&sort=best&surprise=1");
  Params params(request);
  (void)params.Integer("number", 1, 100);
  (void)params.OneOf("sort", {"old", "new"}, "old");
  const auto problem = params.Finish();
  ASSERT_TRUE(problem);
  ASSERT_EQ(problem->errors.size(), 3U);
  EXPECT_EQ(problem->errors[0].value, "ten");
  EXPECT_THAT(problem->errors[0].allowed, ::testing::AllOf(HasSubstr("1"), HasSubstr("100")));
  EXPECT_THAT(problem->errors[1].allowed, ::testing::AllOf(HasSubstr("old"), HasSubstr("new")));
  EXPECT_EQ(problem->errors[2].value, "1");
  EXPECT_THAT(problem->errors[2].allowed, ::testing::AllOf(HasSubstr("number"), HasSubstr("sort")));
}

TEST(Params, TakesBothEndsOfARange) {
  for (const auto& [text, allowed] : std::vector<std::pair<std::string, bool>>{
           {"0", false}, {"1", true}, {"100", true}, {"101", false}, {"-1", false}}) {
    const Request request = Asked("n=" + text);
    Params params(request);
    EXPECT_EQ(params.Integer("n", 1, 100).has_value(), allowed) << text;
    EXPECT_EQ(params.Finish().has_value(), !allowed) << text;
  }
}

TEST(Params, TakesOnlyWholeDecimalNumbers) {
  for (const char* bad : {"+5", "%2B5", "5.0", "5e1", "0x5", "%205", "5%20", "--5", "99999999999999999999", "five"}) {
    const Request request = Asked("n=" + std::string(bad));
    Params params(request);
    EXPECT_FALSE(params.Integer("n", 1, 100)) << bad;
    EXPECT_THAT(Names(params.Finish()), ElementsAre("n")) << bad;
  }
}

TEST(Params, TakesOnlyTrueAndFalse) {
  for (const char* bad : {"True", "1", "0", "yes", "FALSE"}) {
    const Request request = Asked("flag=" + std::string(bad));
    Params params(request);
    EXPECT_FALSE(params.Boolean("flag")) << bad;
    EXPECT_TRUE(params.Finish()) << bad;
  }
}

TEST(Params, RefusesDaysTheCalendarDoesNotHave) {
  for (const char* bad : {"2024-02-30", "2024-13-01", "2024-00-01", "24-01-01", "2024-1-1", "2024-01-01T00:00:00Z"}) {
    const Request request = Asked("day=" + std::string(bad));
    Params params(request);
    EXPECT_FALSE(params.Day("day")) << bad;
    EXPECT_TRUE(params.Finish()) << bad;
  }
}

TEST(Params, BoundsTextInBytes) {
  const Request request = Asked("fits=aaaa&long=aaaaa");
  Params params(request);
  EXPECT_EQ(params.Text("fits", 4), "aaaa");
  EXPECT_FALSE(params.Text("long", 4));
  EXPECT_THAT(Names(params.Finish()), ElementsAre("long"));
}

TEST(Params, TakesTextInUtf8Only) {
  const Request request = Asked("good=caf%C3%A9&latin1=caf%E9&overlong=%C0%AF&cut=%E2%82");
  Params params(request);
  EXPECT_EQ(params.Text("good", 100), "caf\xC3\xA9");
  for (const char* bad : {"latin1", "overlong", "cut"}) EXPECT_FALSE(params.Text(bad, 100)) << bad;
  EXPECT_THAT(Names(params.Finish()), ElementsAre("latin1", "overlong", "cut"));
}

TEST(Params, ComparesNamesWithRegardToCase) {
  const Request request = Asked("Sort=new");
  Params params(request);
  EXPECT_EQ(params.OneOf("sort", {"old", "new"}, "old"), "old");
  EXPECT_THAT(Names(params.Finish()), ElementsAre("Sort"));
}

TEST(Params, EchoesNoMoreThanTheBeginningOfALongValue) {
  const std::string character = "\xC3\xA9";  // two bytes, never cut apart
  std::string value = "a";
  for (int i = 0; i < 500; ++i) value += character;
  Request request;
  request.query = {{"n", value}};
  Params params(request);
  (void)params.Integer("n", 0, 9);
  const auto problem = params.Finish();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->errors[0].value, value.substr(0, 99));
}

TEST(Params, SaysWhereAResourceKnowsNoParameters) {
  const Request request = Asked("x=1");
  Params params(request);
  EXPECT_THAT(Names(params.Finish()), ElementsAre("x"));
}

TEST(Params, PassOverUnknownOnesForThePredecessors) {
  const Request request = Asked("surprise=1&number=3");
  Params params(request, kPredecessorRules);
  EXPECT_EQ(params.Integer("number", 0, 9), 3);
  EXPECT_FALSE(params.Finish());
}

TEST(Params, TakeAnEmptyOneForAbsentWhereTheRulesDo) {
  const Request request = Asked("text=&number=&twice=&twice=2");
  Params strict(request, kPredecessorRules);
  (void)strict.Text("text", 10);
  (void)strict.Integer("number", 0, 9);
  EXPECT_THAT(Names(strict.Finish()), ElementsAre("text", "number"));
  Params lenient(request, kPredecessorMetricsRules);
  EXPECT_FALSE(lenient.Text("text", 10));
  EXPECT_FALSE(lenient.Integer("number", 0, 9));
  EXPECT_EQ(lenient.Text("twice", 10), "2");
  EXPECT_FALSE(lenient.Given("text"));
  EXPECT_TRUE(lenient.Given("twice"));
  EXPECT_FALSE(lenient.Finish());
}

TEST(Params, RefuseWithTheStatusOfTheRules) {
  const Request request = Asked("number=ten");
  Params params(request, kPredecessorMetricsRules);
  (void)params.Integer("number", 0, 9);
  const auto problem = params.Finish();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->status, 422);
}

}  // namespace
}  // namespace repopulse::http
