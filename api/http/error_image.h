// Errors of image routes: who embeds a picture sees why there is none.
#pragma once

#include "http/problem.h"

namespace repopulse::http {

Response RenderAsImage(const Problem& problem);

}  // namespace repopulse::http
