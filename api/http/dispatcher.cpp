#include "http/dispatcher.h"

#include <exception>

#include "base/log.h"
#include "base/strings.h"
#include "http/error_image.h"

namespace repopulse::http {
namespace {

Response CorsPreflight(const std::string& allow) {
  // Reading is open to pages of any origin; writing needs a key and is done from pages of this service only.
  return {204, "",
          "Allow: " + allow +
              "\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n" +
              "Access-Control-Allow-Headers: If-None-Match\r\nAccess-Control-Max-Age: 86400\r\n",
          ""};
}

Problem Explain(const Reading& query, const Error& error) {
  return query.explain ? query.explain(error) : FromError(error);
}

void LogIfOurFault(const Problem& problem, const Request& request) {
  if (problem.status < 500 || problem.cause.empty()) return;
  LogWarn("request_failed", {{"request_id", request.request_id}, {"target", request.target}, {"error", problem.cause}});
}

}  // namespace

Dispatcher::Dispatcher(Services& services, RouteTable routes) : services_(services), routes_(std::move(routes)) {}

Answer Dispatcher::Handle(Request request, std::string_view target) const {
  try {
    auto answer = Run(request, target);
    return answer ? *std::move(answer) : Answer{Render(answer.error(), request.request_id)};
  } catch (const std::exception& e) {
    LogError("request_threw", {{"request_id", request.request_id}, {"target", request.target}, {"error", e.what()}});
  } catch (...) {  // whatever leaves here would end the process
    LogError("request_threw", {{"request_id", request.request_id}, {"target", request.target}});
  }
  return {Render(FromError({ErrorCode::kInternal, ""}), request.request_id)};
}

Checked<Answer> Dispatcher::Run(Request& request, std::string_view target) const {
  if (const auto parsed = ParseTarget(target, request); !parsed) return Refuse(FromError(parsed.error()));
  if (request.method == Method::kOptions) {
    const std::string allow = routes_.Allow(request.segments);
    if (allow.empty()) return Refuse(NotFound("There is nothing at this path."));
    return Answer{CorsPreflight(allow)};
  }
  const auto match = routes_.Find(request);
  if (!match) return Refuse(match.error());
  auto answer = RunRoute(*match, request);
  if (!answer) {
    LogIfOurFault(answer.error(), request);
    answer = Answer{match->route->image ? RenderAsImage(answer.error()) : Render(answer.error(), request.request_id)};
  }
  answer->route = match->route->pattern;
  return answer;
}

Checked<Answer> Dispatcher::RunRoute(const RouteTable::Match& match, const Request& request) const {
  const Route& route = *match.route;
  if (auto refused = CheckAccess(route, request)) return Refuse(*std::move(refused));
  if (const auto* direct = std::get_if<DirectHandler>(&route.handler)) {
    auto response = (*direct)(request, match.values);
    if (!response) return Refuse(std::move(response.error()));
    return Answer{*std::move(response)};
  }
  auto query = std::get<ReadHandler>(route.handler)(request, match.values);
  if (!query) return Refuse(std::move(query.error()));
  return Read(*query);
}

Checked<Answer> Dispatcher::Read(const Reading& query) const {
  if (!query.open) {
    auto read = services_.pipeline.Read(query);
    if (!read) return Refuse(Explain(query, read.error()));
    services_.metrics.CountRead(read->source);
    return Answer{*std::move(read)};
  }
  auto opened = query.open();
  if (!opened) return Refuse(Explain(query, opened.error()));
  services_.metrics.CountRead(ReadSource::kComputed);
  if (auto* stream = std::get_if<Stream>(&*opened)) return Answer{std::move(*stream)};
  return Answer{ReadAnswer{std::make_shared<const Representation>(std::get<Representation>(*std::move(opened)))}};
}

std::optional<Problem> Dispatcher::CheckAccess(const Route& route, const Request& request) const {
  if (route.access == Access::kAnybody) return std::nullopt;
  if (request.credential.empty()) return MissingKey();
  if (!EqualsConstantTime(request.credential, services_.admin_key)) return WrongKey();
  return std::nullopt;
}

Status Dispatcher::Refresh(std::string_view target) const {
  Request request;
  if (auto parsed = ParseTarget(target, request); !parsed) return parsed;
  const auto match = routes_.Find(request);
  const auto* handler = match ? std::get_if<ReadHandler>(&match->route->handler) : nullptr;
  if (handler == nullptr) return Fail(ErrorCode::kInternal, "not a readable route: " + std::string(target));
  auto query = (*handler)(request, match->values);
  if (!query) return Fail(ErrorCode::kInternal, "not a valid query: " + std::string(target));
  return services_.pipeline.Refresh(*query);
}

}  // namespace repopulse::http
