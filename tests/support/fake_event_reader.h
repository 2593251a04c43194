// An EventReader over events in memory: counts them anew for each question.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/strings.h"
#include "service/event_reader.h"
#include "support/samples.h"

namespace repopulse::test {

class FakeEventReader final : public EventReader {
 public:
  std::vector<Event> events;                          // in any order
  std::vector<Known> known;                           // present names; their `events` are counted from `events`
  std::map<std::string, RepositoryId> earlier_names;  // lower case
  std::map<RepositoryId, RepositoryActivity> activities;
  std::vector<EventListQuery> lists;  // that were asked for
  std::optional<Error> failing;

  // Adds an event of a known repository, with a new id.
  Event& Add(RepositoryId repository, std::string_view type, std::string_view action, std::string_view created_at,
             int64_t actor_id = 7) {
    Event event;
    event.id = static_cast<int64_t>(1000 + events.size());
    event.type = type;
    event.action = action;
    event.repository = repository;
    event.actor_id = actor_id;
    event.actor_login = "user-" + std::to_string(actor_id);
    event.created_at = At(created_at);
    events.push_back(event);
    return events.back();
  }

  Result<EventCounts> Counts(const EventFilter& filter, std::optional<TimePoint> since) override {
    if (failing) return tl::make_unexpected(*failing);
    EventCounts found;
    found.since = since;
    std::map<std::pair<std::string, std::string>, EventCount> by_word;
    for (const Event& event : events) {
      if (!Fits(event, filter) || (since && event.created_at < *since)) continue;
      auto& count = by_word
                        .try_emplace({event.type, event.action},
                                     EventCount{event.type, event.action, 0, event.created_at, event.created_at})
                        .first->second;
      Count(count, event);
    }
    for (const auto& [word, count] : by_word) found.counts.push_back(count);
    return found;
  }

  Result<IntervalStatistics> Intervals(const EventFilter& filter, Percentiles percentiles) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<TimePoint> times;
    for (const Event& event : events) {
      if (Fits(event, filter)) times.push_back(event.created_at);
    }
    IntervalStatistics statistics = StatisticsOf(std::move(times));
    if (percentiles == Percentiles::kNotWanted) {
      statistics.median_seconds.reset();
      statistics.p90_seconds.reset();
      statistics.percentile_intervals = 0;
    }
    return statistics;
  }

  Result<RepositoryCountPage> Repositories(const std::string& type, int64_t min_count, std::optional<TimePoint> since,
                                           std::optional<RepositoryCountPosition> after, size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    std::map<RepositoryId, RepositoryCount> by_repository;
    for (const Event& event : events) {
      if (event.type != type || event.repository.value == 0 || (since && event.created_at < *since)) continue;
      auto& count = by_repository
                        .try_emplace(event.repository, RepositoryCount{event.repository, NameOf(event.repository), 0,
                                                                       event.created_at, event.created_at})
                        .first->second;
      Count(count, event);
    }
    const auto place = [](int64_t count, RepositoryId id) { return std::pair(-count, id); };
    RepositoryCountPage page;
    for (const auto& [id, count] : by_repository) {
      const bool behind = !after || place(count.events, id) > place(after->events, after->repository);
      if (count.events >= min_count && behind) page.items.push_back(count);
    }
    std::ranges::sort(page.items, {}, [&](const RepositoryCount& c) { return place(c.events, c.repository); });
    page.has_more = page.items.size() > limit;
    if (page.has_more) page.items.resize(limit, page.items.front());
    return page;
  }

