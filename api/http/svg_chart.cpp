#include "http/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/sha256.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "http/chart_scale.h"

namespace repopulse::http {

const std::string_view kChartStyle =
    "@media(prefers-color-scheme:dark){.rp-back{fill:#0d1117}.rp-text{fill:#e6edf3}.rp-soft{fill:#9198a1}"
    ".rp-grid{stroke:#30363d}"
    ".rp-s0{stroke:#58a6ff}.rp-s1{stroke:#ff9b50}.rp-s2{stroke:#3fb950}.rp-s3{stroke:#d2a8ff}.rp-s4{stroke:#f2cc60}"
    ".rp-s5{stroke:#ff7b9c}"
    ".rp-f0{fill:#58a6ff}.rp-f1{fill:#ff9b50}.rp-f2{fill:#3fb950}.rp-f3{fill:#d2a8ff}.rp-f4{fill:#f2cc60}"
    ".rp-f5{fill:#ff7b9c}}";

namespace {

// Told apart by people with any kind of colour vision, and of at least 3:1 against the background.
constexpr std::array<std::string_view, 6> kLight = {"#0969da", "#bc4c00", "#1a7f37", "#8250df", "#9a6700", "#bf3989"};
constexpr std::array<std::string_view, 6> kDark = {"#58a6ff", "#ff9b50", "#3fb950", "#d2a8ff", "#f2cc60", "#ff7b9c"};
constexpr std::string_view kFont = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

constexpr std::string_view kFffe = "\xEF\xBF\xBE";  // U+FFFE
constexpr std::string_view kFfff = "\xEF\xBF\xBF";  // U+FFFF

constexpr double kTextSize = 12;
constexpr double kGlyphWidth = 6.9;  // of the text size above, on average; SVG cannot measure
constexpr double kMargin = 16;
constexpr double kTitleHeight = 36;
constexpr double kLegendRow = 20;
constexpr double kAxisRow = 28;

struct Colours {
  std::string_view back, text, soft, grid;
  const std::array<std::string_view, 6>* series;
};

const Colours& ColoursOf(ChartTheme theme) {
  static constexpr Colours kLightColours = {"#ffffff", "#1f2328", "#59636e", "#d1d9e0", &kLight};
  static constexpr Colours kDarkColours = {"#0d1117", "#e6edf3", "#9198a1", "#30363d", &kDark};
  return theme == ChartTheme::kDark ? kDarkColours : kLightColours;
}

// The pieces of one picture.
class Canvas {
 public:
  Canvas(const ChartLabels& labels, const ChartForm& form) : colours_(ColoursOf(form.theme)) {
    out_ = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
        "aria-labelledby=\"rp-title rp-desc\" font-family=\"{2}\" font-size=\"{3}\"><title id=\"rp-title\">{4}</title>"
        "<desc id=\"rp-desc\">{5}</desc>",
        form.width, form.height, kFont, kTextSize, EscapeMarkup(labels.title), EscapeMarkup(labels.description));
    if (form.standalone && form.theme == ChartTheme::kAuto) out_ += fmt::format("<style>{}</style>", kChartStyle);
    out_ += fmt::format("<rect class=\"rp-back\" width=\"{}\" height=\"{}\" fill=\"{}\"/>", form.width, form.height,
                        colours_.back);
  }

  void Text(double x, double y, std::string_view anchor, std::string_view text, bool soft = false) {
    out_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"{}\">{}</text>",
                        soft ? "rp-soft" : "rp-text", x, y, anchor, soft ? colours_.soft : colours_.text,
                        EscapeMarkup(text));
  }
  void Title(double x, double y, std::string_view text) {
    out_ += fmt::format(
        "<text class=\"rp-text\" x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"16\" font-weight=\"600\" "
        "fill=\"{}\">{}</text>",
        x, y, colours_.text, EscapeMarkup(text));
  }
  void GridLine(double x1, double y1, double x2, double y2) {
    out_ +=
        fmt::format("<line class=\"rp-grid\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>",
                    x1, y1, x2, y2, colours_.grid);
  }
  void Line(size_t colour, const std::string& points, bool dotted) {
    out_ += fmt::format(
        "<polyline class=\"rp-s{}\" points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" "
        "stroke-linejoin=\"round\" stroke-linecap=\"round\"{}/>",
        Index(colour), points, Colour(colour), dotted ? " stroke-dasharray=\"1 6\"" : "");
  }
  void Dot(size_t colour, double x, double y, double radius, const std::string& tip = "") {
    out_ += fmt::format("<circle class=\"rp-f{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\"", Index(colour), x,
                        y, radius, Colour(colour));
    out_ += tip.empty() ? "/>" : fmt::format("><title>{}</title></circle>", EscapeMarkup(tip));
  }
  void Bar(size_t colour, double x, double y, double width, double height, const std::string& tip) {
    out_ += fmt::format(
        "<rect class=\"rp-f{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"2\" "
        "fill=\"{}\"><title>{}</title></rect>",
        Index(colour), x, y, width, height, Colour(colour), EscapeMarkup(tip));
  }
  std::string Finish() { return std::move(out_) + "</svg>"; }

