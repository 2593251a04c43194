#include "cache/redis_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "base/strings.h"

namespace repopulse {
namespace {

constexpr size_t kErrorTextMax = 200;
constexpr size_t kReadBytes = size_t{64} << 10U;
// First words of Redis's error replies: it cannot now; it will not for us.
constexpr std::array<std::string_view, 9> kTransient = {
    "OOM", "LOADING", "BUSY", "MISCONF", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS"};
constexpr std::array<std::string_view, 3> kRefused = {"NOAUTH", "WRONGPASS", "NOPERM"};

// Milliseconds for poll(), rounded up so that it does not spin in the last one.
int PollTimeout(SteadyTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000));
}

std::string_view FirstWord(std::string_view text) { return text.substr(0, text.find(' ')); }

redisContext* StartConnecting(const RedisOptions& options) {
  return options.socket.empty() ? redisConnectNonBlock(options.host.c_str(), options.port)
                                : redisConnectUnixNonBlock(options.socket.c_str());
}

}  // namespace

void RedisReplyDeleter::operator()(redisReply* reply) const { freeReplyObject(reply); }

void RedisConnection::ContextDeleter::operator()(redisContext* context) const { redisFree(context); }

Error FromErrorReply(std::string_view text) {
  ErrorCode code = ErrorCode::kInternal;
  if (std::ranges::find(kTransient, FirstWord(text)) != kTransient.end()) code = ErrorCode::kUnavailable;
  if (text.find("max number of clients") != std::string_view::npos) code = ErrorCode::kUnavailable;
  if (std::ranges::find(kRefused, FirstWord(text)) != kRefused.end()) code = ErrorCode::kUnauthorized;
  return Error{code, "Redis answered: " + std::string(TruncateUtf8(text, kErrorTextMax))};
}

Result<RedisConnection> RedisConnection::Open(const RedisOptions& options, int cancel_fd) {
  redisContext* context = StartConnecting(options);
  if (context == nullptr) return Fail(ErrorCode::kInternal, "out of memory for a connection to Redis");
  RedisConnection connection(context, cancel_fd);
  if (context->err != 0) return connection.Broken("connecting to Redis");
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  context->reader->maxbuf = 0;  // else the buffer is given back and grown anew for each large reply

  const SteadyTime deadline = std::chrono::steady_clock::now() + options.connect_timeout;
  if (auto status = connection.FinishConnecting(deadline); !status) {
    return WithContext("connecting to Redis", std::move(status.error()));
  }
  if (auto status = connection.Authenticate(options.password, deadline); !status) {
    return tl::make_unexpected(std::move(status.error()));
  }
  return connection;
}

Status RedisConnection::FinishConnecting(SteadyTime deadline) {
  if (auto ready = Wait(POLLOUT, deadline); !ready) return ready;
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return Broken(ErrorCode::kUnavailable, std::strerror(error));
  return {};
}

Status RedisConnection::Authenticate(const std::string& password, SteadyTime deadline) {
  if (password.empty()) return {};
  auto reply = Command({"AUTH", password}, deadline);
  if (reply) return {};
  if (!alive() || reply.error().code == ErrorCode::kUnavailable) {
    return WithContext("authenticating to Redis", std::move(reply.error()));
  }
  // Redis's own text is kept out: what it says about a password is not ours to log.
  return Broken(ErrorCode::kUnauthorized, "Redis refused the password");
}

Result<RedisReply> RedisConnection::Command(RedisArguments arguments, SteadyTime deadline) {
  if (auto sent = Send(arguments, deadline); !sent) return tl::make_unexpected(std::move(sent.error()));
  auto reply = AwaitReply(deadline);
  if (reply && (*reply)->type == REDIS_REPLY_ERROR) {
    return tl::make_unexpected(FromErrorReply({(*reply)->str, (*reply)->len}));
  }
  return reply;
}

Status RedisConnection::Send(RedisArguments arguments, SteadyTime deadline) {
  if (!alive()) return Fail(ErrorCode::kUnavailable, "the connection to Redis is dead");
  if (auto appended = Append(arguments); !appended) return appended;
  return Flush(deadline);
}

