// What tests of collecting events start from: the collector over fakes, in a time that only they move.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "service/event_collector.h"
#include "support/fake_clock.h"
#include "support/fake_event_feed.h"
#include "support/fake_event_store.h"
#include "support/fake_github.h"
#include "support/fake_job_store.h"
#include "support/fake_rate_budget_store.h"
#include "support/fake_source_store.h"
#include "support/fake_stores.h"

namespace repopulse::test {

struct EventCollecting : testing::Test {
  // Hours pass in no time, so its steady clock begins long before that of the machine.
  FakeClock clock{FakeClock::kStart, SteadyTime{} - std::chrono::hours{1000}};
  FakeEventStore events;
  FakeSourceStore sources;
  FakeRepositoryStore repositories;
  FakeGitHub github;
  FakeRateBudgetStore budgets;
  FakeJobStore jobs;
  GitHubGate gate{github, budgets, clock};
  EventCollector::Options options{.track = {}, .firehose = false};
  std::stop_source stop;
  std::deque<FakeEventFeed> feeds;
  JobProgress progress;  // of the last run
  int64_t last_id = 0;
  size_t requests_before = 0;

  EventCollecting() {
    // Waiting takes no time here: each sign of life while waiting moves the clock, and so does each request.
    jobs.OnHeartbeat([this] { clock.Advance(std::chrono::milliseconds{10}); });
    github.OnRequest([this] { clock.Advance(std::chrono::milliseconds{100}); });
  }

  FakeEventFeed& ServeFeed(RepositoryId repository, FakeEventFeed::Order order = FakeEventFeed::Order::kShown) {
    feeds.emplace_back(order);
    github.ServeEvents(repository, feeds.back(), clock);
    return feeds.back();
  }
  // Known here and at GitHub, tracked at a person's word, with a feed of its own.
  FakeEventFeed& Track(int64_t id, FakeEventFeed::Order order = FakeEventFeed::Order::kShown) {
    const std::string name = "owner/repository-" + std::to_string(id);
    github.Serve(SampleRepository(id, name, 10));
    sources.names.insert_or_assign({id}, RepositoryNamed(name));
    EXPECT_TRUE(sources.Activate({id}, 1000, clock.Now()));
    sources.Source(SourceKind::kDetails, {id}).next_poll_at = clock.Now() + std::chrono::days{365};
    return ServeFeed({id}, order);
  }
  Event MakeEvent(RepositoryId repository, TimePoint created_at, const std::string& type = "PushEvent") {
    Event event;
    event.id = ++last_id;
    event.type = type;
    event.repository = repository;
    event.repository_name = "owner/repository-" + std::to_string(repository.value);
    event.actor_id = 1;
    event.actor_login = "somebody";
    event.created_at = std::chrono::floor<std::chrono::seconds>(created_at);
    event.payload = "{}";
    return event;
  }
  // `count` events, one each `interval`, the last one now.
  void Fill(FakeEventFeed& feed, RepositoryId repository, int count, std::chrono::seconds interval) {
    for (int i = count - 1; i >= 0; --i) {
      feed.Publish(MakeEvent(repository, clock.Now() - i * interval), clock.Now() - i * interval);
    }
  }

  EventCollector MakeCollector() { return {events, sources, repositories, gate, clock, options}; }
  EventCollector::Summary RunWith(EventCollector& collector, std::chrono::seconds time = std::chrono::seconds{50}) {
    auto start = jobs.Start(JobKind::kCollect, "", "replica-1", clock.Now());
    JobContext job(*start->lease, "", clock, stop.get_token());
    auto summary = collector.Run(job, clock.SteadyNow() + time);
    progress = job.progress();
    return summary;
  }
  // By a process that remembers nothing of earlier runs.
  EventCollector::Summary Run(std::chrono::seconds time = std::chrono::seconds{50}) {
    EventCollector collector = MakeCollector();
    return RunWith(collector, time);
  }
  int64_t Count(const std::string& name) {
    const auto it = std::ranges::find(progress.counts, name, &JobCount::name);
    return it == progress.counts.end() ? 0 : it->value;
  }
  EventSource& Feed(int64_t id) { return sources.Source(SourceKind::kRepository, {id}); }
  EventSource& Firehose() { return sources.Source(SourceKind::kFirehose); }
  void MakeDue(int64_t id) { Feed(id).next_poll_at = clock.Now(); }
  // With a feed that was polled once, so that later polls have something to meet.
  FakeEventFeed& TrackAndPoll(int64_t id, int count, std::chrono::seconds interval) {
    FakeEventFeed& feed = Track(id);
    Fill(feed, {id}, count, interval);
    EXPECT_FALSE(Run().error);
    return feed;
  }
  // Sent since this was called last.
  size_t NewRequests() {
    const size_t before = std::exchange(requests_before, github.queries().size());
    return github.queries().size() - before;
  }
  size_t StoredOf(RepositoryId repository) const {
    return static_cast<size_t>(std::ranges::count_if(
        events.stored, [repository](const auto& entry) { return entry.second.repository == repository; }));
  }
};

}  // namespace repopulse::test
