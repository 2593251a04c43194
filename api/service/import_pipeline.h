// Events on their way from files into the store: while a batch is counted, the events of the next are stored already.
// Batches are finished in the order in which they came, several at once: as many as have come while the database was
// busy.
#pragma once

#include <deque>
#include <future>
#include <memory>
#include <vector>

#include "service/archive_file_import.h"

namespace repopulse {

// Belongs to one thread, but for what it starts itself.
class ImportPipeline {
 public:
  ImportPipeline(EventStore& events, const Clock& clock) : events_(events), clock_(clock) {}

  // A batch of a file's, which must outlive its batches here.
  void Push(ArchiveFileImport& file, ArchiveBatch batch);
  // While there is nothing to push: the next ones are not waited for where the database has nothing to do.
  void GoOn();
  // Finishes all there is.
  void Drain();

 private:
  struct Part {
    ArchiveFileImport* file = nullptr;
    ArchiveBatch batch;
  };
  // What is stored together: of each file one part.
  struct Load {
    std::vector<Part> parts;
    size_t events = 0;
    SteadyTime begun;
    std::future<Result<std::unique_ptr<StoredBatch>>> storing;
    std::unique_ptr<StoredBatch> stored;  // none where it could not be
  };

  [[nodiscard]] bool ShouldAdvance() const;
  [[nodiscard]] size_t EventsAtOnce() const;
  // Starts storing what waits, at most so many events of it, and finishes what was stored before.
  void Advance(size_t events_max);
  std::unique_ptr<Load> TakeWaiting(size_t events_max);
  void Start(Load& load);
  static bool IsStored(const Load& load);
  static void Await(Load& load);
  // False: it was not stored, and every part has to be taken alone.
  bool Finish(Load& load) const;
  static void TakeAlone(Load& load);

  EventStore& events_;
  const Clock& clock_;
  std::deque<Part> waiting_;
  size_t waiting_events_ = 0;
  size_t waiting_bytes_ = 0;  // of payloads
  size_t events_begun_ = 0;   // to be stored
  std::unique_ptr<Load> open_;
};

}  // namespace repopulse
