#include "domain/event.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace repopulse {
namespace {

// docs.github.com/rest/using-the-rest-api/github-event-types, and those that only old archives have.
constexpr std::array<std::string_view, 22> kTypes = {
    "CommitCommentEvent",
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
    "WatchEvent",
};
static_assert(std::ranges::is_sorted(kTypes));

// Ordinary accounts that programs use, in lower case; apps are told by "[bot]".
constexpr std::array<std::string_view, 30> kServiceAccounts = {
    "actions-user",
    "bors",
    "claassistant",
    "codacy-badger",
    "codecov-commenter",
    "codecov-io",
    "coveralls",
    "deepsource-autofix",
    "dependabot",
    "fossabot",
    "github-actions",
    "gitter-badger",
    "googlebot",
    "greenkeeperio",
    "homu",
    "imgbot",
    "istio-testing",
    "k8s-ci-robot",
    "k8s-triage-robot",
    "mergify",
    "openshift-ci-robot",
    "openshift-merge-robot",
    "pull",
    "renovate",
    "rust-highfive",
    "rustbot",
    "sonarcloud",
    "tensorflow-jenkins",
    "traviscibot",
    "waffle-iron",
};
static_assert(std::ranges::is_sorted(kServiceAccounts));

constexpr size_t kWordSizeMax = 64;
// The day before its first repository was made (2007-10-29), in whatever time zone.
constexpr std::chrono::sys_days kFirstDay = std::chrono::year{2007} / 10 / 28;

}  // namespace

std::span<const std::string_view> KnownEventTypes() { return kTypes; }

bool IsKnownEventType(std::string_view type) { return std::ranges::binary_search(kTypes, type); }

bool IsEventWord(std::string_view word) {
  return !word.empty() && word.size() <= kWordSizeMax && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool IsBotLogin(std::string_view login) {
  const std::string lower = ToLowerAscii(login);
  return lower.ends_with("[bot]") || lower.ends_with("-bot") || lower.ends_with("_bot") ||
         std::ranges::binary_search(kServiceAccounts, std::string_view(lower));
}

bool IsPlausibleEventTime(TimePoint created_at, TimePoint now) {
  return created_at >= TimePoint{kFirstDay} && created_at <= now + std::chrono::days{1};
}

}  // namespace repopulse
