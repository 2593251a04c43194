// The replica's Prometheus metrics. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "service/near_cache.h"
#include "service/source_store.h"

namespace repopulse::http {

class Metrics {
 public:
  explicit Metrics(const NearCache& near_cache);
  ~Metrics();

  void Observe(std::string_view route, int status, std::chrono::nanoseconds duration);
  void CountRead(ReadSource source);
  void SetReady(bool ready);
  // GitHub's bucket of this resource: requests left and its size.
  void SetBudget(std::string_view resource, int64_t remaining, int64_t limit);
  // What the sources of events came to, of all replicas together.
  void SetSources(std::vector<SourceTotals> totals);
  // Prometheus' text format.
  [[nodiscard]] std::string Text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace repopulse::http
