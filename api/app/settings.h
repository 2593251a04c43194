// The table of settings: every environment variable this project knows, with its default and the check of its value.
// Those of the proxy, cron and the local stack are here too, so that one command finds every mistake of a .env.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace repopulse {

struct Setting {
  std::string_view name;
  std::string_view otherwise;  // its default
  // What is allowed, where `value` is not; nothing where it is.
  std::optional<std::string> (*check)(const std::string& value);
  bool secret = false;  // never shown; can come from NAME_FILE
};

const std::vector<Setting>& AllSettings();
const Setting* FindSetting(std::string_view name);

}  // namespace repopulse
