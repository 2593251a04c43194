// Warms the caches by asking the service's own routes.
#pragma once

#include <string>
#include <vector>

#include "http/dispatcher.h"
#include "service/warmer.h"

namespace repopulse::http {

class RouteWarmer final : public Warmer {
 public:
  explicit RouteWarmer(const Dispatcher& dispatcher) : dispatcher_(dispatcher) {}
  Result<int> WarmTopic(const TopicName& topic) override;
  Result<int> WarmCommon() override;

 private:
  Result<int> Warm(const std::vector<std::string>& targets);
  const Dispatcher& dispatcher_;
};

}  // namespace repopulse::http
