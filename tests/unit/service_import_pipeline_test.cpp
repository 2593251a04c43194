// Batches that share a transaction, and files that share a name.
#include <gtest/gtest.h>

#include <thread>

#include "support/importing.h"

namespace repopulse {
namespace {

using test::BadLineOf;
using test::EventLine;
using test::Import;
using Answer = test::FakeImportedEvents::Answer;

TEST_F(Import, WritesTheRecordsOfSmallFilesTogetherEachWithItsOwnCounts) {
  Have("a.json", {EventLine(1), EventLine(2)});
  Have("b.json", {EventLine(2), EventLine(3), BadLineOf()});
  Have("c.json", {EventLine(3), EventLine(4)});
  const ImportReport report = RunAll({"a.json", "b.json", "c.json"});
  EXPECT_EQ(report.files.at(0).counts.added, 2);
  EXPECT_EQ(report.files.at(1).counts.added, 1);
  EXPECT_EQ(report.files.at(1).counts.duplicates, 1);
  EXPECT_EQ(report.files.at(1).counts.bad, 1);
  EXPECT_EQ(report.files.at(2).counts.added, 1);
  EXPECT_EQ(imports.imports.at("b.json").added, 1);
  EXPECT_EQ(imports.imports.at("b.json").duplicates, 1);
  EXPECT_EQ(imports.imports.at("c.json").state, ImportState::kDone);
  EXPECT_EQ(events.payloads.size(), 4U);
}

TEST_F(Import, TakesFilesThatFailTogetherOneByOne) {
  patience = std::chrono::seconds{10};
  Have("a.json", {EventLine(1)});
  Have("b.json", {EventLine(2)});
  Have("c.json", {EventLine(3)});
  // The first transaction holds a, the second b and c.
  for (const Answer answer : {Answer::kRefuses, Answer::kStoresButTheAnswerIsLost}) {
    events.payloads.clear();
    events.ingests = 0;
    imports.imports.clear();
    events.next_answer = [answer](int ingest) { return ingest == 2 ? answer : Answer::kStores; };
    const ImportReport report = RunAll({"a.json", "b.json", "c.json"});
    for (const FileReport& file : report.files) {
      EXPECT_EQ(file.outcome, ImportOutcome::kTaken) << file.name;
      EXPECT_EQ(file.counts.added, 1) << file.name;
      EXPECT_EQ(file.counts.duplicates, 0) << file.name;
      EXPECT_EQ(imports.imports.at(file.name).added, 1) << file.name;
    }
    EXPECT_EQ(events.payloads.size(), 3U);
  }
}

TEST_F(Import, KeepsNothingOfADamagedFileThatWasStoredTogetherWithOthers) {
  for (const char* name : {"a.json", "b.json", "c.json"}) Have(name, {EventLine(name[0])});
  archive.files["b.json"].check_error = Error{ErrorCode::kMalformed, "b.json is damaged"};
  const ImportReport report = RunAll({"a.json", "b.json", "c.json"});
  EXPECT_EQ(report.files.at(0).outcome, ImportOutcome::kTaken);
  EXPECT_EQ(report.files.at(1).outcome, ImportOutcome::kDamaged);
  EXPECT_EQ(report.files.at(1).counts.read, 0);
  ASSERT_TRUE(report.files.at(1).error);
  EXPECT_EQ(report.files.at(1).error->message, "b.json is damaged");
  EXPECT_EQ(report.files.at(2).outcome, ImportOutcome::kTaken);
  EXPECT_EQ(events.payloads.size(), 2U);
  EXPECT_FALSE(imports.imports.contains("b.json"));
}

TEST_F(Import, BeginsToReadAFileWhileTheOneBeforeIsStillRead) {
  Have("a.json", std::vector<test::ArchiveLine>(9'000, BadLineOf()));  // 3,000 batches
  archive.files["a.json"].lines.push_back(EventLine(1));
  Have("b.json", {EventLine(2)});
  size_t batches_before = 0;
  archive.before_next = [&] {
    if (archive.begun.size() > 1) return;
    ++batches_before;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});  // until it is open
  };
  const ImportReport report = RunAll({"a.json", "b.json"});
  EXPECT_LT(batches_before, 3'000U);
  EXPECT_EQ(report.total.added, 2);
}

TEST_F(Import, KeepsTheRecordsOfFilesThatComeAgainUnderTheirNames) {
  Have("a.json", {EventLine(1), EventLine(2)});
  Have("b.json", {EventLine(3)});
  const ImportReport report = RunAll({"a.json", "b.json", "a.json", "b.json"});
  EXPECT_TRUE(report.files.at(2).taken_before);
  EXPECT_TRUE(report.files.at(3).taken_before);
  EXPECT_EQ(imports.imports.at("a.json").added, 2);
  EXPECT_EQ(imports.imports.at("a.json").duplicates, 0);
  EXPECT_EQ(imports.imports.at("b.json").added, 1);
}

TEST_F(Import, ReadsTheSameFileTwiceInOneRunAndAddsItOnce) {
  Have(kFile, {EventLine(1), EventLine(2)});
  const ImportReport report = RunAll({kFile, kFile});
  EXPECT_EQ(report.files.at(0).counts.added, 2);
  EXPECT_TRUE(report.files.at(1).taken_before);
  EXPECT_EQ(report.files.at(1).counts.duplicates, 2);
  EXPECT_EQ(imports.imports.at(kFile).added, 2);
}

}  // namespace
}  // namespace repopulse
