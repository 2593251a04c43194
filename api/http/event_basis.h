// What every answer about events needs: whose events are asked for, and what the answer says it stands on.
#pragma once

#include <optional>
#include <string>

#include "http/handlers.h"
#include "http/params.h"
#include "http/render.h"
#include "http/repository_lookup.h"
#include "service/event_reader.h"

namespace repopulse::http {

// Which events are asked for, as far as a request's parameters say. A type or action that nobody has seen is a valid
// question with an empty answer; what cannot be one (letters, digits and underscores, at most 64) is a mistake.
struct EventWords {
  std::optional<std::string> type;
  std::optional<std::string> action;

  static EventWords Read(Params& params);  // reads `type` and `action`
  // "type=…&action=…", for the cache key.
  [[nodiscard]] std::string Key() const;
};
// The parameter `type` alone.
std::optional<std::string> ReadEventType(Params& params);
// The parameter `repo`, owner/name.
std::optional<RepositoryName> ReadRepositoryParameter(Params& params);

// The repository of this name, now or once; kNotFound, for clients, where there is none.
Result<EventReader::Known> FindEventRepository(const Services& services, const RepositoryName& name);
// Whether it is tracked, but has not been looked at yet: no answer about its events would mean anything.
Result<bool> IsAwaited(const Services& services, const EventReader::Known& repository);

// The repository of a path /api/v1/repos/{owner}/{repo}/…, or what to answer instead: 301 to the same question under
// its present name, or 202 while its events are awaited: an empty list in the form asked for.
struct ListForm {
  ListFormat format = ListFormat::kJson;
  std::vector<std::string_view> columns;  // of the table
};
struct LocatedEvents {
  std::optional<EventReader::Known> repository;
  std::optional<Representation> instead;
};
Result<LocatedEvents> LocateEvents(const Services& services, const Request& request, const RepositoryName& name,
                                   const ListForm& form);
// The 202 alone.
Representation EventsAwaited(const Services& services, const RepositoryName& name, const ListForm& form);
// What an answer about events stands on.
struct Basis {
  std::optional<RepositoryId> repository;  // none: all of them
  std::optional<TimePoint> from;           // none: there is nothing it could begin with
  TimePoint to;
  std::string bound;  // what made the window end where it does: "days", "events", "minutes", "all" …
  int64_t sample_size = 0;
};
struct Stated {
  Json meta;             // data_as_of, window, sample_size and coverage
  TimePoint data_as_of;  // until when what is asked about has been watched; now, where it never was
};
Result<Stated> State(const Services& services, const Basis& basis, TimePoint now);

}  // namespace repopulse::http
