#include "storage/repository_rows.h"

#include "base/strings.h"

namespace repopulse {
namespace {

// The columns' sizes in the migrations are in characters; so many bytes always fit.
constexpr size_t kUrlBytesMax = 512;
constexpr size_t kDescriptionBytesMax = 1000;
constexpr size_t kWordBytesMax = 100;

std::optional<std::string_view> Cut(const std::optional<std::string>& text, size_t bytes_max) {
  return text ? std::optional(TruncateUtf8(*text, bytes_max)) : std::nullopt;
}

}  // namespace

std::optional<Repository> ReadRepository(const Row& row) {
  auto name = RepositoryName::Parse(row.Text(1));
  if (!name) return std::nullopt;
  return Repository{.id = RepositoryId{row.Int(0)},
                    .name = *std::move(name),
                    .html_url = row.Text(2),
                    .description = row.OptionalText(3),
                    .language = row.OptionalText(4),
                    .license = row.OptionalText(5),
                    .fork = row.Bool(6),
                    .archived = row.Bool(7),
                    .stargazers_count = row.Int(8),
                    .forks_count = row.Int(9),
                    .open_issues_count = row.Int(10),
                    .created_at = row.Time(11),
                    .updated_at = row.Time(12),
                    .pushed_at = row.OptionalTime(13)};
}

void AppendRepository(std::vector<Value>& parameters, const Repository& repository, const std::string& full_name) {
  parameters.insert(parameters.end(),
                    {repository.id, full_name, TruncateUtf8(repository.html_url, kUrlBytesMax),
                     Cut(repository.description, kDescriptionBytesMax), Cut(repository.language, kWordBytesMax),
                     Cut(repository.license, kWordBytesMax), repository.fork, repository.archived,
                     repository.stargazers_count, repository.forks_count, repository.open_issues_count,
                     repository.created_at, repository.updated_at, repository.pushed_at});
}

std::string Placeholders(size_t rows, size_t columns) {
  std::string group = "(";
  for (size_t i = 0; i < columns; ++i) group += i == 0 ? "?" : ", ?";
  group += ')';
  std::string text;
  for (size_t i = 0; i < rows; ++i) {
    if (i > 0) text += ", ";
    text += group;
  }
  return text;
}

}  // namespace repopulse
