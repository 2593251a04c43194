// `repopulse migrate`: the schema, up and down.
#pragma once

#include "app/config.h"

namespace repopulse {

struct MigrateCommand {
  enum class Action { kUp, kDown, kStatus };
  Action action = Action::kUp;
  int down_count = 0;
};

// Returns an exit code of command_line.h.
int Migrate(const Config& config, const MigrateCommand& command);

}  // namespace repopulse
