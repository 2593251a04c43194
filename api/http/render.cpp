#include "http/render.h"

#include "base/strings.h"
#include "base/time_format.h"

namespace repopulse::http {
namespace {

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json TimeOrNull(const std::optional<TimePoint>& time) { return time ? Json(FormatRfc3339(*time)) : Json(nullptr); }

std::string CsvText(const std::string& text) {
  // What a spreadsheet may run as a formula: owasp.org/www-community/attacks/CSV_Injection
  const bool formula = !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos;
  std::string cell = (formula ? "'" : "") + text;
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string CsvCell(const Json& row, std::string_view column) {
  const Json* value = &row;
  for (const std::string_view part : Split(column, '.')) {
    if (!value->is_object()) return "";
    const auto it = value->find(std::string(part));
    if (it == value->end()) return "";
    value = &*it;
  }
  if (value->is_null()) return "";
  if (value->is_string()) return CsvText(value->get<std::string>());
  if (value->is_array()) return CsvText(ToText(*value));
  return value->dump();
}

std::string RenderCsv(const std::vector<Json>& rows, const std::vector<std::string_view>& columns, bool header) {
  std::string out;
  const auto line = [&](const auto& cell_of) {
    for (size_t i = 0; i < columns.size(); ++i) out += (i == 0 ? "" : ",") + cell_of(columns[i]);
    out += "\r\n";
  };
  if (header) line([](std::string_view column) { return std::string(column); });
  for (const Json& row : rows) {
    line([&](std::string_view column) { return CsvCell(row, column); });
  }
  return out;
}

}  // namespace

std::string ToText(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json ToJson(const Repository& r) {
  return {{"id", r.id.value},
          {"full_name", r.name.full()},
          {"owner", r.name.owner()},
          {"name", r.name.name()},
          {"html_url", r.html_url},
          {"description", OrNull(r.description)},
          {"language", OrNull(r.language)},
          {"license", OrNull(r.license)},
          {"fork", r.fork},
          {"archived", r.archived},
          {"stargazers_count", r.stargazers_count},
          {"forks_count", r.forks_count},
          {"open_issues_count", r.open_issues_count},
          {"created_at", FormatRfc3339(r.created_at)},
          {"updated_at", FormatRfc3339(r.updated_at)},
          {"pushed_at", TimeOrNull(r.pushed_at)}};
}

Json ToJson(const StoredRepository& stored) {
  Json json = ToJson(stored.repository);
  json["topics"] = Json::array();
  for (const TopicName& topic : stored.topics) json["topics"].push_back(topic.str());
  json["active"] = stored.active;  // whether its events are collected
  json["fetched_at"] = FormatRfc3339(stored.fetched_at);
  json["gone_at"] = TimeOrNull(stored.gone_at);
  return json;
}

Json ToJson(const Growth& growth) {
  return {{"since", FormatDay(growth.since)}, {"stars", growth.stars}, {"percent", OrNull(growth.percent)}};
}

Json ToJson(const RankedRepository& ranked) {
  Json json = {{"rank", ranked.rank}, {"rank_change", OrNull(ranked.rank_change)}};
  json["growth"] = ranked.growth ? ToJson(*ranked.growth) : Json(nullptr);
  json.update(ToJson(ranked.repository));
  return json;
}

Json ToJson(const Topic& topic) {
  return {{"name", topic.name.str()},
          {"tracked", topic.tracked},
          {"added_at", FormatRfc3339(topic.added_at)},
          {"repositories_count", topic.repositories_count},
          {"reported_count", topic.reported_count},
          {"complete", topic.complete},
          {"data_as_of", TimeOrNull(topic.published_at)},
          {"next_collection_at", FormatRfc3339(topic.next_poll_at)},
          {"last_error", OrNull(topic.last_error)}};
}

Json ToJson(const Snapshot& snapshot) {
  return {{"day", FormatDay(snapshot.day)},
          {"stargazers_count", snapshot.stargazers_count},
          {"forks_count", snapshot.forks_count},
          {"open_issues_count", snapshot.open_issues_count}};
}

Json ToJson(const Job& job) {
  Json json = {{"id", job.id.value},
               {"kind", ToString(job.kind)},
               {"argument", job.argument.empty() ? Json(nullptr) : Json(job.argument)},
               {"state", ToString(job.state)},
               {"replica", job.replica},
               {"started_at", FormatRfc3339(job.started_at)},
               {"heartbeat_at", FormatRfc3339(job.heartbeat_at)},
               {"finished_at", TimeOrNull(job.finished_at)},
               {"step", job.progress.step},
               {"counts", Json::object()},
               {"error", nullptr}};
  for (const JobCount& count : job.progress.counts) json["counts"][count.name] = count.value;
  if (job.error) json["error"] = {{"code", ToString(job.error->code)}, {"message", job.error->message}};
  return json;
}

Json ToPredecessorJson(const Repository& r) {
  return {{"full_name", r.name.full()},
          {"html_url", r.html_url},
          {"id", r.id.value},
          {"language", OrNull(r.language)},
          {"name", r.name.name()},
          {"pushed_at", r.pushed_at ? Json(FormatHttpDate(*r.pushed_at)) : Json(nullptr)},
          {"stargazers_count", r.stargazers_count},
          {"updated_at", FormatHttpDate(r.updated_at)}};
}

ListFormat ParseListFormat(std::string_view text) {
  if (text == "csv") return ListFormat::kCsv;
  return text == "ndjson" ? ListFormat::kNdjson : ListFormat::kJson;
}

std::string ToString(ListFormat format) { return std::string(kListFormats[static_cast<size_t>(format)]); }

std::string_view ContentType(ListFormat format) {
  switch (format) {
    case ListFormat::kCsv:
      return "text/csv; charset=utf-8; header=present";
    case ListFormat::kNdjson:
      return "application/x-ndjson";
    case ListFormat::kJson:
      break;
  }
  return "application/json";
}

std::string RenderList(ListFormat format, const std::vector<Json>& rows, const Json& meta,
                       const std::vector<std::string_view>& columns) {
  if (format == ListFormat::kJson) return ToText({{"data", rows}, {"meta", meta}});
  return RenderRows(format, rows, columns, true);
}

std::string RenderRows(ListFormat format, const std::vector<Json>& rows, const std::vector<std::string_view>& columns,
                       bool header) {
  if (format == ListFormat::kCsv) return RenderCsv(rows, columns, header);
  std::string out;
  for (const Json& row : rows) out += ToText(row) + "\n";
  return out;
}

}  // namespace repopulse::http
