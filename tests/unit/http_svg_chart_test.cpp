#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "http/chart_scale.h"
#include "http/error_image.h"
#include "http/svg_chart.h"
#include "support/samples.h"

namespace repopulse::http {
namespace {

using test::At;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

std::vector<std::string> Labels(const std::vector<TimeTick>& ticks) {
  std::vector<std::string> labels;
  for (const TimeTick& tick : ticks) labels.push_back(tick.label);
  return labels;
}

// ---- axes

TEST(ChartScale, MarksRoundValuesUpToTheGreatest) {
  EXPECT_THAT(ScaleOf(23, 5, true).ticks(), ElementsAre(0, 5, 10, 15, 20, 25));
  EXPECT_THAT(ScaleOf(100, 5, true).ticks(), ElementsAre(0, 20, 40, 60, 80, 100));
  EXPECT_THAT(ScaleOf(101, 5, true).ticks(), ElementsAre(0, 50, 100, 150));
  EXPECT_EQ(ScaleOf(1'234'567, 5, true).last, 1'500'000);
}

TEST(ChartScale, HasNoPartsOfACount) {
  EXPECT_THAT(ScaleOf(2, 5, true).ticks(), ElementsAre(0, 1, 2));
  EXPECT_EQ(ScaleOf(2, 5, false).step, 0.5);
  EXPECT_DOUBLE_EQ(ScaleOf(0.3, 5, false).last, 0.3);
}

TEST(ChartScale, BeginsNearWhatIsLargeAndChangesLittle) {
  EXPECT_THAT(ScaleBetween(12'300, 12'345, 5, true).ticks(),
              ElementsAre(12'300, 12'310, 12'320, 12'330, 12'340, 12'350));
  EXPECT_THAT(ScaleBetween(40, 100, 5, true).ticks(), ElementsAre(0, 20, 40, 60, 80, 100)) << "zero is near";
  EXPECT_THAT(ScaleBetween(7, 7, 5, true).ticks(), ElementsAre(7, 8));
  EXPECT_THAT(ScaleBetween(0, 0, 5, true).ticks(), ElementsAre(0, 1));
  EXPECT_THAT(ScaleBetween(std::numeric_limits<double>::infinity(), 0, 5, true).ticks(), ElementsAre(0, 1));
}

TEST(ChartScale, OfNothingStillHasAnAxis) {
  EXPECT_THAT(ScaleOf(0, 5, true).ticks(), ElementsAre(0, 1));
  EXPECT_THAT(ScaleOf(std::numeric_limits<double>::infinity(), 5, true).ticks(), ElementsAre(0, 1));
}

TEST(ChartScale, WritesValuesWithTheDecimalsOfTheStep) {
  EXPECT_EQ(FormatValue(0, 1), "0");
  EXPECT_EQ(FormatValue(999, 1), "999");
  EXPECT_EQ(FormatValue(1000, 1), "1,000");
  EXPECT_EQ(FormatValue(1'234'567, 1), "1,234,567");
  EXPECT_EQ(FormatValue(1234.5, 0.5), "1,234.5");
  EXPECT_EQ(FormatValue(2, 0.01), "2.00");
}

TEST(ChartScale, MarksRoundTimes) {
  EXPECT_THAT(Labels(TimeTicks(At("2015-01-01T00:58:00Z"), At("2015-01-01T01:58:00Z"), 8)),
              ElementsAre("01:00", "01:10", "01:20", "01:30", "01:40", "01:50"));
  EXPECT_THAT(Labels(TimeTicks(At("2015-01-01T00:00:00Z"), At("2015-01-01T00:00:10Z"), 4)),
              ElementsAre("00:00:00", "00:00:05", "00:00:10"));
  EXPECT_THAT(Labels(TimeTicks(At("2015-01-30T10:00:00Z"), At("2015-02-02T10:00:00Z"), 4)),
              ElementsAre("01-31", "02-01", "02-02"));
}

TEST(ChartScale, OfOneMomentHasOneTime) {
  EXPECT_THAT(Labels(TimeTicks(At("2015-01-01T00:00:00Z"), At("2015-01-01T00:00:00Z"), 4)), ElementsAre("00:00"));
}

// ---- charts

TimeChart Minutes() {
  TimeChart chart{{"Events & more", "Two series", "events", "No events"},
                  At("2015-01-01T00:00:00Z"),
                  At("2015-01-01T00:10:00Z"),
                  true,
                  {{"PushEvent", SeriesForm::kLine, {}, 0}, {"ForkEvent", SeriesForm::kLine, {}, 1}}};
  chart.series[0].points = {{At("2015-01-01T00:00:00Z"), 0}, {At("2015-01-01T00:10:00Z"), 10}};
  return chart;
}

TEST(SvgChart, SaysWhatItShowsForWhoCannotSeeIt) {
  const std::string svg = RenderChart(Minutes(), {});
  EXPECT_THAT(svg, HasSubstr("<title id=\"rp-title\">Events &amp; more</title><desc id=\"rp-desc\">Two series</desc>"));
  EXPECT_THAT(svg, HasSubstr("role=\"img\""));
  EXPECT_THAT(svg, HasSubstr(">PushEvent</text>"));
  EXPECT_THAT(svg, HasSubstr(">ForkEvent</text>"));
  EXPECT_THAT(svg, HasSubstr(">events</text>"));
}

TEST(SvgChart, DrawsFromCornerToCorner) {
  const std::string svg = RenderChart(Minutes(), {.width = 800, .height = 400});
  std::smatch line;
  const std::regex polyline("<polyline class=\"rp-s0\" points=\"([0-9.]+),([0-9.]+) ([0-9.]+),([0-9.]+) \"");
  ASSERT_TRUE(std::regex_search(svg, line, polyline)) << svg;
  EXPECT_EQ(line[2], "368.0");                        // zero: the bottom
  EXPECT_EQ(line[3], "784.0");                        // the last time: the right end
  EXPECT_LT(std::stod(line[4]), std::stod(line[2]));  // more is higher
}

TEST(SvgChart, SaysThatThereIsNothing) {
  TimeChart chart = Minutes();
  chart.series[0].points.clear();
  EXPECT_THAT(RenderChart(chart, {}), HasSubstr(">No events</text>"));
  EXPECT_THAT(RenderChart(Minutes(), {}), Not(HasSubstr(">No events</text>")));
  const BarChart zeros{{"t", "d", "events", "No events"}, {{"a", 0}, {"b", 0}}};
  EXPECT_THAT(RenderChart(zeros, {}), HasSubstr(">No events</text>"));
}

TEST(SvgChart, DrawsASinglePointAsADot) {
  TimeChart chart = Minutes();
  chart.series[0].points.resize(1);
  const std::string svg = RenderChart(chart, {});
  EXPECT_THAT(svg, HasSubstr("<circle class=\"rp-f0\""));
}

TEST(SvgChart, DrawsABarForEach) {
  const BarChart bars{{"t", "d", "events", ""}, {{"a", 1200}, {"b", 300}, {"c", 0}}};
  const std::string svg = RenderChart(bars, {});
  EXPECT_EQ(CountOf(svg, "<rect class=\"rp-f"), 3U);
  EXPECT_THAT(svg, HasSubstr("<title>a: 1,200</title>"));
  EXPECT_THAT(svg, HasSubstr(">1,200</text>"));
}

TEST(SvgChart, LetsNothingOutOfItsText) {
  TimeChart chart = Minutes();
  chart.labels.title = "</title><script>alert(1)</script>";
  chart.series[0].name = "\"'<&>\x01";
  const std::string svg = RenderChart(chart, {});
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, HasSubstr("&quot;&#39;&lt;&amp;&gt;"));
  EXPECT_THAT(svg, Not(HasSubstr("\x01")));
}

TEST(EscapeMarkup, LeavesOutWhatXmlForbids) {
  EXPECT_EQ(EscapeMarkup("a\x01\x1F\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBEz"), "az") << "U+0001, U+001F, U+FFFE, U+FFFF";
  EXPECT_EQ(EscapeMarkup("\t\n\r\x7F \xEF\xBF\xBD \xEE\x80\x80 \xED\x9F\xBF"),
            "\t\n\r\x7F \xEF\xBF\xBD \xEE\x80\x80 \xED\x9F\xBF")
      << "their neighbours are characters: U+FFFD, U+E000, U+D7FF";
  EXPECT_EQ(EscapeMarkup("\xF0\x9F\xBF\xBE \xF4\x8F\xBF\xBF"), "\xF0\x9F\xBF\xBE \xF4\x8F\xBF\xBF")
      << "U+1FFFE, U+10FFFF";
  EXPECT_EQ(EscapeMarkup("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "half a surrogate pair";
}

TEST(SvgChart, HasOneStyleElementWhereItIsAFileThatFollowsTheReader) {
  const std::string standalone = RenderChart(Minutes(), {});
  EXPECT_THAT(standalone, HasSubstr("<style>" + std::string(kChartStyle) + "</style>"));
  EXPECT_THAT(standalone, Not(HasSubstr("style=\"")));
  EXPECT_THAT(RenderChart(Minutes(), {.standalone = false}), Not(HasSubstr("<style")));
  const std::string dark = RenderChart(Minutes(), {.theme = ChartTheme::kDark});
  EXPECT_THAT(dark, Not(HasSubstr("<style")));
  EXPECT_THAT(dark, HasSubstr("fill=\"#0d1117\""));
}

TEST(SvgChart, NamesItsStyleInThePolicyByTheHashThatBrowsersCompute) {
  // printf "a{}" | openssl dgst -sha256 -binary | base64
  EXPECT_EQ(StyleSource("a{}"), "'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='");
  EXPECT_THAT(SvgSecurityPolicy(), HasSubstr("style-src " + StyleSource(kChartStyle)));
  EXPECT_THAT(SvgSecurityPolicy(), Not(HasSubstr("unsafe-inline")));
}

TEST(ErrorImage, SaysWhatIsWrongAndKeepsTheStatus) {
  const Response response = RenderAsImage(BadParameters({{"minutes", "500", "a whole number from 0 to 120"}}));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "image/svg+xml");
  EXPECT_THAT(response.body, HasSubstr("400 Bad parameters"));
  EXPECT_THAT(response.body, HasSubstr("minutes: a whole number from 0 to 120"));
}

}  // namespace
}  // namespace repopulse::http
