#include "service/feed_poller.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace repopulse {
namespace {

constexpr std::chrono::seconds kRepositoryPauseMax{3600};
constexpr std::chrono::seconds kFirehosePauseMax{300};
constexpr std::chrono::hours kGonePause{24};
constexpr size_t kErrorBytesMax = 500;
// Bounds of what is remembered of broken-off polls; a source beyond them is taken for one after a crash.
constexpr size_t kBrokenOffSourcesMax = 500;
constexpr size_t kBrokenOffEventsMax = 3000;

std::optional<LastPoll> LastPollOf(const EventSource& source) {
  if (!source.last_polled_at) return std::nullopt;
  return LastPoll{.at = *source.last_polled_at, .newest_event_at = source.newest_event_at};
}

EventFeed FeedOf(const EventSource& source) { return {.name = source.name, .id = source.repository}; }

// The name has passed to another repository, whose events these are.
bool IsTakenOver(const EventFeedPage& page, RepositoryId ours) {
  if (ours.value == 0) return false;
  const auto names_another = [ours](const Event& event) {
    return event.repository.value != 0 && event.repository != ours;
  };
  return std::ranges::any_of(page.events, names_another) &&
         std::ranges::none_of(page.events, [ours](const Event& event) { return event.repository == ours; });
}

bool IsMissing(const Error& error) { return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kGone; }

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : "; ") + text;
  return std::string(TruncateUtf8(joined, kErrorBytesMax));
}

}  // namespace

std::string LabelOf(const EventSource& source) {
  if (source.kind == SourceKind::kFirehose) return "firehose";
  return source.name ? source.name->full() : "repository " + std::to_string(source.repository.value);
}

PollPace PaceOf(const EventSource& source) {
  return {.poll_interval = source.poll_interval,
          .longest = source.kind == SourceKind::kFirehose ? kFirehosePauseMax : kRepositoryPauseMax,
          .mean_interval_seconds = source.mean_interval_seconds,
          .unchanged_polls = source.unchanged_polls,
          .failed_polls = source.failed_polls};
}

struct FeedPoller::Progress {
  Progress(const EventSource& polled, TimePoint now)
      : before(polled), source(polled), feed(FeedOf(polled)), started(now), reading(LastPollOf(polled), now) {}

  // Whether the last whole poll is all that has stored events of this source, and if not, which ones others stored.
  void RecallFrom(const std::map<int64_t, BrokenOff>& all) {
    if (before.failed_polls == 0 || !before.etag.empty()) return;
    const auto it = all.find(before.id);
    certain = it != all.end() && it->second.failed_polls == before.failed_polls;
    if (certain) not_proof = it->second.stored;
  }

  const EventSource before;
  EventSource source;  // its state as it becomes
  EventFeed feed;
  const TimePoint started;
  FeedReading reading;
  std::map<EventKey, bool> seen;  // in this poll, and whether it was known
  std::set<EventKey> stored;      // by this poll
  std::set<EventKey> not_proof;   // stored by broken-off polls
  bool certain = true;            // `not_proof` is all there is
  bool begun = false;             // its first page has come
  bool out_of_time = false;
  std::vector<std::string> malformed_reasons;
  int64_t malformed = 0;
  Outcome outcome;
};

Result<FeedPoller::Outcome> FeedPoller::Poll(GitHubTurn& turn, const EventSource& source,
                                             const std::set<RepositoryId>& active) {
  Progress poll(source, clock_.Now());
  poll.RecallFrom(broken_off_);

  auto first = FetchFirst(turn, poll);
  Status recorded;
  if (first && first->not_modified) {
    recorded = RecordUnchanged(poll);
  } else if (first) {
    recorded = ReadOn(turn, poll, *std::move(first), active);
  } else if (first.error().code == ErrorCode::kCancelled) {
    return tl::make_unexpected(std::move(first.error()));
  } else {
    const bool gone = IsMissing(first.error()) && source.kind == SourceKind::kRepository;
    poll.outcome.error = std::move(first.error());
    recorded = gone ? RecordGone(poll) : RecordBrokenOff(turn, poll);
  }
  if (!recorded) return WithContext("polling " + LabelOf(source), recorded.error());
  return std::move(poll.outcome);
}

