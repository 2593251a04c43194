// /api/v1/repos/{owner}/{repo}/chart/{series}.svg: how a repository came along, as a picture for other sites.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/chart_scale.h"
#include "http/embed.h"
#include "http/params.h"
#include "http/repository_lookup.h"
#include "http/svg_chart.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr int64_t kDaysMax = 365;
constexpr int64_t kCountDays = 90;
constexpr int64_t kEventDays = 30;
constexpr size_t kTypesShown = 5;

struct Window {
  sys_days from;
  sys_days to;  // today
};

std::string Counted(double value) { return FormatValue(value, 1); }

// What the curve says, for who cannot see it.
std::string DescribeCurve(const std::vector<ChartPoint>& points) {
  const ChartPoint& first = points.front();
  const ChartPoint& last = points.back();
  return fmt::format("From {} on {} to {} on {}.", Counted(first.value), FormatDay(DayOf(first.at)),
                     Counted(last.value), FormatDay(DayOf(last.at)));
}

Result<TimeChart> CountChart(const Services& services, const LocatedRepository& located, const Window& window,
                             int64_t Snapshot::*count, const char* what) {
  const auto snapshots = services.repositories.Snapshots(located.id, window.from, window.to);
  if (!snapshots) return tl::make_unexpected(snapshots.error());
  ChartSeries series{.name = what, .form = SeriesForm::kLine, .points = {}};
  for (const Snapshot& snapshot : *snapshots) {
    series.points.push_back({snapshot.day, static_cast<double>(snapshot.*count)});
  }
  const std::string nothing = fmt::format("No {} were counted in these days", what);
  const std::string words = series.points.empty() ? nothing : DescribeCurve(series.points);
  return TimeChart{.labels = {fmt::format("{}: {}", located.name.full(), what), words, what, nothing},
                   .from = window.from,
                   .to = window.to,
                   .whole_values = true,
                   .series = {std::move(series)},
                   .from_zero = false};
}

using CountByDay = std::map<sys_days, int64_t>;

ChartSeries DailySeries(const std::string& name, const CountByDay& counts, const Window& window, size_t colour) {
  ChartSeries series{.name = name, .form = SeriesForm::kLine, .points = {}, .colour = colour};
  for (sys_days day = window.from; day <= window.to; day += days{1}) {
    const auto found = counts.find(day);
    series.points.push_back({day, found == counts.end() ? 0 : static_cast<double>(found->second)});
  }
  return series;
}

struct TypeCounts {
  std::string type;
  int64_t total = 0;
  CountByDay by_day;
};

// The most frequent types by themselves, most first, and all others together.
std::vector<TypeCounts> MostFrequent(const std::vector<BucketCount>& counts) {
  std::map<std::string, TypeCounts> by_type;
  for (const BucketCount& count : counts) {
    TypeCounts& type = by_type[count.type];
    type.type = count.type;
    type.total += count.events;
    type.by_day[DayOf(count.bucket)] += count.events;
  }
  std::vector<TypeCounts> types;
  for (auto& [name, type] : by_type) types.push_back(std::move(type));
  std::ranges::stable_sort(types, std::ranges::greater(), &TypeCounts::total);
  if (types.size() <= kTypesShown + 1) return types;
  TypeCounts others{.type = "others", .total = 0, .by_day = {}};
  for (size_t i = kTypesShown; i < types.size(); ++i) {
    others.total += types[i].total;
    for (const auto& [day, count] : types[i].by_day) others.by_day[day] += count;
  }
  types.resize(kTypesShown);
  types.push_back(std::move(others));
  return types;
}

