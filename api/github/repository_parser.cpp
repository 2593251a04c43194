#include "github/repository_parser.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "base/time_format.h"
#include "github/json.h"
#include "github/url.h"

namespace repopulse {
namespace {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

constexpr size_t kDescriptionBytesMax = 1000;
constexpr size_t kWordBytesMax = 100;
constexpr size_t kUrlBytesMax = 300;
constexpr size_t kMessageBytesMax = 300;
constexpr int64_t kItemsMax = 1000;  // GitHub sends at most 100

// A link that is safe to show: http(s), printable, of bounded length; else the page that the name has.
std::string SafeUrl(std::string_view url, const RepositoryName& name) {
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\'; };
  const bool safe = url.size() <= kUrlBytesMax && std::ranges::all_of(url, printable) && OriginOf(url);
  return safe ? std::string(url) : "https://github.com/" + name.full();
}

// Reads the fields of one object; what is not as documented turns `ok` off.
class Fields {
 public:
  explicit Fields(const dom::element& object) : object_(object) {}
  [[nodiscard]] bool ok() const { return ok_; }

  std::string_view Text(const char* key) { return Required<std::string_view>(key); }
  int64_t Count(const char* key) {
    const int64_t count = Required<int64_t>(key);
    ok_ = ok_ && count >= 0;
    return count;
  }
  TimePoint Time(const char* key) { return Parsed(ParseRfc3339(Text(key))).value_or(TimePoint{}); }
  // Absent or null is nothing; any other type is wrong.
  bool Flag(const char* key) { return Optional<bool>(key).value_or(false); }
  std::optional<std::string> CleanText(const char* key, size_t bytes_max) {
    const auto text = Optional<std::string_view>(key);
    return text ? std::optional(repopulse::CleanText(*text, bytes_max)) : std::nullopt;
  }
  std::optional<TimePoint> OptionalTime(const char* key) {
    const auto text = Optional<std::string_view>(key);
    return text ? Parsed(ParseRfc3339(*text)) : std::nullopt;
  }
  std::optional<std::string> License() {
    const auto license = Present("license");
    if (!license) return std::nullopt;
    Fields fields(*license);
    auto id = fields.CleanText("spdx_id", kWordBytesMax);
    ok_ = ok_ && license->is_object() && fields.ok();
    return id;
  }
  std::optional<RepositoryName> Name() { return Parsed(RepositoryName::Parse(Text("full_name"))); }

