// The service's configuration: environment variables, read once into an immutable value.
//
// A wrong value never becomes a default: all mistakes are reported together, each with its variable, its value and what
// is allowed. A secret X can also come from the file that X_FILE names.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "domain/names.h"

namespace repopulse {

struct HostPort {
  std::string host;
  uint16_t port = 0;
};

struct Config {
  HostPort api_listen;
  HostPort control_listen;
  int api_threads = 2;
  std::string replica_name;
  std::string admin_key;

  std::vector<TopicName> topics;
  std::chrono::seconds topic_interval{};
  std::vector<RepositoryName> track;
  int64_t track_top = 0;
  int64_t active_max = 0;
  bool firehose = true;
  std::chrono::days retention{};
  std::string github_api_url;
  std::string github_token;
  bool demo = false;
  bool collect = true;  // off: bootstrap collects nothing either
  std::string gharchive_url;
  std::optional<TimePoint> replay_now;

  std::chrono::seconds fresh{};
  std::chrono::seconds stale{};
  size_t near_cache_bytes = 0;

  std::string db_socket;
  std::string db_host;
  uint16_t db_port = 0;
  std::string db_user;
  std::string db_password;
  std::string db_name;
  size_t db_pool_size = 0;
  std::chrono::seconds db_wait{};
  std::string migrations_dir;

  std::string redis_socket;
  std::string redis_host;
  uint16_t redis_port = 0;
  std::string redis_password;

  LogLevel log_level = LogLevel::kInfo;
};

struct ConfigMistake {
  std::string variable;
  std::string value;  // hidden for secrets
  std::string allowed;
};

// The value of an environment variable, or nothing where it is not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

Environment ProcessEnvironment();
struct EnvFile {
  Environment environment;              // the file's variables behind those of the environment it was read with
  std::vector<ConfigMistake> mistakes;  // a file or lines that cannot be read, names that no setting has
};
// A .env file: NAME=value lines, # comments, values optionally quoted.
EnvFile ReadEnvFile(Environment first, const std::string& path);

// What has to be given depends on what is to be done: a migration needs no admin key.
enum class ConfigPurpose { kServe, kMigrate, kCheck };

tl::expected<Config, std::vector<ConfigMistake>> LoadConfig(const Environment& environment, ConfigPurpose purpose);

// "NAME=value" lines of all settings as understood, secrets hidden.
std::string PrintConfig(const Environment& environment);

}  // namespace repopulse
