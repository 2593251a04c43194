#include "cache/cache_watcher.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/log.h"
#include "cache/stored_value.h"

namespace repopulse {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstBackoff{100};
constexpr milliseconds kLongestBackoff{2000};
constexpr std::string_view kInvalidations = "__redis__:invalidate";

std::string_view TextOf(const redisReply& reply) {
  const bool text = reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS;
  return text ? std::string_view(reply.str, reply.len) : std::string_view();
}

int PollTimeout(SteadyTime until) {
  const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000));
}

}  // namespace

RedisCacheWatcher::StopSignal::StopSignal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) LogError("cache_watcher_no_eventfd", {{"errno", errno}});
}

RedisCacheWatcher::StopSignal::~StopSignal() {
  if (fd_ >= 0) close(fd_);
}

void RedisCacheWatcher::StopSignal::Raise() const { eventfd_write(fd_, 1); }

bool RedisCacheWatcher::StopSignal::WaitFor(milliseconds time) const {
  pollfd waiting{fd_, POLLIN, 0};
  const SteadyTime until = std::chrono::steady_clock::now() + time;
  for (;;) {
    const int ready = poll(&waiting, 1, PollTimeout(until));
    if (ready > 0) return true;
    if (ready == 0 && std::chrono::steady_clock::now() >= until) return false;
    if (ready < 0 && errno != EINTR) return true;
  }
}

RedisCacheWatcher::RedisCacheWatcher(RedisOptions options, CacheChangeListener& listener)
    : options_(std::move(options)), listener_(listener) {
  // Without a way to stop it, the thread would outlive its owner.
  if (stop_.fd() >= 0) thread_ = std::thread([this] { Run(); });
}

RedisCacheWatcher::~RedisCacheWatcher() {
  stop_.Raise();
  if (thread_.joinable()) thread_.join();
}

void RedisCacheWatcher::Run() {
  milliseconds backoff = kFirstBackoff;
  bool failing = false;
  for (;;) {
    Error error;
    if (auto channels = Open()) {
      backoff = kFirstBackoff;
      failing = false;
      LogInfo("cache_watching");
      // What changed before the tracking was on has not been heard.
      listener_.OnAllChanged();
      listener_.OnWatching(true);
      error = Listen(*channels);
      listener_.OnWatching(false);
      listener_.OnAllChanged();
    } else {
      error = std::move(channels.error());
    }
    if (error.code != ErrorCode::kCancelled && !failing) {
      LogWarn("cache_watch_lost", {{"code", ToString(error.code)}, {"error", error.message}});
    }
    failing = true;
    if (stop_.WaitFor(backoff)) return;
    backoff = std::min(backoff * 2, kLongestBackoff);
  }
}

Result<RedisCacheWatcher::Channels> RedisCacheWatcher::Open() const {
  auto subscriber = RedisConnection::Open(options_, stop_.fd());
  if (!subscriber) return tl::make_unexpected(std::move(subscriber.error()));
  auto tracker = RedisConnection::Open(options_, stop_.fd());
  if (!tracker) return tl::make_unexpected(std::move(tracker.error()));

  const SteadyTime deadline = std::chrono::steady_clock::now() + options_.ping_timeout;
  auto id = subscriber->Command({"CLIENT", "ID"}, deadline);
  if (!id) return WithContext("asking for the connection's id", std::move(id.error()));
  if ((*id)->type != REDIS_REPLY_INTEGER) return Fail(ErrorCode::kMalformed, "Redis gave no connection id");
  if (auto done = subscriber->Command({"SUBSCRIBE", kInvalidations}, deadline); !done) {
    return WithContext("subscribing to invalidations", std::move(done.error()));
  }
  auto tracking = tracker->Command({"CLIENT", "TRACKING", "on", "REDIRECT", std::to_string((*id)->integer), "BCAST",
                                    "PREFIX", kEntryPrefix, "PREFIX", kGenerationPrefix},
                                   deadline);
  if (!tracking) return WithContext("switching tracking on", std::move(tracking.error()));
  return Channels{std::move(*subscriber), std::move(*tracker)};
}