Result<EventFeedPage> FeedPoller::Fetch(GitHubTurn& turn, Progress& poll, int page) {
  // What has been begun is not put off by pacing: the pages would have moved.
  const RatePace pace = page == 1 ? RatePace::kPaced : RatePace::kFull;
  const std::string etag = page == 1 && poll.feed.name == poll.before.name ? poll.before.etag : "";
  poll.out_of_time = turn.IsOver();
  auto fetched =
      AskGitHub<EventFeedPage>(turn, [&] { return github_.FetchEvents(poll.feed, page, etag, pace, turn.job.stop()); });
  if (fetched) {
    ++poll.source.requests;
    poll.outcome.answered = true;
    poll.source.poll_interval = fetched->poll_interval;
  }
  return fetched;
}

// Page 1, by the repository's id where its name no longer leads to it.
Result<EventFeedPage> FeedPoller::FetchFirst(GitHubTurn& turn, Progress& poll) {
  auto page = Fetch(turn, poll, 1);
  const bool lost = page ? IsTakenOver(*page, poll.before.repository) : IsMissing(page.error());
  if (!lost || !poll.feed.name || poll.before.repository.value == 0) return page;
  poll.feed.name.reset();
  page = Fetch(turn, poll, 1);
  if (page) RefreshName(turn, poll.before);
  return page;
}

// Without it the next poll takes the same detour, so its failing is no failure of the poll.
void FeedPoller::RefreshName(GitHubTurn& turn, const EventSource& source) {
  auto repository = AskGitHub<Repository>(
      turn, [&] { return github_.FetchRepositoryById(source.repository, RatePace::kFull, turn.job.stop()); });
  Status saved;
  if (repository) saved = repositories_.Save(*repository, clock_.Now());
  if (!repository || !saved) {
    LogWarn("name_not_refreshed",
            {{"source", LabelOf(source)}, {"error", repository ? saved.error().message : repository.error().message}});
    return;
  }
  LogInfo("repository_renamed", {{"source", LabelOf(source)}, {"name", repository->name.full()}});
}

// Stores the first page and reads and stores further ones.
Status FeedPoller::ReadOn(GitHubTurn& turn, Progress& poll, EventFeedPage first, const std::set<RepositoryId>& active) {
  poll.begun = true;
  poll.source.etag = first.etag;
  if (first.has_next && poll.before.last_polled_at) {
    if (auto begun = RecordBegin(poll); !begun) return begun;
  }
  if (auto stored = StorePage(poll, std::move(first), active); !stored) return stored;
  for (int page = 2; !poll.reading.IsFinished(); ++page) {
    auto next = Fetch(turn, poll, page);
    if (!next) {
      if (next.error().code == ErrorCode::kCancelled) return tl::make_unexpected(std::move(next.error()));
      poll.outcome.error = std::move(next.error());
      return RecordBrokenOff(turn, poll);
    }
    if (auto stored = StorePage(poll, *std::move(next), active); !stored) return stored;
  }
  return RecordWhole(turn, poll);
}

Status FeedPoller::StorePage(Progress& poll, EventFeedPage page, const std::set<RepositoryId>& active) {
  for (Event& event : page.events) {
    if (!active.contains(event.repository)) event.payload.clear();
  }
  Result<IngestResult> ingested = IngestResult{};
  if (!page.events.empty()) ingested = events_.Ingest(page.events, nullptr, clock_.Now());
  if (!ingested) return WithContext("storing events", ingested.error());
  std::vector<FeedEntry> entries;
  for (size_t i = 0; i < page.events.size(); ++i) {
    const Event& event = page.events[i];
    EventKey key{event.created_at, event.id, event.type};
    const bool known = ingested->known[i] && poll.certain && !poll.not_proof.contains(key);
    const auto [seen, first_time] = poll.seen.try_emplace(key, known);
    entries.push_back({.created_at = event.created_at, .known = seen->second, .repeated = !first_time});
    if (ingested->known[i] || !first_time) continue;
    poll.stored.insert(std::move(key));
    if (event.repository.value != 0) poll.outcome.touched.insert(event.repository);
  }
  poll.reading.Add(entries, page.has_next);
  poll.outcome.added += ingested->added;
  poll.source.events_new += ingested->added;
  poll.source.events_duplicate += ingested->duplicates;
  poll.source.events_malformed += page.malformed;
  poll.malformed += page.malformed;
  std::ranges::move(page.malformed_reasons, std::back_inserter(poll.malformed_reasons));
  return {};
}

