#include "http/chart_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/time_format.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// What a floating-point quotient may be off by and still count as whole.
constexpr double kTolerance = 1e-9;

constexpr std::array<seconds, 24> kTimeSteps = {
    seconds{1}, seconds{2},  seconds{5},  seconds{10}, seconds{15}, seconds{30}, minutes{1}, minutes{2},
    minutes{5}, minutes{10}, minutes{15}, minutes{30}, hours{1},    hours{2},    hours{3},   hours{6},
    hours{12},  days{1},     days{2},     days{7},     days{14},    days{30},    days{90},   days{365}};

double RoundStep(double rough) {
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (rough <= digit * power * (1 + kTolerance)) return digit * power;
  }
  return 10 * power;
}

std::string WithThousands(std::string digits) {
  const size_t end = std::min(digits.find('.'), digits.size());
  for (size_t at = end; at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string TimeLabel(TimePoint at, seconds step) {
  const std::string text = FormatRfc3339(at);  // 2024-05-07T08:45:17Z
  if (step >= days{1}) return text.substr(5, 5);
  return text.substr(11, step < minutes{1} ? 8 : 5);
}

}  // namespace

std::vector<double> ValueScale::ticks() const {
  std::vector<double> all;
  const auto count = static_cast<int>(std::lround((last - first) / step));
  for (int i = 0; i <= count; ++i) all.push_back(first + step * i);
  return all;
}

ValueScale ScaleOf(double greatest, int marks, bool whole) {
  if (!(greatest > 0) || !std::isfinite(greatest)) return {};
  double step = RoundStep(greatest / marks);
  if (whole) step = std::max(step, 1.0);
  return {step * std::ceil(greatest / step - kTolerance), step};
}

ValueScale ScaleBetween(double least, double greatest, int marks, bool whole) {
  // With less than its own height under it, a curve looks the same from 0.
  if (!std::isfinite(least) || !std::isfinite(greatest) || least <= greatest - least) {
    return ScaleOf(greatest, marks, whole);
  }
  // Nothing that stays the same, or hardly changes, fills the height.
  const double height = std::max(greatest - least, whole ? 1.0 : greatest / 100);
  double step = RoundStep(height / marks);
  if (whole) step = std::max(step, 1.0);
  const double first = step * std::floor(least / step + kTolerance);
  const double last = step * std::ceil(greatest / step - kTolerance);
  return {std::max(last, first + step), step, first};
}

std::string FormatValue(double value, double step) {
  const int decimals = step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - kTolerance));
  return WithThousands(fmt::format("{:.{}f}", value, std::clamp(decimals, 0, 9)));
}

std::vector<TimeTick> TimeTicks(TimePoint from, TimePoint to, int marks) {
  if (to <= from) return {{from, TimeLabel(from, minutes{1})}};
  const auto* step = std::ranges::find_if(kTimeSteps, [&](seconds s) { return (to - from) / s < marks; });
  const seconds every = step == kTimeSteps.end() ? kTimeSteps.back() : *step;
  const auto first = (SecondsSinceEpoch(from) + every - seconds{1}) / every;
  std::vector<TimeTick> ticks;
  for (auto at = TimePoint(first * every); at <= to && ticks.size() < 100; at += every) {
    if (at >= from) ticks.push_back({at, TimeLabel(at, every)});
  }
  return ticks;
}

}  // namespace repopulse::http
