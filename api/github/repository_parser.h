// GitHub's JSON into values of the domain. Nothing in it is trusted: what does not fit is counted and left out.
#pragma once

#include <string_view>

#include "base/result.h"
#include "domain/repository.h"
#include "service/github.h"

namespace repopulse {

// The body of GET /search/repositories. kMalformed where it is not an object with total_count and items; single items
// that are wrong are counted, private ones left out. `has_next` is left to the caller (it is a header).
Result<SearchPage> ParseSearchPage(std::string_view body);

// The body of GET /repos/{owner}/{name}. kMalformed where it is not a repository, kNotFound where it is a private one.
Result<Repository> ParseRepository(std::string_view body);

// The "message" of an error's body; empty where there is none (HTML, no JSON).
std::string ParseErrorMessage(std::string_view body);

}  // namespace repopulse
