#include "app/config.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "app/settings.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace repopulse {
namespace {

constexpr std::string_view kHidden = "(hidden)";
constexpr std::streamsize kSecretBytesMax = 4096;

struct Values {
  std::map<std::string_view, std::string> by_name;
  std::vector<ConfigMistake> mistakes;

  [[nodiscard]] const std::string& Text(std::string_view name) const { return by_name.at(name); }
  template <class Int = int64_t>
  [[nodiscard]] Int Number(std::string_view name) const {
    return ParseInteger<Int>(Text(name)).value_or(Int{});
  }
};

std::optional<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(kSecretBytesMax + 1, '\0');
  file.read(text.data(), kSecretBytesMax + 1);
  // A folder opens, but cannot be read; what is too long must not become a secret that was cut.
  if (file.bad() || file.gcount() > kSecretBytesMax) return std::nullopt;
  text.resize(static_cast<size_t>(file.gcount()));
  return std::string(TrimSpace(text));
}

std::string ValueOf(const Setting& setting, const Environment& environment, std::vector<ConfigMistake>& mistakes) {
  const std::string name(setting.name);
  auto value = environment(name);
  if (setting.secret && (!value || value->empty())) {
    const std::string file_name = name + "_FILE";
    if (const auto path = environment(file_name); path && !path->empty()) {
      value = ReadSecretFile(*path);
      if (!value) mistakes.push_back({file_name, *path, "a file of at most 4096 bytes that this process can read"});
    }
  }
  // Set but empty means the same as not set: compose passes empty variables for absent ones.
  if (!value || value->empty()) return std::string(setting.otherwise);
  return *value;
}

Values ReadAll(const Environment& environment) {
  Values values;
  for (const Setting& setting : AllSettings()) {
    std::string value = ValueOf(setting, environment, values.mistakes);
    if (const auto allowed = setting.check(value)) {
      values.mistakes.push_back({std::string(setting.name), setting.secret ? std::string(kHidden) : value, *allowed});
    }
    values.by_name.emplace(setting.name, std::move(value));
  }
  return values;
}

void Require(Values& values, std::string_view name) {
  if (values.Text(name).empty()) {
    values.mistakes.push_back(
        {std::string(name), "", "must be given (or " + std::string(name) + "_FILE); make env writes it"});
  }
}

HostPort ParseHostPort(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {};
  return {text.substr(0, colon), ParseInteger<uint16_t>(text.substr(colon + 1)).value_or(0)};
}

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "replica";
}

// Where the migrations lie: beside the sources for a binary in build/<preset>/, else where the image puts them.
std::string DefaultMigrationsDir() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path binary = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path beside = binary.parent_path().parent_path().parent_path() / "db" / "migrations";
  return fs::is_directory(beside, ignored) ? beside.string() : "/usr/share/repopulse/migrations";
}

LogLevel ParseLogLevel(const std::string& text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "warn") return LogLevel::kWarn;
  return text == "error" ? LogLevel::kError : LogLevel::kInfo;
}

std::vector<TopicName> ParseTopics(const std::string& text) {
  std::vector<TopicName> topics;
  for (const auto word : SplitWords(text)) {
    if (auto topic = TopicName::Parse(word)) topics.push_back(*std::move(topic));
  }
  return topics;
}

std::vector<RepositoryName> ParseRepositories(const std::string& text) {
  std::vector<RepositoryName> names;
  for (const auto word : SplitWords(text)) {
    if (auto name = RepositoryName::Parse(word)) names.push_back(*std::move(name));
  }
  return names;
}

