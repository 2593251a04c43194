// Tracking at a person's word: whom GitHub is asked about, and what is refused.
#include <gtest/gtest.h>

#include "service/github_tracker.h"
#include "support/fake_clock.h"
#include "support/fake_github.h"
#include "support/fake_rate_budget_store.h"
#include "support/fake_source_store.h"
#include "support/fake_stores.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

// A store that sees what was saved as known, as they share a database.
class SavedIsKnown final : public RepositoryStore {
 public:
  SavedIsKnown(test::FakeRepositoryStore& store, test::FakeSourceStore& sources) : store_(store), sources_(sources) {}
  Status Save(const Repository& repository, TimePoint now) override {
    sources_.names.insert_or_assign(repository.id, repository.name);
    return store_.Save(repository, now);
  }
  Status MarkGone(RepositoryId id, TimePoint now) override { return store_.MarkGone(id, now); }
  Result<std::vector<std::optional<StoredRepository>>> FindByNames(const std::vector<RepositoryName>& names) override {
    return store_.FindByNames(names);
  }
  Result<RepositoryPage> List(const RepositoryListQuery& query) override { return store_.List(query); }
  Result<std::vector<std::vector<Snapshot>>> SnapshotsOfEach(const std::vector<RepositoryId>& ids,
                                                             std::chrono::sys_days from,
                                                             std::chrono::sys_days to) override {
    return store_.SnapshotsOfEach(ids, from, to);
  }

 private:
  test::FakeRepositoryStore& store_;
  test::FakeSourceStore& sources_;
};

// Events have told of one repository, if any.
class ToldByEvents final : public EventReader {
 public:
  std::optional<Known> known;

  Result<std::vector<std::optional<Known>>> FindRepositories(const std::vector<RepositoryName>& names) override {
    std::vector<std::optional<Known>> found;
    for (const RepositoryName& name : names) found.push_back(known && known->name == name ? known : std::nullopt);
    return found;
  }
  Result<EventCounts> Counts(const EventFilter&, std::optional<TimePoint>) override { return Unasked(); }
  Result<IntervalStatistics> Intervals(const EventFilter&, Percentiles) override { return Unasked(); }
  Result<RepositoryCountPage> Repositories(const std::string&, int64_t, std::optional<TimePoint>,
                                           std::optional<RepositoryCountPosition>, size_t) override {
    return Unasked();
  }
  Result<std::vector<RepositoryName>> RecentRepositories(const std::string&, size_t) override { return Unasked(); }
  Result<EventListPage> List(const EventListQuery&) override { return Unasked(); }
  Result<EventWindow> Window(RepositoryId, TimePoint, size_t, BotFilter) override { return Unasked(); }
  Result<std::vector<BucketCount>> History(RepositoryId, std::chrono::seconds, TimePoint, TimePoint) override {
    return Unasked();
  }
  Result<std::vector<std::vector<BucketTotal>>> TotalsOfEach(const std::vector<RepositoryId>&, std::chrono::seconds,
                                                             TimePoint, TimePoint,
                                                             const std::vector<std::string_view>&) override {
    return Unasked();
  }
  Result<std::vector<BucketCount>> Minutes(TimePoint) override { return Unasked(); }
  Result<std::optional<TimePoint>> NewestEvent(std::optional<RepositoryId>) override { return Unasked(); }
  Result<std::vector<std::optional<TimePoint>>> NewestOfEach(const std::vector<RepositoryId>&,
                                                             const std::vector<std::string_view>&) override {
    return Unasked();
  }
  Result<std::vector<std::optional<RepositoryActivity>>> ActivityOfEach(const std::vector<RepositoryId>&) override {
    return Unasked();
  }

 private:
  static tl::unexpected<Error> Unasked() { return Fail(ErrorCode::kInternal, "tracking does not ask that"); }
};

struct GitHubTrackerTest : testing::Test {
  test::FakeClock clock;
  test::FakeRepositoryStore stored;
  test::FakeSourceStore sources;
  SavedIsKnown repositories{stored, sources};
  ToldByEvents events;
  test::FakeGitHub github;
  test::FakeRateBudgetStore budgets;
  GitHubGate gate{github, budgets, clock};
  GitHubTracker tracker{repositories, sources, events, gate, clock, {.active_max = 3, .stop = {}}};

