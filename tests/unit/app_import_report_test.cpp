#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/command_line.h"
#include "app/import_report.h"

namespace repopulse {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

FileReport File(ImportOutcome outcome, ImportCounts counts = {}) {
  return {.name = "2015-01-01-0.json.gz", .outcome = outcome, .counts = counts};
}
ImportReport Of(std::vector<FileReport> files) {
  ImportReport report;
  for (FileReport& file : files) {
    report.total += file.counts;
    report.files.push_back(std::move(file));
  }
  report.duration = std::chrono::seconds{2};
  return report;
}
int CodeOf(const std::vector<ImportOutcome>& outcomes) {
  std::vector<FileReport> files;
  for (const ImportOutcome outcome : outcomes) files.push_back(File(outcome));
  return ExitCodeOf(Of(std::move(files)));
}

TEST(ImportExit, IsZeroOnlyWhereEverythingWasTaken) {
  EXPECT_EQ(CodeOf({ImportOutcome::kTaken, ImportOutcome::kTaken}), kExitOk);
  EXPECT_EQ(CodeOf({ImportOutcome::kTaken, ImportOutcome::kFailed}), kExitError);
  EXPECT_EQ(ExitCodeOf(Of({File(ImportOutcome::kTaken, {.read = 9, .added = 9, .bad = 1})})), kExitError);
  EXPECT_EQ(ExitCodeOf(Of({File(ImportOutcome::kTaken, {.read = 9, .added = 9, .other_format = 1})})), kExitError);
  EXPECT_EQ(ExitCodeOf(Of({File(ImportOutcome::kTaken, {.read = 9, .duplicates = 9})})), kExitOk);
}

TEST(ImportExit, TellsTheWorst) {
  using enum ImportOutcome;
  EXPECT_EQ(CodeOf({kTaken, kDamaged, kNotFound}), 65);
  EXPECT_EQ(CodeOf({kTaken, kOtherFormat}), 65);
  EXPECT_EQ(CodeOf({kNotFound, kTaken}), 66);
  EXPECT_EQ(CodeOf({kDamaged, kUnreachable, kNotTried}), 69);
  EXPECT_EQ(CodeOf({kDamaged, kInterrupted, kNotTried}), 75);
  EXPECT_EQ(CodeOf({kTaken, kNotTried}), 75);
}

TEST(ImportReportText, SaysWhatBecameOfEachFileAndOfAll) {
  FileReport file = File(ImportOutcome::kTaken, {.read = 1234567, .added = 1234000, .duplicates = 567, .bad = 21});
  for (int64_t line = 1; line <= 20; ++line) file.bad_lines.push_back({line * 3, "it is no JSON"});
  FileReport damaged = File(ImportOutcome::kDamaged);
  damaged.error = Error{ErrorCode::kMalformed, "unexpected end"};
  const std::string text = ReportText(Of({file, damaged}));
  EXPECT_THAT(text, HasSubstr("1,234,567 read: 1,234,000 new, 567 duplicate; 21 bad lines"));
  EXPECT_THAT(text, HasSubstr("line 60: it is no JSON"));
  EXPECT_THAT(text, HasSubstr("and 1 more"));
  EXPECT_THAT(text, HasSubstr("damaged"));
  EXPECT_THAT(text, HasSubstr("unexpected end"));
  EXPECT_THAT(text, HasSubstr("1 of 2 files taken in 2.0 s (617,283 events a second)"));
  EXPECT_THAT(text, Not(HasSubstr("To go on")));
}

TEST(ImportReportText, SaysHowToGoOn) {
  EXPECT_THAT(ReportText(Of({File(ImportOutcome::kInterrupted)})), HasSubstr("To go on, give the same command again"));
}

TEST(ImportReportJson, IsForMachines) {
  FileReport file =
      File(ImportOutcome::kTaken,
           {.read = 7, .added = 3, .duplicates = 2, .expired = 1, .skipped = 1, .bad = 1, .other_format = 4});
  file.bad_lines = {{12, "a \"quoted\" reason"}};
  file.lines_done_before = 5;
  FileReport missing = File(ImportOutcome::kNotFound);
  missing.error = Error{ErrorCode::kNotFound, "no such file"};
  const auto json = nlohmann::json::parse(ReportJson(Of({file, missing})));
  const auto& first = json["files"][0];
  EXPECT_EQ(first["file"], "2015-01-01-0.json.gz");
  EXPECT_EQ(first["outcome"], "taken");
  EXPECT_EQ(first["new"], 3);
  EXPECT_EQ(first["bad_lines"], 1);
  EXPECT_EQ(first["first_bad_lines"][0]["line"], 12);
  EXPECT_EQ(first["first_bad_lines"][0]["reason"], "a \"quoted\" reason");
  EXPECT_EQ(first["lines_done_before"], 5);
  EXPECT_EQ(first["error"], nullptr);
  EXPECT_EQ(json["files"][1]["error"], "no such file");
  EXPECT_EQ(json["total"]["read"], 7);
  EXPECT_EQ(json["total"]["other_format_lines"], 4);
  EXPECT_EQ(json["seconds"], 2.0);
  EXPECT_EQ(json["events_per_second"], 3.5);
}

TEST(ImportProgress, IsOneLine) {
  ImportProgressNow now{.file = 2,
                        .files = 3,
                        .name = "2015-01-01-1.json.gz",
                        .bytes_read = 45,
                        .bytes_total = 100,
                        .events_read = 120000,
                        .events_added = 104321,
                        .events_per_second = 35000.4,
                        .time_left = std::chrono::seconds{72}};
  EXPECT_EQ(ProgressLine(now),
            "2 of 3 files, 2015-01-01-1.json.gz: 45 %, 120,000 events (104,321 new), 35,000 a second, 1:12 left");
  now.files = 1;
  now.bytes_total.reset();
  now.bytes_read = 3 << 20;
  now.time_left.reset();
  EXPECT_EQ(ProgressLine(now), "2015-01-01-1.json.gz: 3 MiB, 120,000 events (104,321 new), 35,000 a second");
}

TEST(VerificationReport, SaysWhatDiffers) {
  const Verification same{.events = 33000, .rollups = 1200, .totals = 77, .differences = 0, .examples = {}};
  EXPECT_EQ(VerificationText(same), "33,000 events recounted, 1,200 rollups and 77 totals compared: all agree\n");
  const Verification other{.events = 1, .rollups = 1, .totals = 1, .differences = 2, .examples = {"hour \"x\""}};
  EXPECT_THAT(VerificationText(other), HasSubstr("2 differ\n    hour \"x\"\n"));
  const auto json = nlohmann::json::parse(VerificationJson(other));
  EXPECT_EQ(json["differences"], 2);
  EXPECT_EQ(json["examples"][0], "hour \"x\"");
}

}  // namespace
}  // namespace repopulse
