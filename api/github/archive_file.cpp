#include "github/archive_file.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "base/strings.h"
#include "github/event_parser.h"
#include "github/line_reader.h"

namespace repopulse {
namespace {

constexpr size_t kBatchesAhead = 8;
constexpr size_t kFirstBatchEvents = 500;      // so that the first are there soon; each may be as large as those before
constexpr size_t kBadLinesShown = 10;          // of a batch
constexpr int64_t kOldLinesMax = 10;           // before the first event: then it is a file of 2011 to 2014
constexpr int64_t kBatchLinesPerEventMax = 5;  // a batch of few events ends, too

// Lines into batches; belongs to the reading thread.
class BatchReader {
 public:
  BatchReader(LineReader lines, ArchiveReading reading, TimePoint now)
      : lines_(std::move(lines)), reading_(std::move(reading)), now_(now) {}

  // An error that comes after some lines is kept for the next call.
  Result<ArchiveBatch> Next(const std::stop_token& stop) {
    if (error_) return tl::make_unexpected(*error_);
    ArchiveBatch batch;
    size_t payload_bytes = 0;
    const size_t events_max = std::min(reading_.batch_events_max, std::max(kFirstBatchEvents, events_given_));
    const auto lines_max = static_cast<int64_t>(events_max) * kBatchLinesPerEventMax;
    while (batch.events.size() < events_max && payload_bytes < reading_.batch_bytes_max && batch.lines < lines_max &&
           !batch.end) {
      const auto line = lines_.Next(stop);
      if (!line) {
        error_ = line.error();
        if (batch.lines == 0 || error_->code == ErrorCode::kCancelled) return tl::make_unexpected(*error_);
        break;
      }
      batch.end = !line->has_value();
      if (batch.end) break;
      if (++number_ > reading_.skip_lines) payload_bytes += Take(batch, **line);
      if (IsOldFile(batch)) return Refuse();
    }
    if (batch.end && IsOldFile(batch)) return Refuse();
    batch.bytes_read = lines_.stored_bytes_read();
    events_given_ += batch.events.size();
    return batch;
  }

 private:
  // The bytes of payload it brought.
  size_t Take(ArchiveBatch& batch, const Line& line) {
    ++batch.lines;
    if (line.too_long) return Bad(batch, "it is longer than 1 MiB");
    const std::string_view text = TrimSpace(line.text);
    if (text.empty()) return 0;
    auto event = parser_.Parse(text, now_, reading_.keeps_payload);
    if (event) {
      any_event_ = true;
      return Keep(batch, *std::move(event));
    }
    if (!event.error().other_format) return Bad(batch, event.error().reason);
    ++batch.other_format;
    ++old_lines_;
    return 0;
  }

  size_t Keep(ArchiveBatch& batch, Event event) {
    if (reading_.wants && !reading_.wants(event.repository)) {
      ++batch.skipped;
      return 0;
    }
    batch.events.push_back(std::move(event));
    return batch.events.back().payload.size();
  }

  size_t Bad(ArchiveBatch& batch, std::string_view reason) const {
    ++batch.bad;
    if (batch.bad_lines.size() < kBadLinesShown) batch.bad_lines.push_back({number_, std::string(reason)});
    return 0;
  }

  // Decided before the first batch is given away. Where an earlier run has begun with it, it was decided then.
  [[nodiscard]] bool IsOldFile(const ArchiveBatch& batch) const {
    return reading_.skip_lines == 0 && !any_event_ && old_lines_ >= (batch.end ? 1 : kOldLinesMax);
  }

  tl::unexpected<Error> Refuse() {
    error_ = Error{ErrorCode::kInvalidArgument,
                   "it has the form that GH Archive used from 2011 to 2014, which is not read: its events have no id; "
                   "take hours from 2015-01-01 on"};
    return tl::make_unexpected(*error_);
  }

  LineReader lines_;
  const ArchiveReading reading_;
  const TimePoint now_;
  EventParser parser_;
  size_t events_given_ = 0;
  int64_t number_ = 0;  // of the last line
  int64_t old_lines_ = 0;
  bool any_event_ = false;
  std::optional<Error> error_;
};

class ReadAheadFile final : public ArchiveFile {
 public:
  ReadAheadFile(ArchiveContent content, TimePoint now, std::stop_token stop)
      : content_(std::move(content)), now_(now), outer_(std::move(stop)) {}

