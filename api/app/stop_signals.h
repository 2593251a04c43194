// SIGTERM and SIGINT as something to wait for.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <optional>

namespace repopulse {

// Blocks the signals that end us in this thread and all it will start, so that only Wait() sees them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    signal(SIGPIPE, SIG_IGN);  // a peer that is gone is an error of its write, not the end of the process
  }
  int Wait() const {
    int signal = 0;
    sigwait(&signals_, &signal);
    return signal;
  }
  // The signal that came meanwhile, if any.
  std::optional<int> WaitFor(std::chrono::milliseconds time) const {
    const timespec until{.tv_sec = time.count() / 1000, .tv_nsec = time.count() % 1000 * 1'000'000};
    const int signal = sigtimedwait(&signals_, nullptr, &until);
    return signal < 0 ? std::nullopt : std::optional(signal);
  }

 private:
  sigset_t signals_{};
};

}  // namespace repopulse
