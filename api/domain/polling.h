// Rules of polling a feed of events: when it is due again, when enough of it has been read, and what may have been
// missed.
//
// A feed shows its last 300 events on three pages, none older than 30 days, up to six hours after they happened and in
// no strict order: a late one may stand on top or at its own time's place. Pages move while they are read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace repopulse {

inline constexpr int kFeedPagesMax = 3;
inline constexpr int64_t kFeedEventsMax = 300;
inline constexpr std::chrono::days kFeedAge{30};
inline constexpr std::chrono::hours kDeliveryDelayMax{6};

// One entry of a page, in the page's order.
struct FeedEntry {
  TimePoint created_at;
  bool known = false;     // it was stored before this poll began, and not by a poll that was broken off
  bool repeated = false;  // an earlier page of this poll had it too, as pages move
};

// The last poll that was read to its end.
struct LastPoll {
  TimePoint at;
  std::optional<TimePoint> newest_event_at;  // none: the feed was empty
};

// Events created in from..to may have been missed.
struct MissedSpan {
  TimePoint from;
  TimePoint to;
  bool operator==(const MissedSpan&) const = default;
};

// What one poll has read so far, page by page.
//
// The poll has met the last one where at least half of the last entries of a page were in that already: known, and
// no younger than the newest of then (younger ones another source has brought). It is read on behind that point as far
// as late events may stand.
class FeedReading {
 public:
  // `before`: none on a source's first poll, which reads all there is.
  FeedReading(std::optional<LastPoll> before, TimePoint now) : before_(before), now_(now) {}

  void Add(const std::vector<FeedEntry>& page, bool has_next);

  // There is no need, or no way, to read a further page.
  [[nodiscard]] bool IsFinished() const;
  // Of a finished reading. None: everything since the last poll has been seen.
  [[nodiscard]] std::optional<MissedSpan> Missed() const;
  // Of a finished first reading: since when the source's events are known.
  [[nodiscard]] TimePoint WatchedSince() const;
  // The newest entry's time, no later than now.
  [[nodiscard]] std::optional<TimePoint> NewestEvent() const;
  // Between its events: of all that was read or of the last thirty, whichever is less. None with fewer than two.
  [[nodiscard]] std::optional<double> MeanIntervalSeconds() const;

 private:
  std::optional<LastPoll> before_;
  TimePoint now_;
  std::vector<TimePoint> times_;
  std::optional<TimePoint> oldest_;  // the last page's, without regard to outliers
  int pages_ = 0;
  bool ended_ = false;  // there was no next page
  bool met_ = false;    // it overlaps with the last poll
  bool past_delayed_ = false;
};

// What is known of a source when its next poll is planned.
struct PollPace {
  std::chrono::seconds poll_interval{60};                      // X-Poll-Interval: never more often
  std::chrono::seconds longest{3600};                          // at least so often, where that allows it
  std::optional<double> mean_interval_seconds = std::nullopt;  // between its events
  int64_t unchanged_polls = 0;                                 // 304s in a row
  int64_t failed_polls = 0;                                    // in a row
};

// How long to wait until the next poll: for some ten events, long before 300 can pass, longer with each 304; after an
// error a poll interval, doubling.
std::chrono::seconds PollPause(const PollPace& pace);

// Whether more events than a feed surely shows may pass between two polls so far apart.
bool MayOverflow(const PollPace& pace, std::chrono::seconds between_polls);

}  // namespace repopulse
