// Whatever GitHub sends, the parser neither crashes nor passes on what the service takes for granted.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "github/repository_parser.h"

namespace {

void Demand(bool holds) {
  if (!holds) std::abort();
}

bool IsCleanText(const std::string& text, size_t bytes_max) {
  return text.size() <= bytes_max && repopulse::SanitizeUtf8(text) == text && text.find('\0') == std::string::npos &&
         text.find('\x1b') == std::string::npos;
}

void DemandValid(const repopulse::Repository& repository) {
  Demand(repository.id.value > 0);
  Demand(repopulse::RepositoryName::Parse(repository.name.full()).has_value());
  Demand(repository.html_url.starts_with("https:") || repository.html_url.starts_with("http:") ||
         repopulse::ToLowerAscii(repository.html_url).starts_with("http"));
  Demand(!repository.description || IsCleanText(*repository.description, 1000));
  Demand(!repository.language || IsCleanText(*repository.language, 100));
  Demand(!repository.license || IsCleanText(*repository.license, 100));
  Demand(repository.stargazers_count >= 0 && repository.forks_count >= 0 && repository.open_issues_count >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto page = repopulse::ParseSearchPage(text)) {
    Demand(page->total_count >= 0 && page->malformed >= 0);
    Demand(static_cast<int64_t>(page->items.size()) + page->malformed <= page->delivered);
    for (const auto& repository : page->items) DemandValid(repository);
  }
  if (const auto repository = repopulse::ParseRepository(text)) DemandValid(*repository);
  Demand(repopulse::ParseErrorMessage(text).size() <= 300);
  return 0;
}
