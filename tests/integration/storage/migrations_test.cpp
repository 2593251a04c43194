// The contract of service/schema.h and storage.h's Migrations.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "integration/storage/database.h"
#include "source_dir.h"
#include "storage/migration_files.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A folder of migrations of its own, and nothing applied.
class MigrationsTest : public StorageTest {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("migrations_" + options_.database + std::to_string(getpid()));
    std::filesystem::create_directory(folder_);
    options_.migrations_dir = folder_;
    storage_ = MakeStorage();
    Write("0001_first.up.sql", "-- about it;\nCREATE TABLE one (id INT);\nCREATE TABLE two (\n  id INT\n);\n");
    Write("0001_first.down.sql", "DROP TABLE two;\nDROP TABLE one;\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  void WriteSecond(const std::string& up = "CREATE TABLE three (id INT);\n") {
    Write("0002_second.up.sql", up);
    Write("0002_second.down.sql", "DROP TABLE three;\n");
  }
  int64_t Tables() {
    return Number(
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN "
        "('one', 'two', 'three')");
  }
  Migrations& migrations() { return storage_->migrations(); }

  std::filesystem::path folder_;
};

TEST_F(MigrationsTest, AnEmptyDatabaseHasNoneApplied) {
  auto state = storage_->schema().State();
  ASSERT_OK(state);
  EXPECT_EQ(state->applied, 0);
  EXPECT_EQ(state->expected, 1);
}

TEST_F(MigrationsTest, AppliesWhatIsMissingInOrderAndOnce) {
  EXPECT_THAT(storage_->schema().MigrateUp().value(), ElementsAre(1));
  EXPECT_EQ(Tables(), 2);
  EXPECT_THAT(storage_->schema().MigrateUp().value(), IsEmpty());
  WriteSecond();
  EXPECT_EQ(storage_->schema().State()->applied, 1);
  EXPECT_EQ(storage_->schema().State()->expected, 2);
  EXPECT_THAT(migrations().Up().value(), ElementsAre(2));
  EXPECT_EQ(storage_->schema().State()->applied, 2);
}

TEST_F(MigrationsTest, TellsInstallationsApartByWhenTheyBegan) {
  EXPECT_FALSE(storage_->schema().Installation());
  ASSERT_OK(migrations().Up());
  const auto first = storage_->schema().Installation();
  ASSERT_OK(first);
  EXPECT_THAT(*first, ::testing::MatchesRegex("[0-9a-f]{16}"));
  WriteSecond();
  ASSERT_OK(migrations().Up());
  EXPECT_EQ(storage_->schema().Installation().value(), *first) << "later migrations change nothing";
  ASSERT_OK(migrations().Down(2));
  ASSERT_OK(migrations().Up());
  EXPECT_NE(storage_->schema().Installation().value(), *first);
}

TEST_F(MigrationsTest, GoesDownFromTheLast) {
  WriteSecond();
  ASSERT_OK(migrations().Up());
  EXPECT_THAT(migrations().Down(1).value(), ElementsAre(2));
  EXPECT_EQ(Tables(), 2);
  EXPECT_THAT(migrations().Up().value(), ElementsAre(2));
  EXPECT_THAT(migrations().Down(9).value(), ElementsAre(2, 1));
  EXPECT_EQ(Tables(), 0);
  EXPECT_EQ(storage_->schema().State()->applied, 0);
  EXPECT_THAT(migrations().Down(1).value(), IsEmpty());
}

TEST_F(MigrationsTest, TheProjectsOwnGoUpDownAndUpAgain) {
  options_.migrations_dir = std::filesystem::path(REPOPULSE_SOURCE_DIR) / "db/migrations";
  storage_ = MakeStorage();
  auto up = migrations().Up();
  ASSERT_OK(up);
  auto down = migrations().Down(1000);
  ASSERT_OK(down);
  EXPECT_EQ(down->size(), up->size());
  EXPECT_EQ(Number("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> "
                   "'schema_migrations'"),
            0);
  EXPECT_EQ(migrations().Up().value().size(), up->size());
}

TEST_F(MigrationsTest, TwoReplicasAtOnceApplyEachOnce) {
  Write("0001_first.up.sql", "DO SLEEP(0.2);\nCREATE TABLE one (id INT);\n");
  const auto replica = MakeStorage();
  Result<std::vector<int>> a;
  Result<std::vector<int>> b;
  std::thread first([&] { a = storage_->schema().MigrateUp(); });
  std::thread second([&] { b = replica->schema().MigrateUp(); });
  first.join();
  second.join();
  ASSERT_OK(a);
  ASSERT_OK(b);
  EXPECT_EQ(a->size() + b->size(), 1u);
}

