#include "http/meta.h"

namespace repopulse::http {

Json CompleteMeta(const Services& services, Json meta) {
  if (services.demo) meta["demo"] = true;
  if (!services.replay_now.empty()) meta["replay_now"] = services.replay_now;
  return meta;
}

}  // namespace repopulse::http
