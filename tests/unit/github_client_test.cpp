#include "github/github_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "base/time_format.h"
#include "support/fake_clock.h"
#include "support/fake_http_transport.h"
#include "support/recorded_data.h"
#include "support/samples.h"

namespace repopulse::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kEmptyPage = R"({"total_count":0,"incomplete_results":false,"items":[]})";

std::string RepositoryText(const std::string& full_name) {
  return json{{"id", 7},
              {"full_name", full_name},
              {"private", false},
              {"html_url", "https://github.com/" + full_name},
              {"fork", false},
              {"archived", false},
              {"created_at", "2014-06-06T22:56:04Z"},
              {"updated_at", "2024-05-07T08:45:17Z"},
              {"stargazers_count", 1},
              {"forks_count", 2},
              {"open_issues_count", 3}}
      .dump();
}

class GitHubClientTest : public testing::Test {
 protected:
  std::unique_ptr<GitHub> Client(std::string token = "", std::string api_url = "https://api.github.com") {
    return MakeGitHubClient(
        {.api_url = std::move(api_url), .token = std::move(token), .user_agent = "repopulse/1 (+self-hosted)"},
        std::make_unique<FakeHttpTransport>(http_), clock_);
  }
  Fetched<SearchPage> Search() { return Client("secret-token")->SearchRepositories("topic:go stars:<=5", 2, {}); }
  Fetched<Repository> Fetch(const std::string& token = "secret-token") {
    return Client(token)->FetchRepository(RepositoryNamed("old/name"), {});
  }
  // What one answer with this status makes of a search.
  Fetched<SearchPage> SearchAnswered(int status, const std::string& body, Headers headers = {}) {
    http_.Answer(status, body, std::move(headers));
    return Search();
  }
  std::string HeaderSent(size_t request, const std::string& name) {
    for (const auto& header : http_.requests.at(request).headers) {
      if (header.starts_with(name + ": ")) return header.substr(name.size() + 2);
    }
    return "(not sent)";
  }

  FakeHttpTransport::Exchange http_;
  FakeClock clock_;
};

TEST_F(GitHubClientTest, AsksAsGitHubWantsToBeAsked) {
  http_.Answer(200, kEmptyPage);
  ASSERT_TRUE(Search().result);
  EXPECT_EQ(http_.requests[0].url,
            "https://api.github.com/search/"
            "repositories?q=topic%3Ago%20stars%3A%3C%3D5&sort=stars&order=desc&per_page=100&page=2");
  EXPECT_EQ(HeaderSent(0, "User-Agent"), "repopulse/1 (+self-hosted)");
  EXPECT_EQ(HeaderSent(0, "Accept"), "application/vnd.github+json");
  EXPECT_EQ(HeaderSent(0, "X-GitHub-Api-Version"), "2022-11-28");
  EXPECT_EQ(HeaderSent(0, "Authorization"), "Bearer secret-token");
  EXPECT_EQ(http_.requests[0].body_bytes_max, 16u * 1024 * 1024);
}

TEST_F(GitHubClientTest, SendsNoAuthorizationWithoutAToken) {
  http_.Answer(200, RepositoryText("old/name"));
  ASSERT_TRUE(Fetch("").result);
  EXPECT_EQ(http_.requests[0].url, "https://api.github.com/repos/old/name");
  EXPECT_EQ(HeaderSent(0, "Authorization"), "(not sent)");
}

TEST_F(GitHubClientTest, SaysWhoseLimitsApplyAndNotTheToken) {
  EXPECT_EQ(Client("secret-token")->credential(), "token");
  EXPECT_EQ(Client("")->credential(), "anonymous");
}

TEST_F(GitHubClientTest, KeepsThePathOfAnEnterpriseApi) {
  http_.Answer(200, RepositoryText("old/name"));
  ASSERT_TRUE(Client("", "https://ghe.example/api/v3")->FetchRepository(RepositoryNamed("old/name"), {}).result);
  EXPECT_EQ(http_.requests[0].url, "https://ghe.example/api/v3/repos/old/name");
}

