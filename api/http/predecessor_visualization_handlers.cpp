// /visualization: pages with a graph, drawn by the server. No script; one <style>, which the page's own policy names by
// its hash.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/time_format.h"
#include "http/chart_scale.h"
#include "http/predecessor_events.h"
#include "http/svg_chart.h"

namespace repopulse::http {
namespace {

// The graph shows the time before each of the newest events; more dots would hide each other.
constexpr size_t kEventsShown = 500;
// Types with a colour of their own.
constexpr size_t kTypesShown = 6;

const std::string& PageStyle() {
  static const std::string style =
      "body{margin:0;font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;color:#1f2328;"
      "background:#fff}"
      "main{max-width:60rem;margin:0 auto;padding:1rem}h1{font-size:1.4rem;overflow-wrap:anywhere}figure{margin:1rem 0}"
      "svg{width:100%;height:auto}table{border-collapse:collapse}"
      "th,td{padding:.3rem .8rem;text-align:left;overflow-wrap:anywhere;border-bottom:1px solid #d1d9e0}"
      "td{text-align:right}"
      "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}}" +
      std::string(kChartStyle);
  return style;
}

struct Page {
  std::string title;
  std::string chart;  // an <svg>
  std::string note;   // a sentence below it
  std::vector<std::pair<std::string, std::string>> rows;
};

Representation RenderPage(const Services& services, const Page& page) {
  const std::string title = EscapeMarkup(page.title);
  std::string rows;
  for (const auto& [name, value] : page.rows) {
    rows += "<tr><th scope=\"row\">" + EscapeMarkup(name) + "</th><td>" + EscapeMarkup(value) + "</td></tr>";
  }
  std::string body =
      "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><title>" +
      title + "</title><style>" + PageStyle() + "</style></head><body><main><h1>" + title + "</h1>" +
      (services.demo ? "<p><strong>Demo data: GitHub is simulated here.</strong></p>" : "") + "<figure>" + page.chart +
      "<figcaption>" + EscapeMarkup(page.note) + "</figcaption></figure><table>" + rows +
      "</table></main></body></html>";
  static const std::string policy = "Content-Security-Policy: default-src 'none'; style-src " +
                                    StyleSource(PageStyle()) +
                                    "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";
  return services.builder.Ok("text/html; charset=utf-8", std::move(body), services.clock.Now(), policy);
}

constexpr ChartForm kInPage{.width = 900, .height = 420, .theme = ChartTheme::kAuto, .standalone = false};

std::string TimeText(const std::optional<TimePoint>& time) { return time ? FormatRfc3339(*time) : "none"; }

// ---- GET /visualization/event-avg-time

using Intervals = std::vector<ChartPoint>;  // of one type: when an event came, and the seconds since the one before

std::vector<std::pair<std::string, Intervals>> IntervalsByType(const std::vector<Event>& newest_first) {
  std::map<std::string, std::vector<TimePoint>> times;
  for (auto event = newest_first.rbegin(); event != newest_first.rend(); ++event) {
    times[event->type].push_back(event->created_at);
  }
  std::vector<std::pair<std::string, Intervals>> all;
  for (auto& [type, at] : times) {
    std::ranges::sort(at);
    Intervals intervals;
    for (size_t i = 1; i < at.size(); ++i) {
      intervals.push_back({at[i], std::chrono::duration<double>(at[i] - at[i - 1]).count()});
    }
    all.emplace_back(type, std::move(intervals));
  }
  std::ranges::stable_sort(all, std::greater{}, [](const auto& one) { return one.second.size(); });
  return all;
}

double MeanOf(const Intervals& intervals) {
  const double sum = std::accumulate(intervals.begin(), intervals.end(), 0.0,
                                     [](double before, const ChartPoint& point) { return before + point.value; });
  return sum / static_cast<double>(intervals.size());
}

// Dots for the intervals, and a dotted line for their average.
void AddSeries(TimeChart& chart, const std::string& type, const Intervals& intervals, double mean) {
  const size_t colour = chart.series.size() / 2;
  chart.series.push_back({type, SeriesForm::kPoints, intervals, colour});
  chart.series.push_back({type + ", average " + FormatValue(mean, 0.01) + " s",
                          SeriesForm::kDotted,
                          {{chart.from, mean}, {chart.to, mean}},
                          colour});
}

Result<std::vector<Event>> NewestEvents(const Services& services, const EventSelection& selection) {
  if (!selection.filter) return std::vector<Event>();
  EventListQuery query;
  query.repository = selection.filter->repository;
  query.type = selection.filter->type;
  query.action = selection.filter->action;
  query.limit = kEventsShown;
  auto page = services.events.List(query);
  if (!page) return tl::make_unexpected(std::move(page.error()));
  return std::move(page->items);
}

std::string Asked(const EventQuestion& question, const EventSelection& selection) {
  return (question.type ? *question.type : "all types") + (question.action ? ", " + *question.action : "") + ", " +
         (question.repository_name ? selection.repository_name : "all repositories");
}

Page IntervalPage(const EventQuestion& question, const EventSelection& selection, const std::vector<Event>& events,
                  TimePoint now) {
  Page page{"Time between events: " + Asked(question, selection), "", "", {}};
  TimeChart chart{
      {"Time between events", "", "seconds", "Fewer than two events: no time between them"}, now, now, false, {}};
  if (!events.empty()) chart.from = events.back().created_at;
  if (!events.empty()) chart.to = events.front().created_at;
  const auto by_type = IntervalsByType(events);
  size_t left_out = 0;
  for (const auto& [type, intervals] : by_type) {
    if (intervals.empty() || chart.series.size() >= 2 * kTypesShown) {
      left_out += 1;
      continue;
    }
    const double mean = MeanOf(intervals);
    AddSeries(chart, type, intervals, mean);
    page.rows.emplace_back(type + ", average", FormatValue(mean, 0.01) + " s");
    page.rows.emplace_back(type + ", events shown", FormatValue(static_cast<double>(intervals.size() + 1), 1));
    chart.labels.description += fmt::format("{}: {} s on average. ", type, FormatValue(mean, 0.01));
  }
  if (chart.series.empty()) chart.labels.description = chart.labels.no_data;
  page.rows.emplace_back("Oldest event shown", events.empty() ? "none" : FormatRfc3339(events.back().created_at));
  page.note = chart.series.empty()
                  ? "There are no two events of one type that fit."
                  : fmt::format(
                        "Each dot is an event: the seconds since the one before it of its type. Shown are the "
                        "newest {} events; the dotted lines are the averages of what is shown.",
                        events.size());
  if (left_out > 0 && !chart.series.empty()) page.note += fmt::format(" {} rarer types are left out.", left_out);
  page.chart = RenderChart(chart, kInPage);
  return page;
}

Result<Representation> ShowIntervals(const Services& services, const EventQuestion& question) {
  if (question.type) {
    if (auto known = CheckType(services, *question.type); !known) return tl::make_unexpected(std::move(known.error()));
  }
  const auto selection = Select(services, question);
  if (!selection) return tl::make_unexpected(selection.error());
  const auto events = NewestEvents(services, *selection);
  if (!events) return tl::make_unexpected(events.error());
  Page page = IntervalPage(question, *selection, *events, services.clock.Now());
  if (question.type && selection->filter) {
    const auto statistics = services.events.Intervals(*selection->filter, EventReader::Percentiles::kNotWanted);
    if (!statistics) return tl::make_unexpected(statistics.error());
    page.rows.emplace_back("All events counted", FormatValue(static_cast<double>(statistics->events), 1));
    page.rows.emplace_back("Average of all",
                           statistics->mean_seconds ? FormatValue(*statistics->mean_seconds, 0.01) + " s" : "none");
  }
  return RenderPage(services, page);
}

Checked<Reading> ReadIntervals(const Services& services, const Request& request, const PathValues&) {
  Params params(request, kPredecessorMetricsRules);
  const EventQuestion question = EventQuestion::Read(params);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  Reading reading(ReadQuery{"visualization/event-avg-time?" + question.Key(), kEventsScope,
                            [&services, question] { return ShowIntervals(services, question); }});
  reading.explain = [question](const Error& error) {
    const bool bad_type = error.code == ErrorCode::kInvalidArgument && question.type;
    return bad_type ? UnknownType(*question.type) : FromError(error);
  };
  return reading;
}

// ---- GET /visualization/events-total-count

Result<Representation> ShowCounts(const Services& services, const TotalCountQuestion& question) {
  const auto total = CountAll(services, question);
  if (!total) return tl::make_unexpected(total.error());
  const std::string words = fmt::format("in the last {} seconds, {}{}", question.seconds,
                                        total->repository_name == "all" ? "all repositories" : total->repository_name,
                                        question.events.action ? ", " + *question.events.action : "");
  BarChart chart{{"Events " + words, "", "events", "No events in this time"},
                 {{std::string(kPullRequestEvent), static_cast<double>(total->pull_requests)},
                  {std::string(kWatchEvent), static_cast<double>(total->watches)},
                  {std::string(kIssuesEvent), static_cast<double>(total->issues)}}};
  Page page{"Events " + words, "", "", {}};
  for (const ChartBar& bar : chart.bars) {
    page.rows.emplace_back(bar.name, FormatValue(bar.value, 1));
    chart.labels.description += bar.name + ": " + FormatValue(bar.value, 1) + ". ";
  }
  page.rows.emplace_back("Total", FormatValue(static_cast<double>(total->total()), 1));
  page.rows.emplace_back("Oldest event", TimeText(total->oldest));
  page.note = total->total() == 0 ? "There are no events in this time." : "Events by type.";
  page.chart = RenderChart(chart, kInPage);
  return RenderPage(services, page);
}

Checked<Reading> ReadCounts(const Services& services, const Request& request, const PathValues&) {
  Params params(request, kPredecessorMetricsRules);
  const TotalCountQuestion question = TotalCountQuestion::Read(params);
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{"visualization/events-total-count?" + question.Key(), kEventsScope,
                   [&services, question] { return ShowCounts(services, question); }};
}

}  // namespace

void AddPredecessorVisualizationRoutes(RouteTable& table, Services& services) {
  const auto add = [&](const char* pattern, auto handler, const char* description) {
    const auto read = [&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    };
    table.Add({Method::kGet, pattern, Access::kAnybody, ReadHandler(read), description});
  };
  add("/visualization/event-avg-time", ReadIntervals, "A page with a graph of the time between events");
  add("/visualization/events-total-count", ReadCounts, "A page with a graph of events by type");
}

}  // namespace repopulse::http
