// Values that tests start from.
#pragma once

#include <string>
#include <string_view>

#include "base/time_format.h"
#include "domain/names.h"
#include "domain/repository.h"

namespace repopulse::test {

inline TimePoint At(std::string_view rfc3339) { return ParseRfc3339(rfc3339).value(); }
inline std::chrono::sys_days Day(std::string_view day) { return ParseDay(day).value(); }
inline TopicName TopicNamed(std::string_view name) { return TopicName::Parse(name).value(); }
inline RepositoryName RepositoryNamed(std::string_view name) { return RepositoryName::Parse(name).value(); }

// A repository with every field set.
inline Repository SampleRepository(int64_t id, std::string_view full_name, int64_t stars) {
  return {.id = {id},
          .name = RepositoryNamed(full_name),
          .html_url = "https://github.com/" + std::string(full_name),
          .description = "A description",
          .language = "Go",
          .license = "Apache-2.0",
          .fork = false,
          .archived = false,
          .stargazers_count = stars,
          .forks_count = 3,
          .open_issues_count = 2,
          .created_at = At("2014-06-06T22:56:04Z"),
          .updated_at = At("2024-05-07T08:45:17Z"),
          .pushed_at = At("2024-05-06T07:01:02Z")};
}

}  // namespace repopulse::test
