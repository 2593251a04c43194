#include "app/import_command.h"

#include <malloc.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <thread>

#include "app/command_line.h"
#include "app/connections.h"
#include "app/import_report.h"
#include "app/importing.h"
#include "app/replay_clock.h"
#include "app/stop_signals.h"
#include "base/log.h"
#include "base/time_format.h"

namespace repopulse {
namespace {

constexpr std::chrono::milliseconds kRewriteEvery{200};  // of the progress on a terminal
constexpr std::chrono::seconds kLineEvery{5};            // elsewhere
constexpr std::chrono::milliseconds kLookForSignals{100};

// What one batch gives back the next one takes: getting it from the system anew, page by page, is a tenth of an
// import's work.
constexpr int kKeptBytes = 32 * 1024 * 1024;
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

int Tell(int exit_code, const std::string& sentence) {
  std::cerr << "repopulse: " << sentence << "\n";
  return exit_code;
}

// What a person sees while it works: one line on a terminal, written anew, or a line now and then.
class ProgressOnStderr {
 public:
  explicit ProgressOnStderr(const Clock& clock) : clock_(clock), terminal_(isatty(STDERR_FILENO) == 1) {}

  void Show(const std::string& line) {
    const auto now = clock_.SteadyNow();
    if (shown_at_ && now - *shown_at_ < (terminal_ ? std::chrono::milliseconds(kRewriteEvery) : kLineEvery)) return;
    shown_at_ = now;
    std::cerr << (terminal_ ? "\r" + line + "\033[K" : line + "\n") << std::flush;
  }
  void End() const {
    if (terminal_ && shown_at_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  const Clock& clock_;
  const bool terminal_;
  std::optional<SteadyTime> shown_at_;
};

// Asks to stop at SIGTERM or SIGINT; a second one ends the process as it would have without us.
class StopAtSignal {
 public:
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  void Watch(const std::stop_token& ended) {
    for (int seen = 0; !ended.stop_requested();) {
      const auto signal = signals_.WaitFor(kLookForSignals);
      if (!signal) continue;
      if (++seen == 2) _exit(128 + *signal);
      std::cerr << "\nStopping after what is being stored; once more ends at once.\n" << std::flush;
      stop_.request_stop();
    }
  }

  const StopSignals signals_;  // first: blocked in all threads made after it
  std::stop_source stop_;
  std::jthread watcher_{[this](const std::stop_token& ended) { Watch(ended); }};
};

// Logs are for servers: a person at the command line reads the report.
void InitCommandLogging(const Config& config) {
  InitLogging(config.log_level == LogLevel::kDebug ? LogLevel::kDebug : LogLevel::kError, "command");
}

}  // namespace

int Import(const Config& config, const ImportArguments& arguments) {
  const StopAtSignal stop;
  InitCommandLogging(config);
  ServiceClock clock;
  const auto storage = OpenCurrentStorage(config, clock.clock());
  if (!storage) return Tell(storage.error().exit_code, storage.error().sentence);
  const auto replay = clock.Start((*storage)->replay(), config.replay_now);
  if (!replay) return Tell(kExitUnavailable, replay.error().message);

  Importing importing(config, clock, **storage);
  const auto shared_cache = OpenSharedCache(RedisOptionsOf(config), clock.clock());
  ProgressOnStderr progress(clock.clock());
  const ImportListener listener{.on_progress = [&](const ImportProgressNow& now) { progress.Show(ProgressLine(now)); },
                                .on_events_added = [&] { InvalidateEvents(*shared_cache); }};
  KeepFreedMemory();
  const auto report = importing.importer.Run({arguments.locations, arguments.only_tracked}, listener, stop.token());
  progress.End();
  if (!report) {
    const ErrorCode code = report.error().code;
    const bool away = code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout;
    return Tell(away ? kExitUnavailable : kExitError, report.error().message);
  }
  std::cout << (arguments.json ? ReportJson(*report) : ReportText(*report)) << std::flush;
  FlushLogs();
  return ExitCodeOf(*report);
}

int Verify(const Config& config, bool json) {
  const StopAtSignal stop;
  InitCommandLogging(config);
  const SystemClock clock;
  const auto storage = OpenCurrentStorage(config, clock);
  if (!storage) return Tell(storage.error().exit_code, storage.error().sentence);
  ProgressOnStderr progress(clock);
  const auto verified = (*storage)->events().Verify([&](std::chrono::sys_days day) {
    progress.Show("comparing " + FormatDay(day));
    return !stop.token().stop_requested();
  });
  progress.End();
  if (stop.token().stop_requested()) return Tell(kExitInterrupted, "stopped before all days were compared");
  if (!verified) {
    const ErrorCode code = verified.error().code;
    const bool away = code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout;
    return Tell(away ? kExitUnavailable : kExitError, verified.error().message);
  }
  std::cout << (json ? VerificationJson(*verified) : VerificationText(*verified)) << std::flush;
  return verified->differences == 0 ? kExitOk : kExitError;
}

}  // namespace repopulse
