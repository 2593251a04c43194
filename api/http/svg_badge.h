// A badge: two words side by side, drawn by the server, for a README.
#pragma once

#include <string>
#include <string_view>

namespace repopulse::http {

struct Badge {
  std::string label;
  std::string message;
  std::string_view colour;  // one of shields.io's names: "blue", "brightgreen", "orange", "lightgrey"
};

std::string RenderBadge(const Badge& badge);
// "987", "12.3k", "4M": four characters at most say how much.
std::string ShortNumber(double value);

}  // namespace repopulse::http
