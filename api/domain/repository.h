// A repository as GitHub describes it, and what we keep about it over time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/ids.h"
#include "domain/names.h"

namespace repopulse {

// One repository as of the last time GitHub told about it. Its identity is `id`; its name is the one seen last.
struct Repository {
  RepositoryId id;
  RepositoryName name;
  std::string html_url;
  std::optional<std::string> description;  // valid UTF-8, at most 1,000 bytes
  std::optional<std::string> language;
  std::optional<std::string> license;  // SPDX id
  bool fork = false;
  bool archived = false;
  int64_t stargazers_count = 0;
  int64_t forks_count = 0;
  int64_t open_issues_count = 0;
  TimePoint created_at;
  TimePoint updated_at;
  std::optional<TimePoint> pushed_at;
};

// A stored repository.
struct StoredRepository {
  Repository repository;
  TimePoint fetched_at;              // when GitHub told us the above
  std::optional<TimePoint> gone_at;  // deleted, private or blocked since
  std::vector<TopicName> topics;     // the tracked topics it is in now
  bool active = false;               // its events are collected
};

// The counts of one UTC day, the last seen on that day.
struct Snapshot {
  std::chrono::sys_days day;
  int64_t stargazers_count = 0;
  int64_t forks_count = 0;
  int64_t open_issues_count = 0;
};

}  // namespace repopulse
