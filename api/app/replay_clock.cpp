#include "app/replay_clock.h"

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "base/log.h"
#include "base/time_format.h"

namespace repopulse {

Result<Replay> JoinReplay(ReplayStore& store, const Clock& system, TimePoint from) {
  const auto real_at = store.Join(from, system.Now());
  if (!real_at) return WithContext("joining the replay from " + FormatRfc3339(from), real_at.error());
  return Replay{from, *real_at};
}

ReplayKeeper::ReplayKeeper(ReplayStore& store, const Clock& system, Replay replay, std::chrono::milliseconds every)
    : thread_([&store, &system, every, replay](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any stopped;
        std::unique_lock lock(mutex);
        while (!stopped.wait_for(lock, stop, every, [&stop] { return stop.stop_requested(); })) {
          if (const auto touched = store.Touch(replay.from, replay.real_at, system.Now()); !touched) {
            LogWarn("replay_not_touched", {{"error", touched.error().message}});
          } else if (!*touched) {
            LogWarn("replay_replaced",
                    {{"note", "another replay runs on this database: its replicas have another time"},
                     {"replay_now", FormatRfc3339(replay.from)}});
          }
        }
      }) {}

Result<std::unique_ptr<ReplayKeeper>> ServiceClock::Start(ReplayStore& store, std::optional<TimePoint> from) {
  if (!from) return std::unique_ptr<ReplayKeeper>();
  const auto replay = JoinReplay(store, system_, *from);
  if (!replay) return tl::make_unexpected(replay.error());
  replay_ = *replay;
  clock_.Begin(replay_->from, replay_->real_at);
  return std::make_unique<ReplayKeeper>(store, system_, *replay_);
}

std::string ServiceClock::replay_now() const { return replay_ ? FormatRfc3339(replay_->from) : ""; }

std::string ServiceClock::realm() const {
  return replay_ ? "@" + replay_now() + "/" + std::to_string(replay_->real_at.time_since_epoch().count()) : "";
}

}  // namespace repopulse
