// /maintenance: starting jobs and looking at them. Cron calls these; so can a person with the admin key.
#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/handlers.h"
#include "http/meta.h"
#include "http/params.h"
#include "http/render.h"
#include "service/import_job.h"

namespace repopulse::http {
namespace {

constexpr int64_t kWaitSecondsMax = 600;
constexpr size_t kJobsListed = 50;
constexpr size_t kJobsSearched = 1000;  // of which one runs: those that others started meanwhile are behind it
constexpr size_t kArchiveHourBytesMax = 20;

std::string LocationOf(JobId id) { return "Location: /maintenance/jobs/" + std::to_string(id.value) + "\r\n"; }

Response ShowJob(const Services& services, const Job& job, int status, const std::string& headers) {
  const Json body = {{"data", ToJson(job)}, {"meta", CompleteMeta(services, Json::object())}};
  return {status, "application/json", headers, ToText(body)};
}

// The first hour of GH Archive.
const TimePoint kArchiveBegin = std::chrono::sys_days{std::chrono::year{2011} / 2 / 12};

// What `import` is asked to do, as its argument; mistakes go to `params`.
std::string ReadImportOrder(const Request& request, Params& params, TimePoint now) {
  const auto text = params.Text("hour", kArchiveHourBytesMax);
  const bool only_tracked = params.Boolean("only_tracked").value_or(false);
  const std::string allowed =
      "an hour of GH Archive that is over, in UTC, as 2015-01-01-0; from 2011-02-12-0 to " +
      ToString(ArchiveHour{std::chrono::floor<std::chrono::hours>(now) - std::chrono::hours{1}});
  const bool told_already =
      !text && std::ranges::any_of(request.query, [](const auto& p) { return p.first == "hour"; });
  if (told_already) return "";
  const auto hour = ParseArchiveHour(text.value_or(""));
  if (!hour || hour->begin < kArchiveBegin || hour->begin + std::chrono::hours{1} > now) {
    params.Reject("hour", text.value_or(""), allowed);
    return "";
  }
  return ToString(ImportOrder{*hour, only_tracked});
}

// The refusal to start a job while one of its kind does something else, with the place of that one.
Problem WithRunningJob(Problem problem, JobRunner& jobs, JobKind kind) {
  const auto recent = jobs.Recent(kJobsSearched);
  if (!recent) return problem;
  const auto running = std::ranges::find_if(
      *recent, [kind](const Job& job) { return job.kind == kind && job.state == JobState::kRunning; });
  if (running == recent->end()) return problem;
  problem.headers += LocationOf(running->id);
  problem.detail = "Another import is under way: " + running->argument + ".";
  return problem;
}

Checked<Response> StartJob(const Services& services, const Request& request, const PathValues& values) {
  const auto kind = ParseJobKind(values[0]);
  if (!kind) return Refuse(NotFound("There is no such maintenance job."));
  Params params(request);
  const auto wait = params.Integer("wait", 0, kWaitSecondsMax);
  const std::string argument = *kind == JobKind::kImport ? ReadImportOrder(request, params, services.clock.Now()) : "";
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const auto started = services.jobs.Start(*kind, argument);
  if (!started && started.error().code == ErrorCode::kConflict) {
    return Refuse(WithRunningJob(FromError(started.error()), services.jobs, *kind));
  }
  if (!started) return Refuse(FromError(started.error()));
  const std::chrono::seconds patience{request.may_wait ? wait.value_or(0) : 0};
  const auto job = services.jobs.Wait(started->id, patience);
  if (!job) return Refuse(FromError(job.error()));
  if (job->error && wait) {
    Problem problem = FromJobError(*job->error);
    problem.headers += LocationOf(job->id);
    return Refuse(std::move(problem));
  }
  if (job->state == JobState::kRunning || !wait)
    return ShowJob(services, *job, 202, LocationOf(job->id) + "Retry-After: 1\r\n");
  return ShowJob(services, *job, 200, LocationOf(job->id));
}

Checked<Response> FindJob(const Services& services, const Request&, const PathValues& values) {
  const auto id = ParseInteger<int64_t>(values[0]);
  if (!id) return Refuse(NotFound("Jobs have numbers."));
  const auto job = services.jobs.Find(JobId{*id});
  if (!job) return Refuse(FromError(job.error()));
  if (!*job) return Refuse(NotFound("There is no job " + values[0] + "."));
  return ShowJob(services, **job, 200, "");
}

Checked<Response> ListJobs(const Services& services, const Request&, const PathValues&) {
  const auto jobs = services.jobs.Recent(kJobsListed);
  if (!jobs) return Refuse(FromError(jobs.error()));
  Json data = Json::array();
  for (const Job& job : *jobs) data.push_back(ToJson(job));
  const Json meta = CompleteMeta(services, {{"total", jobs->size()}});
  return Response{200, "application/json", "", ToText({{"data", data}, {"meta", meta}})};
}

}  // namespace

void AddMaintenanceRoutes(RouteTable& table, Services& services) {
  const auto direct = [&services](auto handler) {
    return DirectHandler([&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    });
  };
  for (const std::string prefix : {"", "/api/v1"}) {
    table.Add(
        {Method::kPost, prefix + "/maintenance/{job}", Access::kAdministrator, direct(StartJob),
         "Start a job, or join the one that runs; ?wait=SECONDS waits for its end; import takes hour=YYYY-MM-DD-H"});
    table.Add(
        {Method::kGet, prefix + "/maintenance/jobs", Access::kAdministrator, direct(ListJobs), "The latest jobs"});
    table.Add({Method::kGet, prefix + "/maintenance/jobs/{id}", Access::kAdministrator, direct(FindJob),
               "One job: state, progress, counts, error"});
  }
}

}  // namespace repopulse::http
