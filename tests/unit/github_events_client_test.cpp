#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "github/github_client.h"
#include "support/fake_clock.h"
#include "support/fake_http_transport.h"
#include "support/recorded_data.h"
#include "support/samples.h"

namespace repopulse::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kPage = R"([{"id":"5","type":"WatchEvent","actor":{"id":1,"login":"octocat"},
  "repo":{"id":7,"name":"old/name"},"payload":{"action":"started"},"created_at":"2026-02-28T23:59:59Z"}])";

class GitHubEventsTest : public testing::Test {
 protected:
  Fetched<EventFeedPage> Fetch(const EventFeed& feed = {}, int page = 1, const std::string& etag = "") {
    http_.requests.clear();
    return MakeGitHubClient({.api_url = "https://api.github.com", .token = "secret-token", .user_agent = "repopulse/1"},
                            std::make_unique<FakeHttpTransport>(http_), clock_)
        ->FetchEvents(feed, page, etag, {});
  }
  Fetched<Repository> FetchById(int64_t id) {
    return MakeGitHubClient({.api_url = "https://api.github.com", .token = "", .user_agent = "repopulse/1"},
                            std::make_unique<FakeHttpTransport>(http_), clock_)
        ->FetchRepositoryById(RepositoryId{id}, {});
  }
  std::string UrlOf(const EventFeed& feed, int page) {
    http_.Answer(200, "[]");
    EXPECT_TRUE(Fetch(feed, page).result);
    return http_.requests.at(0).url;
  }
  std::string ConditionSent(size_t request = 0) {
    for (const auto& header : http_.requests.at(request).headers) {
      if (header.starts_with("If-None-Match: ")) return header.substr(15);
    }
    return "(none)";
  }

  FakeHttpTransport::Exchange http_;
  FakeClock clock_;
};

TEST_F(GitHubEventsTest, AsksForAHundredOfTheFeedThatIsMeant) {
  EXPECT_EQ(UrlOf({}, 1), "https://api.github.com/events?per_page=100&page=1");
  EXPECT_EQ(UrlOf({.name = RepositoryNamed("a/b.c"), .id = {}}, 2),
            "https://api.github.com/repos/a/b.c/events?per_page=100&page=2");
  EXPECT_EQ(UrlOf({.name = {}, .id = {42}}, 3), "https://api.github.com/repositories/42/events?per_page=100&page=3");
  EXPECT_EQ(UrlOf({.name = RepositoryNamed("a/b"), .id = {42}}, 1),
            "https://api.github.com/repos/a/b/events?per_page=100&page=1");
}

TEST_F(GitHubEventsTest, TellsThePageAndWhatItsHeadersSay) {
  http_.Answer(200, kPage,
               {{"etag", "W/\"a1b2\""},
                {"x-poll-interval", "90"},
                {"link", R"(<https://api.github.com/repositories/7/events?per_page=100&page=2>; rel="next")"},
                {"x-ratelimit-limit", "5000"},
                {"x-ratelimit-remaining", "4999"},
                {"x-ratelimit-resource", "core"}});
  const auto fetched = Fetch();
  ASSERT_TRUE(fetched.result) << fetched.result.error().message;
  EXPECT_FALSE(fetched.result->not_modified);
  EXPECT_EQ(fetched.result->etag, "W/\"a1b2\"");
  EXPECT_EQ(fetched.result->poll_interval, seconds{90});
  EXPECT_TRUE(fetched.result->has_next);
  ASSERT_EQ(fetched.result->events.size(), 1u);
  EXPECT_EQ(fetched.result->events[0].id, 5);
  EXPECT_EQ(fetched.result->events[0].payload, R"({"action":"started"})");
  EXPECT_EQ(fetched.rate.limit, 5000);
  EXPECT_EQ(fetched.rate.remaining, 4999);
}

TEST_F(GitHubEventsTest, BoundsThePollInterval) {
  const auto interval = [this](const char* text) {
    http_.Answer(200, "[]", {{"x-poll-interval", text}});
    return Fetch().result->poll_interval;
  };
  EXPECT_EQ(interval("60"), seconds{60});
  EXPECT_EQ(interval("0"), seconds{1});
  EXPECT_EQ(interval("3600"), seconds{3600});
  EXPECT_EQ(interval("999999999999"), seconds{3600});
  for (const char* nonsense : {"", "-5", "soon", "1.5"}) EXPECT_EQ(interval(nonsense), seconds{60}) << nonsense;
  http_.Answer(200, "[]");
  EXPECT_EQ(Fetch().result->poll_interval, seconds{60});
}

TEST_F(GitHubEventsTest, SendsTheEtagBackAsItCameWithTheFirstPageOnly) {
  http_.Answer(200, "[]");
  ASSERT_TRUE(Fetch({}, 1, "W/\"a1b2\"").result);
  EXPECT_EQ(ConditionSent(), "W/\"a1b2\"");
  http_.Answer(200, "[]");
  ASSERT_TRUE(Fetch({}, 2, "W/\"a1b2\"").result);
  EXPECT_EQ(ConditionSent(), "(none)");
  http_.Answer(200, "[]");
  ASSERT_TRUE(Fetch({}, 1, "").result);
  EXPECT_EQ(ConditionSent(), "(none)");
}

