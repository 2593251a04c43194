#include "app/import_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/command_line.h"
#include "base/log.h"

namespace repopulse {
namespace {

// 1234567 as "1,234,567".
std::string Grouped(int64_t number) {
  std::string text = std::to_string(number);
  for (ptrdiff_t at = static_cast<ptrdiff_t>(text.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

std::string Minutes(std::chrono::seconds time) {
  const auto seconds = time.count();
  if (seconds >= 3600) return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string CountsText(const ImportCounts& counts) {
  std::string text = fmt::format("{} read: {} new, {} duplicate", Grouped(counts.read), Grouped(counts.added),
                                 Grouped(counts.duplicates));
  if (counts.expired > 0) text += fmt::format(", {} of days no longer kept", Grouped(counts.expired));
  if (counts.skipped > 0) text += fmt::format(", {} of repositories that are not tracked", Grouped(counts.skipped));
  if (counts.bad > 0) text += fmt::format("; {} bad lines", Grouped(counts.bad));
  if (counts.other_format > 0)
    text += fmt::format("; {} lines in the form of 2011 to 2014", Grouped(counts.other_format));
  return text;
}

std::string FileText(const FileReport& file) {
  std::string text = fmt::format("{}: {}", file.name, ToString(file.outcome));
  if (file.taken_before) text += " (again)";
  if (file.outcome != ImportOutcome::kNotTried && file.outcome != ImportOutcome::kNotFound) {
    text += ", " + CountsText(file.counts);
  }
  if (file.lines_done_before > 0) text += fmt::format("; {} lines were done before", Grouped(file.lines_done_before));
  text += "\n";
  if (file.error) text += "    " + file.error->message + "\n";
  for (const BadLine& line : file.bad_lines) text += fmt::format("    line {}: {}\n", line.number, line.reason);
  if (file.counts.bad > static_cast<int64_t>(file.bad_lines.size()) && !file.bad_lines.empty()) {
    text += fmt::format("    and {} more\n", file.counts.bad - static_cast<int64_t>(file.bad_lines.size()));
  }
  return text;
}

std::string JsonText(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string CountsJson(const ImportCounts& counts) {
  return fmt::format(
      R"("read":{},"new":{},"duplicate":{},"expired":{},"skipped":{},"bad_lines":{},"other_format_lines":{})",
      counts.read, counts.added, counts.duplicates, counts.expired, counts.skipped, counts.bad, counts.other_format);
}

std::string FileJson(const FileReport& file) {
  std::string lines;
  for (const BadLine& line : file.bad_lines) {
    lines +=
        fmt::format(R"({}{{"line":{},"reason":{}}})", lines.empty() ? "" : ",", line.number, JsonText(line.reason));
  }
  return fmt::format(
      R"({{"file":{},"outcome":{},{},"lines_done_before":{},"taken_before":{},"first_bad_lines":[{}],"error":{}}})",
      JsonText(file.name), JsonText(ToString(file.outcome)), CountsJson(file.counts), file.lines_done_before,
      file.taken_before, lines, file.error ? JsonText(file.error->message) : "null");
}

double Rate(const ImportReport& report) {
  const double seconds = std::chrono::duration<double>(report.duration).count();
  return seconds > 0 ? static_cast<double>(report.total.read) / seconds : 0;
}

bool Has(const ImportReport& report, ImportOutcome outcome) {
  return std::ranges::find(report.files, outcome, &FileReport::outcome) != report.files.end();
}

bool IsResumable(const ImportReport& report) {
  return Has(report, ImportOutcome::kInterrupted) || Has(report, ImportOutcome::kNotTried) ||
         Has(report, ImportOutcome::kUnreachable);
}

}  // namespace

std::string ProgressLine(const ImportProgressNow& now) {
  std::string line = now.files > 1 ? fmt::format("{} of {} files, ", now.file, now.files) : "";
  line += now.name;
  if (now.bytes_total && *now.bytes_total > 0) {
    line += fmt::format(": {} %", std::min<int64_t>(100, 100 * now.bytes_read / *now.bytes_total));
  } else {
    line += fmt::format(": {} MiB", now.bytes_read >> 20U);
  }
  line += fmt::format(", {} events ({} new), {} a second", Grouped(now.events_read), Grouped(now.events_added),
                      Grouped(static_cast<int64_t>(now.events_per_second)));
  if (now.time_left) line += ", " + Minutes(*now.time_left) + " left";
  return line;
}

std::string ReportText(const ImportReport& report) {
  std::string text;
  for (const FileReport& file : report.files) text += FileText(file);
  const auto seconds = std::chrono::duration<double>(report.duration).count();
  const auto taken = std::ranges::count(report.files, ImportOutcome::kTaken, &FileReport::outcome);
  text += fmt::format("{} of {} files taken in {:.1f} s ({} events a second): {}\n", taken, report.files.size(),
                      seconds, Grouped(static_cast<int64_t>(Rate(report))), CountsText(report.total));
  if (report.rescoring_error) {
    text += "The activity scores are made by the next collect; now: " + report.rescoring_error->message + "\n";
  }
  if (IsResumable(report)) text += "To go on, give the same command again: what is stored is not read anew.\n";
  return text;
}

std::string ReportJson(const ImportReport& report) {
  std::string files;
  for (const FileReport& file : report.files) files += (files.empty() ? "" : ",") + FileJson(file);
  return fmt::format(
             R"({{"files":[{}],"total":{{{}}},"seconds":{:.3f},"events_per_second":{:.1f},"rescoring_error":{}}})",
             files, CountsJson(report.total), std::chrono::duration<double>(report.duration).count(), Rate(report),
             report.rescoring_error ? JsonText(report.rescoring_error->message) : "null") +
         "\n";
}

int ExitCodeOf(const ImportReport& report) {
  if (Has(report, ImportOutcome::kInterrupted)) return kExitInterrupted;
  if (Has(report, ImportOutcome::kUnreachable)) return kExitUnavailable;
  if (Has(report, ImportOutcome::kDamaged) || Has(report, ImportOutcome::kOtherFormat)) return kExitDataError;
  if (Has(report, ImportOutcome::kNotFound)) return kExitNoInput;
  if (Has(report, ImportOutcome::kNotTried)) return kExitInterrupted;
  const bool all_taken =
      std::ranges::all_of(report.files, [](const FileReport& file) { return file.outcome == ImportOutcome::kTaken; });
  return all_taken && report.total.bad == 0 && report.total.other_format == 0 ? kExitOk : kExitError;
}

std::string VerificationText(const Verification& verification) {
  std::string text =
      fmt::format("{} events recounted, {} rollups and {} totals compared: {}\n", Grouped(verification.events),
                  Grouped(verification.rollups), Grouped(verification.totals),
                  verification.differences == 0 ? "all agree" : Grouped(verification.differences) + " differ");
  for (const std::string& example : verification.examples) text += "    " + example + "\n";
  return text;
}

std::string VerificationJson(const Verification& verification) {
  std::string examples;
  for (const std::string& example : verification.examples) {
    examples += (examples.empty() ? "" : ",") + JsonText(example);
  }
  return fmt::format(R"({{"events":{},"rollups":{},"totals":{},"differences":{},"examples":[{}]}})",
                     verification.events, verification.rollups, verification.totals, verification.differences,
                     examples) +
         "\n";
}

}  // namespace repopulse
