#include "http/error_image.h"

#include "http/svg_chart.h"

namespace repopulse::http {

Response RenderAsImage(const Problem& problem) {
  std::string words = problem.detail;
  if (!problem.errors.empty()) {
    const ParameterError& first = problem.errors.front();
    words = first.parameter + ": " + first.allowed;
  }
  return {problem.status, "image/svg+xml", problem.headers + SvgSecurityPolicy(),
          RenderNotice(std::to_string(problem.status) + " " + problem.title, words)};
}

}  // namespace repopulse::http
