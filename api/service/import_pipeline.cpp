#include "service/import_pipeline.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace repopulse {
namespace {

// From here on a transaction's own cost does not matter any more.
constexpr size_t kEventsWorthATransaction = 16'000;
constexpr size_t kPayloadBytesMax = 8UL * 1024 * 1024;
constexpr size_t kPartsMax = 200;
// Others wait for an open transaction: who makes or drops days, and who stores the same events.
constexpr std::chrono::seconds kOpenMax{1};

size_t PayloadBytes(const ArchiveBatch& batch) {
  return std::accumulate(batch.events.begin(), batch.events.end(), size_t{0},
                         [](size_t sum, const Event& event) { return sum + event.payload.size(); });
}

}  // namespace

void ImportPipeline::Push(ArchiveFileImport& file, ArchiveBatch batch) {
  if (batch.events.empty() && batch.end) {  // perhaps there was no event at all: that is for Take() to find out
    Drain();
    return file.Take(batch);
  }
  if (!HasRoomFor(file, batch)) Advance();
  gathered_->events += batch.events.size();
  gathered_->payload_bytes += PayloadBytes(batch);
  gathered_->parts.push_back({&file, std::move(batch)});
  if (ShouldAdvance()) Advance();
}

bool ImportPipeline::HasRoomFor(const ArchiveFileImport& file, const ArchiveBatch& batch) const {
  if (gathered_->parts.empty()) return true;
  // A file's checkpoint says what its batches before came to.
  return gathered_->parts.back().file != &file && gathered_->parts.size() < kPartsMax &&
         gathered_->events + batch.events.size() <= EventStore::kIngestEventsMax;
}

bool ImportPipeline::ShouldAdvance() const {
  return !open_ || clock_.SteadyNow() - open_->begun >= kOpenMax || gathered_->events >= kEventsWorthATransaction ||
         gathered_->payload_bytes >= kPayloadBytesMax;
}

void ImportPipeline::Drain() {
  while (open_ || !gathered_->parts.empty()) Advance();
}

void ImportPipeline::Advance() {
  std::unique_ptr<Load> next;
  if (!gathered_->parts.empty()) next = std::exchange(gathered_, std::make_unique<Load>());
  if (open_) Await(*open_);  // two that store at once would only be in each other's way
  if (next) Start(*next);
  if (open_ && !Finish(*open_)) {
    open_->stored.reset();  // first, as the newer may wait for what this one has stored
    if (next) {
      Await(*next);
      next->stored.reset();  // its parts are taken alone too, when it is their turn
    }
    TakeAlone(*open_);
  }
  open_ = std::move(next);
}

void ImportPipeline::Start(Load& load) {
  load.begun = clock_.SteadyNow();
  const bool wanted = std::ranges::all_of(load.parts, [](const Part& part) { return part.file->WantsMore(); });
  if (load.events == 0 || !wanted) return;
  load.storing = std::async(std::launch::async, [this, &load] {
    std::vector<EventStore::EventSpan> parts;
    for (const Part& part : load.parts) parts.emplace_back(part.batch.events);
    return events_.Store(parts);
  });
}

void ImportPipeline::TakeAlone(Load& load) {
  for (Part& part : load.parts) part.file->Take(part.batch);
}

void ImportPipeline::Await(Load& load) {
  if (!load.storing.valid()) return;
  if (auto stored = load.storing.get()) load.stored = *std::move(stored);
}

bool ImportPipeline::Finish(Load& load) const {
  if (load.events == 0) {
    TakeAlone(load);
    return true;
  }
  // All or none: what a file that has ended meanwhile brought would be stored too.
  const bool wanted = std::ranges::all_of(load.parts, [](const Part& part) { return part.file->WantsMore(); });
  if (!wanted || !load.stored) return false;
  std::vector<std::optional<ImportCheckpoint>> checkpoints;
  std::vector<const ImportCheckpoint*> told;
  for (const Part& part : load.parts) checkpoints.push_back(part.file->Checkpoint(part.batch));
  for (const auto& checkpoint : checkpoints) told.push_back(checkpoint ? &*checkpoint : nullptr);
  const auto results = load.stored->Finish(told, clock_.Now());
  if (!results) return false;
  for (size_t i = 0; i < load.parts.size(); ++i) load.parts[i].file->Finished(load.parts[i].batch, (*results)[i]);
  return true;
}

}  // namespace repopulse
