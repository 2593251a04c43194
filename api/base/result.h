// The one way to say that something expected to fail has failed.
//
// Functions that can fail return Result<T>. Each layer adds context with WithContext(); the edge (http/problem.h,
// app/) logs once and maps the code. `message` is for logs and operators, never for HTTP clients.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace repopulse {

enum class ErrorCode {
  kInvalidArgument,  // the caller's input is wrong; changes nothing
  kNotFound,         // what was asked for does not exist
  kConflict,         // it exists in a state that forbids the operation
  kUnavailable,      // a server we need cannot be reached or is overloaded; trying later can help
  kTimeout,          // a deadline passed; the outcome at the other side is unknown
  kRateLimited,      // GitHub asks us to wait; `retry_after` says how long
  kUnauthorized,     // a credential of ours was refused
  kGone,             // exists no more, or is blocked for good (404, 451 of a repository once known)
  kMalformed,        // the other side answered something that is not what its contract says
  kCancelled,        // given up because the process is stopping or the lease was lost
  kInternal,         // a bug or a broken environment
};

std::string_view ToString(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::make_unexpected(Error{code, std::move(message)});
}

// The same error, with what was being done put before its message.
inline tl::unexpected<Error> WithContext(std::string_view context, Error error) {
  error.message = std::string(context) + ": " + error.message;
  return tl::make_unexpected(std::move(error));
}

// What a question about many answers where it was asked about one.
template <class T>
Result<T> FirstOf(Result<std::vector<T>> answers) {
  if (!answers) return tl::make_unexpected(std::move(answers.error()));
  return std::move(answers->front());
}

}  // namespace repopulse