 private:
  static size_t Index(size_t colour) { return colour % kLight.size(); }
  [[nodiscard]] std::string_view Colour(size_t colour) const { return (*colours_.series)[Index(colour)]; }

  const Colours& colours_;
  std::string out_;
};

// The rectangle between the axes.
struct Plot {
  double left, top, right, bottom;
  ValueScale scale;
  [[nodiscard]] double Y(double value) const {
    return bottom - (bottom - top) * (value - scale.first) / (scale.last - scale.first);
  }
};

double WidthOf(std::string_view text) { return kGlyphWidth * static_cast<double>(text.size()); }

// Rows of coloured names from `top` on; returns where they end.
double DrawLegend(Canvas& canvas, const std::vector<ChartSeries>& series, const ChartForm& form, double top) {
  double x = kMargin;
  double y = top + kLegendRow / 2;
  for (const ChartSeries& one : series) {
    const double width = WidthOf(one.name) + 36;
    if (x > kMargin && x + width > form.width - kMargin) {
      x = kMargin;
      y += kLegendRow;
    }
    const std::string sample = fmt::format("{:.1f},{:.1f} {:.1f},{:.1f}", x, y, x + 14, y);
    if (one.form == SeriesForm::kPoints) {
      canvas.Dot(one.colour, x + 7, y, 4);
    } else {
      canvas.Line(one.colour, sample, one.form == SeriesForm::kDotted);
    }
    canvas.Text(x + 20, y + 4, "start", one.name);
    x += width;
  }
  return y + kLegendRow / 2;
}

// Title, horizontal lines with their values, and the frame's measures.
Plot DrawFrame(Canvas& canvas, const ChartLabels& labels, const ChartForm& form, double top, ValueScale scale) {
  canvas.Title(kMargin, kTitleHeight - 12, labels.title);
  const double widest = std::max(WidthOf(FormatValue(scale.last, scale.step)), 24.0);
  Plot plot{kMargin + widest + 8, top + kAxisRow, form.width - kMargin, form.height - kAxisRow - 4, scale};
  canvas.Text(kMargin, top + 16, "start", labels.value_label, true);
  for (const double tick : scale.ticks()) {
    canvas.GridLine(plot.left, plot.Y(tick), plot.right, plot.Y(tick));
    canvas.Text(plot.left - 8, plot.Y(tick) + 4, "end", FormatValue(tick, scale.step), true);
  }
  return plot;
}

void DrawNoData(Canvas& canvas, const Plot& plot, const std::string& words) {
  canvas.Text((plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2, "middle", words);
}

std::string TipOf(const ChartSeries& series, const ChartPoint& point, const std::string& unit) {
  return fmt::format("{} · {}: {:g} {}", series.name, FormatRfc3339(point.at), point.value, unit);
}

void DrawSeries(Canvas& canvas, const Plot& plot, const TimeChart& chart, const ChartSeries& series) {
  const auto span = std::chrono::duration<double>(chart.to - chart.from).count();
  const auto x_of = [&](TimePoint at) {
    const double share = span > 0 ? std::chrono::duration<double>(at - chart.from).count() / span : 0.5;
    return plot.left + (plot.right - plot.left) * std::clamp(share, 0.0, 1.0);
  };
  if (series.form == SeriesForm::kPoints || series.points.size() == 1) {
    for (const ChartPoint& p : series.points) {
      canvas.Dot(series.colour, x_of(p.at), plot.Y(p.value), 3, TipOf(series, p, chart.labels.value_label));
    }
    return;
  }
  std::string points;
  for (const ChartPoint& p : series.points) points += fmt::format("{:.1f},{:.1f} ", x_of(p.at), plot.Y(p.value));
  if (!points.empty()) canvas.Line(series.colour, points, series.form == SeriesForm::kDotted);
}

void DrawTimes(Canvas& canvas, const Plot& plot, const TimeChart& chart) {
  const auto span = std::chrono::duration<double>(chart.to - chart.from).count();
  constexpr double kLabelWidth = 80;
  for (const TimeTick& tick :
       TimeTicks(chart.from, chart.to, static_cast<int>((plot.right - plot.left) / kLabelWidth))) {
    const double share = span > 0 ? std::chrono::duration<double>(tick.at - chart.from).count() / span : 0.5;
    const double x = plot.left + (plot.right - plot.left) * share;
    canvas.GridLine(x, plot.bottom, x, plot.bottom + 5);
    // The last one stays within the picture.
    const double middle = std::min(x, plot.right + kMargin - WidthOf(tick.label) / 2 - 2);
    canvas.Text(middle, plot.bottom + 20, "middle", tick.label, true);
  }
}

}  // namespace

