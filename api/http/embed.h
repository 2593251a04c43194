// What pictures for other sites have in common.
#pragma once

#include <string>
#include <string_view>

#include "http/services.h"

namespace repopulse::http {

inline constexpr std::string_view kSvgType = "image/svg+xml";

// The words, saying so where GitHub is simulated.
inline std::string InDemo(const Services& services, const std::string& words) {
  return services.demo ? words + " (simulated)" : words;
}

// "a, b, c": the names of what there is.
template <class Named>
std::string ListOf(const Named& all) {
  std::string list;
  for (const auto& one : all) list += (list.empty() ? "" : ", ") + std::string(one.name);
  return list;
}

}  // namespace repopulse::http
