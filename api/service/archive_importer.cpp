#include "service/archive_importer.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <span>
#include <unordered_set>

#include "base/log.h"
#include "base/time_format.h"
#include "service/archive_file_import.h"
#include "service/import_pipeline.h"

namespace repopulse {
namespace {

constexpr std::chrono::seconds kTellAddedEvery{5};
constexpr std::chrono::milliseconds kSoon{200};
constexpr std::chrono::milliseconds kMoment{2};
constexpr size_t kDaysExpectedMax = 400;
// Hours in a row for which the archive's server could not be reached, before the others are not asked for any more.
constexpr size_t kUnreachableHoursMax = 3;

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

  void Opened(size_t index, const ArchiveFile& file) {
    if (const auto size = file.size_bytes()) sizes_[index] = size;
  }
  // A batch of a file has been finished; files are in their order.
  void Batch(size_t index, const std::string& name, int64_t bytes_read, int64_t events_read, int64_t events_added) {
    if (now_.file != index + 1) bytes_done_ += now_.bytes_read;
    now_.file = index + 1;
    now_.name = name;
    now_.bytes_total = sizes_[index];
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

// The days that the files' names tell; what they hold may differ.
std::set<std::chrono::sys_days> DaysOf(const std::vector<ArchiveLocation>& locations) {
  std::set<std::chrono::sys_days> days;
  for (const ArchiveLocation& location : locations) {
    auto hour = std::optional<ArchiveHour>();
    if (const auto* path = std::get_if<std::filesystem::path>(&location)) {
      const std::string name = path->filename().string();
      hour = ParseArchiveHour(std::string_view(name).substr(0, name.find('.')));
    } else {
      hour = std::get<ArchiveHour>(location);
    }
    if (hour && days.size() < kDaysExpectedMax) days.insert(DayOf(hour->begin));
  }
  return days;
}

// Opens files ahead of where they are wanted, as that may take as long as storing one does. Belongs to one thread.
class FilesAhead {
 public:
  FilesAhead(Archive& archive, const std::vector<ArchiveLocation>& locations, std::stop_token stop)
      : archive_(archive), locations_(locations), outer_(std::move(stop)) {}
  ~FilesAhead() { stopping_.request_stop(); }
  FilesAhead(const FilesAhead&) = delete;
  FilesAhead& operator=(const FilesAhead&) = delete;

  using Opened = Result<std::unique_ptr<ArchiveFile>>;
  // Of the file to be taken next.
  [[nodiscard]] bool ReadyWithin(std::chrono::milliseconds time) const {
    return next_ || ahead_.empty() || ahead_.front().wait_for(time) == std::future_status::ready;
  }
  // What Take() would give without waiting, if anything.
  const Opened* NextIfOpen() {
    if (ahead_.empty() || !ReadyWithin(std::chrono::milliseconds{0})) return nullptr;
    if (!next_) next_ = ahead_.front().get();
    return &*next_;
  }
  Opened Take() {
    PrepareUpTo(taken_ + 1);
    Opened opened = next_ ? *std::move(next_) : ahead_.front().get();
    next_.reset();
    ahead_.pop_front();
    ++taken_;
    return opened;
  }
  void PrepareUpTo(size_t count) {
    for (; prepared_ < std::min(count, locations_.size()); ++prepared_) {
      ahead_.push_back(std::async(std::launch::async, [this, index = prepared_] {
        return archive_.Open(locations_[index], stopping_.get_token());
      }));
    }
  }

 private:
  Archive& archive_;
  const std::vector<ArchiveLocation>& locations_;
  const std::stop_token outer_;
  std::stop_source stopping_;  // also at the end, when nobody wants the file any more
  const std::stop_callback<std::function<void()>> on_stop_{outer_, [this] { stopping_.request_stop(); }};
  std::deque<std::future<Opened>> ahead_;
  std::optional<Opened> next_;  // of the first of these
  size_t prepared_ = 0;
  size_t taken_ = 0;
};

// All files of one request.
class ImportRun {
 public:
  ImportRun(const ArchiveImporter::Parts& parts, const ImportRequest& request, const ImportListener& listener,
            ImportSession& session)
      : request_(request),
        session_(session),
        events_(parts.events),
        telling_(request, listener, parts.clock),
        ahead_(parts.archive, request.locations, session.stop),
        pipeline_(parts.events, parts.clock) {
    for (const ArchiveLocation& location : request.locations) report_.files.push_back({.name = NameOf(location)});
  }

  void ReadAll() {
    // Beside reading the first file. Where it fails, storing the first events says why.
    expecting_ = std::async(std::launch::async, [this] { return events_.ExpectDays(DaysOf(request_.locations)); });
    for (size_t i = 0; i < request_.locations.size() && !GivesUp(i); ++i) ReadOne(i);
    pipeline_.Drain();
    LogEnded();
    telling_.TellAdded();
    for (const FileReport& file : report_.files) report_.total += file.counts;
  }
  [[nodiscard]] ImportReport& report() { return report_; }
  [[nodiscard]] std::chrono::milliseconds duration() const { return telling_.duration(); }

 private:
  void ReadOne(size_t i) {
    if (files_.size() == i) {
      AwaitBriefly(ahead_);
      BeginNext(ahead_.Take());
    }
    ArchiveFileImport& file = *files_[i];
    for (;;) {
      BeginAhead(i + 1);
      AwaitBriefly(file);
      auto batch = file.Next();
      if (!batch) break;
      pipeline_.Push(file, *std::move(batch));
    }
    if (!file.read_to_end()) {
      pipeline_.Drain();
      file.End();
    }
    LogEnded();
  }

  // The next one is read while this one is stored, so that its first events are there when they are wanted.
  void BeginAhead(size_t i) {
    if (files_.size() != i) return;
    const auto* opened = ahead_.NextIfOpen();
    if (opened != nullptr && !(*opened && IsPending((**opened)->name()))) BeginNext(ahead_.Take());
  }

  void BeginNext(FilesAhead::Opened opened) {
    const size_t i = files_.size();
    if (opened) telling_.Opened(i, **opened);
    if (opened && IsPending((*opened)->name())) pipeline_.Drain();  // what is known of it must be up to date
    files_.push_back(
        std::make_unique<ArchiveFileImport>(session_, [this, i](int64_t bytes, int64_t read, int64_t added) {
          telling_.Batch(i, report_.files[i].name, bytes, read, added);
        }));
    files_.back()->Begin(std::move(opened), report_.files[i]);
    if (!files_.back()->ended()) ahead_.PrepareUpTo(i + 2);
  }

  // Until there is something to take. No transaction stays open while a server is waited for.
  template <class Source>
  void AwaitBriefly(const Source& source) {
    for (std::chrono::milliseconds waited{0}; waited < kSoon; waited += kMoment) {
      if (source.ReadyWithin(kMoment)) return;
      pipeline_.GoOn();
    }
    pipeline_.Drain();
  }

  // Whether a file of this name waits to be finished.
  [[nodiscard]] bool IsPending(const std::string& name) const {
    for (size_t i = logged_; i < files_.size(); ++i) {
      if (!files_[i]->ended() && report_.files[i].name == name) return true;
    }
    return false;
  }

  // Before the next one is read, of so many that have been.
  [[nodiscard]] bool GivesUp(size_t read) const {
    if (session_.stop.stop_requested() || session_.database_is_gone) return true;
    return read >= kUnreachableHoursMax &&
           std::ranges::all_of(std::span(report_.files).first(read).last(kUnreachableHoursMax),
                               [](const FileReport& file) { return file.outcome == ImportOutcome::kUnreachable; });
  }

  void LogEnded() {
    for (; logged_ < files_.size() && files_[logged_]->ended(); ++logged_) LogReport(report_.files[logged_]);
  }

  const ImportRequest& request_;
  ImportSession& session_;
  EventStore& events_;
  ImportReport report_;
  Telling telling_;
  FilesAhead ahead_;
  std::vector<std::unique_ptr<ArchiveFileImport>> files_;  // as far as they were begun
  size_t logged_ = 0;
  ImportPipeline pipeline_;
  std::future<Status> expecting_;
};

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
  std::function<bool(RepositoryId)> is_tracked = IsAmong(*tracked);
  ImportSession session{
      .parts = parts_, .only_tracked = request.only_tracked, .is_tracked = std::move(is_tracked), .stop = stop};
  ImportRun run(parts_, request, listener, session);
  run.ReadAll();
  ImportReport& report = run.report();
  if (report.total.added > 0 && !stop.stop_requested() && !session.database_is_gone) {
    if (auto rescored = parts_.rescore({session.touched.begin(), session.touched.end()}, stop); !rescored)
      report.rescoring_error = std::move(rescored.error());
    listener.on_events_added();  // the scores have changed
  }
  report.duration = run.duration();
  return std::move(report);
}

}  // namespace repopulse