  Result<std::vector<RepositoryName>> RecentRepositories(const std::string& type, size_t events_max) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<RepositoryName> names;
    for (const Event& event : Sorted()) {
      if (event.type != type) continue;
      if (events_max-- == 0) break;
      const auto name = NameOf(event.repository);
      if (name && std::ranges::find(names, *name) == names.end()) names.push_back(*name);
    }
    return names;
  }

  Result<EventListPage> List(const EventListQuery& query) override {
    if (failing) return tl::make_unexpected(*failing);
    lists.push_back(query);
    EventListPage page;
    for (Event event : Sorted()) {
      if (!Fits(event, {query.type, query.action, query.repository})) continue;
      if ((query.since && event.created_at < *query.since) || (query.until && event.created_at >= *query.until)) {
        continue;
      }
      if (query.after && !IsBehind(event, *query.after)) continue;
      if (const auto name = NameOf(event.repository)) event.repository_name = name->full();
      page.items.push_back(std::move(event));
    }
    if (!query.since && !query.until && !query.action) {
      page.total = std::ranges::count_if(events, [&](const Event& event) {
        return Fits(event, {query.type, std::nullopt, query.repository});
      });
    }
    page.items.erase(page.items.begin(),
                     page.items.begin() + static_cast<std::ptrdiff_t>(std::min(query.offset, page.items.size())));
    page.has_more = page.items.size() > query.limit;
    if (page.has_more) page.items.resize(query.limit);
    return page;
  }

  Result<EventWindow> Window(RepositoryId repository, TimePoint since, size_t events_max, BotFilter bots) override {
    if (failing) return tl::make_unexpected(*failing);
    EventWindow window;
    window.from = since;
    for (const Event& event : Sorted()) {
      if (event.repository != repository || event.created_at < since || !Counts(event, bots)) continue;
      if (window.events.size() == events_max) {
        window.bound = WindowBound::kEvents;
        window.from = window.events.back().created_at;
        break;
      }
      window.events.push_back({event.type, event.action, event.created_at, event.actor_id});
    }
    return window;
  }

  Result<std::vector<BucketCount>> History(RepositoryId repository, std::chrono::seconds bucket, TimePoint from,
                                           TimePoint to) override {
    if (failing) return tl::make_unexpected(*failing);
    return Buckets(repository, bucket, from, to + bucket, true);
  }

  Result<std::vector<std::vector<BucketTotal>>> TotalsOfEach(const std::vector<RepositoryId>& repositories,
                                                             std::chrono::seconds bucket, TimePoint from, TimePoint to,
                                                             const std::vector<std::string_view>& types) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<std::vector<BucketTotal>> totals;
    for (const RepositoryId id : repositories) {
      std::vector<BucketTotal>& own = totals.emplace_back();
      for (const BucketCount& count : Buckets(id, bucket, from, to + bucket, true)) {
        if (own.empty() || own.back().bucket != count.bucket) own.push_back({.bucket = count.bucket});
        own.back().events += count.events;
        if (std::ranges::find(types, count.type) != types.end()) own.back().of_types += count.events;
      }
    }
    return totals;
  }

  Result<std::vector<BucketCount>> Minutes(TimePoint since) override {
    if (failing) return tl::make_unexpected(*failing);
    return Buckets(std::nullopt, std::chrono::minutes{1}, since, TimePoint::max(), false);
  }

  Result<std::vector<std::optional<Known>>> FindRepositories(const std::vector<RepositoryName>& names) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<std::optional<Known>> found;
    for (const RepositoryName& name : names) found.push_back(Holder(name));
    return found;
  }

  Result<std::optional<TimePoint>> NewestEvent(std::optional<RepositoryId> repository) override {
    if (failing) return tl::make_unexpected(*failing);
    std::optional<TimePoint> newest;
    for (const Event& event : events) {
      if (repository && event.repository != *repository) continue;
      newest = newest ? std::max(*newest, event.created_at) : event.created_at;
    }
    return newest;
  }

  Result<std::vector<std::optional<TimePoint>>> NewestOfEach(const std::vector<RepositoryId>& repositories,
                                                             const std::vector<std::string_view>& types) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<std::optional<TimePoint>> newest;
    for (const RepositoryId id : repositories) {
      newest.emplace_back();
      for (const Event& event : events) {
        if (event.repository != id || std::ranges::find(types, event.type) == types.end()) continue;
        newest.back() = std::max(newest.back().value_or(event.created_at), event.created_at);
      }
    }
    return newest;
  }

  Result<std::vector<std::optional<RepositoryActivity>>> ActivityOfEach(
      const std::vector<RepositoryId>& repositories) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<std::optional<RepositoryActivity>> found;
    for (const RepositoryId id : repositories) {
      const auto one = activities.find(id);
      found.push_back(one == activities.end() ? std::nullopt : std::optional(one->second));
    }
    return found;
  }

 private:
  std::optional<Known> Holder(const RepositoryName& name) const {
    const auto earlier = earlier_names.find(ToLowerAscii(name.full()));
    for (Known one : known) {
      const bool had_it = earlier != earlier_names.end() && earlier->second == one.id;
      if (!(one.name == name) && !had_it) continue;
      one.events = std::ranges::count(events, one.id, &Event::repository);
      return one;
    }
    return std::nullopt;
  }
  template <class Row>
  static void Count(Row& row, const Event& event) {
    ++row.events;
    row.first = std::min(row.first, event.created_at);
    row.last = std::max(row.last, event.created_at);
  }
  static bool Fits(const Event& event, const EventFilter& filter) {
    return (!filter.type || event.type == *filter.type) && (!filter.action || event.action == *filter.action) &&
           (!filter.repository || event.repository == *filter.repository);
  }
  static bool Counts(const Event& event, BotFilter bots) {
    return bots == BotFilter::kInclude || IsBotLogin(event.actor_login) == (bots == BotFilter::kOnly);
  }
  // Newest first; ties by descending id, then type.
  static bool IsBehind(const Event& event, const EventPosition& position) {
    return std::tuple(-event.created_at.time_since_epoch().count(), -event.id, event.type) >
           std::tuple(-position.created_at.time_since_epoch().count(), -position.id, position.type);
  }
  std::vector<Event> Sorted() const {
    auto sorted = events;
    std::ranges::sort(sorted, [](const Event& a, const Event& b) { return IsBehind(b, {a.created_at, a.id, a.type}); });
    return sorted;
  }
  std::optional<RepositoryName> NameOf(RepositoryId id) const {
    const auto one = std::ranges::find(known, id, &Known::id);
    return one == known.end() ? std::nullopt : std::optional(one->name);
  }
  std::vector<BucketCount> Buckets(std::optional<RepositoryId> repository, std::chrono::seconds size, TimePoint from,
                                   TimePoint until, bool actions) const {
    std::map<std::tuple<TimePoint, std::string, std::string>, int64_t> counts;
    for (const Event& event : events) {
      if ((repository && event.repository != *repository) || event.created_at < from || event.created_at >= until) {
        continue;
      }
      const auto since_epoch = event.created_at.time_since_epoch();
      const TimePoint begin{since_epoch - since_epoch % size};
      ++counts[{begin, event.type, actions ? event.action : ""}];
    }
    std::vector<BucketCount> buckets;
    for (const auto& [place, count] : counts) {
      buckets.push_back({std::get<0>(place), std::get<1>(place), std::get<2>(place), count});
    }
    return buckets;
  }
};

}  // namespace repopulse::test