  GitHubTrackerTest() {
    for (int64_t id = 1; id <= 5; ++id) github.Serve(test::SampleRepository(id, "a/r" + std::to_string(id), 10));
  }
  static RepositoryName Name(const std::string& text) { return test::RepositoryNamed(text); }
};

TEST_F(GitHubTrackerTest, TracksWhatIsKnownWithoutAsking) {
  ASSERT_TRUE(repositories.Save(test::SampleRepository(1, "a/r1", 10), clock.Now()));
  const auto tracked = tracker.Track(Name("A/R1"));
  ASSERT_TRUE(tracked);
  EXPECT_TRUE(tracked->started);
  EXPECT_EQ(tracked->repository.id, RepositoryId{1});
  EXPECT_TRUE(sources.IsActive({1}));
  EXPECT_TRUE(github.queries().empty());
}

TEST_F(GitHubTrackerTest, AsksGitHubForWhatIsNotKnownAndKeepsWhatItSays) {
  const auto tracked = tracker.Track(Name("a/r2"));
  ASSERT_TRUE(tracked);
  EXPECT_EQ(tracked->repository.name.full(), "a/r2");
  ASSERT_EQ(stored.stored.size(), 1u);
  EXPECT_EQ(stored.stored[0].repository.stargazers_count, 10);
}

TEST_F(GitHubTrackerTest, TracksWhatOnlyEventsHaveToldOfWithoutAsking) {
  events.known = EventReader::Known{.id = {4}, .name = Name("a/r4")};
  sources.names.insert_or_assign({4}, Name("a/r4"));
  EXPECT_EQ(tracker.Track(Name("a/r4"))->repository.id, RepositoryId{4});
  EXPECT_TRUE(github.queries().empty());
}

TEST_F(GitHubTrackerTest, TrackingTwiceIsTrackingOnce) {
  ASSERT_TRUE(tracker.Track(Name("a/r1"))->started);
  EXPECT_FALSE(tracker.Track(Name("a/r1"))->started);
  EXPECT_EQ(github.queries().size(), 1u);
}

TEST_F(GitHubTrackerTest, NamesTheRepositoryThatGitHubDoesNotKnow) {
  const auto refused = tracker.TrackAll({Name("a/r1"), Name("a/none")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(refused.error().message.starts_with("a/none")) << refused.error().message;
  EXPECT_FALSE(sources.IsActive({1})) << "all of them or none";
}

TEST_F(GitHubTrackerTest, RefusesMoreThanMayBeActive) {
  ASSERT_TRUE(tracker.TrackAll({Name("a/r1"), Name("a/r2")}));
  const auto refused = tracker.TrackAll({Name("a/r3"), Name("a/r4")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_FALSE(sources.IsActive({3}));
  EXPECT_TRUE(tracker.Track(Name("a/r3")));
}

TEST_F(GitHubTrackerTest, AnEarlierNameIsAskedForAsItMayBeAnothersByNow) {
  ASSERT_TRUE(repositories.Save(test::SampleRepository(1, "a/renamed", 10), clock.Now()));
  stored.earlier_names["a/r2"] = {1};
  EXPECT_EQ(tracker.Track(Name("a/r2"))->repository.id, RepositoryId{2});
}

TEST_F(GitHubTrackerTest, WhatIsGoneIsAskedForAnew) {
  ASSERT_TRUE(repositories.Save(test::SampleRepository(9, "a/gone", 10), clock.Now()));
  ASSERT_TRUE(repositories.MarkGone({9}, clock.Now()));
  EXPECT_EQ(tracker.Track(Name("a/gone")).error().code, ErrorCode::kNotFound);
}

TEST_F(GitHubTrackerTest, SaysThatALimitIsTheReason) {
  github.FailNext({ErrorCode::kRateLimited, "secondary", 60s});
  const auto refused = tracker.Track(Name("a/r1"));
  EXPECT_EQ(refused.error().code, ErrorCode::kRateLimited);
  EXPECT_EQ(refused.error().retry_after, 60s);
}

}  // namespace
}  // namespace repopulse
