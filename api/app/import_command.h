// `repopulse import` and `repopulse verify`.
#pragma once

#include "app/config.h"
#include "app/import_arguments.h"

namespace repopulse {

// Both return an exit code of command_line.h.
int Import(const Config& config, const ImportArguments& arguments);
int Verify(const Config& config, bool json);

}  // namespace repopulse
