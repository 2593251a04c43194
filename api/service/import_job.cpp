#include "service/import_job.h"

#include <fmt/format.h>

namespace repopulse {
namespace {

constexpr std::string_view kOnlyTracked = " only-tracked";

std::string StepOf(const ImportProgressNow& now) {
  std::string step = fmt::format("importing {}: {} events read", now.name, now.events_read);
  if (now.bytes_total && *now.bytes_total > 0) {
    step += fmt::format(", {} %", 100 * now.bytes_read / *now.bytes_total);
  }
  return step;
}

void AddCounts(JobContext& job, const ImportCounts& counts) {
  job.Add("events_read", counts.read);
  job.Add("events_new", counts.added);
  job.Add("events_duplicate", counts.duplicates);
  job.Add("events_expired", counts.expired);
  job.Add("events_skipped", counts.skipped);
  job.Add("lines_bad", counts.bad);
  job.Add("lines_other_format", counts.other_format);
}

}  // namespace

std::string ToString(const ImportOrder& order) {
  return ToString(order.hour) + std::string(order.only_tracked ? kOnlyTracked : "");
}

std::optional<ImportOrder> ParseImportOrder(std::string_view text) {
  const bool only_tracked = text.ends_with(kOnlyTracked);
  if (only_tracked) text.remove_suffix(kOnlyTracked.size());
  const auto hour = ParseArchiveHour(text);
  if (!hour) return std::nullopt;
  return ImportOrder{*hour, only_tracked};
}

Status RunImportJob(ArchiveImporter& importer, JobContext& job, const std::function<void()>& on_events_added) {
  const auto order = ParseImportOrder(job.argument());
  if (!order) return Fail(ErrorCode::kInvalidArgument, "'" + job.argument() + "' is no hour of GH Archive");
  if (auto told = job.Step("opening " + ToString(order->hour)); !told) return told;
  // The import ends with the job's lease as well as with the process.
  std::stop_source ended;
  const std::stop_callback with_the_job(job.stop(), [&ended] { ended.request_stop(); });
  const ImportListener listener{.on_progress =
                                    [&](const ImportProgressNow& now) {
                                      if (!job.Step(StepOf(now))) ended.request_stop();
                                    },
                                .on_events_added = on_events_added};
  auto report = importer.Run({{order->hour}, order->only_tracked}, listener, ended.get_token());
  if (!report) return tl::make_unexpected(std::move(report.error()));
  AddCounts(job, report->total);
  const FileReport& file = report->files.front();
  if (file.error) return WithContext("importing " + ToString(order->hour), *file.error);
  if (file.outcome != ImportOutcome::kTaken) return Fail(ErrorCode::kCancelled, "the replica is stopping");
  return job.Step(fmt::format("imported {}: {} new events of {}", file.name, file.counts.added, file.counts.read));
}

}  // namespace repopulse
