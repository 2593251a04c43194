#include "http/event_buckets.h"

#include <map>

#include "base/time_format.h"

namespace repopulse::http {
namespace {

std::vector<std::string> ColumnsOf(const EventTypes& types) {
  std::vector<std::string> columns = {"bucket", "total"};
  for (const std::string& type : types) columns.push_back("counts." + type);
  return columns;
}

std::vector<Json> RowsOf(const std::vector<BucketCount>& counts, const EventTypes& types, const BucketSpan& span) {
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
  const EventTypes types = TypesOf(counts);
  const auto columns = ColumnsOf(types);
  return RenderList(format, RowsOf(counts, types, span), meta, {columns.begin(), columns.end()});
}

EventTypes TypesOf(const std::vector<BucketCount>& counts) {
  EventTypes types;
  for (const BucketCount& count : counts) types.insert(count.type);
  return types;
}

std::string RenderBucketRows(ListFormat format, const std::vector<BucketCount>& counts, const EventTypes& types,
                             const BucketSpan& span, bool header) {
  const auto columns = ColumnsOf(types);
  return RenderRows(format, RowsOf(counts, types, span), {columns.begin(), columns.end()}, header);
}

}  // namespace repopulse::http
