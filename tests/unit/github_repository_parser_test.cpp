#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/time_format.h"
#include "github/repository_parser.h"
#include "support/recorded_data.h"
#include "support/samples.h"

namespace repopulse::test {
namespace {

using nlohmann::json;

json Item() {
  return {{"id", 20580498},
          {"full_name", "kubernetes/kubernetes"},
          {"private", false},
          {"html_url", "https://github.com/kubernetes/kubernetes"},
          {"description", "Production-Grade Container Scheduling"},
          {"fork", false},
          {"archived", true},
          {"created_at", "2014-06-06T22:56:04Z"},
          {"updated_at", "2024-05-07T08:45:17Z"},
          {"pushed_at", "2024-05-06T07:01:02Z"},
          {"stargazers_count", 106000},
          {"forks_count", 38000},
          {"open_issues_count", 2500},
          {"language", "Go"},
          {"license", {{"key", "apache-2.0"}, {"spdx_id", "Apache-2.0"}}},
          {"visibility", "public"}};
}

json With(const std::string& field, json value) {
  json item = Item();
  item[field] = std::move(value);
  return item;
}

json Without(const std::string& field) {
  json item = Item();
  item.erase(field);
  return item;
}

std::string PageText(const std::vector<json>& items) {
  return json{{"total_count", 7}, {"incomplete_results", false}, {"items", items}}.dump();
}

Repository ParsedAs(const json& item) {
  auto repository = ParseRepository(item.dump());
  EXPECT_TRUE(repository) << repository.error().message;
  return *repository;
}

bool IsRefused(const json& item) {
  const auto page = ParseSearchPage(PageText({item, Item()}));
  EXPECT_TRUE(page);
  EXPECT_EQ(page->delivered, 2);
  EXPECT_EQ(page->items.size() + static_cast<size_t>(page->malformed), 2u);
  return page->malformed == 1;
}

TEST(RepositoryParser, ReadsEveryField) {
  const Repository repository = ParsedAs(Item());
  EXPECT_EQ(repository.id.value, 20580498);
  EXPECT_EQ(repository.name.full(), "kubernetes/kubernetes");
  EXPECT_EQ(repository.html_url, "https://github.com/kubernetes/kubernetes");
  EXPECT_EQ(repository.description, "Production-Grade Container Scheduling");
  EXPECT_EQ(repository.language, "Go");
  EXPECT_EQ(repository.license, "Apache-2.0");
  EXPECT_FALSE(repository.fork);
  EXPECT_TRUE(repository.archived);
  EXPECT_EQ(repository.stargazers_count, 106000);
  EXPECT_EQ(repository.forks_count, 38000);
  EXPECT_EQ(repository.open_issues_count, 2500);
  EXPECT_EQ(repository.created_at, At("2014-06-06T22:56:04Z"));
  EXPECT_EQ(repository.updated_at, At("2024-05-07T08:45:17Z"));
  EXPECT_EQ(repository.pushed_at, At("2024-05-06T07:01:02Z"));
}

TEST(RepositoryParser, TakesNullAndAbsentForNothingWhereGitHubMayLeaveItOut) {
  for (const char* field : {"description", "language", "license", "pushed_at"}) {
    for (const json& item : {With(field, nullptr), Without(field)}) {
      const Repository repository = ParsedAs(item);
      EXPECT_EQ(repository.description.has_value(), std::string(field) != "description");
      EXPECT_EQ(repository.language.has_value(), std::string(field) != "language");
      EXPECT_EQ(repository.license.has_value(), std::string(field) != "license");
      EXPECT_EQ(repository.pushed_at.has_value(), std::string(field) != "pushed_at");
    }
  }
  EXPECT_EQ(ParsedAs(With("license", {{"spdx_id", nullptr}})).license, std::nullopt);
  EXPECT_EQ(ParsedAs(With("license", {{"spdx_id", "NOASSERTION"}})).license, "NOASSERTION");
}

TEST(RepositoryParser, RefusesAnItemWithoutWhatItNeeds) {
  for (const char* field :
       {"id", "full_name", "stargazers_count", "forks_count", "open_issues_count", "created_at", "updated_at"}) {
    EXPECT_TRUE(IsRefused(Without(field))) << field;
    EXPECT_TRUE(IsRefused(With(field, nullptr))) << field;
  }
  EXPECT_FALSE(IsRefused(Item()));
}

TEST(RepositoryParser, RefusesWrongTypesAndValues) {
  const std::vector<std::pair<std::string, json>> wrong = {{"id", "7"},
                                                           {"id", 0},
                                                           {"id", -7},
                                                           {"id", 1.5},
                                                           {"id", 18446744073709551615ull},
                                                           {"full_name", 42},
                                                           {"full_name", "no-slash"},
                                                           {"full_name", "a/b/c"},
                                                           {"full_name", "a/.."},
                                                           {"full_name", "<b>/x"},
                                                           {"stargazers_count", -1},
                                                           {"stargazers_count", "many"},
                                                           {"forks_count", json::object()},
                                                           {"open_issues_count", -1.5},
                                                           {"created_at", 1234567890},
                                                           {"created_at", "yesterday"},
                                                           {"updated_at", "2024-13-07T08:45:17Z"},
                                                           {"pushed_at", false},
                                                           {"description", {{"text", "an object"}}},
                                                           {"language", 7},
                                                           {"license", "MIT"},
                                                           {"license", {{"spdx_id", 7}}},
                                                           {"fork", "no"},
                                                           {"archived", 1},
                                                           {"private", "no"},
                                                           {"html_url", 7}};
  for (const auto& [field, value] : wrong) EXPECT_TRUE(IsRefused(With(field, value))) << field << " " << value;
}

TEST(RepositoryParser, RefusesItemsThatAreNotObjects) {
  for (const json& item : {json(nullptr), json(7), json("text"), json::array({Item()}), json::object()}) {
    EXPECT_TRUE(IsRefused(item)) << item;
  }
}

TEST(RepositoryParser, LeavesPrivateRepositoriesOutWithoutCallingThemMalformed) {
  for (const json& item : {With("private", true), With("visibility", "private"), With("visibility", "internal")}) {
    const auto page = ParseSearchPage(PageText({item, Item()}));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->items.size(), 1u);
    EXPECT_EQ(page->malformed, 0);
    EXPECT_EQ(page->delivered, 2);
    EXPECT_EQ(ParseRepository(item.dump()).error().code, ErrorCode::kNotFound);
  }
}

TEST(RepositoryParser, NeverPassesOnALinkThatIsNotAPlainWebAddress) {
  const std::string own = "https://github.com/kubernetes/kubernetes";
  for (const char* url :
       {"javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)",
        "data:text/html,x", "//evil.example/", "", "https://", "ftp://example.org/", "https://user@example.org/",
        "https://example.org/\"onclick=\"x", "https://example.org/<script>", "https://example.org/a b",
        "https://example.org/\xC3\xA9", "https://example.org\\@evil.example/"}) {
    EXPECT_EQ(ParsedAs(With("html_url", url)).html_url, own) << url;
  }
  EXPECT_EQ(ParsedAs(With("html_url", "https://example.org/" + std::string(300, 'x'))).html_url, own);
  EXPECT_EQ(ParsedAs(Without("html_url")).html_url, own);
  EXPECT_EQ(ParsedAs(With("html_url", "http://127.0.0.1:18100/a/b")).html_url, "http://127.0.0.1:18100/a/b");
}

TEST(RepositoryParser, KeepsADescriptionAsItIsButForControlCharacters) {
  EXPECT_EQ(ParsedAs(With("description", "")).description, "");
  EXPECT_EQ(ParsedAs(With("description", "  two\nlines\t🚀 ")).description, "  two\nlines\t🚀 ");
  EXPECT_EQ(ParsedAs(With("description", std::string("a\x01\x1b[31m\0b\x7f\xC2\x85"
                                                     "c\xC2\xA0",
                                                     15)))
                .description,
            "a[31mbc\xC2\xA0");
}

TEST(RepositoryParser, CutsLongTextsBetweenCharacters) {
  std::string rockets = "x";
  for (int i = 0; i < 500; ++i) rockets += "🚀";
  const Repository repository = ParsedAs(With("description", rockets));
  EXPECT_EQ(repository.description, rockets.substr(0, 997));
  EXPECT_EQ(ParsedAs(With("language", std::string(500, 'L'))).language->size(), 100u);
  EXPECT_EQ(ParsedAs(With("license", {{"spdx_id", std::string(500, 'L')}})).license->size(), 100u);
}

TEST(RepositoryParser, ReplacesBytesThatAreNotUtf8) {
  std::string text = PageText({With("description", "MARK"), Item()});
  text.replace(text.find("MARK"), 4, "a\xFF\xC0\x80z");
  const auto page = ParseSearchPage(text);
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].description, "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
}

