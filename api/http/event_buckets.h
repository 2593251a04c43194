// Counts by bucket of time and type, as a zero-filled series.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "http/render.h"
#include "service/event_reader.h"

namespace repopulse::http {

// Begins of the first and the last bucket, both inclusive.
struct BucketSpan {
  TimePoint from;
  TimePoint to;
  std::chrono::seconds bucket{};
};

// The bucket's begin; buckets are minutes, hours or days of UTC.
TimePoint BucketOf(TimePoint time, std::chrono::seconds bucket);

// A row for each bucket: {"bucket", "total", "counts": {type: number}}, with a count for every type seen anywhere in
// `counts`.
std::string RenderBuckets(ListFormat format, const std::vector<BucketCount>& counts, const BucketSpan& span,
                          const Json& meta);

using EventTypes = std::set<std::string>;
EventTypes TypesOf(const std::vector<BucketCount>& counts);
// The rows of a part of a series, as CSV or NDJSON; `types`: those of the whole series.
std::string RenderBucketRows(ListFormat format, const std::vector<BucketCount>& counts, const EventTypes& types,
                             const BucketSpan& span, bool header);

}  // namespace repopulse::http
