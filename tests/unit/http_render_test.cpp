#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/render.h"
#include "support/samples.h"

namespace repopulse::http {
namespace {

using test::At;
using test::Day;
using test::RepositoryNamed;
using test::SampleRepository;
using test::TopicNamed;

Json Parsed(const char* text) { return Json::parse(text); }

TEST(PredecessorJson, IsWhatThePredecessorAnswered) {
  EXPECT_EQ(ToPredecessorJson(SampleRepository(20580498, "kubernetes/kubernetes", 106834)), Parsed(R"({
      "full_name": "kubernetes/kubernetes", "html_url": "https://github.com/kubernetes/kubernetes", "id": 20580498,
      "language": "Go", "name": "kubernetes", "pushed_at": "Mon, 06 May 2024 07:01:02 GMT",
      "stargazers_count": 106834, "updated_at": "Tue, 07 May 2024 08:45:17 GMT"})"));
}

TEST(PredecessorJson, HasNullForWhatGitHubHasNot) {
  Repository repository = SampleRepository(1, "a/b", 0);
  repository.language.reset();
  repository.pushed_at.reset();
  const Json json = ToPredecessorJson(repository);
  EXPECT_TRUE(json.at("language").is_null());
  EXPECT_TRUE(json.at("pushed_at").is_null());
  EXPECT_EQ(json.size(), 8U);
}

TEST(RepositoryJson, HasRfc3339TimesAndNulls) {
  Repository repository = SampleRepository(7, "Owner/Name", 12);
  EXPECT_EQ(ToJson(repository), Parsed(R"({
      "id": 7, "full_name": "Owner/Name", "owner": "Owner", "name": "Name", "html_url": "https://github.com/Owner/Name",
      "description": "A description", "language": "Go", "license": "Apache-2.0", "fork": false, "archived": false,
      "stargazers_count": 12, "forks_count": 3, "open_issues_count": 2, "created_at": "2014-06-06T22:56:04Z",
      "updated_at": "2024-05-07T08:45:17Z", "pushed_at": "2024-05-06T07:01:02Z"})"));
  repository.description.reset();
  repository.language.reset();
  repository.license.reset();
  repository.pushed_at.reset();
  const Json json = ToJson(repository);
  for (const char* name : {"description", "language", "license", "pushed_at"}) {
    EXPECT_TRUE(json.at(name).is_null()) << name;
  }
}

TEST(StoredRepositoryJson, NamesItsTopicsAndWhenItWasRead) {
  StoredRepository stored{SampleRepository(7, "a/b", 1), At("2024-05-08T10:00:00Z"), {}, {}};
  stored.topics = {TopicNamed("docker"), TopicNamed("kubernetes")};
  Json json = ToJson(stored);
  EXPECT_EQ(json["topics"], Parsed(R"(["docker", "kubernetes"])"));
  EXPECT_EQ(json["fetched_at"], "2024-05-08T10:00:00Z");
  EXPECT_TRUE(json.at("gone_at").is_null());
  stored.gone_at = At("2024-05-09T10:00:00Z");
  stored.topics.clear();
  json = ToJson(stored);
  EXPECT_EQ(json["gone_at"], "2024-05-09T10:00:00Z");
  EXPECT_EQ(json["topics"], Json::array());
}

TEST(RankedRepositoryJson, HasRankChangeAndGrowthWhereTheyAreKnown) {
  RankedRepository ranked{.repository = SampleRepository(7, "a/b", 150),
                          .rank = 3,
                          .rank_change = -2,
                          .growth = Growth{Day("2024-05-01"), 50, 50.0},
                          .position = {}};
  Json json = ToJson(ranked);
  EXPECT_EQ(json["rank"], 3);
  EXPECT_EQ(json["rank_change"], -2);
  EXPECT_EQ(json["growth"], Parsed(R"({"since": "2024-05-01", "stars": 50, "percent": 50.0})"));
  EXPECT_EQ(json["full_name"], "a/b");
  ranked.growth->percent.reset();
  EXPECT_TRUE(ToJson(ranked)["growth"].at("percent").is_null());
  ranked.growth.reset();
  ranked.rank_change.reset();
  json = ToJson(ranked);
  EXPECT_TRUE(json.at("growth").is_null());
  EXPECT_TRUE(json.at("rank_change").is_null());
}

TEST(TopicJson, TellsCountsAndFreshness) {
  Topic topic{.id = {1},
              .name = TopicNamed("go"),
              .added_at = At("2024-05-01T00:00:00Z"),
              .tracked = true,
              .next_poll_at = At("2024-05-08T13:00:00Z"),
              .published_at = At("2024-05-08T12:00:00Z"),
              .repositories_count = 90,
              .reported_count = 100,
              .complete = false,
              .last_error = "search: 502"};
  EXPECT_EQ(ToJson(topic), Parsed(R"({"name": "go", "tracked": true, "added_at": "2024-05-01T00:00:00Z",
      "repositories_count": 90, "reported_count": 100, "complete": false, "data_as_of": "2024-05-08T12:00:00Z",
      "next_collection_at": "2024-05-08T13:00:00Z", "last_error": "search: 502"})"));
  topic.published_at.reset();
  topic.last_error.reset();
  EXPECT_TRUE(ToJson(topic).at("data_as_of").is_null());
  EXPECT_TRUE(ToJson(topic).at("last_error").is_null());
}

TEST(JobJson, TellsStateProgressCountsAndError) {
  Job job{.id = {7},
          .kind = JobKind::kRefreshCache,
          .argument = "this one",
          .state = JobState::kFailed,
          .replica = "replica-1",
          .started_at = At("2024-05-08T12:00:00Z"),
          .heartbeat_at = At("2024-05-08T12:00:05Z"),
          .finished_at = At("2024-05-08T12:00:06Z"),
          .progress = {"refreshing", {{"answers", 9}}},
          .error = Error{ErrorCode::kUnavailable, "no database"}};
  EXPECT_EQ(
      ToJson(job),
      Parsed(R"({"id": 7, "kind": "refresh-cache", "argument": "this one", "state": "failed", "replica": "replica-1",
      "started_at": "2024-05-08T12:00:00Z", "heartbeat_at": "2024-05-08T12:00:05Z",
      "finished_at": "2024-05-08T12:00:06Z", "step": "refreshing", "counts": {"answers": 9},
      "error": {"code": "unavailable", "message": "no database"}})"));
  job.argument.clear();
  job.error.reset();
  job.finished_at.reset();
  job.progress = {};
  EXPECT_TRUE(ToJson(job).at("argument").is_null());
  EXPECT_TRUE(ToJson(job).at("error").is_null());
  EXPECT_TRUE(ToJson(job).at("finished_at").is_null());
  EXPECT_EQ(ToJson(job)["counts"], Json::object());
}

const std::vector<std::string_view> kColumns = {"name", "count", "growth.stars", "topics"};
const std::vector<Json> kRows = {
    Parsed(R"({"name": "a,b", "count": -3, "growth": {"stars": 7}, "topics": ["x", "y"], "more": 1})"),
    Parsed(R"({"name": null, "count": 1.5, "growth": null, "topics": []})")};

TEST(RenderList, JsonHasDataAndMeta) {
  EXPECT_EQ(Json::parse(RenderList(ListFormat::kJson, {kRows[0]}, {{"total", 1}}, kColumns)),
            Json({{"data", Json::array({kRows[0]})}, {"meta", {{"total", 1}}}}));
  EXPECT_EQ(Json::parse(RenderList(ListFormat::kJson, {}, Json::object(), kColumns)),
            Parsed(R"({"data": [], "meta": {}})"));
}

TEST(RenderList, NdjsonHasARowALine) {
  EXPECT_EQ(RenderList(ListFormat::kNdjson, {Parsed(R"({"a": "x\ny"})"), Parsed(R"({"a": null})")}, {}, kColumns),
            "{\"a\":\"x\\ny\"}\n{\"a\":null}\n");
  EXPECT_EQ(RenderList(ListFormat::kNdjson, {}, {}, kColumns), "");
}

TEST(RenderList, CsvHasAHeaderAndItsColumnsOnly) {
  EXPECT_EQ(RenderList(ListFormat::kCsv, kRows, {}, kColumns),
            "name,count,growth.stars,topics\r\n"
            "\"a,b\",-3,7,\"[\"\"x\"\",\"\"y\"\"]\"\r\n"
            ",1.5,,[]\r\n");
  EXPECT_EQ(RenderList(ListFormat::kCsv, {}, {}, kColumns), "name,count,growth.stars,topics\r\n");
}

std::string CsvOf(const std::string& text) {
  const std::string csv = RenderList(ListFormat::kCsv, {Json{{"t", text}}}, {}, {"t"});
  EXPECT_TRUE(csv.starts_with("t\r\n") && csv.ends_with("\r\n"));
  return csv.substr(3, csv.size() - 5);
}

// RFC 4180, section 2, rules 5 to 7.
TEST(Csv, QuotesWhatNeedsIt) {
  EXPECT_EQ(CsvOf("plain text"), "plain text");
  EXPECT_EQ(CsvOf("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvOf("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(CsvOf("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(CsvOf("two\r\nlines"), "\"two\r\nlines\"");
  EXPECT_EQ(CsvOf("caf\xC3\xA9"), "caf\xC3\xA9");
}

// owasp.org/www-community/attacks/CSV_Injection
TEST(Csv, LetsNoTextBeginLikeAFormula) {
  EXPECT_EQ(CsvOf("=1+1"), "'=1+1");
  EXPECT_EQ(CsvOf("+1"), "'+1");
  EXPECT_EQ(CsvOf("-1"), "'-1");
  EXPECT_EQ(CsvOf("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(CsvOf("\t=1"), "'\t=1");
  EXPECT_EQ(CsvOf("\r=1"), "\"'\r=1\"");
  EXPECT_EQ(CsvOf("\n=1"), "\"'\n=1\"");
  EXPECT_EQ(CsvOf("=HYPERLINK(\"http://x\",\"y\")"), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
  EXPECT_EQ(CsvOf("a=1"), "a=1");
}

TEST(Csv, LeavesNegativeNumbersNumbers) {
  EXPECT_EQ(RenderList(ListFormat::kCsv, {Json{{"t", -5}}}, {}, {"t"}), "t\r\n-5\r\n");
}

TEST(ToText, ReplacesWhatIsNotUtf8) { EXPECT_EQ(ToText(Json("a\xFF")), "\"a\xEF\xBF\xBD\""); }

TEST(ContentType, IsThatOfTheFormat) {
  EXPECT_EQ(ContentType(ListFormat::kJson), "application/json");
  EXPECT_EQ(ContentType(ListFormat::kNdjson), "application/x-ndjson");
  EXPECT_TRUE(ContentType(ListFormat::kCsv).starts_with("text/csv; charset=utf-8"));
}

}  // namespace
}  // namespace repopulse::http