TEST_F(GitHubClientTest, SeesANextPageOnlyInTheLinkHeader) {
  const auto has_next = [this](const std::string& link) {
    return SearchAnswered(200, kEmptyPage, {{"link", link}}).result->has_next;
  };
  EXPECT_TRUE(has_next(
      R"(<https://api.github.com/search?page=2>; rel="next", <https://api.github.com/search?page=9>; rel="last")"));
  EXPECT_TRUE(has_next(R"(<https://x/?page=1>; rel="prev", <https://x/?q=a,b;c&page=3>; rel="next")"));
  EXPECT_TRUE(has_next("<https://x/?page=3>;rel=next"));
  EXPECT_FALSE(has_next(R"(<https://x/?page=1>; rel="prev", <https://x/?page=1>; rel="first")"));
  EXPECT_FALSE(has_next(R"(<https://x/?q=;rel="next";&page=1>; rel="prev")"));
  for (const char* broken : {"", "<", ">", "next", "rel=\"next\"", "<<<", "<x", "<x>;", "<x>;;rel"})
    EXPECT_FALSE(has_next(broken)) << broken;
  EXPECT_FALSE(SearchAnswered(200, kEmptyPage).result->has_next);
}

TEST_F(GitHubClientTest, TellsWhatEveryAnswerSaysOfTheLimits) {
  const Headers headers = {{"x-ratelimit-limit", "30"},
                           {"x-ratelimit-remaining", "12"},
                           {"x-ratelimit-reset", "1772323260"},
                           {"x-ratelimit-resource", "search"}};
  for (int status : {200, 404, 422, 502, 301}) {
    const auto fetched = SearchAnswered(status, kEmptyPage, headers);
    EXPECT_EQ(fetched.rate.limit, 30) << status;
    EXPECT_EQ(fetched.rate.remaining, 12) << status;
    EXPECT_EQ(fetched.rate.reset_at, At("2026-03-01T00:01:00Z")) << status;
    EXPECT_FALSE(fetched.rate.limited) << status;
  }
}

TEST_F(GitHubClientTest, LeavesOutFiguresThatMakeNoSenseOrAreAnotherBuckets) {
  const auto nonsense = SearchAnswered(
      200, kEmptyPage,
      {{"x-ratelimit-limit", "many"}, {"x-ratelimit-remaining", "-3"}, {"x-ratelimit-reset", "99999999999999999"}});
  EXPECT_EQ(nonsense.rate.limit, std::nullopt);
  EXPECT_EQ(nonsense.rate.remaining, std::nullopt);
  EXPECT_EQ(nonsense.rate.reset_at, std::nullopt);
  const auto other =
      SearchAnswered(200, kEmptyPage, {{"x-ratelimit-remaining", "4000"}, {"x-ratelimit-resource", "core"}});
  EXPECT_EQ(other.rate.remaining, std::nullopt);
}

TEST_F(GitHubClientTest, MapsStatusesToErrors) {
  const std::vector<std::pair<int, ErrorCode>> expected = {
      {400, ErrorCode::kInvalidArgument}, {401, ErrorCode::kUnauthorized},
      {403, ErrorCode::kUnauthorized},    {404, ErrorCode::kNotFound},
      {408, ErrorCode::kTimeout},         {410, ErrorCode::kGone},
      {418, ErrorCode::kMalformed},       {422, ErrorCode::kInvalidArgument},
      {429, ErrorCode::kRateLimited},     {451, ErrorCode::kGone},
      {500, ErrorCode::kUnavailable},     {502, ErrorCode::kUnavailable},
      {503, ErrorCode::kUnavailable},     {204, ErrorCode::kMalformed},
      {304, ErrorCode::kMalformed},       {303, ErrorCode::kMalformed}};
  for (const auto& [status, code] : expected) {
    for (const char* body : {"", "<html><h1>Whoa there!</h1></html>", R"({"message":"said by GitHub"})"}) {
      const auto fetched = SearchAnswered(status, body);
      ASSERT_FALSE(fetched.result) << status;
      EXPECT_EQ(fetched.result.error().code, code) << status << " " << body;
      EXPECT_NE(fetched.result.error().message.find(std::to_string(status)), std::string::npos);
      EXPECT_EQ(fetched.result.error().message.find("html"), std::string::npos);
    }
  }
  EXPECT_NE(SearchAnswered(404, R"({"message":"Not Found"})").result.error().message.find("Not Found"),
            std::string::npos);
}

