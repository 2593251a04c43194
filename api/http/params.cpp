#include "http/params.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"

namespace repopulse::http {
namespace {

constexpr size_t kEchoedBytesMax = 100;

}  // namespace

bool Params::Given(std::string_view name) const {
  return std::ranges::any_of(request_.query,
                             [name](const auto& pair) { return pair.first == name && !pair.second.empty(); });
}

const std::string* Params::Find(std::string_view name) {
  known_.emplace_back(name);
  const std::string* found = nullptr;
  for (const auto& [key, value] : request_.query) {
    if (key != name || (rules_.empty_is_absent && value.empty())) continue;
    if (found != nullptr) {
      Reject(name, value, "given once");
      return nullptr;
    }
    found = &value;
  }
  if (found != nullptr && found->empty()) {
    Reject(name, "", "a value; leave the parameter out for the default");
    return nullptr;
  }
  return found;
}

std::optional<std::string> Params::Text(std::string_view name, size_t bytes_max) {
  const std::string* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (value->size() > bytes_max) {
    Reject(name, *value, "at most " + std::to_string(bytes_max) + " bytes");
    return std::nullopt;
  }
  if (SanitizeUtf8(*value) != *value) {
    Reject(name, *value, "text in UTF-8");
    return std::nullopt;
  }
  return *value;
}

std::optional<int64_t> Params::Integer(std::string_view name, int64_t min, int64_t max) {
  const std::string* value = Find(name);
  if (value == nullptr) return std::nullopt;
  const auto number = ParseInteger<int64_t>(*value);
  if (!number || *number < min || *number > max) {
    Reject(name, *value, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> Params::Boolean(std::string_view name) {
  const std::string* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (*value == "true") return true;
  if (*value == "false") return false;
  Reject(name, *value, "true or false");
  return std::nullopt;
}

std::optional<std::chrono::sys_days> Params::Day(std::string_view name) {
  const std::string* value = Find(name);
  if (value == nullptr) return std::nullopt;
  const auto day = ParseDay(*value);
  if (!day) Reject(name, *value, "a day in UTC, as 2026-01-31");
  return day;
}

std::optional<Params::Moment> Params::Time(std::string_view name) {
  const std::string* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto day = ParseDay(*value)) return Moment{*day, true};
  if (const auto time = ParseRfc3339(*value)) return Moment{*time, false};
  Reject(name, *value, "a time as 2026-01-31T12:00:00Z, or a day in UTC as 2026-01-31");
  return std::nullopt;
}

std::string Params::OneOf(std::string_view name, const std::vector<std::string_view>& allowed,
                          std::string_view otherwise) {
  const std::string* value = Find(name);
  if (value == nullptr) return std::string(otherwise);
  if (std::ranges::find(allowed, *value) != allowed.end()) return *value;
  std::string list;
  for (const std::string_view word : allowed) list += (list.empty() ? "" : ", ") + std::string(word);
  Reject(name, *value, "one of " + list);
  return std::string(otherwise);
}

bool Params::Has(std::string_view name) const {
  return std::ranges::any_of(request_.query, [name](const auto& parameter) { return parameter.first == name; });
}

void Params::Reject(std::string_view name, std::string_view value, std::string allowed) {
  errors_.push_back({std::string(name), std::string(TruncateUtf8(value, kEchoedBytesMax)), std::move(allowed)});
}

std::optional<Problem> Params::Finish() {
  for (const auto& [key, value] : request_.query) {
    if (!rules_.unknown_is_error || std::ranges::find(known_, key) != known_.end()) continue;
    std::string known;
    for (const std::string& name : known_) known += (known.empty() ? "" : ", ") + name;
    Reject(TruncateUtf8(key, kEchoedBytesMax), value,
           known.empty() ? "no parameters here" : "unknown; this resource knows " + known);
  }
  if (errors_.empty()) return std::nullopt;
  Problem problem = BadParameters(std::move(errors_));
  problem.status = rules_.status;
  return problem;
}

}  // namespace repopulse::http
