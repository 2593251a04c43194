#include "storage/sweep_plan_text.h"

#include <nlohmann/json.hpp>

namespace repopulse {
namespace {

using Json = nlohmann::json;

Json Microseconds(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint ToTime(const Json& json) { return TimePoint{std::chrono::microseconds{json.get<int64_t>()}}; }

void PutOptional(Json& object, const char* key, const std::optional<int64_t>& value) {
  if (value) object[key] = *value;
}
std::optional<int64_t> GetOptional(const Json& object, const char* key) {
  return object.contains(key) ? std::optional(object.at(key).get<int64_t>()) : std::nullopt;
}

Json ToJson(const SearchRange& range) {
  Json object = Json::object();
  PutOptional(object, "stars_min", range.stars_min);
  PutOptional(object, "stars_max", range.stars_max);
  if (range.created) {
    object["created_from"] = Microseconds(range.created->from);
    object["created_to"] = Microseconds(range.created->to);
  }
  return object;
}

SearchRange ToRange(const Json& object) {
  SearchRange range{
      .stars_min = GetOptional(object, "stars_min"), .stars_max = GetOptional(object, "stars_max"), .created = {}};
  if (object.contains("created_from")) {
    range.created = CreatedRange{ToTime(object.at("created_from")), ToTime(object.at("created_to"))};
  }
  return range;
}

}  // namespace

std::string EncodePlan(const SweepPlan& plan) {
  Json object = {{"page", plan.page},
                 {"delivered", plan.delivered},
                 {"reported_count", plan.reported_count},
                 {"incomplete", plan.incomplete},
                 {"requests", plan.requests},
                 {"pending", Json::array()}};
  PutOptional(object, "stars_lowest", plan.stars_lowest);
  for (const SearchRange& range : plan.pending) object["pending"].push_back(ToJson(range));
  return object.dump();
}

std::optional<SweepPlan> DecodePlan(const std::string& text) {
  try {
    const Json object = Json::parse(text);
    SweepPlan plan{.pending = {},
                   .page = object.at("page").get<int>(),
                   .delivered = object.at("delivered").get<int64_t>(),
                   .stars_lowest = GetOptional(object, "stars_lowest"),
                   .reported_count = object.at("reported_count").get<int64_t>(),
                   .incomplete = object.at("incomplete").get<bool>(),
                   .requests = object.at("requests").get<int64_t>()};
    for (const Json& range : object.at("pending")) plan.pending.push_back(ToRange(range));
    return plan;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace repopulse
