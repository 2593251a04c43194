// Reads a request's query parameters into typed values and collects every mistake, so that a client hears of all at
// once.
#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/message.h"
#include "http/problem.h"

namespace repopulse::http {

// Each name is read once; Finish() then knows the parameters nobody asked for. For one request, on one thread.
class Params {
 public:
  explicit Params(const Request& request) : request_(request) {}

  // The value, or nothing where absent. Given twice or empty is a mistake.
  // In UTF-8, so that it can go to the database as it is.
  std::optional<std::string> Text(std::string_view name, size_t bytes_max);
  std::optional<int64_t> Integer(std::string_view name, int64_t min, int64_t max);
  std::optional<bool> Boolean(std::string_view name);
  std::optional<std::chrono::sys_days> Day(std::string_view name);
  // A time as in RFC 3339, or a day, which stands for its begin.
  struct Moment {
    TimePoint time;
    bool whole_day = false;  // given as a day
  };
  std::optional<Moment> Time(std::string_view name);
  std::string OneOf(std::string_view name, const std::vector<std::string_view>& allowed, std::string_view otherwise);

  // Whether it was given at all, rightly or wrongly.
  [[nodiscard]] bool Has(std::string_view name) const;
  // Records a mistake found by the caller.
  void Reject(std::string_view name, std::string_view value, std::string allowed);
  // The problem to answer, if anything was wrong or unknown.
  std::optional<Problem> Finish();

 private:
  const std::string* Find(std::string_view name);

  const Request& request_;
  std::vector<std::string> known_;
  std::vector<ParameterError> errors_;
};

}  // namespace repopulse::http
