#include "storage/repository_rows.h"

#include <algorithm>

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

const std::string_view kNewerRepositoryWins = R"(
  ON DUPLICATE KEY UPDATE
    full_name = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(full_name), repositories.full_name),
    html_url = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(html_url), repositories.html_url),
    description = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(description), repositories.description),
    language = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(language), repositories.language),
    license = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(license), repositories.license),
    fork = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(fork), repositories.fork),
    archived = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(archived), repositories.archived),
    stargazers_count = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(stargazers_count),
      repositories.stargazers_count),
    forks_count = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(forks_count), repositories.forks_count),
    open_issues_count = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(open_issues_count),
      repositories.open_issues_count),
    created_at = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(created_at), repositories.created_at),
    updated_at = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(updated_at), repositories.updated_at),
    pushed_at = IF(VALUES(fetched_at) >= repositories.fetched_at, VALUES(pushed_at), repositories.pushed_at),
    gone_at = IF(VALUES(fetched_at) >= repositories.fetched_at, NULL, repositories.gone_at),
    fetched_at = GREATEST(VALUES(fetched_at), repositories.fetched_at))";
const std::string_view kNewerHolderWins = R"(
  ON DUPLICATE KEY UPDATE
    repository_id = IF(VALUES(seen_at) >= repository_names.seen_at, VALUES(repository_id),
      repository_names.repository_id),
    seen_at = GREATEST(VALUES(seen_at), repository_names.seen_at))";

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

std::string IdList(std::span<const RepositoryId> ids, std::vector<Value>& parameters) {
  const size_t begin = parameters.size();
  parameters.insert(parameters.end(), ids.begin(), ids.end());
  return FilledList(parameters, begin);
}

std::vector<RepositoryId> Distinct(std::vector<RepositoryId> ids) {
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::string FilledList(std::vector<Value>& parameters, size_t begin) {
  constexpr size_t kSizes[] = {1, 10, 30, 100, kIdListMax};
  const size_t given = parameters.size() - begin;
  const size_t size = *std::ranges::find_if(kSizes, [&](size_t fits) { return fits >= given; });
  const Value last = parameters.back();
  parameters.resize(begin + size, last);
  return Placeholders(1, size);
}

}  // namespace repopulse
