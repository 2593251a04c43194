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

// How strictly a group of endpoints reads its parameters.
struct ParamRules {
  bool unknown_is_error = true;  // a parameter that nobody asks for is a mistake
  bool empty_is_absent = false;  // "name=" is as good as nothing; else a mistake
  int status = 400;              // of the problem
};
// The predecessors passed over what they did not know, so their clients may send it still.
inline constexpr ParamRules kPredecessorRules{.unknown_is_error = false, .empty_is_absent = false, .status = 400};
// Those of /metrics and /visualization took an empty one for an absent one, and called mistakes 422.
inline constexpr ParamRules kPredecessorMetricsRules{.unknown_is_error = false, .empty_is_absent = true, .status = 422};

// Each name is read once; Finish() then knows the parameters nobody asked for. For one request, on one thread.
class Params {
 public:
  explicit Params(const Request& request, ParamRules rules = {}) : request_(request), rules_(rules) {}

  // Whether it is there with anything in it; does not count as reading it.
  [[nodiscard]] bool Given(std::string_view name) const;
  // The value, or nothing where absent. Given twice is a mistake; so is empty, unless the rules take it for absent.
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
  const ParamRules rules_;
  std::vector<std::string> known_;
  std::vector<ParameterError> errors_;
};

}  // namespace repopulse::http