TEST(RepositoryParser, LosesOnlyTheItemWhoseValueCannotBeRead) {
  for (const char* value :
       {"\"\\ud83d\"", "\"\\ud83d\\u0041\"", "123456789012345678901234567890", "1e999", "\"\\x\""}) {
    std::string text = PageText({Item(), With("description", "MARK"), Item()});
    text.replace(text.find("\"MARK\""), 6, value);
    const auto page = ParseSearchPage(text);
    ASSERT_TRUE(page) << value << ": " << page.error().message;
    EXPECT_EQ(page->items.size(), 2u) << value;
    EXPECT_EQ(page->malformed, 1) << value;
    EXPECT_EQ(page->total_count, 7) << value;
  }
}

TEST(RepositoryParser, RefusesAnswersThatAreNotASearchPage) {
  const std::string whole = PageText({Item(), Item()});
  for (const std::string& text :
       {std::string(), std::string("<!DOCTYPE html><html></html>"), std::string("null"), std::string("[]"),
        std::string("{}"), std::string("7"), std::string(R"({"total_count":1,"incomplete_results":false})"),
        std::string(R"({"total_count":1,"incomplete_results":false,"items":null})"),
        std::string(R"({"total_count":1,"incomplete_results":false,"items":{}})"),
        std::string(R"({"total_count":"1","incomplete_results":false,"items":[]})"),
        std::string(R"({"total_count":null,"incomplete_results":false,"items":[]})"),
        std::string(R"({"total_count":1,"incomplete_results":"no","items":[]})"),
        std::string(R"({"total_count":1e999,"incomplete_results":false,"items":[]})"),
        std::string(R"({"total_count":1,"incomplete_results":false,"items":[1e999]} trailing)"),
        std::string(R"({"total_count":1,"incomplete_results":false,"items":[1e999)"),
        R"({"total_count":1,"incomplete_results":false,"items":)" + std::string(200000, '[') +
            std::string(200000, ']') + "}",
        whole + "x", std::string("\0", 1)}) {
    const auto page = ParseSearchPage(text);
    ASSERT_FALSE(page) << text.substr(0, 100);
    EXPECT_EQ(page.error().code, ErrorCode::kMalformed);
  }
  for (size_t size = 0; size < whole.size(); size += 13) EXPECT_FALSE(ParseSearchPage(whole.substr(0, size))) << size;
}