TEST_F(GitHubClientTest, TellsAPlain403FromABlockedRepositoryAndFromALimit) {
  const Headers plenty = {{"x-ratelimit-remaining", "4000"}, {"x-ratelimit-reset", "1772323260"}};
  const auto plain = SearchAnswered(403, R"({"message":"Must have push access to repository"})", plenty);
  EXPECT_EQ(plain.result.error().code, ErrorCode::kUnauthorized);
  EXPECT_FALSE(plain.rate.limited);

  const Headers none = {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1772323260"}};
  const auto blocked = SearchAnswered(403, R"({"message":"Repository access blocked","block":{"reason":"tos"}})", none);
  EXPECT_EQ(blocked.result.error().code, ErrorCode::kGone);
  EXPECT_FALSE(blocked.rate.limited);

  const auto primary = SearchAnswered(403, R"({"message":"API rate limit exceeded for 1.2.3.4."})", none);
  EXPECT_EQ(primary.result.error().code, ErrorCode::kRateLimited);
  EXPECT_TRUE(primary.rate.limited);
  EXPECT_EQ(primary.rate.retry_after, std::nullopt);
  EXPECT_EQ(primary.result.error().retry_after, seconds{60});  // until the reset

  const auto secondary = SearchAnswered(403, R"({"message":"You have exceeded a secondary rate limit."})", plenty);
  EXPECT_EQ(secondary.result.error().code, ErrorCode::kRateLimited);
  EXPECT_TRUE(secondary.rate.limited);
  EXPECT_EQ(secondary.result.error().retry_after, std::nullopt);  // GitHub did not say
  EXPECT_EQ(
      SearchAnswered(403, R"({"message":"You have triggered an abuse detection mechanism."})").result.error().code,
      ErrorCode::kRateLimited);
}

TEST_F(GitHubClientTest, ReadsRetryAfterInSecondsAndAsADate) {
  const auto wait = [this](Headers headers) { return SearchAnswered(429, "", std::move(headers)).rate.retry_after; };
  EXPECT_EQ(wait({{"retry-after", "8"}}), seconds{8});
  EXPECT_EQ(wait({{"retry-after", "0"}}), seconds{0});
  EXPECT_EQ(wait({{"retry-after", "-5"}}), seconds{0});
  EXPECT_EQ(wait({{"retry-after", "99999999999"}}), seconds{86400});
  EXPECT_EQ(wait({{"retry-after", "Sun, 01 Mar 2026 00:02:00 GMT"}}), seconds{120});
  EXPECT_EQ(wait({{"retry-after", "Sat, 28 Feb 2026 23:00:00 GMT"}}), seconds{0});
  EXPECT_EQ(wait({{"retry-after", "soon"}}), std::nullopt);
  // Our clock may be wrong; the difference of two times of GitHub's is not.
  EXPECT_EQ(wait({{"retry-after", "Sun, 01 Mar 2026 05:00:30 GMT"}, {"date", "Sun, 01 Mar 2026 05:00:00 GMT"}}),
            seconds{30});
  EXPECT_EQ(SearchAnswered(503, "", {{"retry-after", "9"}}).result.error().retry_after, seconds{9});
  EXPECT_FALSE(SearchAnswered(503, "", {{"retry-after", "9"}}).rate.limited);
}

TEST_F(GitHubClientTest, FollowsARenameAndTellsTheNewName) {
  for (int status : {301, 302, 307, 308}) {
    http_.requests.clear();
    http_.Answer(status, R"({"message":"Moved Permanently"})", {{"location", "https://api.github.com/repositories/7"}});
    http_.Answer(200, RepositoryText("new/name"), {{"x-ratelimit-remaining", "41"}});
    const auto fetched = Fetch();
    ASSERT_TRUE(fetched.result) << fetched.result.error().message;
    EXPECT_EQ(fetched.result->name.full(), "new/name");
    EXPECT_EQ(fetched.rate.remaining, 41);
    ASSERT_EQ(http_.requests.size(), 2u);
    EXPECT_EQ(http_.requests[1].url, "https://api.github.com/repositories/7");
    EXPECT_EQ(HeaderSent(1, "Authorization"), "Bearer secret-token");
    EXPECT_EQ(HeaderSent(1, "User-Agent"), "repopulse/1 (+self-hosted)");
  }
}

TEST_F(GitHubClientTest, FollowsRelativeRedirectsAndTheDefaultPort) {
  for (const char* location :
       {"/repositories/7", "../../repositories/7", "https://API.github.com:443/repositories/7"}) {
    http_.requests.clear();
    http_.Answer(301, "", {{"location", location}});
    http_.Answer(200, RepositoryText("new/name"));
    EXPECT_TRUE(Fetch().result) << location;
  }
}

TEST_F(GitHubClientTest, NeverFollowsToAnotherServer) {
  for (const char* location : {"https://evil.example/repositories/7", "http://api.github.com/repositories/7",
                               "https://api.github.com:8443/repositories/7", "https://api.github.com.evil.example/",
                               "https://api.github.com@evil.example/", "//evil.example/repositories/7",
                               "ftp://api.github.com/", "file:///etc/passwd", "javascript:alert(1)",
                               "https://evil.example\\@api.github.com/", "https://user:pw@api.github.com/x", ""}) {
    http_.requests.clear();
    http_.Answer(301, "", {{"location", location}, {"x-ratelimit-remaining", "40"}});
    const auto fetched = Fetch();
    ASSERT_FALSE(fetched.result) << location;
    EXPECT_EQ(fetched.result.error().code, ErrorCode::kMalformed) << location;
    EXPECT_EQ(fetched.rate.remaining, 40);
    EXPECT_EQ(http_.requests.size(), 1u) << location;
  }
  http_.Answer(301, "");  // no Location at all
  EXPECT_EQ(Fetch().result.error().code, ErrorCode::kMalformed);
}

TEST_F(GitHubClientTest, FollowsThreeRedirectsAndNoMore) {
  const auto redirect = [this](int times) {
    for (int i = 0; i < times; ++i)
      http_.Answer(301, "", {{"location", "/repositories/7"}, {"x-ratelimit-remaining", std::to_string(50 - i)}});
  };
  redirect(3);
  http_.Answer(200, RepositoryText("new/name"));
  EXPECT_TRUE(Fetch().result);
  http_.requests.clear();
  redirect(10);
  const auto loop = Fetch();
  EXPECT_EQ(loop.result.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(loop.rate.remaining, 47);
  EXPECT_EQ(http_.requests.size(), 4u);
}

TEST_F(GitHubClientTest, HasOneDeadlineForAllRedirects) {
  clock_.MoveByLook(seconds{8});
  for (int i = 0; i < 5; ++i) http_.Answer(301, "", {{"location", "/repositories/7"}});
  const auto fetched = Fetch();
  EXPECT_EQ(fetched.result.error().code, ErrorCode::kTimeout);
  ASSERT_GE(http_.requests.size(), 2u);
  EXPECT_LT(http_.requests[1].deadline, http_.requests[0].deadline);
  EXPECT_LE(http_.requests[0].deadline, seconds{30});
}

TEST_F(GitHubClientTest, PassesOnWhatTheTransportSays) {
  for (ErrorCode code : {ErrorCode::kTimeout, ErrorCode::kUnavailable, ErrorCode::kMalformed, ErrorCode::kCancelled}) {
    http_.Fail(code);
    const auto fetched = Search();
    EXPECT_EQ(fetched.result.error().code, code);
    EXPECT_EQ(fetched.rate.remaining, std::nullopt);
    EXPECT_FALSE(fetched.rate.limited);
  }
}

TEST_F(GitHubClientTest, IsCancelledByAStop) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(Client()->SearchRepositories("topic:go", 1, stop.get_token()).result.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(http_.requests.empty());
}

TEST_F(GitHubClientTest, RefusesA200ThatIsNotWhatWasAsked) {
  for (const char* body : {"", "<html></html>", "{}", "[]", "null"}) {
    EXPECT_EQ(SearchAnswered(200, body).result.error().code, ErrorCode::kMalformed) << body;
    http_.Answer(200, body);
    EXPECT_EQ(Fetch().result.error().code, ErrorCode::kMalformed) << body;
  }
}

TEST_F(GitHubClientTest, NeverTellsTheToken) {
  for (int status : {200, 301, 401, 403, 429, 500}) {
    const auto fetched = SearchAnswered(status, "");
    EXPECT_EQ(fetched.result.error().message.find("secret-token"), std::string::npos) << status;
  }
}

// A recorded answer, its placeholders replaced by times of the test's clock.
std::optional<HttpResponse> Recorded(const std::string& name) {
  auto text = RecordedData("github/" + name);
  if (!text) return std::nullopt;
  const json recorded = json::parse(*text);
  HttpResponse response;
  response.status = recorded["status"];
  for (const auto& [key, value] : recorded["headers"].items()) {
    std::string header = value.is_string() ? value.get<std::string>() : value[0].get<std::string>();
    if (header.starts_with("{{now")) header = FormatHttpDate(FakeClock::kStart);
    if (header.starts_with("{{testStartDate"))
      header = std::to_string(SecondsSinceEpoch(FakeClock::kStart).count() + 90);
    response.headers.emplace_back(ToLowerAscii(key), header);
  }
  response.body = recorded["body"].is_string() ? recorded["body"].get<std::string>() : recorded["body"].dump();
  return response;
}

struct RecordedLimit {
  const char* file;
  std::optional<int64_t> remaining;
  std::optional<seconds> retry_after;
  std::optional<seconds> wait;
};

TEST_F(GitHubClientTest, UnderstandsRecordedLimits) {
  for (const RecordedLimit& limit : {RecordedLimit{"rate-limit-403.json", 0, {}, seconds{90}},
                                     RecordedLimit{"secondary-limit-403.json", 4000, {}, {}},
                                     RecordedLimit{"secondary-limit-429.json", {}, seconds{8}, seconds{8}},
                                     RecordedLimit{"secondary-limit-429-no-retry-after.json", {}, {}, {}}}) {
    auto response = Recorded(limit.file);
    if (!response) GTEST_SKIP() << "no recorded answers in " << RecordedDataFolder();
    http_.answers.emplace_back(*std::move(response));
    const auto fetched = Fetch();
    ASSERT_FALSE(fetched.result) << limit.file;
    EXPECT_EQ(fetched.result.error().code, ErrorCode::kRateLimited) << limit.file;
    EXPECT_TRUE(fetched.rate.limited) << limit.file;
    EXPECT_EQ(fetched.rate.remaining, limit.remaining) << limit.file;
    EXPECT_EQ(fetched.rate.retry_after, limit.retry_after) << limit.file;
    EXPECT_EQ(fetched.result.error().retry_after, limit.wait) << limit.file;
  }
}

TEST_F(GitHubClientTest, UnderstandsARecordedSearch) {
  auto response = Recorded("search-repositories.2020.json");
  if (!response) GTEST_SKIP() << "no recorded answers in " << RecordedDataFolder();
  http_.answers.emplace_back(*std::move(response));
  const auto fetched = Search();
  ASSERT_TRUE(fetched.result) << fetched.result.error().message;
  EXPECT_EQ(fetched.result->total_count, 1918);
  EXPECT_EQ(fetched.result->items.size(), 30u);
  EXPECT_TRUE(fetched.result->has_next);
  EXPECT_EQ(fetched.rate.limit, 30);
  EXPECT_EQ(fetched.rate.remaining, 29);
}

}  // namespace
}  // namespace repopulse::test
