#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "app/config.h"
#include "app/settings.h"
#include "base/time_format.h"
#include "source_dir.h"

namespace repopulse {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

using Variables = std::map<std::string, std::string>;

Environment Of(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
}

auto Check(const Variables& variables) { return LoadConfig(Of(variables), ConfigPurpose::kCheck); }

std::vector<std::string> Names(const std::vector<ConfigMistake>& mistakes) {
  std::vector<std::string> names;
  for (const ConfigMistake& mistake : mistakes) names.push_back(mistake.variable);
  return names;
}

std::vector<std::string> MistakesIn(const Variables& variables) {
  const auto config = Check(variables);
  return config ? std::vector<std::string>() : Names(config.error());
}

// A file of this test, removed at its end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("repopulse-") + test->test_suite_name() + "-" + test->name());
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// NAME=value lines of .env.template, those commented out included.
Variables TemplateVariables() {
  const auto project = std::filesystem::path(REPOPULSE_SOURCE_DIR);
  std::ifstream file(project / ".env.template");
  EXPECT_TRUE(file) << "no .env.template in " << project;
  Variables found;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) line.erase(0, 1);
    const size_t end = line.find('=');
    const std::string name = line.substr(0, end);
    if (end == std::string::npos || name.empty() ||
        name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != std::string::npos) {
      continue;
    }
    found[name] = line.substr(end + 1);
  }
  return found;
}

TEST(EnvTemplate, HasEverySettingWithItsDefaultAndNoOther) {
  Variables settings;
  for (const Setting& setting : AllSettings()) settings[std::string(setting.name)] = setting.otherwise;
  EXPECT_EQ(TemplateVariables(), settings);
}

TEST(Config, HasDefaultsThatHold) {
  const auto config = Check({});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->api_listen.host, "127.0.0.1");
  EXPECT_EQ(config->api_listen.port, 8080);
  EXPECT_EQ(config->control_listen.port, 8180);
  ASSERT_EQ(config->topics.size(), 1U);
  EXPECT_EQ(config->topics[0].str(), "kubernetes");
  EXPECT_EQ(config->topic_interval, seconds{3600});
  EXPECT_EQ(config->github_api_url, "https://api.github.com");
  EXPECT_FALSE(config->demo);
  EXPECT_EQ(config->fresh, seconds{60});
  EXPECT_EQ(config->stale, seconds{86400});
  EXPECT_EQ(config->near_cache_bytes, 10U * 1024 * 1024);
  EXPECT_EQ(config->db_port, 3306);
  EXPECT_EQ(config->redis_port, 6379);
  EXPECT_EQ(config->log_level, LogLevel::kInfo);
  EXPECT_FALSE(config->replica_name.empty());
}

TEST(Config, TakesEmptyForTheDefault) {
  Variables empty;
  for (const Setting& setting : AllSettings()) empty[std::string(setting.name)] = "";
  const auto config = Check(empty);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->api_threads, 2);
  EXPECT_EQ(config->db_user, "repopulse");
  EXPECT_TRUE(config->collect);
  EXPECT_EQ(config->gharchive_url, "https://data.gharchive.org");
  EXPECT_EQ(config->replay_now, std::nullopt);
}