// Until the poll is whole, it counts as one that was broken off.
Status FeedPoller::RecordBegin(Progress& poll) {
  EventSource begun = poll.before;
  begun.etag.clear();
  ++begun.failed_polls;
  begun.last_error = "a poll was not brought to its end";
  return sources_.RecordPoll(begun, std::nullopt);
}

Status FeedPoller::RecordUnchanged(Progress& poll) {
  EventSource& source = poll.source;
  ++source.polls;
  ++source.not_modified;
  ++source.unchanged_polls;
  source.failed_polls = 0;
  source.last_error.reset();
  source.last_polled_at = poll.started;
  source.next_poll_at = clock_.Now() + PollPause(PaceOf(source));
  broken_off_.erase(source.id);
  return sources_.RecordPoll(source, std::nullopt);
}

Status FeedPoller::RecordWhole(GitHubTurn& turn, Progress& poll) {
  const TimePoint now = clock_.Now();
  EventSource& source = poll.source;
  ++source.polls;
  source.unchanged_polls = 0;
  source.failed_polls = 0;
  source.last_error.reset();
  source.last_polled_at = poll.started;
  if (!source.watched_since) source.watched_since = poll.reading.WatchedSince();
  if (const auto newest = poll.reading.NewestEvent()) {
    source.newest_event_at = std::max(source.newest_event_at.value_or(*newest), *newest);
  }
  if (const auto mean = poll.reading.MeanIntervalSeconds()) source.mean_interval_seconds = mean;
  source.next_poll_at = now + PollPause(PaceOf(source));

  std::optional<SourceGap> gap;
  if (const auto missed = poll.reading.Missed()) {
    gap = SourceGap{.from = missed->from,
                    .to = missed->to,
                    .polled_from = poll.before.last_polled_at.value_or(poll.started),
                    .polled_to = now};
    turn.job.Add("gaps");
    LogInfo("events_missed",
            {{"source", LabelOf(source)}, {"from", FormatRfc3339(missed->from)}, {"to", FormatRfc3339(missed->to)}});
  }
  if (poll.malformed > 0) {
    turn.job.Add("malformed", poll.malformed);
    LogWarn("malformed_events",
            {{"source", LabelOf(source)}, {"events", poll.malformed}, {"reasons", Joined(poll.malformed_reasons)}});
  }
  auto recorded = sources_.RecordPoll(source, gap);
  if (recorded) broken_off_.erase(source.id);
  return recorded;
}

// A limit and our own deadline are no fault of the source: it stays due, and unchanged where nothing of it came.
Status FeedPoller::RecordBrokenOff(GitHubTurn& turn, Progress& poll) {
  const Error error = poll.outcome.error.value_or(Error{});
  const bool no_fault = error.code == ErrorCode::kRateLimited || poll.out_of_time;
  if (no_fault && !poll.begun) return {};
  EventSource& source = poll.source;
  ++source.polls;
  ++source.failed_polls;
  source.last_error = std::string(TruncateUtf8(error.message, kErrorBytesMax));
  if (poll.begun) source.etag.clear();
  if (!no_fault) source.next_poll_at = clock_.Now() + PollPause(PaceOf(source));
  if (poll.malformed > 0) turn.job.Add("malformed", poll.malformed);

  auto recorded = sources_.RecordPoll(source, std::nullopt);
  poll.stored.merge(poll.not_proof);
  const bool room = broken_off_.size() < kBrokenOffSourcesMax || broken_off_.contains(source.id);
  if (recorded && poll.certain && source.etag.empty() && room && poll.stored.size() <= kBrokenOffEventsMax) {
    broken_off_[source.id] = {.failed_polls = source.failed_polls, .stored = std::move(poll.stored)};
  } else {
    broken_off_.erase(source.id);
  }
  return recorded;
}

Status FeedPoller::RecordGone(Progress& poll) {
  const TimePoint now = clock_.Now();
  if (auto marked = repositories_.MarkGone(poll.before.repository, now); !marked) return marked;
  EventSource& source = poll.source;
  ++source.polls;
  ++source.failed_polls;
  const Error error = std::exchange(poll.outcome.error, std::nullopt).value_or(Error{});
  source.last_error = std::string(TruncateUtf8(error.message, kErrorBytesMax));
  source.next_poll_at = now + kGonePause;
  LogWarn("repository_gone", {{"source", LabelOf(source)}, {"error", error.message}});
  poll.outcome.answered = true;
  return sources_.RecordPoll(source, std::nullopt);
}

}  // namespace repopulse