Result<TimeChart> EventChart(const Services& services, const LocatedRepository& located, const Window& window) {
  const auto counts = services.events.History(located.id, days{1}, window.from, window.to);
  if (!counts) return tl::make_unexpected(counts.error());
  TimeChart chart{.labels = {located.name.full() + ": events a day", "", "events", "No events in these days"},
                  .from = window.from,
                  .to = window.to,
                  .whole_values = true,
                  .series = {}};
  for (const TypeCounts& type : MostFrequent(*counts)) {
    chart.series.push_back(DailySeries(type.type, type.by_day, window, chart.series.size()));
    chart.labels.description += fmt::format("{}: {}. ", type.type, Counted(static_cast<double>(type.total)));
  }
  if (chart.series.empty()) chart.labels.description = chart.labels.no_data;
  return chart;
}

struct Series {
  std::string_view name;
  int64_t days_default;
  const std::string& scope;
  Result<TimeChart> (*chart)(const Services&, const LocatedRepository&, const Window&);
};
const Series kSeries[] = {
    {"stars", kCountDays, kRepositoriesScope,
     [](const Services& services, const LocatedRepository& located, const Window& window) {
       return CountChart(services, located, window, &Snapshot::stargazers_count, "stars");
     }},
    {"forks", kCountDays, kRepositoriesScope,
     [](const Services& services, const LocatedRepository& located, const Window& window) {
       return CountChart(services, located, window, &Snapshot::forks_count, "forks");
     }},
    {"issues", kCountDays, kRepositoriesScope,
     [](const Services& services, const LocatedRepository& located, const Window& window) {
       return CountChart(services, located, window, &Snapshot::open_issues_count, "open issues");
     }},
    {"events", kEventDays, kEventsScope, EventChart},
};

struct ChartRequest {
  RepositoryName name;
  const Series* series = nullptr;
  int64_t days = 0;
  ChartTheme theme = ChartTheme::kAuto;
};

const std::vector<std::string_view> kThemes = {"auto", "light", "dark"};  // in the order of ChartTheme

Result<Representation> ShowChart(const Services& services, const Request& request, const ChartRequest& asked) {
  auto located = Locate(services, request, asked.name);
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->moved) return *std::move(located->moved);
  const sys_days today = DayOf(services.clock.Now());
  auto chart = asked.series->chart(services, *located, {today - days{asked.days - 1}, today});
  if (!chart) return tl::make_unexpected(std::move(chart.error()));
  chart->labels.title = InDemo(services, chart->labels.title);
  const bool known =
      std::ranges::any_of(chart->series, [](const ChartSeries& series) { return !series.points.empty(); });
  return services.builder.Embed(kSvgType, RenderChart(*chart, {.theme = asked.theme}), known ? kPictureLife : kNewsLife,
                                SvgSecurityPolicy());
}

Checked<Reading> ReadChart(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  ChartRequest asked{.name = *name};
  const auto theme = std::ranges::find(kThemes, params.OneOf("theme", kThemes, kThemes.front()));
  asked.theme = static_cast<ChartTheme>(theme - kThemes.begin());
  const auto window = params.Integer("days", 2, kDaysMax);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const auto* series = std::ranges::find(kSeries, values[2], &Series::name);
  if (series == std::end(kSeries)) {
    return Refuse(NotFound("There is no such chart. There are " + ListOf(kSeries) + "."));
  }
  asked.series = series;
  asked.days = window.value_or(series->days_default);
  return Reading(ReadQuery{"v1/repos/" + ToLowerAscii(name->full()) + "/chart/" + std::string(series->name) +
                               "?theme=" + std::string(*theme) + "&days=" + std::to_string(asked.days),
                           series->scope, [&services, request, asked] { return ShowChart(services, request, asked); }});
}

}  // namespace

void AddChartRoutes(RouteTable& table, Services& services) {
  table.Add({.pattern = "/api/v1/repos/{owner}/{repo}/chart/{series}.svg",
             .handler = ReadHandler([&services](const Request& request, const PathValues& values) {
               return ReadChart(services, request, values);
             }),
             .description = "A chart of a repository's stars, forks, open issues or events",
             .image = true});
}

}  // namespace repopulse::http
