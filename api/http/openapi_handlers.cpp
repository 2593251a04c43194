// /api/v1/openapi.json: the description of this API.
#include "base/encode.h"
#include "http/handlers.h"
#include "http/openapi.h"
#include "http/params.h"

namespace repopulse::http {
namespace {

constexpr const char* kNeverInvalidated = "openapi";

Checked<Reading> ReadDocument(const Services& services, const Request& request, const std::string& key) {
  Params params(request);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{key, kNeverInvalidated, [&services]() -> Result<Representation> {
                     return services.builder.Ok("application/json", std::string(OpenApiDocument()),
                                                services.clock.Now());
                   }};
}

}  // namespace

void AddDocumentRoutes(RouteTable& table, Services& services) {
  // Replicas of two versions share a cache while one replaces the other.
  const std::string key = "v1/openapi.json?" + ContentHash(OpenApiDocument());
  const auto read = [&services, key](const Request& request, const PathValues&) {
    return ReadDocument(services, request, key);
  };
  table.Add({Method::kGet, "/api/v1/openapi.json", Access::kAnybody, ReadHandler(read), "This API's description"});
}

}  // namespace repopulse::http
