// One connection to Redis. Every wait has a deadline for the whole of it, however slowly the bytes come.
#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cache/cache.h"

struct redisContext;
struct redisReply;

namespace repopulse {

struct RedisReplyDeleter {
  void operator()(redisReply* reply) const;
};
using RedisReply = std::unique_ptr<redisReply, RedisReplyDeleter>;

// An argument of a command, in up to two parts, so that a large value need not be copied to put something before it.
struct RedisArgument {
  std::string_view head;
  std::string_view tail;

  RedisArgument(std::string_view text) : head(text) {}    // NOLINT(google-explicit-constructor)
  RedisArgument(const std::string& text) : head(text) {}  // NOLINT(google-explicit-constructor)
  RedisArgument(const char* text) : head(text) {}         // NOLINT(google-explicit-constructor)
  RedisArgument(std::string_view first, std::string_view second) : head(first), tail(second) {}
};
using RedisArguments = std::initializer_list<RedisArgument>;

// Belongs to one thread at a time. Any error but an error reply leaves it dead: throw it away and open another.
//
// Errors: kUnavailable (refused, cut, or Redis says it cannot now: OOM, LOADING …), kTimeout, kUnauthorized (the
// password, or the lack of one), kCancelled, kMalformed (not Redis at the other end), kInternal (other error replies).
class RedisConnection {
 public:
  // Connects and authenticates. A wait ends with kCancelled when `cancel_fd` becomes readable (-1: never).
  static Result<RedisConnection> Open(const RedisOptions& options, int cancel_fd = -1);

  // One command and its reply.
  Result<RedisReply> Command(RedisArguments arguments, SteadyTime deadline);

  // The halves of it, for a connection on which Redis speaks unasked. Receive reads what is there, without waiting; an
  // empty RedisReply means that no whole reply has come yet, and error replies come as they are.
  Status Send(RedisArguments arguments, SteadyTime deadline);
  Result<RedisReply> Receive();

  [[nodiscard]] int fd() const;
  [[nodiscard]] bool alive() const;
  // False where Redis has closed the connection, or said something unasked, while it lay idle.
  [[nodiscard]] bool IsReusable() const;

 private:
  struct ContextDeleter {
    void operator()(redisContext* context) const;
  };

  RedisConnection(redisContext* context, int cancel_fd) : context_(context), cancel_fd_(cancel_fd) {}
  Status FinishConnecting(SteadyTime deadline);
  Status Authenticate(const std::string& password, SteadyTime deadline);
  Status Append(RedisArguments arguments);
  Status Flush(SteadyTime deadline);
  Result<RedisReply> AwaitReply(SteadyTime deadline);
  Status ReadIn();
  Status Wait(short events, SteadyTime deadline);
  tl::unexpected<Error> Broken(ErrorCode code, std::string message);
  tl::unexpected<Error> Broken(std::string_view doing);

  std::unique_ptr<redisContext, ContextDeleter> context_;
  int cancel_fd_;
  bool dead_ = false;
};

// The Error that an error reply ("OOM command not allowed …") stands for.
Error FromErrorReply(std::string_view text);

}  // namespace repopulse
