// Topics, sweeps and rankings in memory, by the contract of service/topic_store.h. Thread-safe.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/strings.h"
#include "service/topic_store.h"

namespace repopulse::test {

class FakeTopicStore final : public TopicStore {
 public:
  struct Published {
    std::string topic;
    bool whole = false;
    int64_t repositories = 0;
    TimePoint next_poll_at;
  };

  // Every call fails from now on; nothing: works again.
  void FailWith(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    failing_ = std::move(error);
  }
  // The n-th page stored from now on (0 = the next) meets another collector's.
  void ConflictAtPage(int n) { conflict_in_ = n; }
  void ConflictAtPublish() { publish_conflicts_ = true; }
  // Puts repositories into the served state of a tracked topic.
  void Serve(const TopicName& name, std::vector<Repository> repositories, TimePoint published_at) {
    const std::lock_guard lock(mutex_);
    Topic& topic = GetOrAdd(name, published_at);
    topic.published_at = published_at;
    topic.complete = true;
    topic.repositories_count = topic.reported_count = static_cast<int64_t>(repositories.size());
    for (Repository& repository : repositories)
      served_[topic.id].insert_or_assign(repository.id, std::move(repository));
  }

  [[nodiscard]] Topic Get(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return topics_.at(name);
  }
  [[nodiscard]] size_t ServedCount(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return served_[topics_.at(name).id].size();
  }
  [[nodiscard]] std::vector<Published> publications() const { return publications_; }
  [[nodiscard]] std::vector<std::string> pages() const { return pages_; }  // the topic of each stored page
  [[nodiscard]] int rank_calls() const { return rank_calls_; }
  [[nodiscard]] bool HasSweep(const std::string& name) { return sweeps_.contains(topics_.at(name).id); }
  [[nodiscard]] Sweep SweepOf(const std::string& name) { return sweeps_.at(topics_.at(name).id); }

