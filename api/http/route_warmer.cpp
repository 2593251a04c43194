#include "http/route_warmer.h"

#include "http/handlers.h"

namespace repopulse::http {

Result<int> RouteWarmer::Warm(const std::vector<std::string>& targets) {
  int made = 0;
  for (const std::string& target : targets) {
    const auto refreshed = dispatcher_.Refresh(target);
    // Untracked meanwhile: nothing to keep hot.
    if (!refreshed && refreshed.error().code == ErrorCode::kNotFound) continue;
    if (!refreshed) return WithContext("refreshing " + target, refreshed.error());
    ++made;
  }
  return made;
}

Result<int> RouteWarmer::WarmTopic(const TopicName& topic) { return Warm(HotTargets(topic)); }

Result<int> RouteWarmer::WarmCommon() { return Warm(CommonHotTargets()); }

}  // namespace repopulse::http
