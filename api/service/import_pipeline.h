// Events on their way from files into the store: while a batch is counted, the events of the next are stored already.
// Batches are finished in the order in which they came; those of small files share one.
#pragma once

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
  // Finishes all there is.
  void Drain();

 private:
  struct Part {
    ArchiveFileImport* file = nullptr;
    ArchiveBatch batch;
  };
  // What is stored together.
  struct Load {
    std::vector<Part> parts;
    size_t events = 0;
    size_t payload_bytes = 0;
    SteadyTime begun;
    std::future<Result<std::unique_ptr<StoredBatch>>> storing;
    std::unique_ptr<StoredBatch> stored;  // none where it could not be
  };

  [[nodiscard]] bool HasRoomFor(const ArchiveFileImport& file, const ArchiveBatch& batch) const;
  [[nodiscard]] bool ShouldAdvance() const;
  // Starts storing what was gathered, and finishes what was stored before.
  void Advance();
  void Start(Load& load);
  static void Await(Load& load);
  // False: it was not stored, and every part has to be taken alone.
  bool Finish(Load& load) const;
  static void TakeAlone(Load& load);

  EventStore& events_;
  const Clock& clock_;
  std::unique_ptr<Load> gathered_ = std::make_unique<Load>();
  std::unique_ptr<Load> open_;
};

}  // namespace repopulse