TEST(Config, ReadsEachSetting) {
  const auto config = Check({{"API_LISTEN", "[::1]:9000"},
                             {"API_THREADS", "3"},
                             {"REPLICA_NAME", "blue"},
                             {"ADMIN_KEY", "0123456789abcdef"},
                             {"TOPICS", "Docker, kubernetes go"},
                             {"TOPIC_INTERVAL_SECONDS", "60"},
                             {"GITHUB_API_URL", "http://127.0.0.1:18100"},
                             {"GITHUB_TOKEN", "t"},
                             {"DEMO", "1"},
                             {"COLLECT", "off"},
                             {"GHARCHIVE_URL", "http://127.0.0.1:18101"},
                             {"REPLAY_NOW", "2015-01-01T05:00:00+02:00"},
                             {"STALE_SECONDS", "0"},
                             {"DB_SOCKET", "/s"},
                             {"DB_PASSWORD", "p w"},
                             {"MIGRATIONS_DIR", "/m"},
                             {"REDIS_PASSWORD", "r"},
                             {"LOG_LEVEL", "debug"}});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->api_listen.host, "[::1]");
  EXPECT_EQ(config->api_listen.port, 9000);
  EXPECT_EQ(config->api_threads, 3);
  EXPECT_EQ(config->replica_name, "blue");
  EXPECT_EQ(config->admin_key, "0123456789abcdef");
  ASSERT_EQ(config->topics.size(), 3U);
  EXPECT_EQ(config->topics[0].str(), "docker");
  EXPECT_EQ(config->topics[2].str(), "go");
  EXPECT_EQ(config->topic_interval, seconds{60});
  EXPECT_EQ(config->github_token, "t");
  EXPECT_TRUE(config->demo);
  EXPECT_FALSE(config->collect);
  EXPECT_EQ(config->gharchive_url, "http://127.0.0.1:18101");
  EXPECT_EQ(config->replay_now, ParseRfc3339("2015-01-01T03:00:00Z"));
  EXPECT_EQ(config->stale, seconds{0});
  EXPECT_EQ(config->db_socket, "/s");
  EXPECT_EQ(config->db_password, "p w");
  EXPECT_EQ(config->migrations_dir, "/m");
  EXPECT_EQ(config->redis_password, "r");
  EXPECT_EQ(config->log_level, LogLevel::kDebug);
}

TEST(Config, NamesAllMistakesAtOnce) {
  const auto config = LoadConfig(Of({{"PORT", "http"}, {"TOPICS", "c++"}, {"DEMO", "yes"}, {"LOG_LEVEL", "loud"}}),
                                 ConfigPurpose::kServe);
  ASSERT_FALSE(config);
  EXPECT_THAT(Names(config.error()),
              UnorderedElementsAre("PORT", "TOPICS", "DEMO", "LOG_LEVEL", "ADMIN_KEY", "DB_PASSWORD"));
}

TEST(Config, SaysWhatWasGivenAndWhatIsAllowed) {
  const auto config = Check({{"API_REPLICAS", "17"}});
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 1U);
  EXPECT_EQ(config.error()[0].variable, "API_REPLICAS");
  EXPECT_EQ(config.error()[0].value, "17");
  EXPECT_THAT(config.error()[0].allowed, ::testing::AllOf(HasSubstr("1"), HasSubstr("16")));
}

struct Range {
  const char* name;
  int64_t lowest;
  int64_t highest;
};

class Bounds : public ::testing::TestWithParam<Range> {};

TEST_P(Bounds, TakesBothEndsAndNothingBeyond) {
  const auto [name, lowest, highest] = GetParam();
  EXPECT_THAT(MistakesIn({{name, std::to_string(lowest)}}), ElementsAre());
  EXPECT_THAT(MistakesIn({{name, std::to_string(highest)}}), ElementsAre());
  EXPECT_THAT(MistakesIn({{name, std::to_string(lowest - 1)}}), ElementsAre(name));
  EXPECT_THAT(MistakesIn({{name, std::to_string(highest + 1)}}), ElementsAre(name));
  for (const char* bad : {"x", "1x", " 1", "1 ", "+1", "1.0", "0x1", "99999999999999999999"}) {
    EXPECT_THAT(MistakesIn({{name, bad}}), ElementsAre(name)) << bad;
  }
}

INSTANTIATE_TEST_SUITE_P(Numbers, Bounds,
                         ::testing::Values(Range{"PORT", 1, 65535}, Range{"API_REPLICAS", 1, 16},
                                           Range{"TOPIC_INTERVAL_SECONDS", 60, 86400},
                                           Range{"CLIENT_RATE_LIMIT", 0, 1000000}, Range{"FRESH_SECONDS", 1, 3600},
                                           Range{"STALE_SECONDS", 0, 2592000}, Range{"NEAR_CACHE_MIB", 1, 4096},
                                           Range{"API_THREADS", 1, 64}, Range{"DB_PORT", 1, 65535},
                                           Range{"DB_POOL_SIZE", 1, 64}, Range{"DB_WAIT_SECONDS", 0, 600},
                                           Range{"REDIS_PORT", 1, 65535}, Range{"REDIS_MAXMEMORY_MIB", 16, 65536},
                                           Range{"DB_BUFFER_POOL_MIB", 0, 1048576}),
                         [](const auto& test) { return std::string(test.param.name); });

