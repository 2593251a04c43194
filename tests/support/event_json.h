// One event as GitHub sends it, for tests to change.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace repopulse::test {

inline nlohmann::json SampleEventJson() {
  return {{"id", "22249084947"},
          {"type", "IssuesEvent"},
          {"actor", {{"id", 583231}, {"login", "octocat"}, {"display_login", "octocat"}}},
          {"repo", {{"id", 1296269}, {"name", "octocat/Hello-World"}, {"url", "https://api.github.com/repos/x/y"}}},
          {"payload", {{"action", "opened"}, {"issue", {{"id", 73464126}, {"number", 7}, {"title", "It broke"}}}}},
          {"public", true},
          {"created_at", "2026-02-28T12:34:56Z"}};
}

inline nlohmann::json EventJsonWith(const std::string& pointer, nlohmann::json value) {
  nlohmann::json sample = SampleEventJson();
  sample[nlohmann::json::json_pointer(pointer)] = std::move(value);
  return sample;
}

}  // namespace repopulse::test
