#include "http/server.h"

#include <pistache/endpoint.h>
#include <pistache/http.h>
#include <pistache/peer.h>

#include <atomic>
#include <exception>

#include "base/log.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "http/answer_writer.h"

namespace repopulse::http {
namespace {

constexpr size_t kRequestBytesMax = 16 * 1024;   // beyond it Pistache answers 413
constexpr std::chrono::seconds kKeepAlive{300};  // longer than the proxy's, so that the proxy is the one that closes
constexpr std::chrono::seconds kWriteDeadline{10};
constexpr int kBacklog = 1024;

Method MethodOf(Pistache::Http::Method method) {
  switch (method) {
    case Pistache::Http::Method::Get:
      return Method::kGet;
    case Pistache::Http::Method::Head:
      return Method::kHead;
    case Pistache::Http::Method::Post:
      return Method::kPost;
    case Pistache::Http::Method::Put:
      return Method::kPut;
    case Pistache::Http::Method::Delete:
      return Method::kDelete;
    case Pistache::Http::Method::Options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

std::string BearerToken(const std::string& authorization) {
  constexpr std::string_view kBearer = "bearer ";
  if (authorization.size() <= kBearer.size() ||
      !EqualsIgnoreCaseAscii(std::string_view(authorization).substr(0, kBearer.size()), kBearer)) {
    return "";
  }
  return std::string(TrimSpace(std::string_view(authorization).substr(kBearer.size())));
}

// The target as the client sent it. Pistache keeps the query in a map, which loses order and duplicates, so the proxy
// passes the original along; without a proxy what Pistache kept has to do.
std::string TargetOf(const Pistache::Http::Request& request, std::string&& original) {
  if (!original.empty()) return std::move(original);
  return request.resource() + request.query().as_str();
}

struct Parsed {
  Request request;
  std::string target;
};

Parsed Parse(const Pistache::Http::Request& from, bool may_wait) {
  Parsed parsed;
  Request& request = parsed.request;
  std::string original;
  std::string bearer;
  for (const auto& [name, header] : from.headers().rawList()) {
    const auto is = [&name = name](std::string_view known) { return EqualsIgnoreCaseAscii(name, known); };
    if (is("x-request-target"))
      original = header.value();
    else if (is("x-request-id"))
      request.request_id = header.value();
    else if (is("x-real-ip"))
      request.client = header.value();
    else if (is("if-none-match"))
      request.if_none_match = header.value();
    else if (is("accept-encoding"))
      request.accepts_gzip = header.value() == "gzip";
    else if (is("x-api-key"))
      request.credential = header.value();
    else if (is("authorization"))
      bearer = BearerToken(header.value());
  }
  if (request.credential.empty()) request.credential = std::move(bearer);
  request.method = MethodOf(from.method());
  request.body = from.body();
  request.may_wait = may_wait;
  parsed.target = TargetOf(from, std::move(original));
  return parsed;
}

Answer RefuseWhileDraining(const Request& request) {
  Problem problem = FromError({ErrorCode::kUnavailable, "draining"});
  problem.detail = "This replica is stopping.";
  return {Render(problem, request.request_id), "draining"};
}

}  // namespace

// Cloned by Pistache for each worker thread; everything it refers to is shared and thread-safe.
class PeerHandler final : public Pistache::Http::Handler {
 public:
  HTTP_PROTOTYPE(PeerHandler)

  PeerHandler(const ServerOptions& options, const Dispatcher& dispatcher, Metrics& metrics, Drain& drain)
      : options_(options), dispatcher_(dispatcher), metrics_(metrics), drain_(drain) {}

  void onRequest(const Pistache::Http::Request& from, Pistache::Http::ResponseWriter response) override {
    const auto peer = response.peer();
    drain_.in_flight.fetch_add(1);
    try {
      Serve(from, *peer);
    } catch (...) {  // an exception would reach Pistache, which sends its text to the client or ends the process
      ::shutdown(peer->fd(), SHUT_RDWR);
    }
    drain_.in_flight.fetch_sub(1);
    peer->setIdle(true);
  }

 private:
  void Serve(const Pistache::Http::Request& from, Pistache::Tcp::Peer& peer) {
    const auto begin = std::chrono::steady_clock::now();
    auto [request, target] = Parse(from, options_.may_wait);
    const bool draining = drain_.draining.load();
    const bool readable = request.method == Method::kGet || request.method == Method::kHead;
    const Answer answer = draining && readable ? RefuseWhileDraining(request) : dispatcher_.Handle(request, target);
    const std::string date =
        FormatHttpDate(std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
    const WriteOptions how{request.method == Method::kHead, draining, options_.replica, date, options_.replay_now};
    const Written written = WriteAnswer(peer.fd(), request, answer, how, kWriteDeadline);
    const auto duration = std::chrono::steady_clock::now() - begin;
    metrics_.Observe(answer.route, written.status, duration);
    LogAccess(request, target, answer, written, duration);
  }

  static void LogAccess(const Request& request, const std::string& target, const Answer& answer, const Written& written,
                        std::chrono::nanoseconds duration) {
    if (!LogEnabled(LogLevel::kInfo)) return;
    const auto* read = std::get_if<ReadAnswer>(&answer.content);
    const bool streamed = std::holds_alternative<Stream>(answer.content);
    LogInfo("request", {{"request_id", request.request_id},
                        {"client", request.client},
                        {"method", ToString(request.method)},
                        {"target", target},
                        {"route", answer.route},
                        {"status", written.status},
                        {"bytes", written.bytes},
                        {"complete", written.complete},
                        {"source", read != nullptr ? ToString(read->source)
                                   : streamed      ? "streamed"
                                                   : "direct"},
                        {"duration_us", std::chrono::duration_cast<std::chrono::microseconds>(duration).count()}});
  }

  const ServerOptions& options_;
  const Dispatcher& dispatcher_;
  Metrics& metrics_;
  Drain& drain_;
};

struct Server::Impl {
  ServerOptions options;
  const Dispatcher& dispatcher;
  Metrics& metrics;
  Drain& drain;
  std::unique_ptr<Pistache::Http::Endpoint> endpoint;
};

Server::Server(ServerOptions options, const Dispatcher& dispatcher, Metrics& metrics, Drain& drain)
    : impl_(new Impl{std::move(options), dispatcher, metrics, drain, nullptr}) {}

Server::~Server() { Stop(); }

Status Server::Start() {
  using Pistache::Tcp::Options;
  const ServerOptions& options = impl_->options;
  try {
    impl_->endpoint =
        std::make_unique<Pistache::Http::Endpoint>(Pistache::Address(options.host, Pistache::Port(options.port)));
    const auto flags = Pistache::Flags<Options>(Options::ReuseAddr) | Options::NoDelay;
    auto settings = Pistache::Http::Endpoint::options()
                        .threads(options.threads)
                        .threadsName(options.name)
                        .flags(flags)
                        .maxRequestSize(kRequestBytesMax)
                        .keepaliveTimeout(kKeepAlive);
    impl_->endpoint->init(settings);
    impl_->endpoint->initArgs(static_cast<size_t>(options.threads), flags, options.name, kBacklog);
    impl_->endpoint->setHandler(
        std::make_shared<PeerHandler>(options, impl_->dispatcher, impl_->metrics, impl_->drain));
    impl_->endpoint->serveThreaded();
  } catch (const std::exception& e) {
    impl_->endpoint.reset();
    return Fail(ErrorCode::kConflict,
                "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " + e.what());
  }
  return {};
}

void Server::Stop() {
  if (!impl_->endpoint) return;
  impl_->endpoint->shutdown();
  impl_->endpoint.reset();
}

}  // namespace repopulse::http