// Straight into hiredis's output buffer, because redisAppendCommandArgv would copy large values once more.
Status RedisConnection::Append(RedisArguments arguments) {
  std::string piece = fmt::format("*{}\r\n", arguments.size());
  const auto append = [this](std::string_view bytes) {
    return redisAppendFormattedCommand(context_.get(), bytes.data(), bytes.size()) == REDIS_OK;
  };
  for (const RedisArgument& argument : arguments) {
    fmt::format_to(std::back_inserter(piece), "${}\r\n", argument.head.size() + argument.tail.size());
    piece += argument.head;
    if (!argument.tail.empty()) {
      if (!append(piece) || !append(argument.tail)) return Broken("writing to Redis");
      piece.clear();
    }
    piece += "\r\n";
  }
  if (!append(piece)) return Broken("writing to Redis");
  return {};
}

Status RedisConnection::Flush(SteadyTime deadline) {
  for (;;) {
    int done = 0;
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return Broken("writing to Redis");
    if (done != 0) return {};
    if (auto ready = Wait(POLLOUT, deadline); !ready) return WithContext("writing to Redis", std::move(ready.error()));
  }
}

Result<RedisReply> RedisConnection::AwaitReply(SteadyTime deadline) {
  for (;;) {
    if (auto ready = Wait(POLLIN, deadline); !ready) return WithContext("reading from Redis", std::move(ready.error()));
    auto reply = Receive();
    if (!reply || *reply != nullptr) return reply;
  }
}

Result<RedisReply> RedisConnection::Receive() {
  if (!alive()) return Fail(ErrorCode::kUnavailable, "the connection to Redis is dead");
  void* reply = nullptr;
  // What came with an earlier read first; only then from the socket, which must not be waited for.
  if (redisGetReplyFromReader(context_.get(), &reply) != REDIS_OK) return Broken("reading from Redis");
  if (reply == nullptr) {
    if (auto read = ReadIn(); !read) return tl::make_unexpected(std::move(read.error()));
    if (redisGetReplyFromReader(context_.get(), &reply) != REDIS_OK) return Broken("reading from Redis");
  }
  return RedisReply(static_cast<redisReply*>(reply));
}

// What is there, straight into hiredis's buffer: its own function takes 16 KiB at a time and copies them, which for an
// answer of 160 KB is ten calls, each after a wait.
Status RedisConnection::ReadIn() {
  std::array<char, kReadBytes> bytes;
  for (;;) {
    const ssize_t size = ::recv(context_->fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size > 0) {
      redisReaderFeed(context_->reader, bytes.data(), static_cast<size_t>(size));
      return {};
    }
    if (size == 0) return Broken(ErrorCode::kUnavailable, "reading from Redis: it closed the connection");
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
    return Broken(ErrorCode::kUnavailable, std::string("reading from Redis: ") + std::strerror(errno));
  }
}

int RedisConnection::fd() const { return context_->fd; }

bool RedisConnection::alive() const { return context_ != nullptr && !dead_ && context_->err == 0; }

bool RedisConnection::IsReusable() const {
  if (!alive()) return false;
  pollfd waiting{context_->fd, POLLIN | POLLRDHUP, 0};
  return poll(&waiting, 1, 0) == 0;
}

Status RedisConnection::Wait(short events, SteadyTime deadline) {
  for (;;) {
    pollfd waiting[2] = {{context_->fd, events, 0}, {cancel_fd_, POLLIN, 0}};  // poll() skips a negative one
    const int ready = poll(waiting, 2, PollTimeout(deadline));
    if (ready < 0 && errno != EINTR) return Broken(ErrorCode::kInternal, std::strerror(errno));
    if (ready > 0 && waiting[1].revents != 0) return Broken(ErrorCode::kCancelled, "stopping");
    if (ready > 0) return {};
    if (std::chrono::steady_clock::now() >= deadline) return Broken(ErrorCode::kTimeout, "no answer in time");
  }
}

tl::unexpected<Error> RedisConnection::Broken(ErrorCode code, std::string message) {
  dead_ = true;
  return Fail(code, std::move(message));
}

tl::unexpected<Error> RedisConnection::Broken(std::string_view doing) {
  const bool not_redis = context_->err == REDIS_ERR_PROTOCOL;
  return Broken(not_redis ? ErrorCode::kMalformed : ErrorCode::kUnavailable,
                fmt::format("{}: {}", doing, context_->errstr));
}

}  // namespace repopulse