TEST_F(MigrationsTest, OneThatFailsInItsMiddleIsReportedAndStopsEverything) {
  WriteSecond("CREATE TABLE three (id INT);\nCREATE TABLE three (id INT);\n");
  auto up = migrations().Up();
  EXPECT_EQ(CodeOf(up), ErrorCode::kInternal);
  EXPECT_THAT(up.error().message, HasSubstr("0002_second, statement 2 of 2"));

  WriteSecond();
  for (const auto& refused : {migrations().Up(), migrations().Down(1)}) {
    EXPECT_EQ(CodeOf(refused), ErrorCode::kConflict);
    EXPECT_THAT(refused.error().message, HasSubstr("0002_second was begun but did not end: 1 of its statements"));
  }
  EXPECT_EQ(CodeOf(storage_->schema().State()), ErrorCode::kConflict);
  auto list = migrations().List();
  ASSERT_OK(list);
  EXPECT_TRUE((*list)[0].applied);
  EXPECT_TRUE((*list)[1].half_applied);
  EXPECT_FALSE((*list)[1].applied);

  // Repaired by hand, as the message says.
  ASSERT_OK(db().Run("DROP TABLE three"));
  ASSERT_OK(db().Run("DELETE FROM schema_migrations WHERE version = 2"));
  EXPECT_THAT(migrations().Up().value(), ElementsAre(2));
}

TEST_F(MigrationsTest, RefusesAFileThatChangedAfterItWasApplied) {
  ASSERT_OK(migrations().Up());
  Write("0001_first.up.sql", "CREATE TABLE one (id BIGINT);\n");
  WriteSecond();
  auto up = migrations().Up();
  EXPECT_EQ(CodeOf(up), ErrorCode::kConflict);
  EXPECT_THAT(up.error().message, HasSubstr("0001_first"));
  EXPECT_TRUE(migrations().List().value()[0].changed);
  EXPECT_EQ(Tables(), 2);
}

TEST_F(MigrationsTest, RefusesASchemaNewerThanItself) {
  WriteSecond();
  ASSERT_OK(migrations().Up());
  std::filesystem::remove(folder_ / "0002_second.up.sql");
  std::filesystem::remove(folder_ / "0002_second.down.sql");
  auto up = migrations().Up();
  EXPECT_EQ(CodeOf(up), ErrorCode::kConflict);
  EXPECT_THAT(up.error().message, HasSubstr("newer"));
  EXPECT_EQ(storage_->schema().State()->applied, 2);
  EXPECT_EQ(storage_->schema().State()->expected, 1);
  EXPECT_TRUE(migrations().List().value()[1].unknown);
}

TEST_F(MigrationsTest, RefusesAFolderThatIsNotInOrder) {
  const auto says = [&](const std::string& what) {
    auto up = migrations().Up();
    EXPECT_EQ(CodeOf(up), ErrorCode::kInvalidArgument);
    EXPECT_THAT(up.error().message, HasSubstr(what));
  };
  Write("0003_third.up.sql", "SELECT 1;\n");
  Write("0003_third.down.sql", "SELECT 1;\n");
  says("0002 is missing");
  WriteSecond();
  std::filesystem::remove(folder_ / "0002_second.down.sql");
  says("0002_second needs an up and a down file");
  Write("0002_another.down.sql", "SELECT 1;\n");
  says("same number");
  std::filesystem::remove(folder_ / "0002_another.down.sql");
  Write("2_second.up.sql", "SELECT 1;\n");
  says("NNNN_name");
  options_.migrations_dir = folder_ / "nowhere";
  storage_ = MakeStorage();
  says("cannot be read");
}

TEST(Migrations, StatementsEndAtALinesEnd) {
  EXPECT_THAT(SplitStatements("-- a comment;\nSELECT 1;\n\nSELECT\n  'a;b' -- not; here\n  , 2 ;  \n;\nSELECT 3"),
              ElementsAre("SELECT 1", "SELECT\n  'a;b' -- not; here\n, 2 ", "SELECT 3"));
}

}  // namespace
}  // namespace repopulse
