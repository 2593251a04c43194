#include "http/representation_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encode.h"
#include "base/time_format.h"

namespace repopulse::http {
namespace {

// Below this, gzip's header and a second variant cost more than they save.
constexpr size_t kGzipFrom = 600;

// max-age is short because what is fresh is told by ETag at next to no cost; a proxy may use an answer a few seconds
// longer while it asks again, and for a day where we cannot be reached.
constexpr std::string_view kCacheable =
    "Cache-Control: public, max-age=1, stale-while-revalidate=5, stale-if-error=86400\r\n";

std::string CommonHeaders(std::string_view content_type) {
  return fmt::format(
      "Content-Type: {}\r\nVary: Accept-Encoding\r\nAccess-Control-Allow-Origin: *\r\n"
      "Access-Control-Expose-Headers: ETag, Link, Location, Retry-After, Warning, X-Request-ID\r\n",
      content_type);
}

}  // namespace

Representation RepresentationBuilder::Ok(std::string_view content_type, std::string body, TimePoint data_as_of,
                                         std::string_view headers) const {
  return Cacheable(fmt::format("{}{}Last-Modified: {}\r\n{}", CommonHeaders(content_type), kCacheable,
                               FormatHttpDate(data_as_of), headers),
                   std::move(body), data_as_of, freshness_.fresh);
}

Representation RepresentationBuilder::Embed(std::string_view content_type, std::string body, const EmbedLife& life,
                                            std::string_view headers) const {
  const TimePoint now = clock_.Now();
  Representation r = Cacheable(
      fmt::format("{}Cache-Control: public, max-age={}, stale-while-revalidate={}, stale-if-error=86400\r\n"
                  "Last-Modified: {}\r\n{}",
                  CommonHeaders(content_type), life.fresh.count(), life.stale.count(), FormatHttpDate(now), headers),
      std::move(body), now, std::max(freshness_.fresh, kEmbedFresh));
  r.dated_when_made = true;
  return r;
}

Representation RepresentationBuilder::Cacheable(std::string_view headers, std::string body, TimePoint data_as_of,
                                                std::chrono::seconds fresh) const {
  const TimePoint now = clock_.Now();
  Representation r;
  r.headers = headers;
  r.body = std::move(body);
  r.etag = ContentHash(r.body);
  if (r.body.size() >= kGzipFrom) r.gzip = Gzip(r.body);
  r.data_as_of = data_as_of;
  r.fresh_until = now + fresh;
  r.usable_until = r.fresh_until + freshness_.stale;
  return r;
}

Representation RepresentationBuilder::NotYet(std::string_view content_type, std::string body,
                                             std::chrono::seconds retry_after) const {
  Representation r;
  r.status = 202;
  r.headers =
      fmt::format("{}Cache-Control: no-store\r\nRetry-After: {}\r\n", CommonHeaders(content_type), retry_after.count());
  r.body = std::move(body);
  r.data_as_of = clock_.Now();
  r.fresh_until = r.usable_until = r.data_as_of + std::chrono::seconds{1};
  return r;
}

Representation RepresentationBuilder::Moved(const std::string& location) const {
  Representation r;
  r.status = 301;
  r.headers = fmt::format("{}{}Location: {}\r\n", CommonHeaders("text/plain; charset=utf-8"), kCacheable, location);
  r.body = "Moved to " + location + "\n";
  r.data_as_of = clock_.Now();
  r.fresh_until = r.usable_until = r.data_as_of + freshness_.fresh;
  return r;
}

}  // namespace repopulse::http
