// The contract of service/source_store.h: what is tracked, and why.
#include "integration/storage/database.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TrackingTest : public TopicTest {
 protected:
  static constexpr int64_t kMax = 10;

  void SetUp() override {
    TopicTest::SetUp();
    for (int64_t id : {101, 102, 103, 104}) Know(id, "known/r" + std::to_string(id));
  }
  // A repository that is no member of a topic.
  void Know(int64_t id, std::string_view name) {
    ASSERT_OK(repositories().Save(MakeRepository(id, name), clock_.Now()));
  }
  TrackedRepository Activated(int64_t id) {
    auto tracked = sources().Activate(RepositoryId{id}, kMax, clock_.Now());
    EXPECT_OK(tracked);
    return tracked.value();
  }
  std::vector<int64_t> Tracked(bool only_active) {
    std::vector<int64_t> ids;
    const auto tracked = sources().ListTracked(only_active);
    EXPECT_OK(tracked);
    for (const TrackedRepository& one : *tracked) ids.push_back(one.id.value);
    return ids;
  }
  std::vector<int64_t> Active() { return Tracked(true); }
  TrackedRepository Found(int64_t id) { return sources().FindTracked(RepositoryId{id}).value().value(); }
  // Repositories whose sources of this kind are active.
  std::vector<int64_t> Polled(SourceKind kind) {
    std::vector<int64_t> ids;
    const auto listed = sources().ListSources({}, 1000);
    EXPECT_OK(listed);
    for (const EventSource& source : *listed) {
      if (source.kind == kind && source.active) ids.push_back(source.repository.value);
    }
    std::ranges::sort(ids);
    return ids;
  }
};

TEST_F(TrackingTest, ARequestStartsASourceThatIsDueAtOnce) {
  const TrackedRepository tracked = Activated(101);
  EXPECT_TRUE(tracked.active && tracked.requested);
  EXPECT_FALSE(tracked.configured || tracked.top || tracked.polled_at);
  EXPECT_EQ(tracked.name.full(), "known/r101");
  EXPECT_THAT(Active(), ElementsAre(101));
  EXPECT_THAT(Polled(SourceKind::kRepository), ElementsAre(101));
  const auto due = sources().Due(clock_.Now(), 10).value();
  ASSERT_EQ(due.size(), 2u);  // events and details
  EXPECT_EQ(due[0].name.value().full(), "known/r101");
}

TEST_F(TrackingTest, DetailsArePolledOnlyWhereNoTopicBringsThem) {
  Publish({MakeRepository(1, "a/one")});
  Activated(1);
  Activated(101);
  EXPECT_THAT(Polled(SourceKind::kRepository), ElementsAre(1, 101));
  EXPECT_THAT(Polled(SourceKind::kDetails), ElementsAre(101));
  ASSERT_OK(topics().Untrack(Tagged("kubernetes")));
  Activated(1);
  EXPECT_THAT(Polled(SourceKind::kDetails), ElementsAre(1, 101));
}

TEST_F(TrackingTest, AnUnknownRepositoryCannotBeActivated) {
  EXPECT_EQ(CodeOf(sources().Activate(RepositoryId{999}, kMax, clock_.Now())), ErrorCode::kNotFound);
  EXPECT_THAT(Tracked(false), IsEmpty());
}

TEST_F(TrackingTest, ARepositoryThatOnlyEventsToldOfCanBeActivated) {
  ASSERT_OK(db().Run("INSERT INTO repository_names VALUES ('told/name', 77, '2024-05-01')"));
  ASSERT_OK(db().Run("INSERT INTO event_repository_totals VALUES (1, 77, 1, '2024-05-01', '2024-05-01', 'Told/Name')"));
  EXPECT_EQ(Activated(77).name.full(), "Told/Name");
}