struct Words {
  const char* name;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

class Texts : public ::testing::TestWithParam<Words> {};

TEST_P(Texts, TakesWhatIsAllowedOnly) {
  const auto& [name, good, bad] = GetParam();
  for (const std::string& value : good) EXPECT_THAT(MistakesIn({{name, value}}), ElementsAre()) << value;
  for (const std::string& value : bad) EXPECT_THAT(MistakesIn({{name, value}}), ElementsAre(name)) << value;
}

INSTANTIATE_TEST_SUITE_P(
    Words, Texts,
    ::testing::Values(
        Words{"DEMO", {"0", "1"}, {"2", "true", "on", " 1"}}, Words{"COLLECT", {"on", "off"}, {"1", "On", "no"}},
        Words{"REPLAY_NOW",
              {"2015-01-01T03:00:00Z", "2015-01-01T03:00:00.5+02:00"},
              {"2015-01-01", "now", "2015-01-01T25:00:00Z", "1420081200", "2015-01-01T03:00:00"}},
        Words{"GHARCHIVE_URL",
              {"https://data.gharchive.org", "http://127.0.0.1:1"},
              {"data.gharchive.org", "https://a/"}},
        Words{"LOG_LEVEL", {"debug", "info", "warn", "error"}, {"Info", "warning", "trace"}},
        Words{"TOPICS", {"a", "A,b c", std::string(50, 'a'), ",a,"}, {",", "a_b", "c++", "-a", std::string(51, 'a')}},
        Words{"GITHUB_API_URL",
              {"https://api.github.com", "http://127.0.0.1:18100", "https://ghe.example/api/v3", "http://a"},
              {"api.github.com", "ftp://a.b", "https://", "http://", "https://a.b/", "https://u@a.b", "https://a b",
               "https://a.b?x", "https://a.b#x"}},
        Words{
            "API_LISTEN", {"0.0.0.0:1", "localhost:65535", "[::]:80"}, {"8080", ":80", "a:", "a:0", "a:65536", "a:x"}},
        Words{"CONTROL_LISTEN", {"127.0.0.1:8180"}, {"8180", "127.0.0.1"}},
        Words{"ADMIN_KEY", {"0123456789abcdef"}, {"0123456789abcde", "0123456789 abcdef", "0123456789abcd\xC3\xA9"}},
        Words{"GITHUB_TOKEN", {"ghp_x"}, {"ghp x", "ghp\nx"}},
        Words{"REPLICA_NAME", {"a-1_b.c", std::string(64, 'a')}, {"a b", "a/b", std::string(65, 'a')}},
        Words{"DB_USER", {"repopulse"}, {"a'b", std::string(65, 'a')}}, Words{"DB_NAME", {"repopulse"}, {"a`b", "a b"}},
        Words{"CLIENT_RATE_LIMIT_EXEMPT",
              {"127.0.0.0/8", "10.0.0.1", "127.0.0.0/8, 10.0.0.0/32 ::1 fe80::/10", "0.0.0.0/0", "::/128"},
              {"localhost", "10.0.0.0/33", "10.0.0/8", "256.0.0.1", "10.0.0.0/", "10.0.0.0/-1", "/8", "fe80::/129",
               "fe80:::", "abc", "10.0.0.0/8/8", "127.0.0.0/8;deny"}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Config, AsksForWhatThePurposeNeeds) {
  EXPECT_TRUE(LoadConfig(Of({}), ConfigPurpose::kCheck));
  const auto migrate = LoadConfig(Of({}), ConfigPurpose::kMigrate);
  ASSERT_FALSE(migrate);
  EXPECT_THAT(Names(migrate.error()), ElementsAre("DB_PASSWORD"));
  EXPECT_TRUE(LoadConfig(Of({{"DB_PASSWORD", "p"}}), ConfigPurpose::kMigrate));
  const auto serve = LoadConfig(Of({{"DB_PASSWORD", "p"}}), ConfigPurpose::kServe);
  ASSERT_FALSE(serve);
  EXPECT_THAT(Names(serve.error()), ElementsAre("ADMIN_KEY"));
  EXPECT_TRUE(LoadConfig(Of({{"DB_PASSWORD", "p"}, {"ADMIN_KEY", "0123456789abcdef"}}), ConfigPurpose::kServe));
}

// ---- secrets

TEST(Secrets, CanComeFromAFile) {
  const TemporaryFile file("0123456789abcdef\n");
  for (const std::string name : {"ADMIN_KEY", "GITHUB_TOKEN", "DB_PASSWORD", "REDIS_PASSWORD"}) {
    const auto config = Check({{name + "_FILE", file.path()}});
    ASSERT_TRUE(config) << name;
    EXPECT_THAT((std::vector{config->admin_key, config->github_token, config->db_password, config->redis_password}),
                Contains("0123456789abcdef"))
        << name;
  }
}

TEST(Secrets, GivenThemselvesWinOverTheFile) {
  const auto config = Check({{"DB_PASSWORD", "direct"}, {"DB_PASSWORD_FILE", "/nowhere"}});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->db_password, "direct");
}

TEST(Secrets, OfAMissingFileAreAMistake) {
  const auto config = Check({{"REDIS_PASSWORD_FILE", "/nowhere/secret"}});
  ASSERT_FALSE(config);
  EXPECT_THAT(Names(config.error()), ElementsAre("REDIS_PASSWORD_FILE"));
  EXPECT_EQ(config.error()[0].value, "/nowhere/secret");
}

// What docker makes where the file of a bind mount is missing.
TEST(Secrets, OfAFolderAreAMistake) {
  EXPECT_THAT(MistakesIn({{"REDIS_PASSWORD_FILE", ::testing::TempDir()}}), ElementsAre("REDIS_PASSWORD_FILE"));
}

TEST(Secrets, AreNeverCut) {
  const TemporaryFile longest(std::string(4096, 'a'));
  const auto config = Check({{"GITHUB_TOKEN_FILE", longest.path()}});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->github_token.size(), 4096U);
  std::ofstream(longest.path(), std::ios::app) << "a";
  EXPECT_THAT(MistakesIn({{"GITHUB_TOKEN_FILE", longest.path()}}), ElementsAre("GITHUB_TOKEN_FILE"));
}

TEST(Secrets, OnlyHaveFiles) {
  const TemporaryFile file("9");
  const auto config = Check({{"API_THREADS_FILE", file.path()}});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->api_threads, 2);
}

