#include "http/series_stream.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace repopulse::http {
namespace {

// The first buckets of what is left.
BucketSpan PieceOf(const BucketSpan& left) {
  return {left.from, std::min(left.to, left.from + (kBucketsWhole - 1) * left.bucket), left.bucket};
}

void Remove(const BucketSpan& piece, BucketSpan& left) { left.from = piece.to + left.bucket; }

}  // namespace

int64_t BucketsIn(const BucketSpan& span) { return (span.to - span.from) / span.bucket + 1; }

void CheckLength(Params& params, const std::string& from, const BucketSpan& span, ListFormat format, const char* unit) {
  const bool whole = format == ListFormat::kJson;
  const int64_t most = whole ? kBucketsWhole : kBucketsStreamed;
  if (BucketsIn(span) <= most) return;
  params.Reject("from", from,
                "at most " + std::to_string(most) + " " + unit + " up to `to`" +
                    (whole ? ", as csv or ndjson " + std::to_string(kBucketsStreamed) : std::string()));
}

Result<Opened> StreamSeries(ListFormat format, const BucketSpan& span, MakePiece make) {
  auto left = std::make_shared<BucketSpan>(span);
  const auto next = [left, make = std::move(make)](bool first) -> Result<std::string> {
    if (left->from > left->to) return std::string();
    const BucketSpan piece = PieceOf(*left);
    Remove(piece, *left);
    return make(piece, first);
  };
  auto first = next(true);
  if (!first) return tl::make_unexpected(std::move(first.error()));
  return Opened(Stream{std::string(ContentType(format)), *std::move(first), [next] { return next(false); }});
}

Status EachPiece(const BucketSpan& span, const std::function<Status(const BucketSpan&)>& take) {
  for (BucketSpan left = span; left.from <= left.to;) {
    const BucketSpan piece = PieceOf(left);
    if (auto taken = take(piece); !taken) return taken;
    Remove(piece, left);
  }
  return {};
}

}  // namespace repopulse::http
