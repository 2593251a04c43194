// An archive, an event store and an import store in memory, as an import sees them. For one thread.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "service/archive.h"
#include "service/event_store.h"
#include "service/import_store.h"

namespace repopulse::test {

// One line of an archive file: an event, a line of the old form, or something else.
struct ArchiveLine {
  enum class Kind { kEvent, kOtherFormat, kBad };
  Kind kind = Kind::kEvent;
  Event event;
};

inline ArchiveLine EventLine(int64_t id, int64_t repository = 1) {
  Event event;
  event.id = id;
  event.type = "WatchEvent";
  event.repository = RepositoryId{repository};
  event.payload = "{}";
  return {ArchiveLine::Kind::kEvent, event};
}
inline ArchiveLine BadLineOf() { return {ArchiveLine::Kind::kBad, {}}; }
inline ArchiveLine OldLine() { return {ArchiveLine::Kind::kOtherFormat, {}}; }

struct FakeArchiveContent {
  std::vector<ArchiveLine> lines;
  std::string fingerprint = "1";
  std::optional<Error> open_error;
  std::optional<Error> check_error;
  std::optional<size_t> breaks_after;  // so many batches come, then `break_error`
  Error break_error{ErrorCode::kMalformed, "unexpected end of the compressed data"};
};

// Files by name; an hour is the file "<hour>.json.gz". A line counts as ten bytes.
class FakeArchive final : public Archive {
 public:
  std::map<std::string, FakeArchiveContent> files;
  size_t batch_lines = 3;  // whatever the reader asks for
  std::vector<std::string> opened;
  std::vector<std::string> begun;
  std::function<void()> before_next = [] {};

  Result<std::unique_ptr<ArchiveFile>> Open(const ArchiveLocation& location, std::stop_token) override {
    const auto* hour = std::get_if<ArchiveHour>(&location);
    const std::string name =
        hour != nullptr ? ToString(*hour) + ".json.gz" : std::get<std::filesystem::path>(location).filename().string();
    opened.push_back(name);
    const auto it = files.find(name);
    if (it == files.end()) return Fail(ErrorCode::kNotFound, name + ": no such file");
    if (it->second.open_error) return tl::make_unexpected(*it->second.open_error);
    return std::make_unique<File>(*this, name, it->second);
  }

 private:
  class File final : public ArchiveFile {
   public:
    File(FakeArchive& archive, std::string name, const FakeArchiveContent& content)
        : archive_(archive), name_(std::move(name)), content_(content) {}
    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::string fingerprint() const override { return content_.fingerprint; }
    [[nodiscard]] std::optional<ArchiveHour> hour() const override {
      return ParseArchiveHour(name_.substr(0, name_.find('.')));
    }
    [[nodiscard]] std::optional<int64_t> size_bytes() const override {
      return static_cast<int64_t>(content_.lines.size()) * 10;
    }
    Status Begin(ArchiveReading reading) override {
      archive_.begun.push_back(name_);
      reading_ = std::move(reading);
      next_ = static_cast<size_t>(reading_.skip_lines);
      return {};
    }
    [[nodiscard]] Status Check() override {
      if (content_.check_error) return tl::make_unexpected(*content_.check_error);
      return {};
    }
    Result<ArchiveBatch> Next() override {
      archive_.before_next();
      if (content_.breaks_after && batches_ == *content_.breaks_after) {
        return tl::make_unexpected(content_.break_error);
      }
      ++batches_;
      ArchiveBatch batch;
      for (; next_ < content_.lines.size() && static_cast<size_t>(batch.lines) < archive_.batch_lines; ++next_) {
        Add(content_.lines[next_], batch);
      }
      batch.bytes_read = static_cast<int64_t>(next_) * 10;
      batch.end = next_ >= content_.lines.size();
      return batch;
    }
    [[nodiscard]] bool ReadyWithin(std::chrono::milliseconds) override { return true; }

   private:
    void Add(const ArchiveLine& line, ArchiveBatch& batch) const {
      ++batch.lines;
      if (line.kind == ArchiveLine::Kind::kBad) {
        ++batch.bad;
        batch.bad_lines.push_back({static_cast<int64_t>(next_) + 1, "not JSON"});
      } else if (line.kind == ArchiveLine::Kind::kOtherFormat) {
        ++batch.other_format;
      } else if (reading_.wants && !reading_.wants(line.event.repository)) {
        ++batch.skipped;
      } else {
        batch.events.push_back(line.event);
        if (!reading_.keeps_payload(line.event.repository)) batch.events.back().payload.clear();
      }
    }

