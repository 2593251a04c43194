#include "http/event_buckets.h"

#include <map>
#include <set>

#include "base/time_format.h"

namespace repopulse::http {
namespace {

std::set<std::string> TypesOf(const std::vector<BucketCount>& counts) {
  std::set<std::string> types;
  for (const BucketCount& count : counts) types.insert(count.type);
  return types;
}

std::vector<Json> RowsOf(const std::vector<BucketCount>& counts, const std::set<std::string>& types,
                         const BucketSpan& span) {
  std::map<TimePoint, std::map<std::string, int64_t>> by_bucket;
  for (const BucketCount& count : counts) by_bucket[count.bucket][count.type] += count.events;
  std::vector<Json> rows;
  for (TimePoint begin = span.from; begin <= span.to; begin += span.bucket) {
    std::map<std::string, int64_t>& found = by_bucket[begin];
    int64_t total = 0;
    Json by_type = Json::object();
    for (const std::string& type : types) {
      by_type[type] = found[type];
      total += found[type];
    }
    rows.push_back({{"bucket", FormatRfc3339(begin)}, {"total", total}, {"counts", std::move(by_type)}});
  }
  return rows;
}

}  // namespace

TimePoint BucketOf(TimePoint time, std::chrono::seconds bucket) {
  // Since 1970 all minutes, hours and days of UTC begin at multiples of their length.
  const auto since_epoch = time.time_since_epoch();
  return TimePoint{since_epoch - since_epoch % bucket};
}

std::string RenderBuckets(ListFormat format, const std::vector<BucketCount>& counts, const BucketSpan& span,
                          const Json& meta) {
  const auto types = TypesOf(counts);
  std::vector<std::string> names = {"bucket", "total"};
  for (const std::string& type : types) names.push_back("counts." + type);
  return RenderList(format, RowsOf(counts, types, span), meta, {names.begin(), names.end()});
}

}  // namespace repopulse::http
