// Port: makes the answers that are asked for most anew and puts them into the caches, before somebody asks.
#pragma once

#include "base/result.h"
#include "domain/names.h"

namespace repopulse {

// Thread-safe.
class Warmer {
 public:
  virtual ~Warmer() = default;
  // The first pages of the topic in every order, and the predecessors' lists; how many answers were made.
  virtual Result<int> WarmTopic(const TopicName& topic) = 0;
  // What belongs to no single topic.
  virtual Result<int> WarmCommon() = 0;
};

}  // namespace repopulse