Error RedisCacheWatcher::Listen(Channels& channels) {
  Pulse pulse;
  pulse.due = std::chrono::steady_clock::now() + options_.ping_interval;
  for (;;) {
    pollfd waiting[3] = {
        {channels.subscriber.fd(), POLLIN, 0}, {channels.tracker.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
    const int ready = poll(waiting, 3, PollTimeout(pulse.due));
    if (ready < 0 && errno != EINTR) return Error{ErrorCode::kInternal, "poll failed"};
    if (ready > 0 && waiting[2].revents != 0) return Error{ErrorCode::kCancelled, "stopping"};
    if (ready > 0 && waiting[0].revents != 0) {
      if (auto read = ReadSubscriber(channels.subscriber, pulse); !read) return std::move(read.error());
    }
    if (ready > 0 && waiting[1].revents != 0) {
      if (auto read = ReadTracker(channels.tracker, pulse); !read) return std::move(read.error());
    }
    if (auto beaten = Beat(channels, pulse); !beaten) return std::move(beaten.error());
  }
}

Status RedisCacheWatcher::Beat(Channels& channels, Pulse& pulse) const {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (pulse.asked && !pulse.owes()) pulse = Pulse{.due = now + options_.ping_interval};
  if (now < pulse.due) return {};
  if (pulse.asked) return Fail(ErrorCode::kTimeout, "Redis did not answer a PING in time");
  const SteadyTime deadline = now + options_.ping_timeout;
  if (auto sent = channels.subscriber.Send({"PING"}, deadline); !sent) return sent;
  if (auto sent = channels.tracker.Send({"PING"}, deadline); !sent) return sent;
  pulse = Pulse{.asked = true, .subscriber_owes = true, .tracker_owes = true, .due = deadline};
  return {};
}

Status RedisCacheWatcher::ReadSubscriber(RedisConnection& subscriber, Pulse& pulse) {
  for (;;) {
    auto reply = subscriber.Receive();
    if (!reply) return tl::make_unexpected(std::move(reply.error()));
    if (*reply == nullptr) return {};
    const redisReply& message = **reply;
    if (message.type != REDIS_REPLY_ARRAY || message.elements < 2) {
      return Fail(ErrorCode::kMalformed, "Redis said something that is not a message");
    }
    if (TextOf(*message.element[0]) == "pong") {
      pulse.subscriber_owes = false;
    } else if (message.elements == 3 && TextOf(*message.element[1]) == kInvalidations) {
      Tell(*message.element[2]);
    }
  }
}

Status RedisCacheWatcher::ReadTracker(RedisConnection& tracker, Pulse& pulse) {
  for (;;) {
    auto reply = tracker.Receive();
    if (!reply) return tl::make_unexpected(std::move(reply.error()));
    if (*reply == nullptr) return {};
    if ((*reply)->type == REDIS_REPLY_ERROR) return tl::make_unexpected(FromErrorReply({(*reply)->str, (*reply)->len}));
    pulse.tracker_owes = false;
  }
}

void RedisCacheWatcher::Tell(const redisReply& keys) {
  if (keys.type != REDIS_REPLY_ARRAY) return listener_.OnAllChanged();  // nil: FLUSHALL or FLUSHDB
  for (size_t i = 0; i < keys.elements; ++i) TellOne(TextOf(*keys.element[i]));
}

void RedisCacheWatcher::TellOne(std::string_view key) {
  if (key.starts_with(kEntryPrefix)) {
    listener_.OnEntryChanged(std::string(key.substr(kEntryPrefix.size())));
  } else if (key.starts_with(kGenerationPrefix)) {
    listener_.OnScopeInvalidated(std::string(key.substr(kGenerationPrefix.size())));
  }
}

}  // namespace repopulse