TEST(Secrets, AreHiddenInMistakes) {
  const auto config = Check({{"ADMIN_KEY", "tooshort"}, {"GITHUB_TOKEN", "ghp secret"}});
  ASSERT_FALSE(config);
  EXPECT_THAT(Names(config.error()), UnorderedElementsAre("ADMIN_KEY", "GITHUB_TOKEN"));
  for (const ConfigMistake& mistake : config.error()) {
    EXPECT_THAT(mistake.value + mistake.allowed, Not(HasSubstr("tooshort")));
    EXPECT_THAT(mistake.value + mistake.allowed, Not(HasSubstr("ghp")));
  }
}

TEST(PrintConfig, ShowsEverySettingButNoSecret) {
  const TemporaryFile file("secret-of-a-file");
  const std::string text = PrintConfig(Of({{"ADMIN_KEY", "secret-0123456789"},
                                           {"DB_PASSWORD", "secret-p"},
                                           {"REDIS_PASSWORD_FILE", file.path()},
                                           {"PORT", "9999"}}));
  for (const Setting& setting : AllSettings()) {
    EXPECT_THAT("\n" + text, HasSubstr("\n" + std::string(setting.name) + "="));
  }
  EXPECT_THAT(text, HasSubstr("PORT=9999\n"));
  EXPECT_THAT(text, HasSubstr("ADMIN_KEY=(hidden)\n"));
  EXPECT_THAT(text, HasSubstr("REDIS_PASSWORD=(hidden)\n"));
  EXPECT_THAT(text, HasSubstr("GITHUB_TOKEN=\n"));
  EXPECT_THAT(text, Not(HasSubstr("secret-")));
}

