// A batch of a store in memory: nothing happens before it is finished.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "service/event_store.h"

namespace repopulse::test {

class FakeStoredBatch final : public StoredBatch {
 public:
  FakeStoredBatch(EventStore& store, std::vector<EventStore::EventSpan> parts)
      : store_(store), parts_(std::move(parts)) {}
  Result<std::vector<IngestResult>> Finish(std::span<const ImportCheckpoint* const> checkpoints,
                                           TimePoint now) override {
    std::vector<IngestResult> results;
    for (size_t i = 0; i < parts_.size(); ++i) {
      auto result = store_.Ingest({parts_[i].begin(), parts_[i].end()}, checkpoints[i], now);
      if (!result) return tl::make_unexpected(std::move(result.error()));
      results.push_back(*std::move(result));
    }
    return results;
  }

 private:
  EventStore& store_;
  const std::vector<EventStore::EventSpan> parts_;
};

}  // namespace repopulse::test
