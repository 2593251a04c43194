// /maintenance: starting jobs and looking at them. Cron calls these; so can a person with the admin key.
#include "base/strings.h"
#include "http/handlers.h"
#include "http/params.h"
#include "http/render.h"

namespace repopulse::http {
namespace {

constexpr int64_t kWaitSecondsMax = 600;
constexpr size_t kJobsListed = 50;

std::string LocationOf(JobId id) { return "Location: /maintenance/jobs/" + std::to_string(id.value) + "\r\n"; }

Response ShowJob(const Job& job, int status, const std::string& headers) {
  return {status, "application/json", headers, ToText({{"data", ToJson(job)}, {"meta", Json::object()}})};
}

Checked<Response> StartJob(const Services& services, const Request& request, const PathValues& values) {
  const auto kind = ParseJobKind(values[0]);
  if (!kind) return Refuse(NotFound("There is no such maintenance job."));
  Params params(request);
  const auto wait = params.Integer("wait", 0, kWaitSecondsMax);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const auto started = services.jobs.Start(*kind);
  if (!started) return Refuse(FromError(started.error()));
  const std::chrono::seconds patience{request.may_wait ? wait.value_or(0) : 0};
  const auto job = services.jobs.Wait(started->id, patience);
  if (!job) return Refuse(FromError(job.error()));
  if (job->error && wait) {
    Problem problem = FromJobError(*job->error);
    problem.headers += LocationOf(job->id);
    return Refuse(std::move(problem));
  }
  if (job->state == JobState::kRunning || !wait) return ShowJob(*job, 202, LocationOf(job->id) + "Retry-After: 1\r\n");
  return ShowJob(*job, 200, LocationOf(job->id));
}

Checked<Response> FindJob(const Services& services, const Request&, const PathValues& values) {
  const auto id = ParseInteger<int64_t>(values[0]);
  if (!id) return Refuse(NotFound("Jobs have numbers."));
  const auto job = services.jobs.Find(JobId{*id});
  if (!job) return Refuse(FromError(job.error()));
  if (!*job) return Refuse(NotFound("There is no job " + values[0] + "."));
  return ShowJob(**job, 200, "");
}

Checked<Response> ListJobs(const Services& services, const Request&, const PathValues&) {
  const auto jobs = services.jobs.Recent(kJobsListed);
  if (!jobs) return Refuse(FromError(jobs.error()));
  Json data = Json::array();
  for (const Job& job : *jobs) data.push_back(ToJson(job));
  return Response{200, "application/json", "", ToText({{"data", data}, {"meta", {{"total", jobs->size()}}}})};
}

}  // namespace

void AddMaintenanceRoutes(RouteTable& table, Services& services) {
  const auto direct = [&services](auto handler) {
    return DirectHandler([&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    });
  };
  for (const std::string prefix : {"", "/api/v1"}) {
    table.Add({Method::kPost, prefix + "/maintenance/{job}", Access::kAdministrator, direct(StartJob),
               "Start a job, or join the one that runs; ?wait=SECONDS waits for its end"});
    table.Add(
        {Method::kGet, prefix + "/maintenance/jobs", Access::kAdministrator, direct(ListJobs), "The latest jobs"});
    table.Add({Method::kGet, prefix + "/maintenance/jobs/{id}", Access::kAdministrator, direct(FindJob),
               "One job: state, progress, counts, error"});
  }
}

}  // namespace repopulse::http
