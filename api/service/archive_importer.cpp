#include "service/archive_importer.h"

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "base/log.h"
#include "service/archive_file_import.h"

namespace repopulse {
namespace {

constexpr std::chrono::seconds kTellAddedEvery{5};
// Hours in a row for which the archive's server could not be reached, before the others are not asked for any more.
constexpr int kUnreachableHoursMax = 3;

std::string NameOf(const ArchiveLocation& location) {
  if (const auto* hour = std::get_if<ArchiveHour>(&location)) return ToString(*hour);
  return std::get<std::filesystem::path>(location).string();
}

std::optional<int64_t> SizeOf(const ArchiveLocation& location) {
  const auto* path = std::get_if<std::filesystem::path>(&location);
  if (path == nullptr) return std::nullopt;
  std::error_code error;
  const auto size = std::filesystem::file_size(*path, error);
  return error ? std::nullopt : std::optional(static_cast<int64_t>(size));
}

// What is told while files are read: how far, how fast, how long yet; and, not too often, that events were added.
class Telling {
 public:
  Telling(const ImportRequest& request, const ImportListener& listener, const Clock& clock)
      : listener_(listener), clock_(clock), begin_(clock.SteadyNow()), told_added_at_(begin_) {
    now_.files = request.locations.size();
    for (const ArchiveLocation& location : request.locations) sizes_.push_back(SizeOf(location));
  }

  void Begin(size_t index, const std::string& name) {
    now_.file = index + 1;
    now_.name = name;
    now_.bytes_read = 0;
    now_.bytes_total = sizes_[index];
  }
  void Opened(const ArchiveFile& file) {
    now_.name = file.name();
    const auto size = file.size_bytes();
    if (!size) return;
    sizes_[now_.file - 1] = size;
    now_.bytes_total = size;
  }
  void Batch(int64_t bytes_read, int64_t events_read, int64_t events_added) {
    now_.bytes_read = bytes_read;
    now_.events_read += events_read;
    now_.events_added += events_added;
    added_untold_ += events_added;
    const double seconds = std::chrono::duration<double>(clock_.SteadyNow() - begin_).count();
    now_.events_per_second = seconds > 0 ? static_cast<double>(now_.events_read) / seconds : 0;
    now_.time_left = TimeLeft(seconds);
    listener_.on_progress(now_);
    if (clock_.SteadyNow() - told_added_at_ >= kTellAddedEvery) TellAdded();
  }
  void End() { bytes_done_ += now_.bytes_read; }
  void TellAdded() {
    if (added_untold_ == 0) return;
    listener_.on_events_added();
    added_untold_ = 0;
    told_added_at_ = clock_.SteadyNow();
  }
  [[nodiscard]] std::chrono::milliseconds duration() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.SteadyNow() - begin_);
  }

 private:
  // A file whose size cannot be told is taken to be as large as the others on average.
  [[nodiscard]] std::optional<std::chrono::seconds> TimeLeft(double seconds) const {
    double known = 0;
    double known_bytes = 0;
    for (const auto& size : sizes_) {
      known += size ? 1 : 0;
      known_bytes += static_cast<double>(size.value_or(0));
    }
    const auto done = static_cast<double>(bytes_done_ + now_.bytes_read);
    if (known == 0 || done <= 0) return std::nullopt;
    double left = -static_cast<double>(now_.bytes_read);
    for (size_t i = now_.file - 1; i < sizes_.size(); ++i) {
      left += sizes_[i] ? static_cast<double>(*sizes_[i]) : known_bytes / known;
    }
    return std::chrono::seconds{static_cast<int64_t>(std::max(left, 0.0) / done * seconds)};
  }

  const ImportListener& listener_;
  const Clock& clock_;
  const SteadyTime begin_;
  SteadyTime told_added_at_;
  int64_t added_untold_ = 0;
  int64_t bytes_done_ = 0;  // of the files before this one
  std::vector<std::optional<int64_t>> sizes_;
  ImportProgressNow now_;
};

