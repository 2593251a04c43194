#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/importing.h"

namespace repopulse {
namespace {

using test::BadLineOf;
using test::EventLine;
using test::OldLine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Answer = test::FakeImportedEvents::Answer;

using test::Import;

TEST_F(Import, StoresEveryEventAndCountsEveryLine) {
  Have(kFile, {EventLine(1), EventLine(2), BadLineOf(), EventLine(3), EventLine(1), OldLine(), EventLine(4)});
  const FileReport file = RunOne();
  EXPECT_EQ(file.outcome, ImportOutcome::kTaken);
  EXPECT_EQ(file.name, kFile);
  EXPECT_EQ(file.counts.read, 5);
  EXPECT_EQ(file.counts.added, 4);
  EXPECT_EQ(file.counts.duplicates, 1);
  EXPECT_EQ(file.counts.bad, 1);
  EXPECT_EQ(file.counts.other_format, 1);
  ASSERT_EQ(file.bad_lines.size(), 1U);
  EXPECT_EQ(file.bad_lines[0].number, 3);
  EXPECT_EQ(events.payloads.size(), 4U);

  const ImportProgress& stored = imports.imports.at(kFile);
  EXPECT_EQ(stored.state, ImportState::kDone);
  EXPECT_EQ(stored.lines_done, 7);
  EXPECT_EQ(stored.read, 5);
  EXPECT_EQ(stored.added, 4);
  EXPECT_EQ(stored.duplicates, 1);
  EXPECT_EQ(stored.bad, 1);
  EXPECT_EQ(stored.other_format, 1);
  EXPECT_EQ(stored.hour, ParseArchiveHour("2015-01-01-0")->begin);
  EXPECT_EQ(stored.fingerprint, "1");
}

TEST_F(Import, IsDoneAlsoWhereTheLastLinesHoldNothingToStore) {
  Have(kFile, {EventLine(1), EventLine(2), EventLine(3), BadLineOf()});
  EXPECT_EQ(RunOne().outcome, ImportOutcome::kTaken);
  EXPECT_EQ(imports.imports.at(kFile).state, ImportState::kDone);
  EXPECT_EQ(imports.imports.at(kFile).lines_done, 4);
  EXPECT_EQ(imports.imports.at(kFile).bad, 1);
}

TEST_F(Import, ShowsTheFirstTwentyBadLinesAndCountsAll) {
  std::vector<test::ArchiveLine> lines = {EventLine(1)};
  lines.insert(lines.end(), 50, BadLineOf());
  Have(kFile, lines);
  const FileReport file = RunOne();
  EXPECT_EQ(file.counts.bad, 50);
  ASSERT_EQ(file.bad_lines.size(), 20U);
  EXPECT_EQ(file.bad_lines.back().number, 21);
}

TEST_F(Import, AFileWithoutAnyEventIsDamagedAlsoBehindOthers) {
  Have("a.json", {EventLine(1), EventLine(2), EventLine(3), EventLine(4)});
  Have("b.json", std::vector<test::ArchiveLine>(7, BadLineOf()));  // three batches
  const ImportReport report = RunAll({"a.json", "b.json"});
  EXPECT_EQ(report.files.at(0).outcome, ImportOutcome::kTaken);
  EXPECT_EQ(report.files.at(1).outcome, ImportOutcome::kDamaged);
  EXPECT_EQ(report.files.at(1).counts.bad, 7);
  EXPECT_TRUE(!imports.imports.contains("b.json") || imports.imports.at("b.json").state != ImportState::kDone);
}

TEST_F(Import, GoesOnBehindTheLastStoredBatchAfterAnInterruption) {
  Have(kFile, {EventLine(1), EventLine(2), EventLine(3), EventLine(4), EventLine(5), EventLine(6), EventLine(7)});
  events.next_answer = [this](int ingest) {
    if (ingest == 1) stop.request_stop();
    return Answer::kStores;
  };
  const FileReport first = RunOne();
  EXPECT_EQ(first.outcome, ImportOutcome::kInterrupted);
  EXPECT_EQ(first.counts.added, 3);
  EXPECT_EQ(imports.imports.at(kFile).state, ImportState::kRunning);
  EXPECT_EQ(imports.imports.at(kFile).lines_done, 3);

  stop = std::stop_source();
  events.next_answer = [](int) { return Answer::kStores; };
  const FileReport second = RunOne();
  EXPECT_EQ(second.outcome, ImportOutcome::kTaken);
  EXPECT_EQ(second.lines_done_before, 3);
  EXPECT_EQ(second.counts.read, 4);
  EXPECT_EQ(second.counts.duplicates, 0);
  EXPECT_EQ(imports.imports.at(kFile).added, 7);  // over both runs
  EXPECT_EQ(imports.imports.at(kFile).state, ImportState::kDone);
}

TEST_F(Import, ChangesNothingWhenDoneAgain) {
  Have(kFile, {EventLine(1), EventLine(2), EventLine(3), EventLine(4)});
  RunOne();
  const ImportProgress before = imports.imports.at(kFile);
  clock.Advance(std::chrono::hours{1});
  added_told = 0;
  rescored.reset();
  const FileReport again = RunOne();
  EXPECT_EQ(again.outcome, ImportOutcome::kTaken);
  EXPECT_TRUE(again.taken_before);
  EXPECT_EQ(again.counts.read, 4);
  EXPECT_EQ(again.counts.duplicates, 4);
  EXPECT_EQ(again.counts.added, 0);
  EXPECT_EQ(added_told, 0);
  EXPECT_FALSE(rescored);
  const ImportProgress& after = imports.imports.at(kFile);
  EXPECT_EQ(after.updated_at, before.updated_at);
  EXPECT_EQ(after.duplicates, before.duplicates);
  EXPECT_EQ(after.state, ImportState::kDone);
}

TEST_F(Import, BeginsAnewWhereTheFileIsAnother) {
  Have(kFile, {EventLine(1), EventLine(2), EventLine(3), EventLine(4)});
  RunOne();
  archive.files[kFile].fingerprint = "2";
  Have(kFile, {EventLine(11), EventLine(12)});
  const FileReport file = RunOne();
  EXPECT_FALSE(file.taken_before);
  EXPECT_EQ(file.counts.added, 2);
  EXPECT_EQ(imports.imports.at(kFile).fingerprint, "2");
  EXPECT_EQ(imports.imports.at(kFile).lines_done, 2);
}

TEST_F(Import, TakesOnlyTrackedRepositoriesWhereAsked) {
  tracked = {7};
  Have(kFile, {EventLine(1, 7), EventLine(2, 8), EventLine(3, 9), EventLine(4, 7)});
  const FileReport file = RunOne(true);
  EXPECT_EQ(file.counts.read, 4);
  EXPECT_EQ(file.counts.added, 2);
  EXPECT_EQ(file.counts.skipped, 2);
  EXPECT_TRUE(imports.imports.at(kFile).only_tracked);
}

TEST_F(Import, KeepsPayloadsOfTrackedRepositoriesOnly) {
  tracked = {7};
  Have(kFile, {EventLine(1, 7), EventLine(2, 8)});
  RunOne();
  EXPECT_EQ(events.payloads.at(1), "{}");
  EXPECT_EQ(events.payloads.at(2), "");
}

TEST_F(Import, OfAllBeginsAnewAfterOneOfTheTrackedOnly) {
  tracked = {7};
  Have(kFile, {EventLine(1, 7), EventLine(2, 8), EventLine(3, 9), EventLine(4, 7)});
  RunOne(true);
  const FileReport all = RunOne(false);
  EXPECT_FALSE(all.taken_before);
  EXPECT_EQ(all.counts.added, 2);
  EXPECT_EQ(all.counts.duplicates, 2);
  EXPECT_FALSE(imports.imports.at(kFile).only_tracked);
  // What is whole stays whole where less is asked for.
  EXPECT_TRUE(RunOne(true).taken_before);
  EXPECT_FALSE(imports.imports.at(kFile).only_tracked);
}

TEST_F(Import, LeavesNoTraceOfAFileItRefuses) {
  Have("old.json.gz", {OldLine(), OldLine(), OldLine(), OldLine()});
  Have("text.gz", {BadLineOf(), BadLineOf()});
  Have("empty.json", {});
  archive.files["no.json.gz"].open_error = Error{ErrorCode::kMalformed, "no.json.gz is no gzip"};
  Have("cut.json.gz", {EventLine(1), EventLine(2), EventLine(3), EventLine(4), EventLine(5)});
  archive.files["cut.json.gz"].breaks_after = 1;  // what it gave is good, for all that can be seen of it
  archive.files["cut.json.gz"].check_error = archive.files["cut.json.gz"].break_error;
  const ImportReport report =
      RunAll({"old.json.gz", "text.gz", "empty.json", "cut.json.gz", "none.json", "no.json.gz"});
  EXPECT_EQ(report.files.at(0).outcome, ImportOutcome::kOtherFormat);
  EXPECT_EQ(report.files.at(0).counts.other_format, 4);
  EXPECT_EQ(report.files.at(1).outcome, ImportOutcome::kDamaged);
  EXPECT_EQ(report.files.at(2).outcome, ImportOutcome::kDamaged);
  EXPECT_EQ(report.files.at(3).outcome, ImportOutcome::kDamaged);
  EXPECT_EQ(report.files.at(4).outcome, ImportOutcome::kNotFound);
  EXPECT_EQ(report.files.at(5).outcome, ImportOutcome::kDamaged);
  for (const FileReport& file : report.files) EXPECT_TRUE(file.error) << file.name;
  EXPECT_THAT(imports.imports, IsEmpty());
  EXPECT_EQ(imports.saves, 0);
  EXPECT_THAT(events.payloads, IsEmpty());
}

TEST_F(Import, TakesTheOtherFilesWhereOneIsBad) {
  Have("a.json", {EventLine(1)});
  Have("c.json", {EventLine(2)});
  const ImportReport report = RunAll({"a.json", "b.json", "c.json"});
  EXPECT_EQ(report.files.at(0).outcome, ImportOutcome::kTaken);
  EXPECT_EQ(report.files.at(1).outcome, ImportOutcome::kNotFound);
  EXPECT_EQ(report.files.at(2).outcome, ImportOutcome::kTaken);
  EXPECT_EQ(report.total.added, 2);
}

TEST_F(Import, KeepsWhatCameBeforeAStreamBrokeAndGoesOnThere) {
  Have(kFile, {EventLine(1), EventLine(2), EventLine(3), EventLine(4)});
  archive.files[kFile].breaks_after = 1;
  archive.files[kFile].break_error = {ErrorCode::kUnavailable, "the connection was cut"};
  const FileReport broken = RunOne();
  EXPECT_EQ(broken.outcome, ImportOutcome::kUnreachable);
  EXPECT_EQ(broken.counts.added, 3);
  EXPECT_EQ(imports.imports.at(kFile).state, ImportState::kFailed);
  EXPECT_THAT(*imports.imports.at(kFile).error, HasSubstr("the connection was cut"));
  EXPECT_EQ(imports.imports.at(kFile).lines_done, 3);

  archive.files[kFile].breaks_after.reset();
  const FileReport rest = RunOne();
  EXPECT_EQ(rest.lines_done_before, 3);
  EXPECT_EQ(rest.counts.added, 1);
  EXPECT_EQ(imports.imports.at(kFile).state, ImportState::kDone);
  EXPECT_FALSE(imports.imports.at(kFile).error);
}

TEST_F(Import, WaitsForADatabaseThatIsGoneForAMoment) {
  patience = std::chrono::seconds{10};
  Have(kFile, {EventLine(1), EventLine(2), EventLine(3), EventLine(4)});
  events.next_answer = [](int ingest) { return ingest == 1 || ingest == 2 ? Answer::kRefuses : Answer::kStores; };
  const FileReport file = RunOne();
  EXPECT_EQ(file.outcome, ImportOutcome::kTaken);
  EXPECT_EQ(file.counts.added, 4);
  EXPECT_EQ(imports.imports.at(kFile).added, 4);
}

TEST_F(Import, CountsABatchOnceWhoseAnswerWasLost) {
  patience = std::chrono::seconds{10};
  Have(kFile, {EventLine(1), EventLine(2), EventLine(3), EventLine(4)});
  events.next_answer = [](int ingest) { return ingest == 1 ? Answer::kStoresButTheAnswerIsLost : Answer::kStores; };
  const FileReport file = RunOne();
  EXPECT_EQ(file.counts.added, 4);
  EXPECT_EQ(file.counts.duplicates, 0);
  EXPECT_EQ(imports.imports.at(kFile).added, 4);
  EXPECT_EQ(imports.imports.at(kFile).duplicates, 0);
  EXPECT_EQ(events.ingests, 2);  // the record told that the first was stored
}

TEST_F(Import, GivesUpWhereTheDatabaseStaysAway) {
  Have("a.json", {EventLine(1)});
  HaveMany("b.json");
  Have("c.json", {EventLine(2)});
  events.next_answer = [](int) { return Answer::kRefuses; };
  const ImportReport report = RunAll({"a.json", "b.json", "c.json"});
  EXPECT_EQ(report.files.at(0).outcome, ImportOutcome::kUnreachable);
  EXPECT_EQ(report.files.at(1).outcome, ImportOutcome::kUnreachable);  // it was read by then
  EXPECT_EQ(report.files.at(2).outcome, ImportOutcome::kNotTried);
  EXPECT_EQ(events.ingests, 2);  // a's, twice
}

TEST_F(Import, StopsAskingForHoursWhereTheServerCannotBeReached) {
  std::vector<std::string> names;
  for (char c = 'a'; c <= 'e'; ++c) {
    names.emplace_back(1, c);
    archive.files[names.back()].open_error = Error{ErrorCode::kUnavailable, "no route"};
  }
  const ImportReport report = RunAll(names);
  EXPECT_THAT(archive.opened, ElementsAre("a", "b", "c"));
  EXPECT_EQ(report.files.at(4).outcome, ImportOutcome::kNotTried);
}

TEST_F(Import, TriesNothingMoreOnceStopped) {
  Have("a.json", {EventLine(1)});
  HaveMany("b.json");
  Have("c.json", {EventLine(2)});
  events.next_answer = [this](int) {
    stop.request_stop();
    return Answer::kStores;
  };
  const ImportReport report = RunAll({"a.json", "b.json", "c.json"});
  EXPECT_EQ(report.files.at(0).outcome, ImportOutcome::kTaken);        // its last batch was in
  EXPECT_EQ(report.files.at(1).outcome, ImportOutcome::kInterrupted);  // it was read by then
  EXPECT_EQ(report.files.at(2).outcome, ImportOutcome::kNotTried);
  EXPECT_EQ(events.payloads.size(), 1U);
  EXPECT_FALSE(rescored);
}

TEST_F(Import, TellsThatEventsWereAddedEveryFiveSecondsAndAtTheEnd) {
  archive.batch_lines = 1;
  archive.before_next = [this] { clock.Advance(std::chrono::seconds{2}); };
  Have(kFile, {EventLine(1), EventLine(2), EventLine(3), EventLine(4), EventLine(5), EventLine(6), EventLine(7)});
  RunOne();
  // After 6 and 12 seconds, at the end of reading, and once more when the scores were made.
  EXPECT_EQ(added_told, 4);
  EXPECT_TRUE(rescored);
}

TEST_F(Import, TellsHowFarItIsHowFastAndHowLongYet) {
  archive.batch_lines = 2;
  archive.before_next = [this] { clock.Advance(std::chrono::seconds{1}); };
  Have("a.json", {EventLine(1), EventLine(2), EventLine(3), EventLine(4)});
  Have("b.json", {EventLine(5), EventLine(6), EventLine(7), EventLine(8)});
  RunAll({"a.json", "b.json"});
  ASSERT_EQ(told.size(), 4U);
  EXPECT_EQ(told[1].file, 1U);
  EXPECT_EQ(told[1].files, 2U);
  EXPECT_EQ(told[1].bytes_read, 40);
  EXPECT_EQ(told[1].bytes_total, 40);
  EXPECT_EQ(told[1].time_left, std::chrono::seconds{3});  // it is finished when the next one has been read
  EXPECT_EQ(told[2].name, "b.json");
  EXPECT_EQ(told[2].bytes_read, 20);
  EXPECT_EQ(told[2].events_read, 6);
  EXPECT_DOUBLE_EQ(told[2].events_per_second, 1.5);
  EXPECT_EQ(told[2].time_left, std::chrono::seconds{1});
}

TEST_F(Import, HasTheScoresMadeAnewOfTrackedRepositoriesWithNewEvents) {
  tracked = {7, 8, 9};
  Have("a.json", {EventLine(1, 7)});
  RunAll({"a.json"});
  Have("b.json", {EventLine(1, 7), EventLine(2, 8), EventLine(3, 8), EventLine(4, 100)});
  RunAll({"b.json"});
  EXPECT_THAT(rescored_repositories, ElementsAre(RepositoryId{8}));
}

TEST_F(Import, SaysWhereScoresCouldNotBeMade) {
  rescoring = Fail(ErrorCode::kTimeout, "slow");
  Have(kFile, {EventLine(1)});
  const ImportReport report = RunAll({kFile});
  EXPECT_EQ(report.files.at(0).outcome, ImportOutcome::kTaken);
  ASSERT_TRUE(report.rescoring_error);
  EXPECT_EQ(report.rescoring_error->message, "slow");
}

}  // namespace
}  // namespace repopulse
