#include "github/url.h"

#include <curl/curl.h>

#include <memory>

#include "base/strings.h"

namespace repopulse {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, FreeUrl>;

struct FreeText {
  void operator()(char* text) const { curl_free(text); }
};

bool Set(const CurlUrl& url, std::string_view text) {
  // A NUL would end the text for libcurl, but not for who looks at the whole of it.
  if (!url || text.empty() || text.find('\0') != std::string_view::npos) return false;
  return curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_DISALLOW_USER) == CURLUE_OK;
}

std::optional<std::string> Part(const CurlUrl& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, FreeText> owner(text);
  return std::string(text);
}

}  // namespace

std::optional<std::string> OriginOf(std::string_view url) {
  const CurlUrl parsed(curl_url());
  if (!Set(parsed, url)) return std::nullopt;
  const auto scheme = Part(parsed, CURLUPART_SCHEME);
  const auto host = Part(parsed, CURLUPART_HOST);
  const auto port = Part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!scheme || !host || !port || (*scheme != "http" && *scheme != "https")) return std::nullopt;
  return *scheme + "://" + ToLowerAscii(*host) + ":" + *port;
}

std::optional<std::string> ResolveUrl(std::string_view base, std::string_view reference) {
  const CurlUrl url(curl_url());
  if (!Set(url, base) || !Set(url, reference)) return std::nullopt;
  return Part(url, CURLUPART_URL);
}

bool IsLoopback(std::string_view url) {
  const CurlUrl parsed(curl_url());
  if (!Set(parsed, url)) return false;
  const std::string host = ToLowerAscii(Part(parsed, CURLUPART_HOST).value_or(""));
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace repopulse
