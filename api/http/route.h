// The one table of routes: what can be asked for, who may, and what answers.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.h"
#include "http/problem.h"
#include "service/read_pipeline.h"

namespace repopulse::http {

enum class Access { kAnybody, kAdministrator };

// The values of a pattern's {names}, in its order.
using PathValues = std::vector<std::string>;

// A stream, or what is answered instead of it.
using Opened = std::variant<Stream, Representation>;

// A query, and how its client is told of what goes wrong in computing the answer, where FromError() would not do.
struct Reading : ReadQuery {
  Reading() = default;
  Reading(ReadQuery query) : ReadQuery(std::move(query)) {}
  std::function<Problem(const Error&)> explain;
  std::function<Result<Opened>()> open;  // where there is one, this is the answer, and no cache knows of it
};
// A GET that goes through the read pipeline: parses the request into the query to answer.
using ReadHandler = std::function<Checked<Reading>(const Request&, const PathValues&)>;
// Anything else: answers by itself.
using DirectHandler = std::function<Checked<Response>(const Request&, const PathValues&)>;

struct Route {
  Method method = Method::kGet;  // kGet also answers HEAD
  std::string pattern;           // "/api/v1/topics/{topic}"; a part may be "{name}.svg"
  Access access = Access::kAnybody;
  std::variant<ReadHandler, DirectHandler> handler;
  std::string description;  // one line, for the API's documentation
  bool image = false;       // its errors are small pictures, for who embeds it
};

class RouteTable {
 public:
  void Add(Route route);

  struct Match {
    const Route* route = nullptr;
    PathValues values;
  };
  // The route, or 404, or 405 with what is allowed. A literal part wins over a {name}. OPTIONS is not matched here.
  [[nodiscard]] Checked<Match> Find(const Request& request) const;
  // "GET, HEAD, OPTIONS" for the path; empty where it does not exist.
  [[nodiscard]] std::string Allow(const std::vector<std::string>& segments) const;
  [[nodiscard]] std::vector<const Route*> routes() const;

 private:
  struct Part {
    bool named = false;  // a {name}, with the text behind it
    std::string text;

    [[nodiscard]] bool Matches(std::string_view segment) const;
  };
  struct Compiled {
    Route route;
    std::vector<Part> parts;
    size_t literals = 0;
  };
  static bool Matches(const Compiled& compiled, const std::vector<std::string>& segments);
  // The routes of the most literal pattern that fits the path, of whatever method.
  [[nodiscard]] std::vector<const Compiled*> Candidates(const std::vector<std::string>& segments) const;

  std::map<size_t, std::vector<Compiled>> by_size_;  // number of parts -> routes
};

}  // namespace repopulse::http
