// Questions about events that are held in a vector: every answer is counted from them anew.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/strings.h"
#include "service/event_reader.h"
#include "support/samples.h"

namespace repopulse::test {

inline Event SampleEvent(int64_t id, std::string type, std::string action, int64_t repository, std::string_view at) {
  Event event;
  event.id = id;
  event.type = std::move(type);
  event.action = std::move(action);
  event.repository = RepositoryId{repository};
  event.repository_name = "owner-" + std::to_string(repository) + "/repo-" + std::to_string(repository);
  event.actor_id = 7;
  event.actor_login = "octocat";
  event.created_at = At(at);
  return event;
}

class FakeEventReader final : public EventReader {
 public:
  std::vector<Event> events;
  std::map<std::string, RepositoryId> earlier_names;  // lower case
  std::vector<Known> others;                          // known without events
  std::vector<RepositoryActivity> activities;
  std::optional<Error> failing;
  std::vector<EventListQuery> lists;  // as they were asked for

  Result<EventCounts> Counts(const EventFilter& filter, std::optional<TimePoint> since) override {
    if (failing) return tl::make_unexpected(*failing);
    std::map<std::pair<std::string, std::string>, EventCount> counts;
    for (const Event& e : events) {
      if (!Fits(e, filter) || (since && e.created_at < *since)) continue;
      auto& count = counts.try_emplace({e.type, e.action}, EventCount{e.type, e.action, 0, e.created_at, e.created_at})
                        .first->second;
      count.events += 1;
      count.first = std::min(count.first, e.created_at);
      count.last = std::max(count.last, e.created_at);
    }
    EventCounts all{{}, since};
    for (auto& [key, count] : counts) all.counts.push_back(count);
    return all;
  }
  Result<IntervalStatistics> Intervals(const EventFilter& filter) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<TimePoint> times;
    for (const Event& e : events) {
      if (Fits(e, filter)) times.push_back(e.created_at);
    }
    return StatisticsOf(times);
  }
  Result<RepositoryCountPage> Repositories(const std::string& type, int64_t min_count, std::optional<TimePoint> since,
                                           std::optional<RepositoryCountPosition> after, size_t limit) override {
    if (failing) return tl::make_unexpected(*failing);
    std::map<RepositoryId, RepositoryCount> by_id;
    for (const Event& e : events) {
      if (e.type != type || (since && e.created_at < *since)) continue;
      auto& one = by_id.try_emplace(e.repository, RepositoryCount{e.repository, {}, 0, e.created_at, e.created_at})
                      .first->second;
      one.events += 1;
      one.name = NameOf(e.repository);
      one.first = std::min(one.first, e.created_at);
      one.last = std::max(one.last, e.created_at);
    }
    std::vector<RepositoryCount> all;
    for (auto& [id, one] : by_id) {
      if (one.events < min_count) continue;
      if (after && std::tie(after->events, id) <= std::tie(one.events, after->repository)) continue;
      all.push_back(one);
    }
    std::ranges::stable_sort(all, std::greater{}, &RepositoryCount::events);
    return Cut<RepositoryCountPage>(std::move(all), limit);
  }
  Result<EventListPage> List(const EventListQuery& query) override {
    if (failing) return tl::make_unexpected(*failing);
    lists.push_back(query);
    std::vector<Event> all;
    int64_t total = 0;
    for (const Event& e : events) {
      if (!Fits(e, {query.type, std::nullopt, query.repository})) continue;
      total += 1;
      if (query.action && e.action != *query.action) continue;
      if ((query.since && e.created_at < *query.since) || (query.until && e.created_at >= *query.until)) continue;
      if (query.after && !Behind(*query.after, e)) continue;
      all.push_back(e);
      if (const auto name = NameOf(e.repository)) all.back().repository_name = name->full();
    }
    std::ranges::sort(all, [](const Event& a, const Event& b) { return Behind({a.created_at, a.id, a.type}, b); });
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(query.offset, all.size())));
    auto page = Cut<EventListPage>(std::move(all), query.limit);
    if (!query.since && !query.until && !query.action) page.total = total;
    return page;
  }
  Result<EventWindow> Window(RepositoryId repository, TimePoint since, size_t events_max, BotFilter bots) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<TypedTime> all;
    for (const Event& e : events) {
      if (e.repository != repository || e.created_at < since) continue;
      if (bots != BotFilter::kInclude && IsBotLogin(e.actor_login) != (bots == BotFilter::kOnly)) continue;
      all.push_back({e.type, e.action, e.created_at, e.actor_id});
    }
    std::ranges::stable_sort(all, std::greater{}, &TypedTime::created_at);
    EventWindow window{all, WindowBound::kTime, since};
    if (all.size() > events_max) {
      window.events.resize(events_max);
      window.bound = WindowBound::kEvents;
      window.from = window.events.back().created_at;
    }
    return window;
  }
  Result<std::vector<BucketCount>> History(RepositoryId repository, std::chrono::seconds bucket, TimePoint from,
                                           TimePoint to) override {
    if (failing) return tl::make_unexpected(*failing);
    return Buckets(bucket, from, to + bucket, repository, true);
  }
  Result<std::vector<BucketCount>> Minutes(TimePoint since) override {
    if (failing) return tl::make_unexpected(*failing);
    return Buckets(std::chrono::minutes{1}, since, TimePoint::max(), std::nullopt, false);
  }
  Result<std::optional<Known>> FindRepository(const RepositoryName& name) override {
    if (failing) return tl::make_unexpected(*failing);
    for (const Known& one : others) {
      if (one.name == name) return one;
    }
    std::optional<RepositoryId> id;
    for (const Event& e : events) {
      if (EqualsIgnoreCaseAscii(e.repository_name, name.full())) id = e.repository;
    }
    const auto earlier = earlier_names.find(ToLowerAscii(name.full()));
    if (!id && earlier != earlier_names.end()) id = earlier->second;
    if (!id) return std::optional<Known>();
    const auto count = std::ranges::count(events, *id, &Event::repository);
    return Known{*id, NameOf(*id).value_or(name), static_cast<int64_t>(count)};
  }
  Result<std::optional<TimePoint>> NewestEvent(std::optional<RepositoryId> repository) override {
    if (failing) return tl::make_unexpected(*failing);
    std::optional<TimePoint> newest;
    for (const Event& e : events) {
      if (repository && e.repository != *repository) continue;
      newest = newest ? std::max(*newest, e.created_at) : e.created_at;
    }
    return newest;
  }
  Result<std::optional<RepositoryActivity>> Activity(RepositoryId repository) override {
    if (failing) return tl::make_unexpected(*failing);
    for (const RepositoryActivity& one : activities) {
      if (one.repository == repository) return one;
    }
    return std::optional<RepositoryActivity>();
  }

 private:
  static bool Fits(const Event& e, const EventFilter& filter) {
    return (!filter.type || e.type == *filter.type) && (!filter.action || e.action == *filter.action) &&
           (!filter.repository || e.repository == *filter.repository);
  }
  static bool Behind(const EventPosition& position, const Event& e) {
    if (e.created_at != position.created_at) return e.created_at < position.created_at;
    if (e.id != position.id) return e.id < position.id;
    return e.type > position.type;
  }
  // The name in its newest event.
  [[nodiscard]] std::optional<RepositoryName> NameOf(RepositoryId id) const {
    const Event* newest = nullptr;
    for (const Event& e : events) {
      if (e.repository == id && (newest == nullptr || e.created_at >= newest->created_at)) newest = &e;
    }
    return newest == nullptr ? std::nullopt : RepositoryName::Parse(newest->repository_name);
  }
  [[nodiscard]] std::vector<BucketCount> Buckets(std::chrono::seconds size, TimePoint from, TimePoint to,
                                                 std::optional<RepositoryId> repository, bool actions) const {
    std::map<std::tuple<TimePoint, std::string, std::string>, int64_t> counts;
    for (const Event& e : events) {
      if (e.created_at < from || e.created_at >= to || (repository && e.repository != *repository)) continue;
      const auto since_epoch = std::chrono::floor<std::chrono::seconds>(e.created_at.time_since_epoch());
      counts[{TimePoint(since_epoch / size * size), e.type, actions ? e.action : ""}] += 1;
    }
    std::vector<BucketCount> all;
    for (const auto& [key, count] : counts) {
      all.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), count});
    }
    return all;
  }
  template <class Page, class Item>
  static Page Cut(std::vector<Item> all, size_t limit) {
    Page page;
    page.has_more = all.size() > limit;
    if (page.has_more) all.erase(all.begin() + static_cast<std::ptrdiff_t>(limit), all.end());
    page.items = std::move(all);
    return page;
  }
};

}  // namespace repopulse::test
