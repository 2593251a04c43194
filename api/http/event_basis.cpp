#include "http/event_basis.h"

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_render.h"
#include "http/meta.h"

namespace repopulse::http {
namespace {

constexpr size_t kWordBytesMax = 64;
constexpr size_t kFullNameBytesMax = 140;
// A tracked repository is polled within the next ticks of cron.
constexpr std::chrono::seconds kFirstEventsWithin{60};

std::optional<std::string> ReadWord(Params& params, const char* name, const char* what) {
  auto word = params.Text(name, kWordBytesMax);
  if (!word || IsEventWord(*word)) return word;
  params.Reject(name, *word, std::string(what) + ": letters, digits and underscores");
  return std::nullopt;
}

TimePoint WatchedUntil(const Coverage& coverage, TimePoint now) {
  const bool gap_until_now = coverage.share > 0 && !coverage.gaps.empty() && coverage.gaps.back().to >= now;
  return gap_until_now ? coverage.gaps.back().from : now;
}

}  // namespace

std::optional<std::string> ReadEventType(Params& params) {
  return ReadWord(params, "type", "an event's type, as PushEvent");
}

EventWords EventWords::Read(Params& params) {
  EventWords words;
  words.type = ReadEventType(params);
  words.action = ReadWord(params, "action", "an event's action, as opened");
  return words;
}

std::string EventWords::Key() const { return "type=" + type.value_or("") + "&action=" + action.value_or(""); }

std::optional<RepositoryName> ReadRepositoryParameter(Params& params) {
  const auto text = params.Text("repo", kFullNameBytesMax);
  if (!text) return std::nullopt;
  auto name = RepositoryName::Parse(*text);
  if (!name) params.Reject("repo", *text, "owner/name as on GitHub: letters, digits, '-', '_' and '.'");
  return name;
}

Result<EventReader::Known> FindEventRepository(const Services& services, const RepositoryName& name) {
  auto found = services.events.FindRepository(name);
  if (!found) return tl::make_unexpected(std::move(found.error()));
  if (!*found) return Fail(ErrorCode::kNotFound, "The repository " + name.full() + " is not known here.");
  return **std::move(found);
}

Result<bool> IsAwaited(const Services& services, const EventReader::Known& repository) {
  if (repository.events > 0) return false;
  auto tracked = services.sources.FindTracked(repository.id);
  if (!tracked) return tl::make_unexpected(std::move(tracked.error()));
  return *tracked && (*tracked)->active && !(*tracked)->polled_at;
}

Representation EventsAwaited(const Services& services, const RepositoryName& name, const ListForm& form) {
  Json meta = CompleteMeta(services, {{"data_as_of", nullptr}});
  meta["repository"] = name.full();
  meta["sample_size"] = 0;
  meta["coverage"] = ToJson(Coverage{});
  return services.builder.NotYet(ContentType(form.format), RenderList(form.format, {}, meta, form.columns),
                                 kFirstEventsWithin);
}

Result<LocatedEvents> LocateEvents(const Services& services, const Request& request, const RepositoryName& name,
                                   const ListForm& form) {
  auto known = FindEventRepository(services, name);
  if (!known) return tl::make_unexpected(std::move(known.error()));
  if (!(known->name == name)) {
    return LocatedEvents{std::nullopt, services.builder.Moved(UnderName(request, known->name))};
  }
  const auto awaited = IsAwaited(services, *known);
  if (!awaited) return tl::make_unexpected(awaited.error());
  if (*awaited) return LocatedEvents{std::nullopt, EventsAwaited(services, known->name, form)};
  return LocatedEvents{*std::move(known), std::nullopt};
}

Result<Stated> State(const Services& services, const Basis& basis, TimePoint now) {
  Coverage coverage;
  if (basis.from && *basis.from < basis.to) {
    auto found = services.sources.CoverageOf(basis.repository, *basis.from, basis.to, now);
    if (!found) return tl::make_unexpected(std::move(found.error()));
    coverage = *std::move(found);
  }
  Stated stated;
  stated.data_as_of = WatchedUntil(coverage, now);
  stated.meta = CompleteMeta(services, {{"data_as_of", FormatRfc3339(stated.data_as_of)}});
  stated.meta["window"] = {{"from", basis.from ? Json(FormatRfc3339(*basis.from)) : Json(nullptr)},
                           {"to", FormatRfc3339(basis.to)},
                           {"bound", basis.bound}};
  stated.meta["sample_size"] = basis.sample_size;
  stated.meta["coverage"] = ToJson(coverage);
  return stated;
}

}  // namespace repopulse::http
