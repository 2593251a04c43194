#include "service/details_poller.h"

#include <algorithm>
#include <string>

#include "base/log.h"
#include "base/strings.h"
#include "domain/polling.h"

namespace repopulse {
namespace {

constexpr std::chrono::hours kStoredIsEnough{24};
constexpr std::chrono::hours kMissingPause{6};
constexpr std::chrono::minutes kErrorPause{5};
constexpr std::chrono::hours kGonePause{24};
constexpr size_t kErrorBytesMax = 500;

bool IsMissing(const Error& error) { return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kGone; }

}  // namespace

Result<DetailsPoller::Outcome> DetailsPoller::Poll(GitHubTurn& turn, EventSource source) {
  const bool out_of_time = turn.IsOver();
  auto repository = AskGitHub<Repository>(
      turn, [&] { return github_.FetchRepositoryById(source.repository, RatePace::kPaced, turn.job.stop()); });
  const TimePoint now = clock_.Now();
  Outcome outcome;
  if (!repository) {
    const Error& error = repository.error();
    if (error.code == ErrorCode::kCancelled) return tl::make_unexpected(error);
    outcome.error = error;
    if (error.code == ErrorCode::kRateLimited || out_of_time) return outcome;  // it stays due
  }
  ++source.polls;
  if (repository) {
    if (auto saved = repositories_.Save(*repository, now); !saved) return WithContext("saving details", saved.error());
    outcome.answered = true;
    ++source.requests;
    source.failed_polls = 0;
    source.last_error.reset();
    source.last_polled_at = now;
    source.next_poll_at = now + interval_;
  } else {
    const Error error = repository.error();
    ++source.failed_polls;
    source.last_error = std::string(TruncateUtf8(error.message, kErrorBytesMax));
    source.next_poll_at = now + PollPause({.poll_interval = kErrorPause,
                                           .longest = interval_,
                                           .mean_interval_seconds = {},
                                           .unchanged_polls = 0,
                                           .failed_polls = source.failed_polls});
    if (IsMissing(error)) {
      auto marked = repositories_.MarkGone(source.repository, now);
      if (!marked) return WithContext("marking as gone", marked.error());
      source.next_poll_at = now + kGonePause;
      outcome = {.answered = true, .error = {}};
    }
  }
  if (auto recorded = sources_.RecordPoll(source, std::nullopt); !recorded) {
    return WithContext("recording a poll", recorded.error());
  }
  return outcome;
}

Result<DetailsPoller::Outcome> DetailsPoller::Resolve(GitHubTurn& turn, const RepositoryName& name) {
  auto stored = repositories_.FindByName(name);
  if (!stored) return WithContext("looking up " + name.full(), stored.error());
  Outcome outcome;
  std::optional<RepositoryId> id;
  if (*stored && (*stored)->repository.name == name && !(*stored)->gone_at &&
      (*stored)->fetched_at >= clock_.Now() - kStoredIsEnough) {
    id = (*stored)->repository.id;
  } else {
    auto repository =
        AskGitHub<Repository>(turn, [&] { return github_.FetchRepository(name, RatePace::kPaced, turn.job.stop()); });
    if (!repository) {
      outcome.error = repository.error();
    } else {
      outcome.answered = true;
      id = repository->id;
      auto saved = repositories_.Save(*repository, clock_.Now());
      if (!saved) return WithContext("saving " + name.full(), saved.error());
    }
  }
  Status kept;
  if (id) {
    kept = sources_.ResolveName(name, *id, clock_.Now());
  } else if (const Error error = outcome.error.value_or(Error{}); error.code == ErrorCode::kCancelled) {
    return tl::make_unexpected(error);
  } else if (error.code != ErrorCode::kRateLimited && !turn.IsOver()) {
    const bool missing = IsMissing(error);
    LogWarn("tracked_name_not_found", {{"name", name.full()}, {"error", error.message}});
    const auto pause = missing ? std::chrono::seconds{kMissingPause} : std::chrono::seconds{kErrorPause};
    kept = sources_.PostponeName(name, clock_.Now() + pause, std::string(TruncateUtf8(error.message, kErrorBytesMax)));
    if (missing) outcome = {.answered = true, .error = {}};
  }
  if (!kept) return WithContext("resolving " + name.full(), kept.error());
  return outcome;
}

}  // namespace repopulse