  Result<std::vector<Topic>> List() override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    std::vector<Topic> list;
    for (const auto& [name, topic] : topics_) {
      if (topic.tracked) list.push_back(topic);
    }
    return list;
  }
  Result<std::optional<Topic>> Find(const TopicName& name) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    const auto it = topics_.find(name.str());
    return it == topics_.end() ? std::nullopt : std::optional(it->second);
  }
  Result<Topic> Track(const TopicName& name, TimePoint now) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    Topic& topic = GetOrAdd(name, now);
    if (!topic.tracked) topic.next_poll_at = now;
    topic.tracked = true;
    return topic;
  }
  Result<bool> Untrack(const TopicName& name) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    const auto it = topics_.find(name.str());
    if (it == topics_.end() || !it->second.tracked) return false;
    it->second.tracked = false;
    return true;
  }
  Status SyncConfigured(const std::vector<TopicName>& names, TimePoint now) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    for (const TopicName& name : names) GetOrAdd(name, now);
    return {};
  }

  Result<std::vector<Topic>> Due(TimePoint now, size_t limit) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    std::vector<Topic> due;
    for (const auto& [name, topic] : topics_) {
      if (topic.tracked && topic.next_poll_at <= now) due.push_back(topic);
    }
    std::ranges::stable_sort(due, {},
                             [](const Topic& t) { return std::pair(t.published_at.has_value(), t.next_poll_at); });
    if (due.size() > limit) due.resize(limit, due.front());
    return due;
  }
  Status Reschedule(TopicId id, TimePoint next_poll_at, const std::optional<std::string>& error) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    Topic& topic = ById(id);
    topic.next_poll_at = next_poll_at;
    topic.last_error = error;
    return {};
  }

  Result<Sweep> OpenSweep(TopicId id, TimePoint now, TimePoint restart_before) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    const auto it = sweeps_.find(id);
    if (it != sweeps_.end() && touched_[id] >= restart_before) return it->second;
    kept_[id].clear();
    touched_[id] = now;
    sweeps_[id] = Sweep{.id = {++last_sweep_}, .topic = id, .started_at = now, .step = 0, .plan = StartSweep()};
    return sweeps_[id];
  }
  Status StorePage(const Sweep& from, const SweepPlan& next, const std::vector<Repository>& items,
                   TimePoint now) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    Sweep& sweep = sweeps_.at(from.topic);
    if (conflict_in_-- == 0 || sweep.id != from.id || sweep.step != from.step) {
      return Fail(ErrorCode::kConflict, "another collector stored this page");
    }
    sweep.plan = next;
    ++sweep.step;
    touched_[from.topic] = now;
    for (const Repository& item : items) kept_[from.topic].insert_or_assign(item.id, item);
    pages_.push_back(ById(from.topic).name.str());
    return {};
  }
  Result<Publication> PublishSweep(const Sweep& sweep, bool whole, TimePoint now, TimePoint next_poll_at) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return tl::make_unexpected(*failing_);
    if (publish_conflicts_) return Fail(ErrorCode::kConflict, "another collector published");
    auto& served = served_[sweep.topic];
    if (whole) served.clear();
    for (const auto& [id, item] : kept_[sweep.topic]) served.insert_or_assign(id, item);
    Topic& topic = ById(sweep.topic);
    topic.published_at = now;
    topic.next_poll_at = next_poll_at;
    topic.complete = whole;
    topic.reported_count = sweep.plan.reported_count;
    topic.repositories_count = static_cast<int64_t>(served.size());
    topic.last_error.reset();
    if (whole) sweeps_.erase(sweep.topic);
    publications_.push_back({topic.name.str(), whole, topic.repositories_count, next_poll_at});
    return Publication{.repositories = topic.repositories_count};
  }

  Result<RankingPage> Rank(const RankingQuery& query) override {
    const std::lock_guard lock(mutex_);
    ++rank_calls_;
    if (failing_) return tl::make_unexpected(*failing_);
    const auto key = [&](const Repository& r) { return KeyOf(query.sort, r); };
    std::vector<Repository> all;
    for (const auto& [id, repository] : served_[topics_.at(query.topic.str()).id]) all.push_back(repository);
    std::ranges::stable_sort(all, std::greater{}, key);  // by id before, so ties stay by id
    RankingPage page;
    for (size_t i = 0; i < all.size(); ++i) {
      const Repository& r = all[i];
      if (query.min_stars && r.stargazers_count < *query.min_stars) continue;
      if (query.language && !EqualsIgnoreCaseAscii(r.language.value_or(""), *query.language)) continue;
      if (query.archived && r.archived != *query.archived) continue;
      ++page.total;
      const bool behind =
          !query.after || key(r) < query.after->key || (key(r) == query.after->key && r.id > query.after->id);
      if (!behind) continue;
      if (page.items.size() == query.limit) {
        page.has_more = true;
        continue;
      }
      page.items.push_back({.repository = r,
                            .rank = static_cast<int64_t>(i) + 1,
                            .rank_change = {},
                            .growth = {},
                            .position = {key(r), r.id}});
    }
    return page;
  }

 private:
  static int64_t KeyOf(RankingSort sort, const Repository& r) {
    constexpr int64_t kNever = std::numeric_limits<int64_t>::min();
    switch (sort) {
      case RankingSort::kPopularity:
      case RankingSort::kTrending:
        return r.stargazers_count;
      case RankingSort::kActivity:
        return r.pushed_at ? r.pushed_at->time_since_epoch().count() : kNever;
      case RankingSort::kNewest:
        return r.created_at.time_since_epoch().count();
      case RankingSort::kUpdated:
        return r.updated_at.time_since_epoch().count();
      case RankingSort::kStored:
        break;
    }
    return -r.id.value;
  }
  Topic& GetOrAdd(const TopicName& name, TimePoint now) {
    const auto it = topics_.find(name.str());
    if (it != topics_.end()) return it->second;
    const TopicId id{static_cast<int64_t>(topics_.size()) + 1};
    return topics_
        .emplace(
            name.str(),
            Topic{.id = id, .name = name, .added_at = now, .next_poll_at = now, .published_at = {}, .last_error = {}})
        .first->second;
  }
  Topic& ById(TopicId id) {
    return std::ranges::find_if(topics_, [id](const auto& entry) { return entry.second.id == id; })->second;
  }

  std::mutex mutex_;
  std::map<std::string, Topic> topics_;
  std::map<TopicId, Sweep> sweeps_;
  std::map<TopicId, TimePoint> touched_;
  std::map<TopicId, std::map<RepositoryId, Repository>> kept_;
  std::map<TopicId, std::map<RepositoryId, Repository>> served_;
  std::vector<Published> publications_;
  std::vector<std::string> pages_;
  std::optional<Error> failing_;
  int conflict_in_ = -1;
  bool publish_conflicts_ = false;
  int rank_calls_ = 0;
  int64_t last_sweep_ = 0;
};

}  // namespace repopulse::test
