// GitHub's REST API over an HttpTransport: headers, redirects, limits and errors as GitHub documents them.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "github/http_transport.h"
#include "service/github.h"

namespace repopulse {

struct GitHubOptions {
  std::string api_url = "https://api.github.com";  // without a trailing slash
  std::string token;                               // empty: anonymous. Sent to api_url's scheme, host and port only.
  std::string user_agent;                          // mandatory at GitHub
  std::chrono::milliseconds deadline{30000};       // of one call, redirects included
};

// As thread-safe as its transport. `clock` must outlive it.
std::unique_ptr<GitHub> MakeGitHubClient(GitHubOptions options, std::unique_ptr<HttpTransport> transport,
                                         const Clock& clock);

}  // namespace repopulse
