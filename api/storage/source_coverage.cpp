// What part of a window was watched without a gap.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "base/time_format.h"
#include "storage/repository_rows.h"
#include "storage/source_store.h"
#include "storage/transaction.h"

namespace repopulse {
namespace {

using Spans = std::vector<TimeSpan>;

constexpr RepositoryId kFirehose{0};  // no repository has it
constexpr size_t kGapsShownMax = 100;
// Of one source in one window; a feed that moves too fast has one for each poll.
constexpr size_t kGapsReadMax = 100'000;

// Their own feeds and the firehose, which is that of repository 0. {}: their ids.
constexpr std::string_view kSources = R"(
  SELECT id, watched_since, last_polled_at, repository_id FROM event_sources
  WHERE ((kind = 'firehose' AND repository_id = 0) OR (kind = 'repository' AND repository_id IN {}))
    AND watched_since <= ? AND last_polled_at >= ?)";
constexpr std::string_view kGaps = R"(
  SELECT from_at, to_at FROM event_gaps
  WHERE source_id = ? AND to_at > ? AND from_at < ?
  ORDER BY to_at DESC LIMIT ?)";
constexpr std::string_view kImportedDays =
    "SELECT day, only_tracked, hours FROM imported_days WHERE day >= ? AND day <= ?";
constexpr std::string_view kTracked = "SELECT repository_id FROM tracked_repositories WHERE repository_id IN {}";

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

// What was watched of a window.
struct Watched {
  Spans of_all;                                      // the firehose, hours imported whole
  Spans of_tracked;                                  // hours imported of tracked repositories only
  std::unordered_map<RepositoryId, Spans> of_feeds;  // by repository
  std::unordered_set<RepositoryId> tracked;
};

struct WatchedSource {
  int64_t id = 0;
  TimeSpan span;
  RepositoryId repository;
};

Status AddSources(Connection& db, std::span<const RepositoryId> ids, const TimeSpan& window, Watched& watched) {
  std::vector<Value> values;
  const std::string sql = fmt::format(fmt::runtime(kSources), IdList(ids, values));
  values.insert(values.end(), {window.to, window.from});
  std::vector<WatchedSource> sources;
  auto read = db.Query(sql, values, [&](const Row& row) {
    sources.push_back({.id = row.Int(0),
                       .span = {std::max(row.Time(1), window.from), std::min(row.Time(2), window.to)},
                       .repository = RepositoryId{row.Int(3)}});
  });
  if (!read) return read;
  for (const WatchedSource& source : sources) {
    Spans gaps;
    read = db.Query(kGaps, {source.id, source.span.from, source.span.to, kGapsReadMax}, [&](const Row& row) {
      gaps.push_back({row.Time(0), row.Time(1)});
    });
    if (!read) return read;
    Spans& covered = source.repository == kFirehose ? watched.of_all : watched.of_feeds[source.repository];
    for (const TimeSpan& span : Without(source.span, Merged(std::move(gaps)))) covered.push_back(span);
  }
  return {};
}

// The stretches of a day whose bits are set, the lowest being its first hour's.
void AddHours(std::chrono::sys_days day, uint64_t hours, const TimeSpan& window, Spans& covered) {
  for (int hour = 0; hours != 0;) {
    const int first = hour + std::countr_zero(hours);
    hours >>= first - hour;
    hour = first + std::countr_one(hours);
    hours >>= hour - first;
    covered.push_back({std::max<TimePoint>(day + std::chrono::hours{first}, window.from),
                       std::min<TimePoint>(day + std::chrono::hours{hour}, window.to)});
  }
}

Status AddImports(Connection& db, std::span<const RepositoryId> ids, const TimeSpan& window, Watched& watched) {
  auto read = db.Query(kImportedDays, {DayOf(window.from), DayOf(window.to)}, [&](const Row& row) {
    Spans& covered = row.Bool(1) ? watched.of_tracked : watched.of_all;
    AddHours(row.Day(0), static_cast<uint64_t>(row.Int(2)), window, covered);
  });
  if (!read || watched.of_tracked.empty()) return read;
  std::vector<Value> values;
  const std::string sql = fmt::format(fmt::runtime(kTracked), IdList(ids, values));
  return db.Query(sql, values, [&](const Row& row) { watched.tracked.insert(RepositoryId{row.Int(0)}); });
}

Coverage CoverageFrom(const Watched& watched, RepositoryId repository, const TimeSpan& window) {
  Spans covered = watched.of_all;
  const auto add = [&](const Spans& more) { covered.insert(covered.end(), more.begin(), more.end()); };
  if (watched.tracked.contains(repository)) add(watched.of_tracked);
  if (const auto feed = watched.of_feeds.find(repository); feed != watched.of_feeds.end()) add(feed->second);
  const Spans gaps = Without(window, Merged(std::move(covered)));
  TimePoint::duration missed{};
  for (const TimeSpan& gap : gaps) missed += gap.to - gap.from;
  const auto whole = window.to - window.from;
  return Coverage{.share = static_cast<double>((whole - missed).count()) / static_cast<double>(whole.count()),
                  .gaps = Longest(gaps, kGapsShownMax)};
}

Result<std::vector<Coverage>> ReadCoverage(Connection& db, std::span<const RepositoryId> ids, const TimeSpan& window) {
  Watched watched;
  auto read = AddSources(db, ids, window, watched);
  if (read) read = AddImports(db, ids, window, watched);
  if (!read) return tl::make_unexpected(std::move(read.error()));
  watched.of_all = Merged(std::move(watched.of_all));
  std::vector<Coverage> coverages;
  for (const RepositoryId id : ids) coverages.push_back(CoverageFrom(watched, id, window));
  return coverages;
}

}  // namespace

Result<Coverage> SqlSourceStore::CoverageOf(std::optional<RepositoryId> repository, TimePoint from, TimePoint to,
                                            TimePoint now) {
  auto coverages = CoverageOfEach({repository.value_or(kFirehose)}, from, to, now);
  if (!coverages) return tl::make_unexpected(std::move(coverages.error()));
  return std::move(coverages->front());
}

Result<std::vector<Coverage>> SqlSourceStore::CoverageOfEach(const std::vector<RepositoryId>& repositories,
                                                             TimePoint from, TimePoint to, TimePoint now) {
  const TimeSpan window{from, std::min(to, now)};
  if (window.from >= window.to || repositories.empty()) return std::vector<Coverage>(repositories.size());
  auto coverages = WithConnection(reads_, [&](Connection& db) {
    return InSnapshot(db, [&](Connection& same) { return ReadCoverage(same, repositories, window); });
  });
  if (!coverages) return WithContext("read the coverage", std::move(coverages.error()));
  return coverages;
}

}  // namespace repopulse