    FakeArchive& archive_;
    const std::string name_;
    const FakeArchiveContent& content_;
    ArchiveReading reading_;
    size_t next_ = 0;
    size_t batches_ = 0;
  };
};

class FakeImportStore final : public ImportStore {
 public:
  std::map<std::string, ImportProgress> imports;
  int saves = 0;
  std::optional<Error> failing;

  Result<std::optional<ImportProgress>> Find(const std::string& name) override {
    if (failing) return tl::make_unexpected(*failing);
    const auto it = imports.find(name);
    return it == imports.end() ? std::nullopt : std::optional(it->second);
  }
  Status Save(const ImportProgress& progress) override {
    if (failing) return tl::make_unexpected(*failing);
    ++saves;
    imports[progress.name] = progress;
    return {};
  }
  Result<std::vector<ImportProgress>> Recent(size_t) override { return std::vector<ImportProgress>{}; }
};

// Keeps identities and payloads, and writes checkpoints as the contract says.
class FakeImportedEvents final : public EventStore {
 public:
  explicit FakeImportedEvents(FakeImportStore& imports) : imports_(imports) {}

  enum class Answer { kStores, kRefuses, kStoresButTheAnswerIsLost };
  std::function<Answer(int ingest)> next_answer = [](int) { return Answer::kStores; };  // of the nth ingest, from 1
  std::map<int64_t, std::string> payloads;                                              // by event
  int ingests = 0;

  Result<IngestResult> Ingest(const std::vector<Event>& events, const ImportCheckpoint* checkpoint,
                              TimePoint) override {
    auto results = IngestAll({events}, {&checkpoint, 1});
    if (!results) return tl::make_unexpected(std::move(results.error()));
    return results->front();
  }
  Result<std::unique_ptr<StoredBatch>> Store(const std::vector<EventSpan>& parts) override {
    return std::make_unique<Batch>(*this, parts);
  }
  Status ExpectDays(const std::set<std::chrono::sys_days>&) override { return {}; }
  Result<EventPruning> Prune(TimePoint) override { return EventPruning{}; }
  Result<EventFolding> FoldDays(std::chrono::sys_days, const std::function<bool(std::chrono::sys_days)>&) override {
    return EventFolding{};
  }
  Result<Verification> Verify(const std::function<bool(std::chrono::sys_days)>&) override { return Verification{}; }
  Result<std::vector<Contributions>> ContributionsTo(RepositoryId, TimePoint) override {
    return std::vector<Contributions>{};
  }
  Status SaveActivity(const std::vector<RepositoryActivity>&) override { return {}; }
  Result<std::vector<RepositoryId>> ActivityDue(const std::vector<RepositoryId>&, TimePoint, size_t) override {
    return std::vector<RepositoryId>{};
  }

 private:
  using Checkpoints = std::span<const ImportCheckpoint* const>;
  // Nothing happens before it is finished.
  class Batch final : public StoredBatch {
   public:
    Batch(FakeImportedEvents& events, std::vector<EventSpan> parts) : events_(events), parts_(std::move(parts)) {}
    Result<std::vector<IngestResult>> Finish(Checkpoints checkpoints, TimePoint) override {
      return events_.IngestAll(parts_, checkpoints);
    }

   private:
    FakeImportedEvents& events_;
    const std::vector<EventSpan> parts_;
  };

  Result<std::vector<IngestResult>> IngestAll(const std::vector<EventSpan>& parts, Checkpoints checkpoints) {
    const Answer answer = next_answer(++ingests);
    if (answer == Answer::kRefuses) return Fail(ErrorCode::kUnavailable, "the database is gone");
    std::vector<IngestResult> results;
    for (size_t i = 0; i < parts.size(); ++i) results.push_back(Keep(parts[i], checkpoints[i]));
    if (answer == Answer::kStoresButTheAnswerIsLost) return Fail(ErrorCode::kTimeout, "no answer");
    return results;
  }
  IngestResult Keep(EventSpan events, const ImportCheckpoint* checkpoint) {
    IngestResult result;
    for (const Event& event : events) {
      const bool added = payloads.try_emplace(event.id, event.payload).second;
      result.added += added ? 1 : 0;
      result.duplicates += added ? 0 : 1;
      result.known.push_back(!added);
    }
    if (checkpoint == nullptr) return result;
    ImportProgress progress = checkpoint->progress;
    progress.added += result.added;
    progress.duplicates += result.duplicates;
    imports_.imports[progress.name] = progress;
    return result;
  }

  FakeImportStore& imports_;
};

}  // namespace repopulse::test