TEST_F(TrackingTest, NoMoreThanAllowedBecomeActive) {
  ASSERT_OK(sources().ActivateAll({RepositoryId{101}, RepositoryId{102}}, 2, clock_.Now()));
  EXPECT_EQ(CodeOf(sources().Activate(RepositoryId{103}, 2, clock_.Now())), ErrorCode::kConflict);
  EXPECT_OK(sources().Activate(RepositoryId{101}, 2, clock_.Now()));
  EXPECT_OK(sources().Activate(RepositoryId{101}, 1, clock_.Now()));
  EXPECT_THAT(Tracked(false), ElementsAre(101, 102));
  EXPECT_EQ(CodeOf(sources().ActivateAll({RepositoryId{103}, RepositoryId{104}}, 3, clock_.Now())),
            ErrorCode::kConflict);
  EXPECT_THAT(Tracked(false), ElementsAre(101, 102));
  EXPECT_THAT(Polled(SourceKind::kRepository), ElementsAre(101, 102));
}

TEST_F(TrackingTest, DeactivationStopsSourcesAndOutweighsOtherReasons) {
  EXPECT_FALSE(sources().Deactivate(RepositoryId{101}, clock_.Now()).value());
  ASSERT_OK(sources().SyncConfigured({Name("known/r101")}, clock_.Now()));
  Activated(101);
  for (int times = 0; times < 2; ++times) {
    const auto stopped = sources().Deactivate(RepositoryId{101}, clock_.Now()).value();
    ASSERT_TRUE(stopped);
    EXPECT_FALSE(stopped->active || stopped->requested);
    EXPECT_TRUE(stopped->configured);
  }
  ASSERT_OK(sources().SyncConfigured({Name("known/r101")}, clock_.Now()));
  EXPECT_THAT(Active(), IsEmpty());
  EXPECT_THAT(Tracked(false), ElementsAre(101));
  EXPECT_THAT(Polled(SourceKind::kRepository), IsEmpty());
  EXPECT_THAT(Polled(SourceKind::kDetails), IsEmpty());
  EXPECT_THAT(sources().Due(clock_.Now(), 10).value(), IsEmpty());
  Activated(101);
  EXPECT_THAT(Polled(SourceKind::kRepository), ElementsAre(101));
}

TEST_F(TrackingTest, BeginningAgainIsDueAtOnceAndActivatingTwiceChangesNoDueTime) {
  Activated(101);
  const TimePoint later = clock_.Now() + std::chrono::hours{5};
  ASSERT_OK(db().Execute("UPDATE event_sources SET next_poll_at = ?", {later}));
  Activated(101);
  EXPECT_THAT(sources().Due(clock_.Now(), 10).value(), IsEmpty());
  ASSERT_OK(sources().Deactivate(RepositoryId{101}, clock_.Now()));
  Activated(101);
  EXPECT_EQ(sources().Due(clock_.Now(), 10).value().size(), 2u);
}

TEST_F(TrackingTest, NamesInTrackAreThoseOfTheLastStart) {
  ASSERT_OK(sources().SyncConfigured({Name("Known/R101"), Name("known/r102"), Name("new/one")}, clock_.Now()));
  EXPECT_THAT(Active(), ElementsAre(101, 102));
  ASSERT_OK(sources().SyncConfigured({Name("known/r102"), Name("known/r103")}, clock_.Now()));
  EXPECT_THAT(Active(), ElementsAre(102, 103));
  EXPECT_FALSE(Found(101).configured);
  EXPECT_THAT(sources().UnresolvedNames(clock_.Now(), 10).value(), IsEmpty());
  ASSERT_OK(sources().SyncConfigured({}, clock_.Now()));
  EXPECT_THAT(Active(), IsEmpty());
}

TEST_F(TrackingTest, UnknownNamesAreTriedUntilTheyAreResolved) {
  ASSERT_OK(sources().SyncConfigured({Name("new/one"), Name("new/two")}, clock_.Now()));
  EXPECT_THAT(sources().UnresolvedNames(clock_.Now(), 10).value(), ElementsAre(Name("new/one"), Name("new/two")));
  EXPECT_THAT(sources().UnresolvedNames(clock_.Now(), 1).value(), ElementsAre(Name("new/one")));
  const TimePoint later = clock_.Now() + std::chrono::hours{1};
  ASSERT_OK(sources().PostponeName(Name("New/One"), later, std::string(600, 'x')));
  Know(200, "new/two");
  ASSERT_OK(sources().ResolveName(Name("New/Two"), RepositoryId{200}, clock_.Now()));
  EXPECT_THAT(sources().UnresolvedNames(clock_.Now(), 10).value(), IsEmpty());
  EXPECT_THAT(sources().UnresolvedNames(later, 10).value(), ElementsAre(Name("new/one")));
  EXPECT_THAT(Active(), ElementsAre(200));
  EXPECT_TRUE(Found(200).configured);
  ASSERT_OK(sources().SyncConfigured({Name("new/one"), Name("new/two")}, clock_.Now()));
  EXPECT_THAT(Active(), ElementsAre(200));
}

