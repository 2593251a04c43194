#include "service/import_pipeline.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace repopulse {
namespace {

// Of so many events a transaction's own cost does not matter any more. An import begins with fewer, so that the
// database is not waiting for them, and ends with fewer, as the last ones are counted while nothing is stored.
constexpr size_t kEventsMin = 5'000;
constexpr size_t kEventsEnough = 16'000;
constexpr size_t kPayloadBytesMax = 8UL * 1024 * 1024;
constexpr size_t kPartsMax = 200;
// Others wait for an open transaction: who makes or drops days, and who stores the same events.
constexpr std::chrono::seconds kOpenMax{1};

size_t PayloadBytes(const ArchiveBatch& batch) {
  return std::accumulate(batch.events.begin(), batch.events.end(), size_t{0},
                         [](size_t sum, const Event& event) { return sum + event.payload.size(); });
}

// Two batches of a file, one behind the other, as one.
void Append(ArchiveBatch& batch, ArchiveBatch next) {
  batch.events.insert(batch.events.end(), std::make_move_iterator(next.events.begin()),
                      std::make_move_iterator(next.events.end()));
  batch.lines += next.lines;
  batch.skipped += next.skipped;
  batch.other_format += next.other_format;
  batch.bad += next.bad;
  batch.bad_lines.insert(batch.bad_lines.end(), std::make_move_iterator(next.bad_lines.begin()),
                         std::make_move_iterator(next.bad_lines.end()));
  batch.bytes_read = next.bytes_read;
  batch.end = next.end;
}

}  // namespace

void ImportPipeline::Push(ArchiveFileImport& file, ArchiveBatch batch) {
  const auto is_of_events = [&](const Part& part) { return part.file == &file && !part.batch.events.empty(); };
  if (batch.events.empty() && batch.end && std::ranges::none_of(waiting_, is_of_events)) {
    // Perhaps there was no event at all: that is for Take() to find out.
    Drain();
    return file.Take(batch);
  }
  waiting_events_ += batch.events.size();
  waiting_bytes_ += PayloadBytes(batch);
  waiting_.push_back({&file, std::move(batch)});
  if (ShouldAdvance()) Advance(EventsAtOnce());
}

void ImportPipeline::GoOn() {
  if (!waiting_.empty() && ShouldAdvance()) Advance(EventsAtOnce());
}

void ImportPipeline::Drain() {
  while (open_ || !waiting_.empty()) {
    const bool all = 2 * waiting_events_ <= 3 * kEventsMin;
    Advance(all ? EventStore::kIngestEventsMax : std::max(kEventsMin, waiting_events_ / 2));
  }
}

bool ImportPipeline::ShouldAdvance() const {
  if (!open_ || clock_.SteadyNow() - open_->begun >= kOpenMax) return true;
  if (waiting_events_ >= kEventsEnough || waiting_bytes_ >= kPayloadBytesMax || waiting_.size() >= kPartsMax)
    return true;
  return waiting_events_ >= std::min(EventsAtOnce(), kEventsEnough) && IsStored(*open_);
}

size_t ImportPipeline::EventsAtOnce() const {
  return std::clamp(events_begun_, kEventsMin, EventStore::kIngestEventsMax);
}

std::unique_ptr<ImportPipeline::Load> ImportPipeline::TakeWaiting(size_t events_max) {
  if (waiting_.empty()) return nullptr;
  auto load = std::make_unique<Load>();
  while (!waiting_.empty() &&
         (load->parts.empty() || load->events + waiting_.front().batch.events.size() <= events_max)) {
    Part& part = waiting_.front();
    load->events += part.batch.events.size();
    waiting_events_ -= part.batch.events.size();
    waiting_bytes_ -= PayloadBytes(part.batch);
    // A file's checkpoint says what its batches before came to.
    if (!load->parts.empty() && load->parts.back().file == part.file) {
      Append(load->parts.back().batch, std::move(part.batch));
    } else {
      load->parts.push_back(std::move(part));
    }
    waiting_.pop_front();
  }
  return load;
}

bool ImportPipeline::IsStored(const Load& load) {
  return !load.storing.valid() || load.storing.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
}

void ImportPipeline::Advance(size_t events_max) {
  std::unique_ptr<Load> next = TakeWaiting(events_max);
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
  events_begun_ += load.events;
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
  const bool wanted = std::ranges::all_of(load.parts, [](const Part& part) { return part.file->IsToBeKept(); });
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
