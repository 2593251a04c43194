// /api/v1/compare: repositories side by side, day by day.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/event_render.h"
#include "http/meta.h"
#include "http/paging.h"
#include "http/params.h"
#include "http/repository_lookup.h"
#include "http/trending.h"

namespace repopulse::http {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr size_t kRepositoriesMax = 20;
constexpr size_t kTextBytesMax = 3000;  // of so many of the longest names
constexpr int64_t kDaysMax = 366;
constexpr days kDaysDefault{30};

const std::vector<std::string_view> kColumns = {"full_name",         "day",   "stargazers_count", "forks_count",
                                                "open_issues_count", "events"};

struct CompareRequest {
  std::vector<RepositoryName> names;
  sys_days from;
  sys_days to;  // inclusive
  ListFormat format = ListFormat::kJson;
};

// One repository of the comparison.
struct Side {
  LocatedRepository repository;
  std::vector<Snapshot> snapshots;
  std::map<sys_days, int64_t> events;
  std::optional<RepositoryActivity> activity;
  Coverage coverage;
  [[nodiscard]] int64_t total() const {
    int64_t sum = 0;
    for (const auto& [day, count] : events) sum += count;
    return sum;
  }
};

// In the order asked for. kNotFound names all that nobody knows.
Result<std::vector<Side>> FindSides(const Services& services, const CompareRequest& asked) {
  auto found = FindRepositories(services, asked.names);
  if (!found) return tl::make_unexpected(std::move(found.error()));
  std::vector<Side> sides;
  std::string unknown;
  for (size_t i = 0; i < found->size(); ++i) {
    if (auto& repository = (*found)[i]) {
      sides.push_back({*std::move(repository), {}, {}, {}, {}});
    } else {
      unknown += (unknown.empty() ? "" : ", ") + asked.names[i].full();
    }
  }
  if (!unknown.empty()) return Fail(ErrorCode::kNotFound, "Not known here: " + unknown + ".");
  return sides;
}

std::vector<RepositoryId> IdsOf(const std::vector<Side>& sides) {
  std::vector<RepositoryId> ids;
  for (const Side& side : sides) ids.push_back(side.repository.id);
  return ids;
}

Status Fill(const Services& services, const CompareRequest& asked, std::vector<Side>& sides) {
  const auto ids = IdsOf(sides);
  auto snapshots = services.repositories.SnapshotsOfEach(ids, asked.from, asked.to);
  if (!snapshots) return tl::make_unexpected(std::move(snapshots.error()));
  const auto totals = services.events.TotalsOfEach(ids, days{1}, asked.from, asked.to, {});
  if (!totals) return tl::make_unexpected(totals.error());
  const auto activities = services.events.ActivityOfEach(ids);
  if (!activities) return tl::make_unexpected(activities.error());
  for (size_t i = 0; i < sides.size(); ++i) {
    sides[i].snapshots = std::move((*snapshots)[i]);
    for (const BucketTotal& total : (*totals)[i]) sides[i].events[DayOf(total.bucket)] = total.events;
    sides[i].activity = (*activities)[i];
  }
  return {};
}

Status FillCoverage(const Services& services, const CompareRequest& asked, TimePoint now, std::vector<Side>& sides) {
  const TimePoint until = std::min(TimePoint{asked.to + days{1}}, now);
  if (asked.from >= until) return {};
  auto coverages = services.sources.CoverageOfEach(IdsOf(sides), asked.from, until, now);
  if (!coverages) return tl::make_unexpected(std::move(coverages.error()));
  for (size_t i = 0; i < sides.size(); ++i) sides[i].coverage = std::move((*coverages)[i]);
  return {};
}

// Where a day was not observed, its counts are those of the day before, as far as one is known.
struct SeriesDay {
  sys_days day;
  std::optional<Snapshot> counts;
  int64_t events = 0;
};

std::vector<SeriesDay> SeriesOf(const Side& side, const CompareRequest& asked) {
  std::vector<SeriesDay> series;
  auto next = side.snapshots.begin();
  std::optional<Snapshot> last;
  for (sys_days day = asked.from; day <= asked.to; day += days{1}) {
    if (next != side.snapshots.end() && next->day == day) last = *next++;
    const auto events = side.events.find(day);
    series.push_back({day, last, events == side.events.end() ? 0 : events->second});
  }
  return series;
}

// As text at once: there may be thousands of them, and a Json of each was a fifth of the answer's time.
std::string TextOf(const SeriesDay& one) {
  constexpr std::string_view kText =
      R"({{"day":"{}","stargazers_count":{},"forks_count":{},"open_issues_count":{},"events":{}}})";
  const std::string day = FormatDay(one.day);
  if (!one.counts) return fmt::format(kText, day, "null", "null", "null", one.events);
  return fmt::format(kText, day, one.counts->stargazers_count, one.counts->forks_count, one.counts->open_issues_count,
                     one.events);
}

// Without its series.
Json RowOf(const Side& side) {
  const LocatedRepository& known = side.repository;
  Json json = {{"id", known.id.value},        {"full_name", known.name.full()}, {"html_url", GitHubPage(known.name)},
               {"language", nullptr},         {"stargazers_count", nullptr},    {"forks_count", nullptr},
               {"open_issues_count", nullptr}};
  if (known.stored) {
    const Repository& repository = known.stored->repository;
    json["language"] = repository.language ? Json(*repository.language) : Json(nullptr);
    json["stargazers_count"] = repository.stargazers_count;
    json["forks_count"] = repository.forks_count;
    json["open_issues_count"] = repository.open_issues_count;
  }
  const bool grew = side.snapshots.size() > 1;
  json["stars_gained"] = nullptr;
  if (grew) json["stars_gained"] = side.snapshots.back().stargazers_count - side.snapshots.front().stargazers_count;
  json["events"] = side.total();
  json["activity"] = side.activity ? ToJson(*side.activity, false) : Json(nullptr);
  json["coverage"] = ToJson(side.coverage);
  return json;
}

// {"data": a row for each repository with its series, "meta"}
std::string DocumentOf(const std::vector<Side>& sides, const CompareRequest& asked, const Json& meta) {
  std::vector<std::string> rows;
  for (const Side& side : sides) {
    std::vector<std::string> series;
    for (const SeriesDay& day : SeriesOf(side, asked)) series.push_back(TextOf(day));
    std::string row = ToText(RowOf(side));
    row.pop_back();  // the brace
    rows.push_back(row + R"(,"series":)" + JoinList(series) + "}");
  }
  return R"({"data":)" + JoinList(rows) + R"(,"meta":)" + ToText(meta) + "}";
}

// For a table: a row for each repository and day.
std::vector<Json> TableOf(const std::vector<Side>& sides, const CompareRequest& asked) {
  std::vector<Json> rows;
  for (const Side& side : sides) {
    const std::string name = side.repository.name.full();
    for (const SeriesDay& one : SeriesOf(side, asked)) {
      const auto& counts = one.counts;
      rows.push_back({{"full_name", name},
                      {"day", FormatDay(one.day)},
                      {"stargazers_count", counts ? Json(counts->stargazers_count) : Json(nullptr)},
                      {"forks_count", counts ? Json(counts->forks_count) : Json(nullptr)},
                      {"open_issues_count", counts ? Json(counts->open_issues_count) : Json(nullptr)},
                      {"events", one.events}});
    }
  }
  return rows;
}

Json MetaOf(const Services& services, const std::vector<Side>& sides, const CompareRequest& asked, TimePoint as_of) {
  double share = 0;
  int64_t events = 0;
  for (const Side& side : sides) {
    share += side.coverage.share / static_cast<double>(sides.size());
    events += side.total();
  }
  Json meta = CompleteMeta(services, {{"data_as_of", FormatRfc3339(as_of)}});
  meta["window"] = {{"from", FormatDay(asked.from)}, {"to", FormatDay(asked.to)}, {"bound", "days"}};
  meta["sample_size"] = events;
  meta["coverage"] = {{"share", share}, {"gaps", Json::array()}};  // each repository says its own
  return meta;
}

Result<Representation> ShowComparison(const Services& services, const CompareRequest& asked) {
  auto sides = FindSides(services, asked);
  if (!sides) return tl::make_unexpected(std::move(sides.error()));
  const TimePoint now = services.clock.Now();
  TimePoint as_of = now;
  if (auto filled = Fill(services, asked, *sides); !filled) return tl::make_unexpected(std::move(filled.error()));
  for (const Side& side : *sides) {
    if (side.repository.stored) as_of = std::min(as_of, side.repository.stored->fetched_at);
  }
  if (auto filled = FillCoverage(services, asked, now, *sides); !filled) {
    return tl::make_unexpected(std::move(filled.error()));
  }
  const Json meta = MetaOf(services, *sides, asked, as_of);
  return services.builder.Ok(ContentType(asked.format),
                             asked.format == ListFormat::kJson
                                 ? DocumentOf(*sides, asked, meta)
                                 : RenderList(asked.format, TableOf(*sides, asked), meta, kColumns),
                             as_of);
}

std::vector<RepositoryName> ReadNames(Params& params) {
  std::vector<RepositoryName> names;
  const bool given = params.Has("repos");
  const auto text = params.Text("repos", kTextBytesMax);
  if (!given) params.Reject("repos", "", "owner/name,owner/name …; it is needed here");
  if (!text) return names;
  const auto parts = Split(*text, ',');
  if (parts.size() > kRepositoriesMax) {
    params.Reject("repos", *text, "at most " + std::to_string(kRepositoriesMax) + " repositories");
    return names;
  }
  for (const std::string_view part : parts) {
    auto name = RepositoryName::Parse(part);
    if (!name) {
      params.Reject("repos", part, "owner/name as on GitHub: letters, digits, '-', '_' and '.'");
    } else if (std::ranges::find(names, *name) != names.end()) {
      params.Reject("repos", part, "each repository once");
    } else {
      names.push_back(*std::move(name));
    }
  }
  return names;
}

std::string KeyOf(const CompareRequest& asked) {
  std::string key = "v1/compare?repos=";
  for (const RepositoryName& name : asked.names) key += ToLowerAscii(name.full()) + ",";
  return key + "&from=" + FormatDay(asked.from) + "&to=" + FormatDay(asked.to) + "&format=" + ToString(asked.format);
}

Checked<ReadQuery> ReadComparison(const Services& services, const Request& request, const PathValues&) {
  Params params(request);
  CompareRequest asked{ReadNames(params), {}, {}, {}};
  const auto from = params.Day("from");
  asked.to = params.Day("to").value_or(DayOf(services.clock.Now()));
  asked.from = from.value_or(asked.to - kDaysDefault + days{1});
  asked.format = ReadFormat(params);
  if (asked.from > asked.to) {
    params.Reject("from", FormatDay(asked.from), "a day not after `to`, " + FormatDay(asked.to));
  }
  if ((asked.to - asked.from).count() >= kDaysMax) {
    params.Reject("from", FormatDay(asked.from), "at most " + std::to_string(kDaysMax) + " days up to `to`");
  }
  if (auto problem = params.Finish()) return Refuse(*std::move(problem));
  return ReadQuery{KeyOf(asked), kEventsScope, [&services, asked] { return ShowComparison(services, asked); }};
}

}  // namespace

void AddCompareRoutes(RouteTable& table, Services& services) {
  table.Add({Method::kGet, "/api/v1/compare", Access::kAnybody,
             ReadHandler([&services](const Request& request, const PathValues& values) {
               return ReadComparison(services, request, values);
             }),
             "Repositories side by side, day by day"});
}

}  // namespace repopulse::http
