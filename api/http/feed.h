// Feeds in the two forms that readers of feeds take: Atom (RFC 4287) and JSON Feed 1.1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace repopulse::http {

struct FeedEntry {
  std::string id;  // a URN; the same for the same thing, for ever
  std::string title;
  std::string url;  // of what it tells of
  std::string text;
  TimePoint at;       // since when there is something to tell
  TimePoint updated;  // not before `at`: when what it tells changed last
};

struct Feed {
  std::string id;
  std::string title;
  // Its own path here. Links are relative, as RFC 4287 allows: the service does not know its public address, and the
  // proxy keeps one answer for all names that it is asked by. JSON Feed wants whole addresses, and may have none.
  std::string self;
  TimePoint updated;
  std::vector<FeedEntry> entries;  // the latest first
};

inline constexpr std::string_view kAtomType = "application/atom+xml; charset=utf-8";
inline constexpr std::string_view kJsonFeedType = "application/feed+json; charset=utf-8";

std::string RenderAtom(const Feed& feed);
std::string RenderJsonFeed(const Feed& feed);

}  // namespace repopulse::http
