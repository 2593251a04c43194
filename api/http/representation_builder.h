// Makes Representations: the headers, the validator and the gzip variant of an answer, once.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "service/representation.h"

namespace repopulse::http {

struct Freshness {
  std::chrono::seconds fresh{60};
  std::chrono::seconds stale{86400};
};

// How long others may keep what they embed or poll, and how much longer they may show it while they ask again.
struct EmbedLife {
  std::chrono::seconds fresh;
  std::chrono::seconds stale;
};
// Pictures: their numbers are collected once an hour, their curves have a point a day.
inline constexpr EmbedLife kPictureLife{std::chrono::hours{1}, std::chrono::days{1}};
// Feeds, which are asked for news; and pictures that say that nothing is known yet, which may change any minute.
inline constexpr EmbedLife kNewsLife{std::chrono::minutes{5}, std::chrono::hours{1}};

class RepresentationBuilder {
 public:
  RepresentationBuilder(const Clock& clock, Freshness freshness) : clock_(clock), freshness_(freshness) {}

  // 200, cacheable. `headers`: further header lines, each with CRLF.
  [[nodiscard]] Representation Ok(std::string_view content_type, std::string body, TimePoint data_as_of,
                                  std::string_view headers = "") const;
  // 200 for what other sites embed or poll: kept longer, by proxies and by them for `life`, by us for kEmbedFresh. What
  // it shows comes from several sources and from the window it is about, so no source's age tells when it changed last:
  // its Last-Modified is when it was made, or since when it has been made the same (KeepAge).
  [[nodiscard]] Representation Embed(std::string_view content_type, std::string body, const EmbedLife& life,
                                     std::string_view headers = "") const;
  // 202: what was asked for is known, but there is no data yet. Kept for a second only.
  [[nodiscard]] Representation NotYet(std::string_view content_type, std::string body,
                                      std::chrono::seconds retry_after) const;
  // 301 to `location`, a path of this service.
  [[nodiscard]] Representation Moved(const std::string& location) const;

  // How long an embed is fresh here, at least: so old is at most what answers somebody who asks again.
  static constexpr std::chrono::seconds kEmbedFresh{300};

 private:
  [[nodiscard]] Representation Cacheable(std::string_view headers, std::string body, TimePoint data_as_of,
                                         std::chrono::seconds fresh) const;
  const Clock& clock_;
  const Freshness freshness_;
};

}  // namespace repopulse::http