std::string EscapeMarkup(std::string_view text) {
  const std::string valid = SanitizeUtf8(text);
  std::string out;
  for (size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') continue;
    // https://www.w3.org/TR/xml/#charsets: of what is valid UTF-8 these two are left out as well.
    if (const auto character = std::string_view(valid).substr(i, 3); character == kFffe || character == kFfff) {
      i += character.size() - 1;
      continue;
    }
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string StyleSource(std::string_view style) {
  const auto digest = Sha256(style);
  return "'sha256-" + Base64Encode(std::string(digest.begin(), digest.end())) + "'";
}

std::string SvgSecurityPolicy() {
  return "Content-Security-Policy: default-src 'none'; style-src " + StyleSource(kChartStyle) +
         "; frame-ancestors 'none'\r\n";
}

std::string RenderChart(const TimeChart& chart, const ChartForm& form) {
  Canvas canvas(chart.labels, form);
  double greatest = 0;
  double least = chart.from_zero ? 0 : std::numeric_limits<double>::infinity();
  bool empty = true;
  for (const ChartSeries& series : chart.series) {
    for (const ChartPoint& point : series.points) {
      greatest = std::max(greatest, point.value);
      least = std::min(least, point.value);
    }
    empty = empty && series.points.empty();
  }
  constexpr int kMarks = 5;
  const double top = DrawLegend(canvas, chart.series, form, kTitleHeight);
  const Plot plot =
      DrawFrame(canvas, chart.labels, form, top, ScaleBetween(least, greatest, kMarks, chart.whole_values));
  DrawTimes(canvas, plot, chart);
  for (const ChartSeries& series : chart.series) DrawSeries(canvas, plot, chart, series);
  if (empty) DrawNoData(canvas, plot, chart.labels.no_data);
  return canvas.Finish();
}

std::string RenderChart(const BarChart& chart, const ChartForm& form) {
  Canvas canvas(chart.labels, form);
  double greatest = 0;
  for (const ChartBar& bar : chart.bars) greatest = std::max(greatest, bar.value);
  constexpr int kMarks = 5;
  const Plot plot = DrawFrame(canvas, chart.labels, form, kTitleHeight, ScaleOf(greatest, kMarks, true));
  const double slot = (plot.right - plot.left) / static_cast<double>(std::max<size_t>(chart.bars.size(), 1));
  for (size_t i = 0; i < chart.bars.size(); ++i) {
    const ChartBar& bar = chart.bars[i];
    const double middle = plot.left + slot * (static_cast<double>(i) + 0.5);
    const std::string value = FormatValue(bar.value, 1);
    canvas.Bar(i, middle - slot * 0.3, plot.Y(bar.value), slot * 0.6, plot.bottom - plot.Y(bar.value),
               bar.name + ": " + value);
    canvas.Text(middle, plot.Y(bar.value) - 6, "middle", value);
    canvas.Text(middle, plot.bottom + 20, "middle", bar.name, true);
  }
  if (greatest <= 0) DrawNoData(canvas, plot, chart.labels.no_data);
  return canvas.Finish();
}

std::string RenderNotice(std::string_view title, std::string_view detail) {
  const double width = std::max({240.0, WidthOf(title) * 1.4, WidthOf(detail)}) + 2 * kMargin;
  ChartLabels labels{std::string(title), std::string(detail), "", ""};
  Canvas canvas(labels,
                {.width = static_cast<int>(width), .height = 72, .theme = ChartTheme::kAuto, .standalone = true});
  canvas.Title(kMargin, 30, title);
  canvas.Text(kMargin, 52, "start", detail, true);
  return canvas.Finish();
}

}  // namespace repopulse::http