std::function<bool(RepositoryId)> IsAmong(const std::vector<TrackedRepository>& repositories) {
  auto ids = std::make_shared<std::unordered_set<int64_t>>();
  for (const TrackedRepository& tracked : repositories) ids->insert(tracked.id.value);
  return [ids](RepositoryId id) { return ids->contains(id.value); };
}

void LogReport(const FileReport& report) {
  const bool first_bad = !report.bad_lines.empty();
  Log(report.outcome == ImportOutcome::kTaken && !first_bad ? LogLevel::kInfo : LogLevel::kWarn, "archive_file_read",
      {{"file", report.name},
       {"outcome", ToString(report.outcome)},
       {"read", report.counts.read},
       {"new", report.counts.added},
       {"duplicate", report.counts.duplicates},
       {"bad_lines", report.counts.bad},
       {"other_format", report.counts.other_format},
       {"first_bad_line", first_bad ? report.bad_lines.front().number : 0},
       {"first_bad_line_reason", first_bad ? std::string_view(report.bad_lines.front().reason) : ""},
       {"error", report.error ? std::string_view(report.error->message) : ""}});
}

}  // namespace

std::string_view ToString(ImportOutcome outcome) {
  switch (outcome) {
    case ImportOutcome::kTaken:
      return "taken";
    case ImportOutcome::kDamaged:
      return "damaged";
    case ImportOutcome::kOtherFormat:
      return "other format";
    case ImportOutcome::kNotFound:
      return "not found";
    case ImportOutcome::kUnreachable:
      return "unreachable";
    case ImportOutcome::kFailed:
      return "failed";
    case ImportOutcome::kInterrupted:
      return "interrupted";
    case ImportOutcome::kNotTried:
      return "not tried";
  }
  return "unknown";
}

ImportCounts& ImportCounts::operator+=(const ImportCounts& other) {
  read += other.read;
  added += other.added;
  duplicates += other.duplicates;
  expired += other.expired;
  skipped += other.skipped;
  bad += other.bad;
  other_format += other.other_format;
  return *this;
}

Result<ImportReport> ArchiveImporter::Run(const ImportRequest& request, const ImportListener& listener,
                                          const std::stop_token& stop) {
  const auto tracked = parts_.tracked();
  if (!tracked) return WithContext("listing tracked repositories", tracked.error());
  Telling telling(request, listener, parts_.clock);
  std::function<bool(RepositoryId)> is_tracked = IsAmong(*tracked);
  ArchiveFileImport importing(
      parts_, {.only_tracked = request.only_tracked,
               .is_tracked = std::move(is_tracked),
               .stop = stop,
               .on_opened = [&](const ArchiveFile& file) { telling.Opened(file); },
               .on_batch = [&](int64_t bytes, int64_t read, int64_t added) { telling.Batch(bytes, read, added); }});
  ImportReport report;
  bool give_up = false;
  int unreachable_in_a_row = 0;
  for (size_t i = 0; i < request.locations.size(); ++i) {
    FileReport file{.name = NameOf(request.locations[i])};
    give_up = give_up || stop.stop_requested();
    if (!give_up) {
      telling.Begin(i, file.name);
      importing.Run(request.locations[i], file);
      telling.End();
      LogReport(file);
      unreachable_in_a_row = file.outcome == ImportOutcome::kUnreachable ? unreachable_in_a_row + 1 : 0;
      give_up = importing.database_is_gone() || unreachable_in_a_row == kUnreachableHoursMax;
    }
    report.total += file.counts;
    report.files.push_back(std::move(file));
  }
  telling.TellAdded();
  if (report.total.added > 0 && !stop.stop_requested() && !importing.database_is_gone()) {
    if (auto rescored = parts_.rescore(importing.touched(), stop); !rescored)
      report.rescoring_error = std::move(rescored.error());
    listener.on_events_added();  // the scores have changed
  }
  report.duration = telling.duration();
  return report;
}

}  // namespace repopulse
