#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/import_arguments.h"

namespace repopulse {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

std::vector<std::string> Shown(const ImportArguments& arguments) {
  std::vector<std::string> shown;
  for (const ArchiveLocation& location : arguments.locations) {
    const auto* hour = std::get_if<ArchiveHour>(&location);
    shown.push_back(hour != nullptr ? "hour " + ToString(*hour) : std::get<fs::path>(location).filename().string());
  }
  return shown;
}

struct ImportWords : ::testing::Test {
  ImportWords() : folder(fs::path(::testing::TempDir()) / ("repopulse-import-" + std::to_string(::getpid()))) {
    fs::create_directories(folder);
  }
  ~ImportWords() override { fs::remove_all(folder); }
  ImportWords(const ImportWords&) = delete;
  ImportWords& operator=(const ImportWords&) = delete;

  std::string File(const std::string& name) {
    std::ofstream(folder / name) << "x";
    return (folder / name).string();
  }
  static std::string MistakeIn(const Words& words) {
    const auto arguments = ParseImportArguments(words);
    return arguments ? "" : arguments.error().message;
  }

  const fs::path folder;
};

TEST_F(ImportWords, AreFilesHoursAndOptionsInAnyOrder) {
  const auto arguments =
      ParseImportArguments({"2015-01-01-0", "--only-tracked", File("a.json.gz"), "nowhere.json", "--json"});
  ASSERT_TRUE(arguments);
  EXPECT_THAT(Shown(*arguments), ElementsAre("hour 2015-01-01-0", "a.json.gz", "nowhere.json"));
  EXPECT_TRUE(arguments->only_tracked);
  EXPECT_TRUE(arguments->json);
}

TEST_F(ImportWords, NameAFoldersArchivesInTheOrderOfTheirHours) {
  for (const char* name :
       {"2015-01-01-10.json.gz", "2015-01-01-9.json.gz", "2014-12-31-23.json", "README.md", "z.gz"}) {
    File(name);
  }
  const auto arguments = ParseImportArguments({folder.string()});
  ASSERT_TRUE(arguments);
  EXPECT_THAT(Shown(*arguments), ElementsAre("2014-12-31-23.json", "2015-01-01-9.json.gz", "2015-01-01-10.json.gz"));
}

TEST_F(ImportWords, NameARangeOfHours) {
  const auto arguments = ParseImportArguments({"2015-01-01-22..2015-01-02-1"});
  ASSERT_TRUE(arguments);
  EXPECT_THAT(Shown(*arguments),
              ElementsAre("hour 2015-01-01-22", "hour 2015-01-01-23", "hour 2015-01-02-0", "hour 2015-01-02-1"));
  EXPECT_EQ(ParseImportArguments({"2015-01-01-0..2015-01-31-23"})->locations.size(), 744U);
}

TEST_F(ImportWords, NameEachThingOnce) {
  const std::string file = File("a.json");
  const auto arguments = ParseImportArguments({file, "2015-01-01-0", folder.string(), "2015-01-01-0..2015-01-01-1"});
  ASSERT_TRUE(arguments);
  EXPECT_THAT(Shown(*arguments), ElementsAre("a.json", "hour 2015-01-01-0", "hour 2015-01-01-1"));
}

TEST_F(ImportWords, AreTakenForFilesBehindTwoDashes) {
  const auto arguments = ParseImportArguments({"--", "--json"});
  ASSERT_TRUE(arguments);
  EXPECT_FALSE(arguments->json);
  EXPECT_THAT(Shown(*arguments), ElementsAre("--json"));
}

TEST_F(ImportWords, ThatMeanNothingAreRefused) {
  EXPECT_THAT(MistakeIn({}), HasSubstr("missing"));
  EXPECT_THAT(MistakeIn({"--json"}), HasSubstr("missing"));
  EXPECT_THAT(MistakeIn({"--fast", "a.json"}), HasSubstr("--fast"));
  EXPECT_THAT(MistakeIn({""}), HasSubstr("''"));
  EXPECT_THAT(MistakeIn({folder.string()}), HasSubstr("no *.json.gz"));
  EXPECT_THAT(MistakeIn({"2015-01-02-0..2015-01-01-0"}), HasSubstr("FIRST..LAST"));
  EXPECT_THAT(MistakeIn({"2015-01-01-0..x"}), HasSubstr("FIRST..LAST"));
  EXPECT_THAT(MistakeIn({"2015-01-01-0..2015-02-01-0"}), HasSubstr("31 days"));
}

}  // namespace
}  // namespace repopulse
