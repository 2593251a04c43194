// What part of a window was watched without a gap.
#include <algorithm>

#include "storage/source_store.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using Spans = std::vector<TimeSpan>;

constexpr size_t kGapsShownMax = 100;
// Of one source in one window; a feed that moves too fast has one for each poll.
constexpr size_t kGapsReadMax = 100'000;

// Its own feed and the firehose; the firehose alone for id 0.
constexpr std::string_view kSources = R"(
  SELECT id, watched_since, last_polled_at FROM event_sources
  WHERE ((kind = 'firehose' AND repository_id = 0) OR (kind = 'repository' AND repository_id = ?))
    AND watched_since <= ? AND last_polled_at >= ?)";
constexpr std::string_view kGaps = R"(
  SELECT from_at, to_at FROM event_gaps
  WHERE source_id = ? AND to_at > ? AND from_at < ?
  ORDER BY to_at DESC LIMIT ?)";
constexpr std::string_view kImportedHours = R"(
  SELECT hour FROM imports
  WHERE hour > ? AND hour < ? AND state = 'done'
    AND (NOT only_tracked OR EXISTS (SELECT 1 FROM tracked_repositories t WHERE t.repository_id = ?))
  ORDER BY hour)";

// In order, without overlap and without empty ones.
Spans Merged(Spans spans) {
  std::erase_if(spans, [](const TimeSpan& span) { return span.from >= span.to; });
  std::ranges::sort(spans, {}, &TimeSpan::from);
  Spans merged;
  for (const TimeSpan& span : spans) {
    if (!merged.empty() && span.from <= merged.back().to) {
      merged.back().to = std::max(merged.back().to, span.to);
    } else {
      merged.push_back(span);
    }
  }
  return merged;
}

// What is left of `whole`, in order. `out` is merged.
Spans Without(const TimeSpan& whole, const Spans& out) {
  Spans left;
  TimePoint next = whole.from;
  for (const TimeSpan& span : out) {
    if (span.from >= whole.to) break;
    if (span.from > next) left.push_back({next, span.from});
    next = std::max(next, span.to);
  }
  if (next < whole.to) left.push_back({next, whole.to});
  return left;
}

// The longest of them, in order.
Spans Longest(Spans spans, size_t count) {
  if (spans.size() <= count) return spans;
  std::ranges::stable_sort(spans, std::greater<>(), [](const TimeSpan& span) { return span.to - span.from; });
  spans.resize(count);
  std::ranges::sort(spans, {}, &TimeSpan::from);
  return spans;
}

struct WatchedSource {
  int64_t id = 0;
  TimeSpan span;
};

Status AddSources(Connection& db, RepositoryId repository, const TimeSpan& window, Spans& covered) {
  std::vector<WatchedSource> sources;
  auto read = db.Query(kSources, {repository, window.to, window.from}, [&](const Row& row) {
    sources.push_back({row.Int(0), {std::max(row.Time(1), window.from), std::min(row.Time(2), window.to)}});
  });
  if (!read) return read;
  for (const WatchedSource& source : sources) {
    Spans gaps;
    read = db.Query(kGaps, {source.id, source.span.from, source.span.to, kGapsReadMax}, [&](const Row& row) {
      gaps.push_back({row.Time(0), row.Time(1)});
    });
    if (!read) return read;
    for (const TimeSpan& span : Without(source.span, Merged(std::move(gaps)))) covered.push_back(span);
  }
  return {};
}

Status AddImports(Connection& db, RepositoryId repository, const TimeSpan& window, Spans& covered) {
  constexpr std::chrono::hours kHour{1};
  return db.Query(kImportedHours, {window.from - kHour, window.to, repository}, [&](const Row& row) {
    covered.push_back({std::max(row.Time(0), window.from), std::min(row.Time(0) + kHour, window.to)});
  });
}

Result<Coverage> ReadCoverage(Connection& db, RepositoryId repository, const TimeSpan& window) {
  Spans covered;
  auto read = AddSources(db, repository, window, covered);
  if (read) read = AddImports(db, repository, window, covered);
  if (!read) return tl::make_unexpected(std::move(read.error()));
  const Spans gaps = Without(window, Merged(std::move(covered)));
  TimePoint::duration missed{};
  for (const TimeSpan& gap : gaps) missed += gap.to - gap.from;
  const auto whole = window.to - window.from;
  return Coverage{.share = static_cast<double>((whole - missed).count()) / static_cast<double>(whole.count()),
                  .gaps = Longest(gaps, kGapsShownMax)};
}

}  // namespace

Result<Coverage> SqlSourceStore::CoverageOf(std::optional<RepositoryId> repository, TimePoint from, TimePoint to,
                                            TimePoint now) {
  const TimeSpan window{from, std::min(to, now)};
  if (window.from >= window.to) return Coverage{};
  auto coverage = WithConnection(reads_, [&](Connection& db) {
    return InSnapshot(
        db, [&](Connection& same) { return ReadCoverage(same, repository.value_or(RepositoryId{}), window); });
  });
  if (!coverage) return WithContext("read the coverage", std::move(coverage.error()));
  return coverage;
}

}  // namespace repopulse