Config Build(const Values& values) {
  Config config;
  config.api_listen = ParseHostPort(values.Text("API_LISTEN"));
  config.control_listen = ParseHostPort(values.Text("CONTROL_LISTEN"));
  config.api_threads = values.Number<int>("API_THREADS");
  config.replica_name = values.Text("REPLICA_NAME").empty() ? HostName() : values.Text("REPLICA_NAME");
  config.admin_key = values.Text("ADMIN_KEY");
  config.topics = ParseTopics(values.Text("TOPICS"));
  config.topic_interval = std::chrono::seconds{values.Number("TOPIC_INTERVAL_SECONDS")};
  config.track = ParseRepositories(values.Text("TRACK"));
  config.track_top = values.Number("TRACK_TOP");
  config.active_max = values.Number("MAX_ACTIVE_REPOS");
  config.firehose = values.Text("FIREHOSE") == "on";
  config.retention = std::chrono::days{values.Number<int>("RETENTION_DAYS")};
  config.github_api_url = values.Text("GITHUB_API_URL");
  config.github_token = values.Text("GITHUB_TOKEN");
  config.demo = values.Text("DEMO") == "1";
  config.collect = values.Text("COLLECT") == "on";
  config.gharchive_url = values.Text("GHARCHIVE_URL");
  config.replay_now = ParseRfc3339(values.Text("REPLAY_NOW"));
  config.fresh = std::chrono::seconds{values.Number("FRESH_SECONDS")};
  config.stale = std::chrono::seconds{values.Number("STALE_SECONDS")};
  config.near_cache_bytes = values.Number<size_t>("NEAR_CACHE_MIB") * 1024 * 1024;
  config.db_socket = values.Text("DB_SOCKET");
  config.db_host = values.Text("DB_HOST");
  config.db_port = values.Number<uint16_t>("DB_PORT");
  config.db_user = values.Text("DB_USER");
  config.db_password = values.Text("DB_PASSWORD");
  config.db_name = values.Text("DB_NAME");
  config.db_pool_size = values.Number<size_t>("DB_POOL_SIZE");
  config.db_wait = std::chrono::seconds{values.Number("DB_WAIT_SECONDS")};
  config.migrations_dir =
      values.Text("MIGRATIONS_DIR").empty() ? DefaultMigrationsDir() : values.Text("MIGRATIONS_DIR");
  config.redis_socket = values.Text("REDIS_SOCKET");
  config.redis_host = values.Text("REDIS_HOST");
  config.redis_port = values.Number<uint16_t>("REDIS_PORT");
  config.redis_password = values.Text("REDIS_PASSWORD");
  config.log_level = ParseLogLevel(values.Text("LOG_LEVEL"));
  return config;
}

bool IsKnown(std::string_view name) {
  if (FindSetting(name) != nullptr) return true;
  constexpr std::string_view kFile = "_FILE";
  if (!name.ends_with(kFile)) return false;
  const Setting* setting = FindSetting(name.substr(0, name.size() - kFile.size()));
  return setting != nullptr && setting->secret;
}

std::string Unquote(std::string_view value) {
  value = TrimSpace(value);
  const bool quoted =
      value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.front() == value.back();
  return std::string(quoted ? value.substr(1, value.size() - 2) : value);
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

EnvFile ReadEnvFile(Environment first, const std::string& path) {
  EnvFile result;
  auto from_file = std::make_shared<std::map<std::string, std::string>>();
  std::ifstream file(path);
  if (!file) result.mistakes.push_back({"--env-file", path, "a file this process can read"});
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string_view text = TrimSpace(line);
    if (text.empty() || text.front() == '#') continue;
    const size_t equals = text.find('=');
    const std::string name(TrimSpace(text.substr(0, equals)));
    if (equals == std::string_view::npos || name.empty()) {
      result.mistakes.push_back(
          {"line " + std::to_string(number) + " of " + path, "", "NAME=value, or a comment after #"});
    } else if (!IsKnown(name)) {
      result.mistakes.push_back({name, std::string(kHidden), "a setting of .env.template; there is none of this name"});
    } else {
      (*from_file)[name] = Unquote(text.substr(equals + 1));
    }
  }
  if (file.bad()) result.mistakes.push_back({"--env-file", path, "a file this process can read"});
  result.environment = [first = std::move(first), from_file](const std::string& name) -> std::optional<std::string> {
    if (auto value = first(name)) return value;
    const auto it = from_file->find(name);
    return it == from_file->end() ? std::nullopt : std::optional(it->second);
  };
  return result;
}

tl::expected<Config, std::vector<ConfigMistake>> LoadConfig(const Environment& environment, ConfigPurpose purpose) {
  Values values = ReadAll(environment);
  if (purpose == ConfigPurpose::kServe) Require(values, "ADMIN_KEY");
  if (purpose != ConfigPurpose::kCheck) Require(values, "DB_PASSWORD");
  if (!values.mistakes.empty()) return tl::make_unexpected(std::move(values.mistakes));
  return Build(values);
}

std::string PrintConfig(const Environment& environment) {
  const Values values = ReadAll(environment);
  std::string text;
  for (const Setting& setting : AllSettings()) {
    const std::string& value = values.Text(setting.name);
    text += std::string(setting.name) + "=" + (setting.secret && !value.empty() ? std::string(kHidden) : value) + "\n";
  }
  return text;
}

}  // namespace repopulse
