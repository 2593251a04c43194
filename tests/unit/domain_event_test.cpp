// The contract of domain/event.h.
#include <gtest/gtest.h>

#include "base/time_format.h"
#include "domain/event.h"

namespace repopulse {
namespace {

TEST(EventType, IsKnownWhereGitHubDocumentsItOrOldArchivesHaveIt) {
  for (const char* type : {"CommitCommentEvent",
                           "CreateEvent",
                           "DeleteEvent",
                           "DiscussionEvent",
                           "ForkEvent",
                           "GollumEvent",
                           "IssueCommentEvent",
                           "IssuesEvent",
                           "MemberEvent",
                           "PublicEvent",
                           "PullRequestEvent",
                           "PullRequestReviewEvent",
                           "PullRequestReviewCommentEvent",
                           "PushEvent",
                           "ReleaseEvent",
                           "WatchEvent",
                           "FollowEvent",
                           "ForkApplyEvent",
                           "GistEvent",
                           "DownloadEvent",
                           "TeamAddEvent",
                           "PullRequestReviewThreadEvent"}) {
    EXPECT_TRUE(IsKnownEventType(type)) << type;
  }
  for (const char* type : {"", "Push", "pushevent", "PushEvent ", "SomethingNewEvent"}) {
    EXPECT_FALSE(IsKnownEventType(type)) << type;
  }
}

TEST(EventWord, IsLettersDigitsAndUnderscores) {
  for (const std::string& word : {std::string("PushEvent"), std::string("review_requested"), std::string("v2"),
                                  std::string("_"), std::string(64, 'a')}) {
    EXPECT_TRUE(IsEventWord(word)) << word;
  }
  for (const std::string& word : {std::string(), std::string("two words"), std::string("naïve"), std::string("a-b"),
                                  std::string("a\0b", 3), std::string(65, 'a')}) {
    EXPECT_FALSE(IsEventWord(word)) << word;
  }
}

TEST(BotLogin, IsToldByItsEndingOrByName) {
  for (const char* login : {"dependabot[bot]", "github-actions[bot]", "Renovate[BOT]", "houndci-bot", "some_bot",
                            "Snyk-Bot", "k8s-ci-robot", "CLAassistant", "codecov-io", "pull", "waffle-iron"}) {
    EXPECT_TRUE(IsBotLogin(login)) << login;
  }
  for (const char* login : {"", "octocat", "bot", "abbot", "bot-lover", "robot", "[bot]man", "dependabot-fan"}) {
    EXPECT_FALSE(IsBotLogin(login)) << login;
  }
}

TEST(EventTime, IsNotBeforeGitHubNorMoreThanADayAhead) {
  const TimePoint now = ParseRfc3339("2026-07-01T12:00:00Z").value();
  EXPECT_TRUE(IsPlausibleEventTime(now, now));
  EXPECT_TRUE(IsPlausibleEventTime(now + std::chrono::hours{24}, now));
  EXPECT_FALSE(IsPlausibleEventTime(now + std::chrono::hours{24} + std::chrono::seconds{1}, now));
  EXPECT_TRUE(IsPlausibleEventTime(ParseRfc3339("2008-01-01T00:00:00Z").value(), now));
  EXPECT_FALSE(IsPlausibleEventTime(ParseRfc3339("2007-01-01T00:00:00Z").value(), now));
  EXPECT_FALSE(IsPlausibleEventTime(TimePoint{}, now));
}

}  // namespace
}  // namespace repopulse
