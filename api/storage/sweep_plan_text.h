// A sweep's plan as the JSON text of its row.
#pragma once

#include <optional>
#include <string>

#include "domain/sweep.h"

namespace repopulse {

std::string EncodePlan(const SweepPlan& plan);
// None where the text is not a plan, e.g. of another version of the program: the sweep is begun anew then.
std::optional<SweepPlan> DecodePlan(const std::string& text);

}  // namespace repopulse