// ---- .env files

TEST(EnvFile, ReadsNamesValuesQuotesAndComments) {
  const TemporaryFile file(
      "# a comment\n\n  PORT=9000\r\nREPLICA_NAME = blue \nDB_PASSWORD=\"two words\"\nREDIS_PASSWORD='a=b#c'\n"
      "ADMIN_KEY_FILE=/k\nDB_SOCKET=\n#API_THREADS=9\nRUN_DIR=\"\nDB_NAME=first\nDB_NAME=last");
  const EnvFile read = ReadEnvFile(Of({}), file.path());
  EXPECT_THAT(Names(read.mistakes), ElementsAre());
  EXPECT_EQ(read.environment("PORT"), "9000");
  EXPECT_EQ(read.environment("REPLICA_NAME"), "blue");
  EXPECT_EQ(read.environment("DB_PASSWORD"), "two words");
  EXPECT_EQ(read.environment("REDIS_PASSWORD"), "a=b#c");
  EXPECT_EQ(read.environment("ADMIN_KEY_FILE"), "/k");
  EXPECT_EQ(read.environment("DB_SOCKET"), "");
  EXPECT_EQ(read.environment("API_THREADS"), std::nullopt);
  EXPECT_EQ(read.environment("RUN_DIR"), "\"");
  EXPECT_EQ(read.environment("DB_NAME"), "last");
}

TEST(EnvFile, ComesBehindTheEnvironment) {
  const TemporaryFile file("PORT=9000\nDB_NAME=file\n");
  const EnvFile read = ReadEnvFile(Of({{"PORT", "1"}}), file.path());
  EXPECT_EQ(read.environment("PORT"), "1");
  EXPECT_EQ(read.environment("DB_NAME"), "file");
}

TEST(EnvFile, NamesEveryLineItCannotRead) {
  const TemporaryFile file("PORT 9000\nPROT=9000\nPORT_FILE=/x\nport=1\n=x\nDB_NAME=a\n");
  const EnvFile read = ReadEnvFile(Of({}), file.path());
  EXPECT_THAT(Names(read.mistakes),
              ElementsAre("line 1 of " + file.path(), "PROT", "PORT_FILE", "port", "line 5 of " + file.path()));
  EXPECT_EQ(read.environment("DB_NAME"), "a");
}

TEST(EnvFile, HidesTheValuesOfUnknownNames) {
  const TemporaryFile file("ADMIN_KYE=0123456789abcdef\n");
  const EnvFile read = ReadEnvFile(Of({}), file.path());
  ASSERT_EQ(read.mistakes.size(), 1U);
  EXPECT_THAT(read.mistakes[0].value, Not(HasSubstr("0123")));
}

TEST(EnvFile, ThatCannotBeReadIsAMistake) {
  EXPECT_THAT(Names(ReadEnvFile(Of({}), "/nowhere/.env").mistakes), ElementsAre("--env-file"));
  EXPECT_THAT(Names(ReadEnvFile(Of({}), ::testing::TempDir()).mistakes), ElementsAre("--env-file"));
}

TEST(EnvFile, OfTheTemplateHasNoMistakes) {
  const auto project = std::filesystem::path(REPOPULSE_SOURCE_DIR);
  const EnvFile read = ReadEnvFile(Of({}), (project / ".env.template").string());
  EXPECT_THAT(Names(read.mistakes), ElementsAre());
  EXPECT_TRUE(LoadConfig(read.environment, ConfigPurpose::kCheck));
}

}  // namespace
}  // namespace repopulse
