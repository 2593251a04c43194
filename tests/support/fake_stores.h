// Small fakes of the remaining ports: the schema, the repositories, the warmer.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "service/repository_store.h"
#include "service/schema.h"
#include "service/warmer.h"

namespace repopulse::test {

class FakeSchema final : public Schema {
 public:
  SchemaState state{.applied = 2, .expected = 2};
  std::string installation = "here";
  std::optional<Error> failing;
  std::function<void()> on_migrate = [] {};

  Status Ping(std::chrono::milliseconds) override { return Verdict(); }
  Result<SchemaState> State() override {
    if (failing) return tl::make_unexpected(*failing);
    return state;
  }
  Result<std::string> Installation() override {
    if (failing) return tl::make_unexpected(*failing);
    return installation;
  }
  Result<std::vector<int>> MigrateUp() override {
    if (failing) return tl::make_unexpected(*failing);
    on_migrate();
    std::vector<int> applied;
    while (state.applied < state.expected) applied.push_back(++state.applied);
    return applied;
  }

 private:
  Status Verdict() const {
    if (failing) return tl::make_unexpected(*failing);
    return {};
  }
};

class FakeRepositoryStore final : public RepositoryStore {
 public:
  std::vector<StoredRepository> stored;               // by id
  std::map<std::string, RepositoryId> earlier_names;  // lower case
  std::vector<Snapshot> snapshots;                    // of whichever repository, by day
  std::optional<Error> failing;

  Status Save(const Repository& repository, TimePoint now) override {
    if (failing) return tl::make_unexpected(*failing);
    std::erase_if(stored, [&](const StoredRepository& one) { return one.repository.id == repository.id; });
    stored.push_back({.repository = repository, .fetched_at = now, .gone_at = {}, .topics = {}});
    std::ranges::sort(stored, {}, [](const StoredRepository& one) { return one.repository.id; });
    return {};
  }
  Status MarkGone(RepositoryId id, TimePoint now) override {
    for (StoredRepository& one : stored) {
      if (one.repository.id == id) one.gone_at = now;
    }
    return {};
  }
  Result<std::vector<std::optional<StoredRepository>>> FindByNames(const std::vector<RepositoryName>& names) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<std::optional<StoredRepository>> found;
    for (const RepositoryName& name : names) found.push_back(Holder(name));
    return found;
  }
  Result<RepositoryPage> List(const RepositoryListQuery& query) override {
    if (failing) return tl::make_unexpected(*failing);
    RepositoryPage page;
    page.total = static_cast<int64_t>(stored.size());
    for (const StoredRepository& one : stored) {
      if (query.after && one.repository.id <= *query.after) continue;
      page.has_more = page.items.size() == query.limit;
      if (page.has_more) break;
      page.items.push_back(one);
    }
    return page;
  }
  Result<std::vector<std::vector<Snapshot>>> SnapshotsOfEach(const std::vector<RepositoryId>& repositories,
                                                             std::chrono::sys_days from,
                                                             std::chrono::sys_days to) override {
    if (failing) return tl::make_unexpected(*failing);
    std::vector<Snapshot> found;
    for (const Snapshot& one : snapshots) {
      if (one.day >= from && one.day <= to) found.push_back(one);
    }
    return std::vector<std::vector<Snapshot>>(repositories.size(), found);
  }

 private:
  std::optional<StoredRepository> Holder(const RepositoryName& name) const {
    for (const StoredRepository& one : stored) {
      if (one.repository.name == name) return one;
    }
    const auto earlier = earlier_names.find(ToLowerAscii(name.full()));
    for (const StoredRepository& one : stored) {
      if (earlier != earlier_names.end() && one.repository.id == earlier->second) return one;
    }
    return std::nullopt;
  }
};

class FakeWarmer final : public Warmer {
 public:
  std::vector<std::string> warmed;
  std::optional<Error> failing;
  std::function<void(const TopicName&)> before_topic = [](const TopicName&) {};  // on the caller's thread

  Result<int> WarmTopic(const TopicName& topic) override {
    before_topic(topic);
    if (failing) return tl::make_unexpected(*failing);
    const std::lock_guard lock(mutex_);
    warmed.push_back(topic.str());
    return 8;
  }
  Result<int> WarmCommon() override {
    if (failing) return tl::make_unexpected(*failing);
    warmed.emplace_back("common");
    return 2;
  }

 private:
  std::mutex mutex_;
};

}  // namespace repopulse::test