TEST_F(TrackingTest, TheFirstOfEachTopicAreTop) {
  const TopicId helm = topics().Track(Tagged("helm"), clock_.Now()).value().id;
  Publish({MakeRepository(1, "a/one", 50), MakeRepository(2, "a/two", 40), MakeRepository(3, "a/three", 30)});
  ASSERT_OK(topics().PublishSweep(Read(helm, {MakeRepository(4, "a/four", 3), MakeRepository(5, "a/five", 5)}), true,
                                  clock_.Now(), clock_.Now()));
  ASSERT_OK(sources().SyncTop(1, kMax, clock_.Now()));
  EXPECT_THAT(Active(), ElementsAre(1, 5));
  ASSERT_OK(sources().SyncTop(2, kMax, clock_.Now()));
  EXPECT_THAT(Active(), ElementsAre(1, 2, 4, 5));
  EXPECT_TRUE(Found(4).top);
  ASSERT_OK(topics().Untrack(Tagged("helm")));
  ASSERT_OK(sources().SyncTop(2, kMax, clock_.Now()));
  EXPECT_THAT(Active(), ElementsAre(1, 2));
  ASSERT_OK(sources().SyncTop(0, kMax, clock_.Now()));
  EXPECT_THAT(Active(), IsEmpty());
  EXPECT_THAT(Polled(SourceKind::kRepository), IsEmpty());
}

TEST_F(TrackingTest, NoMoreThanAllowedAreTopAndTheMostStarredComeFirst) {
  Publish({MakeRepository(1, "a/one", 10), MakeRepository(2, "a/two", 40), MakeRepository(3, "a/three", 30),
           MakeRepository(4, "a/four", 20)});
  Activated(101);
  Activated(3);
  ASSERT_OK(sources().SyncTop(4, 3, clock_.Now()));
  EXPECT_THAT(Active(), ElementsAre(2, 3, 101));
  EXPECT_TRUE(Found(3).top);
  // Who is stopped takes nobody's place.
  ASSERT_OK(sources().Deactivate(RepositoryId{2}, clock_.Now()));
  ASSERT_OK(sources().SyncTop(4, 3, clock_.Now()));
  EXPECT_THAT(Active(), ElementsAre(3, 4, 101));
}

TEST_F(TrackingTest, RepositoriesTellWhetherTheyAreActive) {
  Publish({MakeRepository(1, "a/one"), MakeRepository(2, "a/two")});
  Activated(1);
  Activated(102);
  ASSERT_OK(sources().Deactivate(RepositoryId{102}, clock_.Now()));
  EXPECT_TRUE(repositories().FindByName(Name("a/one")).value()->active);
  EXPECT_FALSE(repositories().FindByName(Name("a/two")).value()->active);
  const auto listed = [&](std::optional<bool> active) {
    const auto page = repositories().List({.text = {}, .active = active, .after = {}, .limit = 100}).value();
    std::vector<int64_t> ids;
    for (const StoredRepository& stored : page.items) ids.push_back(stored.repository.id.value);
    EXPECT_EQ(page.total, static_cast<int64_t>(ids.size()));
    return ids;
  };
  EXPECT_THAT(listed(true), ElementsAre(1));
  EXPECT_THAT(listed(false), ElementsAre(2, 101, 102, 103, 104));
  EXPECT_THAT(listed({}), ElementsAre(1, 2, 101, 102, 103, 104));
}

}  // namespace
}  // namespace repopulse
