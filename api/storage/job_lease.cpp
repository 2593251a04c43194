#include "storage/job_lease.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace repopulse {
namespace {

constexpr size_t kStepBytesMax = 500;
constexpr size_t kMessageBytesMax = 2000;

constexpr std::string_view kHeartbeat =
    "UPDATE jobs SET heartbeat_at = ?, step = ?, counts = ? WHERE id = ? AND state = 'running'";
constexpr std::string_view kFinish = R"(
  UPDATE jobs SET state = ?, heartbeat_at = ?, finished_at = ?, step = ?, counts = ?, error_code = ?, error_message = ?
  WHERE id = ? AND state = 'running')";

}  // namespace

Status SqlJobLease::Write(std::string_view sql, std::initializer_list<Value> parameters) {
  // A connection that failed once may have lost the lock, whatever it says later.
  if (connection_->health() != ConnectionHealth::kUsable) return Fail(ErrorCode::kCancelled, "the lease is lost");
  auto written = connection_->Execute(sql, parameters);
  if (!written && connection_->health() != ConnectionHealth::kUsable) {
    return Fail(ErrorCode::kCancelled, "the lease is lost: " + written.error().message);
  }
  if (!written) return WithContext("write the job's progress", std::move(written.error()));
  if (*written == 0) return Fail(ErrorCode::kCancelled, "the lease is lost: another leader has abandoned this job");
  return {};
}

Status SqlJobLease::Heartbeat(const JobProgress& progress, TimePoint now) {
  return Write(kHeartbeat,
               {now, TruncateUtf8(progress.step, kStepBytesMax), std::string_view(EncodeCounts(progress.counts)), id_});
}

Status SqlJobLease::Finish(const JobProgress& progress, const std::optional<Error>& error, TimePoint now) {
  std::optional<std::string_view> code;
  std::optional<std::string_view> message;
  if (error) {
    code = ToString(error->code);
    message = TruncateUtf8(error->message, kMessageBytesMax);
  }
  return Write(kFinish, {ToString(error ? JobState::kFailed : JobState::kSucceeded), now, now,
                         TruncateUtf8(progress.step, kStepBytesMax), std::string_view(EncodeCounts(progress.counts)),
                         code, message, id_});
}

std::string EncodeCounts(const std::vector<JobCount>& counts) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const JobCount& count : counts) object[count.name] = count.value;
  return object.dump();
}

std::vector<JobCount> DecodeCounts(const std::string& text) {
  const auto object = nlohmann::ordered_json::parse(text, nullptr, false);
  std::vector<JobCount> counts;
  if (!object.is_object()) return counts;
  for (const auto& [name, value] : object.items()) {
    if (value.is_number_integer()) counts.push_back({name, value.get<int64_t>()});
  }
  return counts;
}

}  // namespace repopulse
