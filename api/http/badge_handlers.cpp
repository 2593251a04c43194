// /api/v1/repos/{owner}/{repo}/badge/{metric}: one number of a repository, for a README; as a picture, and as what
// shields.io draws one from (shields.io/badges/endpoint-badge).
#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/embed.h"
#include "http/event_render.h"
#include "http/params.h"
#include "http/render.h"
#include "http/repository_lookup.h"
#include "http/svg_badge.h"
#include "http/svg_chart.h"

namespace repopulse::http {
namespace {

using std::chrono::days;

constexpr size_t kLabelBytesMax = 40;
constexpr days kWindow{7};

struct Measurement {
  std::string message;
  std::string_view colour = "blue";
};
// None: nothing is known of it.
using Measured = Result<std::optional<Measurement>>;

Measured OfDescription(const LocatedRepository& located, int64_t Repository::*count) {
  if (!located.stored) return std::optional<Measurement>();
  const auto value = static_cast<double>(located.stored->repository.*count);
  return std::optional(Measurement{ShortNumber(value)});
}

Measured OfGrowth(const Services& services, const LocatedRepository& located) {
  if (!located.stored) return std::optional<Measurement>();
  const auto today = DayOf(services.clock.Now());
  const auto snapshots = services.repositories.Snapshots(located.id, today - kWindow, today);
  if (!snapshots) return tl::make_unexpected(snapshots.error());
  const auto growth = GrowthSince(*snapshots, located.stored->repository.stargazers_count, today - kWindow);
  if (!growth) return std::optional<Measurement>();
  const std::string message = (growth->stars > 0 ? "+" : "") + ShortNumber(static_cast<double>(growth->stars));
  const std::string_view colour = growth->stars > 0 ? "brightgreen" : growth->stars < 0 ? "orange" : "lightgrey";
  return std::optional(Measurement{message, colour});
}

Measured OfActivity(const Services& services, const LocatedRepository& located) {
  const auto found = services.events.Activity(located.id);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return std::optional<Measurement>();
  const double score = (*found)->activity.score;
  const std::string message = score < 99.95 ? fmt::format("{:.1f}", score) : ShortNumber(score);
  return std::optional(Measurement{message, score > 0 ? "brightgreen" : "lightgrey"});
}

Measured OfEvents(const Services& services, const LocatedRepository& located) {
  const TimePoint now = services.clock.Now();
  const auto counts = services.events.Counts({std::nullopt, std::nullopt, located.id}, now - kWindow);
  if (!counts) return tl::make_unexpected(counts.error());
  const int64_t total = TotalOf(counts->counts);
  return std::optional(Measurement{ShortNumber(static_cast<double>(total)), total > 0 ? "brightgreen" : "lightgrey"});
}

struct Metric {
  std::string_view name;
  std::string_view label;
  const std::string& scope;
  Measured (*measure)(const Services&, const LocatedRepository&);
};
const Metric kMetrics[] = {
    {"stars", "stars", kRepositoriesScope,
     [](const Services&, const LocatedRepository& r) { return OfDescription(r, &Repository::stargazers_count); }},
    {"forks", "forks", kRepositoriesScope,
     [](const Services&, const LocatedRepository& r) { return OfDescription(r, &Repository::forks_count); }},
    {"issues", "open issues", kRepositoriesScope,
     [](const Services&, const LocatedRepository& r) { return OfDescription(r, &Repository::open_issues_count); }},
    {"growth", "stars in 7 days", kRepositoriesScope, OfGrowth},
    {"activity", "activity", kEventsScope, OfActivity},
    {"events", "events in 7 days", kEventsScope, OfEvents},
};

enum class BadgeForm { kSvg, kJson };

struct BadgeRequest {
  RepositoryName name;
  const Metric* metric = nullptr;
  std::string label;
  BadgeForm form = BadgeForm::kSvg;
};

Json ShieldsJson(const Badge& badge, bool known, const EmbedLife& life) {
  Json json = {{"schemaVersion", 1},
               {"label", badge.label},
               {"message", badge.message},
               {"color", badge.colour},
               {"cacheSeconds", life.fresh.count()}};
  if (!known) json["isError"] = true;
  return json;
}

Result<Representation> ShowBadge(const Services& services, const Request& request, const BadgeRequest& asked) {
  auto located = Locate(services, request, asked.name);
  if (!located) return tl::make_unexpected(std::move(located.error()));
  if (located->moved) return *std::move(located->moved);
  const auto measured = asked.metric->measure(services, *located);
  if (!measured) return tl::make_unexpected(measured.error());
  const Measurement reading = measured->value_or(Measurement{"unknown", "lightgrey"});
  const Badge badge{InDemo(services, asked.label), reading.message, reading.colour};
  const bool known = measured->has_value();
  const EmbedLife& life = known ? kPictureLife : kNewsLife;
  if (asked.form == BadgeForm::kJson) {
    return services.builder.Embed("application/json", ToText(ShieldsJson(badge, known, life)), life);
  }
  return services.builder.Embed(kSvgType, RenderBadge(badge), life, SvgSecurityPolicy());
}

template <BadgeForm form>
Checked<Reading> ReadBadge(const Services& services, const Request& request, const PathValues& values) {
  const auto name = RepositoryOf(values[0], values[1]);
  if (!name) return Refuse(name.error());
  Params params(request);
  BadgeRequest asked{*name, nullptr, params.Text("label", kLabelBytesMax).value_or(""), form};
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  const auto* metric = std::ranges::find(kMetrics, values[2], &Metric::name);
  if (metric == std::end(kMetrics)) {
    return Refuse(NotFound("There is no such badge. There are " + ListOf(kMetrics) + "."));
  }
  asked.metric = metric;
  if (asked.label.empty()) asked.label = metric->label;
  const ReadQuery query{"v1/repos/" + ToLowerAscii(name->full()) + "/badge/" + std::string(metric->name) +
                            (form == BadgeForm::kJson ? ".json" : ".svg") + "?label=" + PercentEncode(asked.label),
                        metric->scope, [&services, request, asked] { return ShowBadge(services, request, asked); }};
  return Reading(query);
}

}  // namespace

void AddBadgeRoutes(RouteTable& table, Services& services) {
  const auto read = [&services](auto handler) {
    return ReadHandler([&services, handler](const Request& request, const PathValues& values) {
      return handler(services, request, values);
    });
  };
  table.Add({.pattern = "/api/v1/repos/{owner}/{repo}/badge/{metric}.svg",
             .handler = read(ReadBadge<BadgeForm::kSvg>),
             .description = "A badge: one number of a repository, as a picture",
             .image = true});
  table.Add({.pattern = "/api/v1/repos/{owner}/{repo}/badge/{metric}.json",
             .handler = read(ReadBadge<BadgeForm::kJson>),
             .description = "The same for shields.io to draw"});
}

}  // namespace repopulse::http