  ~ReadAheadFile() override {
    stopping_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  ReadAheadFile(const ReadAheadFile&) = delete;
  ReadAheadFile& operator=(const ReadAheadFile&) = delete;

  [[nodiscard]] std::string name() const override { return content_.name; }
  [[nodiscard]] std::string fingerprint() const override { return content_.fingerprint; }
  [[nodiscard]] std::optional<ArchiveHour> hour() const override {
    return ParseArchiveHour(std::string_view(content_.name).substr(0, content_.name.find('.')));
  }
  [[nodiscard]] std::optional<int64_t> size_bytes() const override { return content_.size_bytes; }

  Status Begin(ArchiveReading reading) override {
    if (thread_.joinable()) return Fail(ErrorCode::kInternal, content_.name + " is being read already");
    reading.batch_events_max = std::max<size_t>(reading.batch_events_max, 1);
    thread_ = std::thread([this, reading = std::move(reading)]() mutable { Run(std::move(reading)); });
    return {};
  }

  [[nodiscard]] Status Check() override {
    std::unique_lock lock(mutex_);
    if (!thread_.joinable()) return NotBegun();
    changed_.wait(lock, [this] { return checked_.has_value(); });
    return *checked_;
  }

  Result<ArchiveBatch> Next() override {
    std::unique_lock lock(mutex_);
    if (!thread_.joinable()) return NotBegun();
    changed_.wait(lock, [this] { return !ahead_.empty() || last_; });
    if (ahead_.empty()) return *last_;
    ArchiveBatch batch = std::move(ahead_.front());
    ahead_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return batch;
  }

  [[nodiscard]] bool ReadyWithin(std::chrono::milliseconds time) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return !ahead_.empty() || last_; });
  }

 private:
  void Run(ArchiveReading reading) {
    try {
      ReadAll(std::move(reading));
    } catch (const std::exception& e) {
      Finish(Fail(ErrorCode::kInternal, content_.name + ": " + e.what()));
    }
  }

  void ReadAll(ArchiveReading reading) {
    if (!content_.check) Checked({});
    BatchReader batches(std::move(content_.lines), std::move(reading), now_);
    for (size_t given = 0;; ++given) {
      if (given == kBatchesAhead && content_.check) {  // its end is not near
        if (auto whole = content_.check(stopping_.get_token()); !whole) return Finish(Named(std::move(whole.error())));
        Checked({});
      }
      auto batch = batches.Next(stopping_.get_token());
      if (!batch) return Finish(Named(std::move(batch.error())));
      if (batch->end) Checked({});
      ArchiveBatch after_the_end;
      after_the_end.bytes_read = batch->bytes_read;
      const bool end = after_the_end.end = batch->end;
      if (!Push(*std::move(batch))) return Finish(Fail(ErrorCode::kCancelled, content_.name + ": stopped"));
      if (end) return Finish(std::move(after_the_end));
    }
  }

  // False where nobody wants it any more.
  bool Push(ArchiveBatch batch) {
    std::unique_lock lock(mutex_);
    const auto stop = stopping_.get_token();
    if (!changed_.wait(lock, stop, [this] { return ahead_.size() < kBatchesAhead; }) || stop.stop_requested()) {
      return false;
    }
    ahead_.push_back(std::move(batch));
    lock.unlock();
    changed_.notify_all();
    return true;
  }

  // Only the first time counts.
  void Checked(Status result) {
    {
      const std::lock_guard lock(mutex_);
      if (!checked_) checked_ = std::move(result);
    }
    changed_.notify_all();
  }

  void Finish(Result<ArchiveBatch> last) {
    Checked(last ? Status() : tl::make_unexpected(last.error()));
    {
      const std::lock_guard lock(mutex_);
      last_ = std::move(last);
    }
    changed_.notify_all();
  }

  [[nodiscard]] tl::unexpected<Error> Named(Error error) const { return WithContext(content_.name, std::move(error)); }
  [[nodiscard]] tl::unexpected<Error> NotBegun() const {
    return Fail(ErrorCode::kInternal, content_.name + ": Begin() was not called");
  }

  ArchiveContent content_;
  const TimePoint now_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<ArchiveBatch> ahead_;
  std::optional<Status> checked_;
  std::optional<Result<ArchiveBatch>> last_;  // what every Next() behind the batches gives
  std::thread thread_;
  std::stop_source stopping_;
  const std::stop_token outer_;
  const std::stop_callback<std::function<void()>> on_stop_{outer_, [this] { stopping_.request_stop(); }};
};

}  // namespace

std::unique_ptr<ArchiveFile> MakeArchiveFile(ArchiveContent content, TimePoint now, std::stop_token stop) {
  return std::make_unique<ReadAheadFile>(std::move(content), now, std::move(stop));
}

}  // namespace repopulse
