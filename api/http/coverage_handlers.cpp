// /api/v1/coverage: what is watched of GitHub's events, and what of them may have been missed.
#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_basis.h"
#include "http/event_render.h"
#include "http/meta.h"
#include "http/paging.h"

namespace repopulse::http {
namespace {

using std::chrono::days;

constexpr size_t kGapsShown = 10;     // of each source, the newest
constexpr size_t kImportsShown = 20;  // the last changed
constexpr size_t kGapsKept = 100;     // Coverage holds no more; with fewer of them it is whole

const std::vector<std::string_view> kSourceColumns = {"id",
                                                      "kind",
                                                      "repository",
                                                      "active",
                                                      "polls",
                                                      "requests",
                                                      "not_modified",
                                                      "events_new",
                                                      "events_duplicate",
                                                      "events_malformed",
                                                      "gaps_count",
                                                      "share_captured.last_24_hours",
                                                      "share_captured.last_7_days",
                                                      "last_error",
                                                      "last_polled_at",
                                                      "next_poll_at",
                                                      "watched_since",
                                                      "newest_event_at",
                                                      "poll_interval_seconds",
                                                      "mean_interval_seconds",
                                                      "failed_polls"};

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}
Json TimeOrNull(const std::optional<TimePoint>& time) { return time ? Json(FormatRfc3339(*time)) : Json(nullptr); }

struct Captured {
  double last_day = 0;
  double last_week = 0;
};

double ShareWithin(const Coverage& coverage, TimePoint from, TimePoint to) {
  std::chrono::duration<double> missed{0};
  for (const TimeSpan& gap : coverage.gaps) {
    const auto begin = std::max(gap.from, from);
    const auto end = std::min(gap.to, to);
    if (begin < end) missed += end - begin;
  }
  return std::max(0.0, 1.0 - missed / std::chrono::duration<double>(to - from));
}

Result<Captured> CapturedOf(const Services& services, std::optional<RepositoryId> repository, TimePoint now) {
  const auto week = services.sources.CoverageOf(repository, now - days{7}, now, now);
  if (!week) return tl::make_unexpected(week.error());
  // With all gaps of the week known, those of its last day are too.
  if (week->gaps.size() < kGapsKept) return Captured{ShareWithin(*week, now - days{1}, now), week->share};
  const auto day = services.sources.CoverageOf(repository, now - days{1}, now, now);
  if (!day) return tl::make_unexpected(day.error());
  return Captured{day->share, week->share};
}

Json ToJson(const Captured& captured) {
  return {{"last_24_hours", captured.last_day}, {"last_7_days", captured.last_week}};
}

Json ToJson(const SourceGap& gap) {
  return {{"from", FormatRfc3339(gap.from)},
          {"to", FormatRfc3339(gap.to)},
          {"polled_from", FormatRfc3339(gap.polled_from)},
          {"polled_to", FormatRfc3339(gap.polled_to)}};
}

Json ToJson(const EventSource& source) {
  return {{"id", source.id},
          {"kind", ToString(source.kind)},
          {"repository", source.name ? Json(source.name->full()) : Json(nullptr)},
          {"active", source.active},
          {"polls", source.polls},
          {"requests", source.requests},
          {"not_modified", source.not_modified},
          {"events_new", source.events_new},
          {"events_duplicate", source.events_duplicate},
          {"events_malformed", source.events_malformed},
          {"gaps_count", source.gaps},
          {"last_error", OrNull(source.last_error)},
          {"last_polled_at", TimeOrNull(source.last_polled_at)},
          {"next_poll_at", source.active ? Json(FormatRfc3339(source.next_poll_at)) : Json(nullptr)},
          {"watched_since", TimeOrNull(source.watched_since)},
          {"newest_event_at", TimeOrNull(source.newest_event_at)},
          {"poll_interval_seconds", source.poll_interval.count()},
          {"mean_interval_seconds", OrNull(source.mean_interval_seconds)},
          {"failed_polls", source.failed_polls}};
}

Json ToJson(const ImportProgress& import) {
  constexpr std::string_view kStates[] = {"running", "done", "failed"};
  return {{"name", import.name},
          {"state", kStates[static_cast<size_t>(import.state)]},
          {"only_tracked", import.only_tracked},
          {"hour", TimeOrNull(import.hour)},
          {"events_read", import.read},
          {"events_new", import.added},
          {"events_duplicate", import.duplicates},
          {"events_expired", import.expired},
          {"events_skipped", import.skipped},
          {"lines_bad", import.bad},
          {"lines_other_format", import.other_format},
          {"last_error", OrNull(import.error)},
          {"started_at", FormatRfc3339(import.started_at)},
          {"updated_at", FormatRfc3339(import.updated_at)}};
}

Json ToJson(const NamedRateBudget& named) {
  const RateBudget& budget = named.budget;
  return {{"resource", ToString(named.resource)},
          {"limit", budget.limit},
          {"remaining", budget.remaining},
          {"resets_at", budget.reset_at == TimePoint{} ? Json(nullptr) : Json(FormatRfc3339(budget.reset_at))}};
}

Result<Json> RowOf(const Services& services, const EventSource& source, TimePoint now) {
  Json row = ToJson(source);
  row["share_captured"] = nullptr;  // details are no events
  row["gaps"] = Json::array();
  if (source.kind == SourceKind::kDetails) return row;
  const bool firehose = source.kind == SourceKind::kFirehose;
  const auto captured = CapturedOf(services, firehose ? std::nullopt : std::optional(source.repository), now);
  if (!captured) return tl::make_unexpected(captured.error());
  row["share_captured"] = ToJson(*captured);
  if (source.gaps == 0) return row;
  const auto gaps = services.sources.Gaps(source.id, kGapsShown);
  if (!gaps) return tl::make_unexpected(gaps.error());
  for (const SourceGap& gap : *gaps) row["gaps"].push_back(ToJson(gap));
  return row;
}

struct CoverageRequest {
  Paging paging;
  std::optional<int64_t> after;  // id of a source
};

Result<Json> MetaOf(const Services& services, const CoverageRequest& asked, TimePoint now) {
  const auto all = CapturedOf(services, std::nullopt, now);
  if (!all) return tl::make_unexpected(all.error());
  const auto newest = services.events.NewestEvent(std::nullopt);
  if (!newest) return tl::make_unexpected(newest.error());
  const auto imports = services.imports.Recent(kImportsShown);
  if (!imports) return tl::make_unexpected(imports.error());
  const auto budgets = services.budgets.List(services.github_credential);
  if (!budgets) return tl::make_unexpected(budgets.error());
  Json meta = CompleteMeta(services, {{"data_as_of", FormatRfc3339(now)}});
  meta["per_page"] = asked.paging.per_page;
  meta["newest_event_at"] = TimeOrNull(*newest);
  meta["share_captured"] = ToJson(*all);  // of all public events
  meta["github_requests"] = Json::array();
  for (const NamedRateBudget& named : *budgets) meta["github_requests"].push_back(ToJson(named));
  meta["imports"] = Json::array();
  for (const ImportProgress& import : *imports) meta["imports"].push_back(ToJson(import));
  return meta;
}

Result<Representation> ShowCoverage(const Services& services, const Request& request, const CoverageRequest& asked) {
  const TimePoint now = services.clock.Now();
  auto sources = services.sources.ListSources(asked.after, asked.paging.per_page + 1);
  if (!sources) return tl::make_unexpected(std::move(sources.error()));
  std::string link;
  if (sources->size() > asked.paging.per_page) {
    sources->pop_back();
    link = LinkToNext(request, MakeCursor("coverage", {std::to_string(sources->back().id)}));
  }
  std::vector<Json> rows;
  for (const EventSource& source : *sources) {
    auto row = RowOf(services, source, now);
    if (!row) return tl::make_unexpected(std::move(row.error()));
    rows.push_back(*std::move(row));
  }
  const auto meta = MetaOf(services, asked, now);
  if (!meta) return tl::make_unexpected(meta.error());
  return services.builder.Ok(ContentType(asked.paging.format),
                             RenderList(asked.paging.format, rows, *meta, kSourceColumns), now, link);
}

Checked<ReadQuery> ReadCoverage(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  CoverageRequest asked{Paging::Read(params), std::nullopt};
  if (asked.paging.cursor) {
    const auto fields = ReadCursor("coverage", 1, *asked.paging.cursor);
    asked.after = fields ? ParseInteger<int64_t>(fields->front()) : std::nullopt;
    if (!asked.after) params.Reject("cursor", *asked.paging.cursor, "a cursor of this list, from its Link header");
  }
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"v1/coverage?" + asked.paging.Key(), kEventsScope,
                   [&services, request, asked] { return ShowCoverage(services, request, asked); }};
}

}  // namespace

void AddCoverageRoutes(RouteTable& table, Services& services) {
  table.Add({Method::kGet, "/api/v1/coverage", Access::kAnybody,
             ReadHandler([&services](const Request& request, const PathValues& values) {
               return ReadCoverage(services, request, values);
             }),
             "What is watched of GitHub's events, and what may have been missed"});
}

}  // namespace repopulse::http
