// For those who run the service: liveness, readiness, metrics.
#include "base/log.h"
#include "base/time_format.h"
#include "http/handlers.h"
#include "http/render.h"

namespace repopulse::http {
namespace {

constexpr std::chrono::milliseconds kCheckDeadline{1000};

std::string Verdict(const Status& status) { return status ? "ok" : std::string(ToString(status.error().code)); }

Status CheckSchema(Schema& schema) {
  const auto state = schema.State();
  if (!state) return tl::make_unexpected(state.error());
  if (state->applied != state->expected) return Fail(ErrorCode::kConflict, "the schema is not this version's");
  return {};
}

Checked<Response> Ready(const Services& services, const Request&, const PathValues&) {
  const Status database = services.schema.Ping(kCheckDeadline);
  const Status schema = database ? CheckSchema(services.schema) : database;
  const Status redis = services.shared_cache.Ping();
  const bool draining = services.draining.load();
  const bool ready = database && schema && redis && !draining;
  services.metrics.SetReady(ready);
  for (const Status* check : {&database, &schema, &redis}) {
    if (!*check) LogWarn("not_ready", {{"error", check->error().message}});
  }
  Json body = {
      {"status", ready ? "ready" : "not ready"},
      {"checks",
       {{"mysql", Verdict(database)}, {"schema", Verdict(schema)}, {"redis", Verdict(redis)}, {"draining", draining}}},
      {"version", services.version},
      {"demo", services.demo},
      {"github", services.github_url},
      {"github_credential", services.github_credential}};
  if (!services.replay_now.empty()) {
    body["replay_now"] = services.replay_now;
    body["now"] = FormatRfc3339(services.clock.Now());
  }
  return Response{ready ? 200 : 503, "application/json", ready ? "" : "Retry-After: 1\r\n", ToText(body)};
}

Checked<Response> ShowMetrics(const Services& services, const Request&, const PathValues&) {
  // Without the database the other metrics are still worth having.
  if (const auto budgets = services.budgets.List(services.github_credential)) {
    for (const NamedRateBudget& named : *budgets) {
      services.metrics.SetBudget(ToString(named.resource), named.budget.remaining, named.budget.limit);
    }
  }
  if (auto totals = services.sources.Totals()) services.metrics.SetSources(*std::move(totals));
  return Response{200, "text/plain; version=0.0.4; charset=utf-8", "", services.metrics.Text()};
}

}  // namespace

void AddOperationRoutes(RouteTable& table, Services& services) {
  table.Add({Method::kGet, "/livez", Access::kAnybody,
             DirectHandler([](const Request&, const PathValues&) -> Checked<Response> {
               return Response{200, "application/json", "", R"({"status":"alive"})"};
             }),
             "Whether the process answers; touches nothing else"});
  table.Add({Method::kGet, "/readyz", Access::kAnybody,
             DirectHandler([&services](const Request& request, const PathValues& values) {
               return Ready(services, request, values);
             }),
             "Whether MySQL, its schema and Redis are there"});
  table.Add({Method::kGet, "/metrics", Access::kAnybody,
             DirectHandler([&services](const Request& request, const PathValues& values) {
               return ShowMetrics(services, request, values);
             }),
             "Prometheus metrics, on the replica's own port only"});
}

RouteTable AllRoutes(Services& services) {
  RouteTable table;
  AddTopicRoutes(table, services);
  AddRepositoryRoutes(table, services);
  AddPopularityRoutes(table, services);
  AddEventRoutes(table, services);
  AddEventListRoutes(table, services);
  AddActivityRoutes(table, services);
  AddTrendingRoutes(table, services);
  AddCompareRoutes(table, services);
  AddHealthRoutes(table, services);
  AddBadgeRoutes(table, services);
  AddChartRoutes(table, services);
  AddFeedRoutes(table, services);
  AddCoverageRoutes(table, services);
  AddTrackingRoutes(table, services);
  AddPredecessorRoutes(table, services);
  AddMaintenanceRoutes(table, services);
  AddOperationRoutes(table, services);
  AddDocumentRoutes(table, services);
  return table;
}

}  // namespace repopulse::http
