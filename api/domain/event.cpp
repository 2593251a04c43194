#include "domain/event.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace repopulse {
namespace {

constexpr std::array<std::string_view, 22> kTypes = {"CommitCommentEvent",
                                                     "CreateEvent",
                                                     "DeleteEvent",
                                                     "DiscussionEvent",
                                                     "DownloadEvent",
                                                     "FollowEvent",
                                                     "ForkApplyEvent",
                                                     "ForkEvent",
                                                     "GistEvent",
                                                     "GollumEvent",
                                                     "IssueCommentEvent",
                                                     "IssuesEvent",
                                                     "MemberEvent",
                                                     "PublicEvent",
                                                     "PullRequestEvent",
                                                     "PullRequestReviewCommentEvent",
                                                     "PullRequestReviewEvent",
                                                     "PullRequestReviewThreadEvent",
                                                     "PushEvent",
                                                     "ReleaseEvent",
                                                     "TeamAddEvent",
                                                     "WatchEvent"};
constexpr TimePoint kGitHubBegan{std::chrono::sys_days{std::chrono::year{2008} / 1 / 1}};

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

bool IsKnownEventType(std::string_view type) { return std::ranges::binary_search(kTypes, type); }

bool IsEventWord(std::string_view word) {
  return !word.empty() && word.size() <= 64 && std::ranges::all_of(word, IsWordCharacter);
}

bool IsBotLogin(std::string_view login) {
  const std::string lower = ToLowerAscii(login);
  return lower.ends_with("[bot]") || lower.ends_with("-bot") || lower.ends_with("_bot");
}

bool IsPlausibleEventTime(TimePoint created_at, TimePoint now) {
  return created_at >= kGitHubBegan && created_at <= now + std::chrono::hours{24};
}

}  // namespace repopulse
