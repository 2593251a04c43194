#include "http/svg_badge.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "http/svg_chart.h"

namespace repopulse::http {
namespace {

constexpr int kHeight = 20;
constexpr double kPadding = 6;
constexpr double kGlyphWidth = 6.6;  // of the text's size, on average; textLength makes it true

// White text has a contrast of at least 4.5:1 against each.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kColours = {
    {{"blue", "#0969da"}, {"brightgreen", "#1a7f37"}, {"orange", "#bc4c00"}, {"lightgrey", "#59636e"}}};
constexpr std::string_view kLabelColour = "#3d444d";

std::string_view ColourOf(std::string_view name) {
  for (const auto& [known, colour] : kColours) {
    if (known == name) return colour;
  }
  return kColours.back().second;
}

size_t CharactersOf(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

double WidthOf(std::string_view text) { return std::ceil(kGlyphWidth * static_cast<double>(CharactersOf(text))); }

std::string Text(double begin, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"14\" textLength=\"{:.1f}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                     begin + kPadding, WidthOf(text), EscapeMarkup(text));
}

}  // namespace

std::string RenderBadge(const Badge& badge) {
  const std::string label = SanitizeUtf8(badge.label);
  const double left = WidthOf(label) + 2 * kPadding;
  const double width = left + WidthOf(badge.message) + 2 * kPadding;
  const std::string words = EscapeMarkup(label + ": " + badge.message);
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1}\" role=\"img\" "
             "aria-label=\"{2}\"><title>{2}</title><clipPath id=\"rp-clip\"><rect width=\"{0:.0f}\" height=\"{1}\" "
             "rx=\"3\"/></clipPath><g clip-path=\"url(#rp-clip)\"><rect width=\"{3:.0f}\" height=\"{1}\" "
             "fill=\"{4}\"/><rect x=\"{3:.0f}\" width=\"{5:.0f}\" height=\"{1}\" fill=\"{6}\"/></g>"
             "<g fill=\"#fff\" font-family=\"Verdana, 'DejaVu Sans', sans-serif\" font-size=\"11\">",
             width, kHeight, words, left, kLabelColour, width - left, ColourOf(badge.colour)) +
         Text(0, label) + Text(left, badge.message) + "</g></svg>";
}

std::string ShortNumber(double value) {
  constexpr std::array<std::string_view, 4> kUnits = {"", "k", "M", "G"};
  size_t unit = 0;
  double shown = std::fabs(value);
  // What would be rounded to a thousand is one of the next unit.
  for (; shown >= 999.5 && unit + 1 < kUnits.size(); ++unit) shown /= 1000;
  const bool decimal = unit > 0 && shown < 99.95 && std::round(shown * 10) != 10 * std::round(shown);
  return fmt::format("{}{:.{}f}{}", value < 0 ? "-" : "", shown, decimal ? 1 : 0, kUnits[unit]);
}

}  // namespace repopulse::http
