#include "app/settings.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/time_format.h"
#include "domain/names.h"

namespace repopulse {
namespace {

using Check = std::optional<std::string>;

template <int64_t Min, int64_t Max>
Check Between(const std::string& value) {
  const auto number = ParseInteger<int64_t>(value);
  if (number && *number >= Min && *number <= Max) return std::nullopt;
  return "a whole number from " + std::to_string(Min) + " to " + std::to_string(Max);
}

Check Anything(const std::string&) { return std::nullopt; }

Check NotEmpty(const std::string& value) { return value.empty() ? Check("not empty") : std::nullopt; }

Check ZeroOrOne(const std::string& value) { return value == "0" || value == "1" ? std::nullopt : Check("0 or 1"); }

Check OnOrOff(const std::string& value) { return value == "on" || value == "off" ? std::nullopt : Check("on or off"); }

Check KnownLogLevel(const std::string& value) {
  for (const char* level : {"debug", "info", "warn", "error"}) {
    if (value == level) return std::nullopt;
  }
  return "debug, info, warn or error";
}

Check HostAndPort(const std::string& value) {
  const size_t colon = value.rfind(':');
  if (colon != std::string::npos && colon > 0 && !Between<1, 65535>(value.substr(colon + 1))) return std::nullopt;
  return "host:port, e.g. 127.0.0.1:8080";
}

Check Url(const std::string& value) {
  const bool scheme = value.starts_with("https://") || value.starts_with("http://");
  const bool clean = value.find_first_of(" \t\r\n?#@") == std::string::npos;
  if (scheme && clean && value.back() != '/') return std::nullopt;
  return "an http(s) URL without user, query and trailing slash, e.g. https://api.github.com";
}

Check TimeOrEmpty(const std::string& value) {
  if (value.empty() || ParseRfc3339(value)) return std::nullopt;
  return "a time as 2015-01-01T03:00:00Z (RFC 3339), or nothing";
}

Check TopicList(const std::string& value) {
  for (const auto word : SplitWords(value)) {
    if (!TopicName::Parse(word)) {
      return "topics separated by commas or spaces; '" + std::string(word) +
             "' is not 1 to 50 letters, digits and hyphens";
    }
  }
  return SplitWords(value).empty() ? Check("at least one topic") : std::nullopt;
}

Check RepositoryList(const std::string& value) {
  constexpr size_t kNamesMax = 1000;
  for (const auto word : SplitWords(value)) {
    if (!RepositoryName::Parse(word)) {
      return "repositories separated by commas or spaces; '" + std::string(word) + "' is not owner/name";
    }
  }
  return SplitWords(value).size() > kNamesMax ? Check("at most 1000 repositories") : std::nullopt;
}

Check Token(const std::string& value) {
  const bool printable = std::ranges::all_of(value, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  return printable ? std::nullopt : Check("printable characters without spaces");
}

Check AdminKey(const std::string& value) {
  if (value.empty()) return std::nullopt;  // who needs it checks that it is there
  if (value.size() >= 16 && !Token(value)) return std::nullopt;
  return "at least 16 printable characters without spaces";
}

// "10.0.0.0/8", "::1": an address, and how many of its bits count.
bool IsNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  const bool v4 = ::inet_pton(AF_INET, address.c_str(), ignored.data()) == 1;
  if (!v4 && ::inet_pton(AF_INET6, address.c_str(), ignored.data()) != 1) return false;
  if (slash == std::string_view::npos) return true;
  const auto bits = ParseInteger<int>(text.substr(slash + 1));
  return bits && *bits >= 0 && *bits <= (v4 ? 32 : 128);
}

Check Networks(const std::string& value) {
  if (std::ranges::all_of(SplitWords(value), IsNetwork)) return std::nullopt;
  return "networks separated by commas, e.g. 127.0.0.0/8";
}

Check Name(const std::string& value) {
  const bool valid =
      !value.empty() && value.size() <= 64 &&
      value.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == std::string::npos;
  return valid ? std::nullopt : Check("1 to 64 letters, digits, '-', '_' and '.'");
}

Check NameOrEmpty(const std::string& value) { return value.empty() ? std::nullopt : Name(value); }

}  // namespace

const std::vector<Setting>& AllSettings() {
  static const std::vector<Setting> settings = {
      {"PORT", "8081", Between<1, 65535>},
      {"BIND_ADDRESS", "127.0.0.1", NotEmpty},
      {"RUN_DIR", ".run", NotEmpty},
      {"API_REPLICAS", "2", Between<1, 16>},
      {"TOPICS", "kubernetes", TopicList},
      {"TOPIC_INTERVAL_SECONDS", "3600", Between<60, 86400>},
      {"TRACK", "", RepositoryList},
      {"TRACK_TOP", "25", Between<0, 1000>},
      {"MAX_ACTIVE_REPOS", "300", Between<0, 10000>},
      {"FIREHOSE", "on", OnOrOff},
      {"RETENTION_DAYS", "90", Between<1, 3650>},
      {"GITHUB_TOKEN", "", Token, true},
      {"GITHUB_API_URL", "https://api.github.com", Url},
      {"DEMO", "0", ZeroOrOne},
      {"GHARCHIVE_URL", "https://data.gharchive.org", Url},
      {"REPLAY_NOW", "", TimeOrEmpty},
      {"COLLECT", "on", OnOrOff},
      {"ADMIN_KEY", "", AdminKey, true},
      {"CLIENT_RATE_LIMIT", "500", Between<0, 1000000>},
      {"CLIENT_RATE_LIMIT_EXEMPT", "127.0.0.0/8", Networks},
      {"FRESH_SECONDS", "60", Between<1, 3600>},
      {"STALE_SECONDS", "86400", Between<0, 2592000>},
      {"NEAR_CACHE_MIB", "10", Between<1, 4096>},
      {"API_LISTEN", "127.0.0.1:8080", HostAndPort},
      {"CONTROL_LISTEN", "127.0.0.1:8180", HostAndPort},
      {"API_THREADS", "2", Between<1, 64>},
      {"REPLICA_NAME", "", NameOrEmpty},
      {"DB_SOCKET", "", Anything},
      {"DB_HOST", "127.0.0.1", NotEmpty},
      {"DB_PORT", "3306", Between<1, 65535>},
      {"DB_USER", "repopulse", Name},
      {"DB_PASSWORD", "", Anything, true},
      {"DB_NAME", "repopulse", Name},
      {"DB_POOL_SIZE", "8", Between<1, 64>},
      {"DB_WAIT_SECONDS", "30", Between<0, 600>},
      {"MIGRATIONS_DIR", "", Anything},
      {"REDIS_SOCKET", "", Anything},
      {"REDIS_HOST", "127.0.0.1", NotEmpty},
      {"REDIS_PORT", "6379", Between<1, 65535>},
      {"REDIS_PASSWORD", "", Anything, true},
      {"REDIS_MAXMEMORY_MIB", "256", Between<16, 65536>},
      {"DB_BUFFER_POOL_MIB", "0", Between<0, 1048576>},
      {"LOG_LEVEL", "info", KnownLogLevel},
  };
  return settings;
}

const Setting* FindSetting(std::string_view name) {
  const auto it = std::ranges::find(AllSettings(), name, &Setting::name);
  return it == AllSettings().end() ? nullptr : &*it;
}

}  // namespace repopulse
