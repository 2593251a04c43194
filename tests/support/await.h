// Waiting for what another thread does, without sleeping and not for ever.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace repopulse::test {

// Returns once `holds` does; a test whose event does not come fails instead of hanging.
template <class Condition>
void Await(Condition holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) {
      ADD_FAILURE() << "what was awaited did not happen";
      return;
    }
    std::this_thread::yield();
  }
}

}  // namespace repopulse::test
