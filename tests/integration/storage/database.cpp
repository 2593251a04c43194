#include "integration/storage/database.h"

#include <cstdlib>
#include <filesystem>

#include "source_dir.h"

namespace repopulse {
namespace {

const std::filesystem::path kProject = REPOPULSE_SOURCE_DIR;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    ADD_FAILURE() << name << " is not set: run me through tests/support/with-servers mariadb --";
    return "";
  }
  return value;
}

std::string NextDatabaseName() {
  static std::atomic<int> count{0};
  return Variable("DB_NAME") + "_" + std::to_string(++count);
}

}  // namespace

TimePoint At(std::string_view text) {
  if (const auto day = ParseDay(text)) return TimePoint{*day};
  const auto time = ParseRfc3339(text);
  EXPECT_TRUE(time) << text;
  return time.value_or(TimePoint{});
}

std::chrono::sys_days OnDay(std::string_view text) { return ParseDay(text).value(); }
TopicName Tagged(std::string_view name) { return TopicName::Parse(name).value(); }
RepositoryName Name(std::string_view full_name) { return RepositoryName::Parse(full_name).value(); }

Repository MakeRepository(int64_t id, std::string_view full_name, int64_t stars) {
  return {.id = RepositoryId{id},
          .name = Name(full_name),
          .html_url = "https://github.com/" + std::string(full_name),
          .description = "about it",
          .language = "Go",
          .license = "Apache-2.0",
          .stargazers_count = stars,
          .forks_count = 3,
          .open_issues_count = 2,
          .created_at = At("2020-01-01T00:00:00Z"),
          .updated_at = At("2024-05-01T00:00:00Z"),
          .pushed_at = At("2024-05-02T00:00:00Z")};
}

void OrderServer(const std::string& verb, const std::string& server) {
  const std::string command = (kProject / "tests/support/with-servers").string() + " " + verb + " " + server;
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

StorageTest::StorageTest() {
  clock_.Set(At("2024-05-07T12:00:00Z"));
  options_.socket = Variable("DB_SOCKET");
  options_.user = Variable("DB_USER");
  options_.password = Variable("DB_PASSWORD");
  options_.database = Variable("DB_NAME");
  options_.migrations_dir = kProject / "db/migrations";
  auto opened = Connection::Open(ConnectionTo());
  EXPECT_OK(opened);
  db_ = std::move(opened.value());
  options_.database = NextDatabaseName();
  EXPECT_OK(db_->Run("CREATE DATABASE " + options_.database + " CHARACTER SET utf8mb4"));
  EXPECT_OK(db_->Run("USE " + options_.database));
  storage_ = MakeStorage();
}

StorageTest::~StorageTest() {
  storage_.reset();
  static_cast<void>(db_->Run("DROP DATABASE IF EXISTS " + options_.database));
}

void StorageTest::SetUp() { ASSERT_OK(storage_->schema().MigrateUp()); }

ConnectionOptions StorageTest::ConnectionTo() const {
  return {
      .socket = options_.socket, .user = options_.user, .password = options_.password, .database = options_.database};
}

int64_t StorageTest::Number(std::string_view sql) {
  int64_t number = -1;
  EXPECT_OK(db_->Query(sql, {}, [&](const Row& row) { number = row.Int(0); }));
  return number;
}

void StorageTest::Kill(int64_t connection_id) {
  EXPECT_OK(db_->Run("KILL " + std::to_string(connection_id)));
  // KILL only asks; the connection is gone when the server no longer lists it.
  const std::string listed =
      "SELECT COUNT(*) FROM information_schema.processlist WHERE id = " + std::to_string(connection_id);
  while (Number(listed) > 0) {
  }
}

void TopicTest::SetUp() {
  StorageTest::SetUp();
  auto topic = topics().Track(Tagged("kubernetes"), clock_.Now());
  ASSERT_OK(topic);
  topic_ = topic->id;
}

Sweep TopicTest::Read(TopicId topic, const std::vector<Repository>& seen, std::optional<int64_t> reported) {
  auto sweep = topics().OpenSweep(topic, clock_.Now(), clock_.Now() - std::chrono::hours{1});
  EXPECT_OK(sweep);
  SweepPlan plan = sweep->plan;
  plan.reported_count = reported.value_or(static_cast<int64_t>(seen.size()));
  EXPECT_OK(topics().StorePage(*sweep, plan, seen, clock_.Now()));
  sweep->plan = plan;
  ++sweep->step;
  return *sweep;
}

Publication TopicTest::Publish(const std::vector<Repository>& seen, std::optional<int64_t> reported) {
  const Sweep sweep = Read(topic_, seen, reported);
  auto published = topics().PublishSweep(sweep, true, clock_.Now(), clock_.Now() + std::chrono::hours{1});
  EXPECT_OK(published);
  return published.value_or(Publication{});
}

std::vector<std::string> TopicTest::Members() {
  auto page = topics().Rank({.topic = Tagged("kubernetes"),
                             .sort = RankingSort::kStored,
                             .language = {},
                             .min_stars = {},
                             .archived = {},
                             .after = {},
                             .limit = 100,
                             .baseline_day = DayOf(clock_.Now())});
  EXPECT_OK(page);
  std::vector<std::string> names;
  for (const RankedRepository& ranked : page->items) names.push_back(ranked.repository.name.full());
  return names;
}

}  // namespace repopulse
