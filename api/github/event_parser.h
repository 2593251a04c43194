// GitHub's events into values of the domain: pages of a feed, and single lines of GH Archive. Nothing in them is
// trusted.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "domain/event.h"
#include "service/github.h"

namespace repopulse {

// As many bytes behind a text must be readable (whatever they are): it is read in blocks.
inline constexpr size_t kJsonPadding = 64;

struct NotAnEvent {
  bool other_format = false;  // it has the form of 2011 to 2014: no id, the actor a text or `repository` for `repo`
  std::string_view reason;    // static text
};

// Belongs to one thread; keeps its buffers from one event to the next.
class EventParser {
 public:
  EventParser();
  ~EventParser();
  EventParser(const EventParser&) = delete;
  EventParser& operator=(const EventParser&) = delete;

  // One JSON text, with kJsonPadding readable bytes behind it. What is not looked at (most of a payload) need not be
  // right; a payload is kept only where `keeps_payload` says so, and it is wholly valid and no larger than 256 KiB.
  tl::expected<Event, NotAnEvent> Parse(std::string_view json, TimePoint now,
                                        const std::function<bool(RepositoryId)>& keeps_payload);

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

// The body of a page of events, payloads kept. kMalformed where it is not an array; single entries that are wrong are
// counted. What stands in headers is left to the caller.
Result<EventFeedPage> ParseEventPage(std::string_view body, TimePoint now);

}  // namespace repopulse
