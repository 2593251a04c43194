// Charts as SVG, drawn by the server: no script, and readable without any style sheet. Colours are presentation
// attributes in the light theme; kChartStyle changes them where the reader prefers dark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace repopulse::http {

// Text between tags and in quoted attributes of HTML and SVG; characters that XML forbids are left out.
std::string EscapeMarkup(std::string_view text);

// Rules for the classes that the charts use, for a page's <style> element.
extern const std::string_view kChartStyle;
// "'sha256-…'": what a Content-Security-Policy names to let a <style> element with exactly this content through.
std::string StyleSource(std::string_view style);

enum class ChartTheme {
  kAuto,  // light, or dark where the reader prefers that
  kLight,
  kDark,
};

struct ChartForm {
  int width = 800;
  int height = 400;
  ChartTheme theme = ChartTheme::kAuto;
  bool standalone = true;  // a file of its own; else a part of a page whose <style> has kChartStyle
};

struct ChartLabels {
  std::string title;
  std::string description;  // the same in words, for who cannot see it
  std::string value_label;  // what the vertical axis counts: "events", "seconds"
  std::string no_data = "No data";
};

enum class SeriesForm {
  kLine,
  kPoints,
  kDotted,  // a dotted line: an average or a bound
};

struct ChartPoint {
  TimePoint at;
  double value = 0;  // not negative
};

struct ChartSeries {
  std::string name;
  SeriesForm form = SeriesForm::kLine;
  std::vector<ChartPoint> points;  // by time, within the chart's window
  size_t colour = 0;               // of the palette, which repeats; series that belong together share one
};

// Series over time. Those without points stand in the legend; where none has any, the chart says `no_data`.
struct TimeChart {
  ChartLabels labels;
  TimePoint from;
  TimePoint to;
  bool whole_values = true;  // counts
  std::vector<ChartSeries> series;
  bool from_zero = true;  // else the axis may begin above it: for what is large and changes little
};
std::string RenderChart(const TimeChart& chart, const ChartForm& form);

struct ChartBar {
  std::string name;
  double value = 0;  // not negative
};
// One bar each; where all are zero, the chart says `no_data` too.
struct BarChart {
  ChartLabels labels;
  std::vector<ChartBar> bars;
};
std::string RenderChart(const BarChart& chart, const ChartForm& form);

// A small picture of a few words, for errors.
std::string RenderNotice(std::string_view title, std::string_view detail);

// The policy of an answer that is one SVG file.
std::string SvgSecurityPolicy();

}  // namespace repopulse::http
