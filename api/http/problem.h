// Errors as clients see them: RFC 9457 application/problem+json. The one place that maps an error to a status.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace repopulse::http {

// One wrong parameter: what was given and what would be right.
struct ParameterError {
  std::string parameter;
  std::string value;
  std::string allowed;
};

struct Problem {
  int status = 500;
  std::string code;  // stable word; the problem's type is the URN "urn:repopulse:problem:<code>"
  std::string title;
  std::string detail;  // for this occurrence; never a driver's text
  std::vector<ParameterError> errors;
  std::string headers;  // further header lines, each with CRLF: Allow, Retry-After, WWW-Authenticate
  std::vector<std::pair<std::string, std::optional<std::string>>> extensions = {};  // further members of the body
  std::string cause = {};  // for the log alone: the error behind it
};

template <class T>
using Checked = tl::expected<T, Problem>;

inline tl::unexpected<Problem> Refuse(Problem problem) { return tl::make_unexpected(std::move(problem)); }

Problem BadParameters(std::vector<ParameterError> errors);
Problem NotFound(std::string detail);
Problem MethodNotAllowed(std::string_view allow);
Problem MissingKey();
Problem WrongKey();
Problem Malformed(std::string detail);
// The map from an error to a status. `error.message` goes to the log (as `cause`), not to the client, but for
// kNotFound, kConflict and kInvalidArgument, whose messages are written for clients.
Problem FromError(const Error& error);
// For who waits for a job: its error, with its text as the extension `job_error`. Never a 4xx, which would blame the
// request.
Problem FromJobError(const Error& error);

Response Render(const Problem& problem, const std::string& request_id);

}  // namespace repopulse::http
