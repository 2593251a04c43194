#include "domain/polling.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace repopulse {
namespace {

using std::chrono::seconds;

constexpr size_t kTail = 20;
constexpr size_t kRecent = 30;
constexpr double kEventsPerPoll = 10;
// Where a source has shown too few events to tell.
constexpr double kMeanIntervalUnknown = 90;
// Of the 300 a feed shows, what is left for events that come in a burst.
constexpr double kEventsSurelyShown = 200;
constexpr int64_t kDoublingsMax = 12;

TimePoint MedianTime(std::vector<FeedEntry> entries) {
  const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(entries.size() / 2);
  std::ranges::nth_element(entries, middle, {}, &FeedEntry::created_at);
  return middle->created_at;
}

double MeanOfNewest(const std::vector<TimePoint>& newest_first, size_t count) {
  const std::chrono::duration<double> span = newest_first.front() - newest_first[count - 1];
  return span.count() / static_cast<double>(count - 1);
}

double Doubled(double value, int64_t times) {
  return std::ldexp(value, static_cast<int>(std::clamp<int64_t>(times, 0, kDoublingsMax)));
}

// Events have become rarer than they were where the feed does not change.
double ExpectedInterval(const PollPace& pace) {
  return Doubled(pace.mean_interval_seconds.value_or(kMeanIntervalUnknown), pace.unchanged_polls);
}

// Half of them were shown by the last poll already.
bool IsMet(const std::vector<FeedEntry>& tail, std::optional<TimePoint> newest_then) {
  if (!newest_then) return false;
  const auto seen = std::ranges::count_if(
      tail, [newest = *newest_then](const FeedEntry& entry) { return entry.known && entry.created_at <= newest; });
  return static_cast<size_t>(seen) * 2 >= tail.size();
}

}  // namespace

void FeedReading::Add(const std::vector<FeedEntry>& page, bool has_next) {
  ++pages_;
  ended_ = !has_next;
  for (const FeedEntry& entry : page) {
    if (!entry.repeated) times_.push_back(std::min(entry.created_at, now_));
  }
  if (page.empty()) return;
  const size_t tail_size = std::min(kTail, page.size());
  const std::vector<FeedEntry> tail(page.end() - static_cast<std::ptrdiff_t>(tail_size), page.end());
  const TimePoint oldest = std::min(MedianTime(tail), now_);
  oldest_ = oldest;
  if (!before_) return;
  met_ = met_ || IsMet(tail, before_->newest_event_at);
  // What has been shown since the last poll happened at most so long before it.
  const TimePoint last_look = std::min(before_->at, before_->newest_event_at.value_or(before_->at));
  past_delayed_ = oldest < last_look - kDeliveryDelayMax;
}

bool FeedReading::IsFinished() const {
  return pages_ > 0 && (ended_ || pages_ >= kFeedPagesMax || (met_ && past_delayed_));
}

std::optional<MissedSpan> FeedReading::Missed() const {
  if (!before_ || met_) return std::nullopt;
  // Filtered pages are short, so only a feed that ends early is known to have shown everything of its 30 days.
  if (ended_ && pages_ < kFeedPagesMax) {
    if (before_->at >= now_ - kFeedAge) return std::nullopt;
    return MissedSpan{before_->at, now_ - kFeedAge};
  }
  const TimePoint newest_then = before_->newest_event_at.value_or(before_->at);
  const TimePoint oldest_now = oldest_.value_or(now_);
  return MissedSpan{std::min(newest_then, oldest_now), std::max(newest_then, oldest_now)};
}

TimePoint FeedReading::WatchedSince() const {
  if (ended_ && pages_ < kFeedPagesMax) return now_ - kFeedAge;
  return oldest_.value_or(now_);
}

std::optional<TimePoint> FeedReading::NewestEvent() const {
  const auto newest = std::ranges::max_element(times_);
  return newest == times_.end() ? std::nullopt : std::optional(*newest);
}

std::optional<double> FeedReading::MeanIntervalSeconds() const {
  if (times_.size() < 2) return std::nullopt;
  std::vector<TimePoint> newest_first = times_;
  std::ranges::sort(newest_first, std::greater{});
  const double recent = MeanOfNewest(newest_first, std::min(kRecent, newest_first.size()));
  return std::min(recent, MeanOfNewest(newest_first, newest_first.size()));
}

seconds PollPause(const PollPace& pace) {
  const double shortest = static_cast<double>(pace.poll_interval.count());
  const double longest = std::max(shortest, static_cast<double>(pace.longest.count()));
  const double wanted =
      pace.failed_polls > 0 ? Doubled(shortest, pace.failed_polls - 1) : kEventsPerPoll * ExpectedInterval(pace);
  return seconds{std::llround(std::clamp(wanted, shortest, longest))};
}

bool MayOverflow(const PollPace& pace, seconds between_polls) {
  return static_cast<double>(between_polls.count()) > kEventsSurelyShown * ExpectedInterval(pace);
}

}  // namespace repopulse
