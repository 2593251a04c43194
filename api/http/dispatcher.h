// From a parsed request to its answer: routes, methods, keys, CORS, the read pipeline, and problems for all that goes
// wrong.
#pragma once

#include "http/message.h"
#include "http/route.h"
#include "http/services.h"

namespace repopulse::http {

// Thread-safe once built.
class Dispatcher {
 public:
  Dispatcher(Services& services, RouteTable routes);

  // Never throws. `target` is what ParseTarget() makes of the request line.
  Answer Handle(Request request, std::string_view target) const;
  // Computes the answer of a GET of `target` anew and stores it in the caches.
  Status Refresh(std::string_view target) const;

  [[nodiscard]] const RouteTable& routes() const { return routes_; }

 private:
  Checked<Answer> Run(Request& request, std::string_view target) const;
  Checked<Answer> RunRoute(const RouteTable::Match& match, const Request& request) const;
  Checked<Answer> Read(const Reading& query) const;
  [[nodiscard]] std::optional<Problem> CheckAccess(const Route& route, const Request& request) const;

  Services& services_;
  const RouteTable routes_;
};

}  // namespace repopulse::http