 private:
  std::optional<dom::element> Present(const char* key) const {
    dom::element value;
    if (object_[key].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
  }
  template <class T>
  std::optional<T> Optional(const char* key) {
    const auto value = Present(key);
    T read{};
    if (!value) return std::nullopt;
    if (value->get(read) == simdjson::SUCCESS) return read;
    ok_ = false;
    return std::nullopt;
  }
  template <class T>
  T Required(const char* key) {
    const auto value = Optional<T>(key);
    ok_ = ok_ && value.has_value();
    return value.value_or(T{});
  }
  template <class T>
  std::optional<T> Parsed(std::optional<T> value) {
    ok_ = ok_ && value.has_value();
    return value;
  }

  const dom::element& object_;
  bool ok_ = true;
};

bool IsPrivate(const dom::element& object) {
  bool is_private = false;
  if (object["private"].get(is_private) == simdjson::SUCCESS && is_private) return true;
  std::string_view visibility;
  return object["visibility"].get(visibility) == simdjson::SUCCESS && visibility != "public";
}

std::optional<Repository> Read(const dom::element& object) {
  Fields fields(object);
  const auto name = fields.Name();
  if (!name) return std::nullopt;
  Repository repository{.id = RepositoryId{fields.Count("id")},
                        .name = *name,
                        .html_url = SafeUrl(fields.CleanText("html_url", kUrlBytesMax + 1).value_or(""), *name),
                        .description = fields.CleanText("description", kDescriptionBytesMax),
                        .language = fields.CleanText("language", kWordBytesMax),
                        .license = fields.License(),
                        .fork = fields.Flag("fork"),
                        .archived = fields.Flag("archived"),
                        .stargazers_count = fields.Count("stargazers_count"),
                        .forks_count = fields.Count("forks_count"),
                        .open_issues_count = fields.Count("open_issues_count"),
                        .created_at = fields.Time("created_at"),
                        .updated_at = fields.Time("updated_at"),
                        .pushed_at = fields.OptionalTime("pushed_at")};
  fields.Flag("private");
  if (!fields.ok() || repository.id.value == 0) return std::nullopt;
  return repository;
}

void Add(SearchPage& page, const dom::element& item) {
  ++page.delivered;
  if (IsPrivate(item)) return;
  if (auto repository = Read(item)) {
    page.items.push_back(*std::move(repository));
  } else {
    ++page.malformed;
  }
}

tl::unexpected<Error> NotAPage(const char* why) {
  return Fail(ErrorCode::kMalformed, std::string("the search answer ") + why);
}

Result<SearchPage> PageOf(const dom::element& root) {
  SearchPage page;
  dom::array items;
  bool incomplete = false;
  if (root["total_count"].get(page.total_count) != simdjson::SUCCESS ||
      root["incomplete_results"].get(incomplete) != simdjson::SUCCESS ||
      root["items"].get(items) != simdjson::SUCCESS) {
    return NotAPage("has no total_count, incomplete_results and items");
  }
  if (static_cast<int64_t>(items.size()) > kItemsMax) return NotAPage("has too many items");
  page.total_count = std::max<int64_t>(page.total_count, 0);
  page.incomplete_results = incomplete;
  for (const dom::element item : items) Add(page, item);
  return page;
}

// One item that the rest of the page must not suffer for.
bool AddAlone(SearchPage& page, std::string_view item) {
  if (page.delivered == kItemsMax) return false;
  dom::parser parser;
  dom::element element;
  if (parser.parse(item.data(), item.size()).get(element) == simdjson::SUCCESS) {
    Add(page, element);
  } else {
    ++page.delivered;
    ++page.malformed;
  }
  return true;
}

// The same page, read item by item.
Result<SearchPage> SalvagedPage(std::string_view body) {
  const simdjson::padded_string padded(body);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return NotAPage("is not JSON");
  }
  SearchPage page;
  std::optional<int64_t> total;
  std::optional<bool> incomplete;
  bool has_items = false;
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return NotAPage("is not JSON");
    int64_t count = 0;
    bool flag = false;
    ondemand::array items;
    if (key == "total_count" && field.value().get_int64().get(count) == simdjson::SUCCESS) {
      total = std::max<int64_t>(count, 0);
    } else if (key == "incomplete_results" && field.value().get_bool().get(flag) == simdjson::SUCCESS) {
      incomplete = flag;
    } else if (key == "items" && !has_items && field.value().get_array().get(items) == simdjson::SUCCESS) {
      has_items = true;
      if (!ForEachElement(items, [&page](std::string_view item) { return AddAlone(page, item); })) {
        return NotAPage("is not JSON");
      }
    }
  }
  if (!IsReadToItsEnd(document) || !total || !incomplete || !has_items) {
    return NotAPage("has no total_count, incomplete_results and items");
  }
  page.total_count = *total;
  page.incomplete_results = *incomplete;
  return page;
}

}  // namespace

Result<SearchPage> ParseSearchPage(std::string_view body) {
  dom::parser parser;
  dom::element root;
  std::string text(body);
  const auto error = ParseSanitized(parser, text, root);
  if (error == simdjson::SUCCESS) return PageOf(root);
  return IsOneValuesFault(error) ? SalvagedPage(text) : NotAPage("is not JSON");
}

Result<Repository> ParseRepository(std::string_view body) {
  dom::parser parser;
  dom::element root;
  std::string text(body);
  if (ParseSanitized(parser, text, root) != simdjson::SUCCESS) {
    return Fail(ErrorCode::kMalformed, "the repository answer is not JSON");
  }
  if (IsPrivate(root)) return Fail(ErrorCode::kNotFound, "the repository is not public");
  if (auto repository = Read(root)) return *std::move(repository);
  return Fail(ErrorCode::kMalformed, "the repository answer is not a repository as documented");
}

std::string ParseErrorMessage(std::string_view body) {
  dom::parser parser;
  dom::element root;
  std::string text(body);
  if (ParseSanitized(parser, text, root) != simdjson::SUCCESS) return "";
  Fields fields(root);
  return fields.CleanText("message", kMessageBytesMax).value_or("");
}

}  // namespace repopulse