TEST(RepositoryParser, BoundsTheItemsOfAPage) {
  std::string many = "[0";
  for (int i = 0; i < 1000; ++i) many += ",0";
  EXPECT_FALSE(ParseSearchPage(R"({"total_count":1,"incomplete_results":false,"items":)" + many + "]}"));
  EXPECT_FALSE(ParseSearchPage(R"({"total_count":1,"incomplete_results":false,"items":)" + many + ",1e999]}"));
}

TEST(RepositoryParser, ReadsWhatThePageSaysOfItself) {
  const auto page = ParseSearchPage(R"({"items":[],"incomplete_results":true,"total_count":5295423,"new":{"a":[1]}})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total_count, 5295423);
  EXPECT_TRUE(page->incomplete_results);
  EXPECT_EQ(page->delivered, 0);
  // A count below nothing is nothing.
  EXPECT_EQ(ParseSearchPage(R"({"total_count":-1,"incomplete_results":false,"items":[]})")->total_count, 0);
}

TEST(RepositoryParser, ReadsAnErrorsMessage) {
  EXPECT_EQ(ParseErrorMessage(R"({"message":"Not Found","documentation_url":"x"})"), "Not Found");
  EXPECT_EQ(ParseErrorMessage(R"({"message":"a\u0000b"})"), "ab");
  EXPECT_EQ(ParseErrorMessage(json{{"message", std::string(5000, 'x')}}.dump()).size(), 300u);
  for (const char* body : {"", "<html>", "[]", "7", "{}", R"({"message":7})", R"({"error":"Server Error"})"}) {
    EXPECT_EQ(ParseErrorMessage(body), "") << body;
  }
}

class RecordedSearch : public testing::TestWithParam<std::string> {};

TEST_P(RecordedSearch, IsReadWithAllFieldsEqual) {
  const auto text = RecordedData("github/" + GetParam());
  if (!text)
    GTEST_SKIP() << "no recorded answers in " << RecordedDataFolder() << " (REPOPULSE_DATA names another folder)";
  json recorded = json::parse(*text);
  const json body = recorded.contains("body") ? recorded["body"] : recorded;
  const auto page = ParseSearchPage(body.dump());
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->total_count, body["total_count"].get<int64_t>());
  EXPECT_EQ(page->malformed, 0);
  ASSERT_EQ(page->items.size(), body["items"].size());
  const auto text_or_null = [](const std::optional<std::string>& value) {
    return value ? json(*value) : json(nullptr);
  };
  for (size_t i = 0; i < page->items.size(); ++i) {
    const Repository& item = page->items[i];
    const json& told = body["items"][i];
    const json license = told["license"].is_null() ? json(nullptr) : told["license"]["spdx_id"];
    const json read = {{"id", item.id.value},
                       {"full_name", item.name.full()},
                       {"html_url", item.html_url},
                       {"description", text_or_null(item.description)},
                       {"language", text_or_null(item.language)},
                       {"fork", item.fork},
                       {"archived", item.archived},
                       {"stargazers_count", item.stargazers_count},
                       {"forks_count", item.forks_count},
                       {"open_issues_count", item.open_issues_count},
                       {"created_at", FormatRfc3339(item.created_at)},
                       {"updated_at", FormatRfc3339(item.updated_at)},
                       {"pushed_at", item.pushed_at ? json(FormatRfc3339(*item.pushed_at)) : json(nullptr)}};
    for (const auto& [field, value] : read.items())
      EXPECT_EQ(value, told[field]) << field << " of " << told["full_name"];
    EXPECT_EQ(text_or_null(item.license), license);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, RecordedSearch,
                         testing::Values("search-repositories.2020.json", "search-repositories.2024-07.json"),
                         [](const auto& made) {
                           return made.param.find("2020") != std::string::npos ? "Y2020" : "Y2024";
                         });

}  // namespace
}  // namespace repopulse::test
