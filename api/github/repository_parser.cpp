#include "github/repository_parser.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "base/time_format.h"

namespace repopulse {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kDescriptionBytesMax = 1000;
constexpr size_t kWordBytesMax = 100;
constexpr size_t kUrlBytesMax = 300;
constexpr size_t kMessageBytesMax = 300;
constexpr size_t kItemsMax = 1000;  // GitHub sends at most 100

std::optional<std::string_view> Text(const dom::element& object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<int64_t> Count(const dom::element& object, std::string_view key) {
  int64_t count = 0;
  if (object[key].get(count) != simdjson::SUCCESS || count < 0) return std::nullopt;
  return count;
}

bool Flag(const dom::element& object, std::string_view key) {
  bool flag = false;
  return object[key].get(flag) == simdjson::SUCCESS && flag;
}

bool IsNullOrAbsent(const dom::element& object, std::string_view key) {
  dom::element value;
  return object[key].get(value) != simdjson::SUCCESS || value.is_null();
}

std::optional<TimePoint> Time(const dom::element& object, std::string_view key) {
  const auto text = Text(object, key);
  return text ? ParseRfc3339(*text) : std::nullopt;
}

// As GitHub has it, an empty text too; cut to size.
std::optional<std::string> KeptText(const dom::element& object, std::string_view key, size_t bytes_max) {
  const auto text = Text(object, key);
  if (!text) return std::nullopt;
  return std::string(TruncateUtf8(SanitizeUtf8(*text), bytes_max));
}

// Without control characters, cut to size; nothing where it is not a string or nothing is left.
std::optional<std::string> CleanText(const dom::element& object, std::string_view key, size_t bytes_max) {
  const auto text = Text(object, key);
  if (!text) return std::nullopt;
  std::string clean = SanitizeUtf8(*text);
  std::ranges::replace_if(
      clean, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  const std::string_view cut = TruncateUtf8(TrimSpace(clean), bytes_max);
  return cut.empty() ? std::nullopt : std::optional<std::string>(cut);
}

std::optional<std::string> License(const dom::element& object) {
  dom::element license;
  if (object["license"].get(license) != simdjson::SUCCESS || !license.is_object()) return std::nullopt;
  return CleanText(license, "spdx_id", kWordBytesMax);
}

// A link that is safe to show: http(s), printable, of bounded length; else the page that the name has.
std::string HtmlUrl(const dom::element& object, const RepositoryName& name) {
  const std::string_view url = Text(object, "html_url").value_or("");
  const bool safe =
      (url.starts_with("https://") || url.starts_with("http://")) && url.size() <= kUrlBytesMax &&
      std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>'; });
  return safe ? std::string(url) : "https://github.com/" + name.full();
}

std::optional<Repository> Read(const dom::element& object) {
  if (!object.is_object() || Flag(object, "private")) return std::nullopt;
  const auto id = Count(object, "id");
  const auto full_name = Text(object, "full_name");
  const auto name = full_name ? RepositoryName::Parse(*full_name) : std::nullopt;
  const auto stars = Count(object, "stargazers_count");
  const auto forks = Count(object, "forks_count");
  const auto issues = Count(object, "open_issues_count");
  const auto created_at = Time(object, "created_at");
  const auto updated_at = Time(object, "updated_at");
  const auto pushed_at = Time(object, "pushed_at");
  if (!id || *id == 0 || !name || !stars || !forks || !issues || !created_at || !updated_at) return std::nullopt;
  if (!pushed_at && !IsNullOrAbsent(object, "pushed_at")) return std::nullopt;
  return Repository{.id = RepositoryId{*id},
                    .name = *name,
                    .html_url = HtmlUrl(object, *name),
                    .description = KeptText(object, "description", kDescriptionBytesMax),
                    .language = CleanText(object, "language", kWordBytesMax),
                    .license = License(object),
                    .fork = Flag(object, "fork"),
                    .archived = Flag(object, "archived"),
                    .stargazers_count = *stars,
                    .forks_count = *forks,
                    .open_issues_count = *issues,
                    .created_at = *created_at,
                    .updated_at = *updated_at,
                    .pushed_at = pushed_at};
}

}  // namespace

Result<SearchPage> ParseSearchPage(std::string_view body) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
    return Fail(ErrorCode::kMalformed, "the search answer is not JSON");
  }
  const auto total = Count(root, "total_count");
  dom::array items;
  if (!total || root["items"].get(items) != simdjson::SUCCESS) {
    return Fail(ErrorCode::kMalformed, "the search answer has no total_count and items");
  }
  if (items.size() > kItemsMax) return Fail(ErrorCode::kMalformed, "the search answer has too many items");
  SearchPage page;
  page.total_count = *total;
  page.incomplete_results = Flag(root, "incomplete_results");
  for (const dom::element item : items) {
    ++page.delivered;
    if (auto repository = Read(item)) {
      page.items.push_back(*std::move(repository));
    } else {
      ++page.malformed;
    }
  }
  return page;
}

Result<Repository> ParseRepository(std::string_view body) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
    return Fail(ErrorCode::kMalformed, "the repository answer is not JSON");
  }
  if (auto repository = Read(root)) return *std::move(repository);
  return Fail(ErrorCode::kMalformed, "the repository answer is not a public repository as documented");
}

std::string ParseErrorMessage(std::string_view body) {
  dom::parser parser;
  dom::element root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) return "";
  return CleanText(root, "message", kMessageBytesMax).value_or("");
}

}  // namespace repopulse
