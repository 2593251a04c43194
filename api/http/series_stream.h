// Series that are longer than what is made, cached and sent as a whole: CSV and NDJSON of them is sent as it is made, a
// piece at a time, so that its memory does not grow with its length. JSON, whose `meta` tells of all of it, is not.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "http/event_buckets.h"
#include "http/params.h"
#include "http/route.h"

namespace repopulse::http {

// Buckets of an answer that is made as a whole, and of a piece.
inline constexpr int64_t kBucketsWhole = 1'100;
// Fifteen months of hours, thirty years of days: a tenth of a second of a worker's time.
inline constexpr int64_t kBucketsStreamed = 11'000;

int64_t BucketsIn(const BucketSpan& span);
// Rejects `from` where the span has more buckets than there can be in this format. `unit`: "buckets" or "days".
void CheckLength(Params& params, const std::string& from, const BucketSpan& span, ListFormat format, const char* unit);

// make(piece, first) gives the text of one part of the span after the other, in order. A failure of the first is the
// stream's.
using MakePiece = std::function<Result<std::string>(const BucketSpan& piece, bool first)>;
Result<Opened> StreamSeries(ListFormat format, const BucketSpan& span, MakePiece make);

// Calls take(piece), which returns a Status, with all pieces of the span, until one fails.
Status EachPiece(const BucketSpan& span, const std::function<Status(const BucketSpan&)>& take);

}  // namespace repopulse::http