TEST_F(GitHubEventsTest, TakesA304AsUnchangedWithItsRates) {
  http_.Answer(304, "", {{"etag", "W/\"a1b2\""}, {"x-poll-interval", "120"}, {"x-ratelimit-remaining", "4321"}});
  const auto fetched = Fetch({}, 1, "W/\"a1b2\"");
  ASSERT_TRUE(fetched.result) << fetched.result.error().message;
  EXPECT_TRUE(fetched.result->not_modified);
  EXPECT_EQ(fetched.result->poll_interval, seconds{120});
  EXPECT_TRUE(fetched.result->events.empty());
  EXPECT_EQ(fetched.rate.remaining, 4321);
  EXPECT_TRUE(fetched.rate.free) << "it was asked with a token";
}

TEST_F(GitHubEventsTest, RefusesA304ThatWasNotAskedFor) {
  http_.Answer(304, "");
  EXPECT_EQ(Fetch({}, 1, "").result.error().code, ErrorCode::kMalformed);
  http_.Answer(304, "");
  EXPECT_EQ(Fetch({}, 2, "W/\"a1b2\"").result.error().code, ErrorCode::kMalformed);
}

TEST_F(GitHubEventsTest, ForgetsAnEtagThatCouldNotBeSentBack) {
  for (const std::string& etag : {std::string(301, 'x'), std::string("a\r\nX-Evil: 1"), std::string("\xC3\xA4")}) {
    http_.Answer(200, "[]", {{"etag", etag}});
    EXPECT_EQ(Fetch().result->etag, "") << etag;
  }
}

TEST_F(GitHubEventsTest, FollowsARenameWithItsCondition) {
  http_.Answer(301, "", {{"location", "https://api.github.com/repositories/7/events?per_page=100&page=1"}});
  http_.Answer(304, "");
  const auto fetched = Fetch({.name = RepositoryNamed("old/name"), .id = {}}, 1, "\"x\"");
  ASSERT_TRUE(fetched.result) << fetched.result.error().message;
  EXPECT_TRUE(fetched.result->not_modified);
  EXPECT_EQ(http_.requests.at(1).url, "https://api.github.com/repositories/7/events?per_page=100&page=1");
  EXPECT_EQ(ConditionSent(1), "\"x\"");
  http_.Answer(301, "", {{"location", "https://evil.example/repositories/7/events"}});
  EXPECT_EQ(Fetch({.name = RepositoryNamed("old/name"), .id = {}}).result.error().code, ErrorCode::kMalformed);
}

TEST_F(GitHubEventsTest, TellsErrorsApart) {
  const std::vector<std::pair<int, ErrorCode>> expected = {
      {401, ErrorCode::kUnauthorized},    {404, ErrorCode::kNotFound},    {451, ErrorCode::kGone},
      {422, ErrorCode::kInvalidArgument}, {429, ErrorCode::kRateLimited}, {502, ErrorCode::kUnavailable}};
  for (const auto& [status, code] : expected) {
    http_.Answer(status, R"({"message":"as GitHub says"})");
    EXPECT_EQ(Fetch().result.error().code, code) << status;
  }
  for (const char* body : {"", "{}", "<html></html>", "[", R"({"message":"Server Error"})"}) {
    http_.Answer(200, body, {{"x-ratelimit-remaining", "41"}});
    const auto fetched = Fetch();
    EXPECT_EQ(fetched.result.error().code, ErrorCode::kMalformed) << body;
    EXPECT_EQ(fetched.rate.remaining, 41);
  }
}

TEST_F(GitHubEventsTest, FetchesARepositoryByItsId) {
  http_.Answer(200,
               json{{"id", 7},
                    {"full_name", "new/name"},
                    {"private", false},
                    {"created_at", "2014-06-06T22:56:04Z"},
                    {"updated_at", "2024-05-07T08:45:17Z"},
                    {"stargazers_count", 1},
                    {"forks_count", 2},
                    {"open_issues_count", 3}}
                   .dump(),
               {{"x-ratelimit-remaining", "59"}});
  const auto fetched = FetchById(7);
  ASSERT_TRUE(fetched.result) << fetched.result.error().message;
  EXPECT_EQ(http_.requests[0].url, "https://api.github.com/repositories/7");
  EXPECT_EQ(fetched.result->name.full(), "new/name");
  EXPECT_EQ(fetched.rate.remaining, 59);
  http_.Answer(404, "");
  EXPECT_EQ(FetchById(8).result.error().code, ErrorCode::kNotFound);
}

// The ten answers of one reading, in order, as GitHub gave them.
TEST_F(GitHubEventsTest, ReadsARecordedReadingToItsEnd) {
  for (int i = 1; i <= 10; ++i) {
    const auto text = RecordedData("github/events-page-" + std::to_string(i) + ".2019-10.json");
    if (!text) GTEST_SKIP() << "no recorded answers in " << RecordedDataFolder();
    const json recorded = json::parse(*text);
    Headers headers;
    for (const auto& [key, value] : recorded["headers"].items()) {
      headers.emplace_back(ToLowerAscii(key),
                           value.is_array() ? value[0].get<std::string>() : value.get<std::string>());
    }
    http_.Answer(recorded["status"], recorded["body"].dump(), headers);
    const auto fetched = Fetch({}, i);
    ASSERT_TRUE(fetched.result) << fetched.result.error().message;
    EXPECT_EQ(fetched.result->malformed, 0);
    EXPECT_EQ(fetched.result->events.size(), recorded["body"].size());
    EXPECT_EQ(fetched.result->has_next, i < 10) << i;
    EXPECT_TRUE(fetched.result->etag.starts_with("W/\"") || fetched.result->etag.starts_with('"'))
        << fetched.result->etag;
    EXPECT_EQ(fetched.result->poll_interval, seconds{60});
  }
}

}  // namespace
}  // namespace repopulse::test
