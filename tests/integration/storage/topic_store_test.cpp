// The contract of service/topic_store.h: tracked topics and when they are due.
#include "integration/storage/database.h"

namespace repopulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TopicStoreTest : public StorageTest {
 protected:
  std::vector<std::string> Tracked() {
    auto list = topics().List();
    EXPECT_OK(list);
    return NamesOf(*list);
  }
  std::vector<std::string> DueNow() {
    auto due = topics().Due(clock_.Now(), 10);
    EXPECT_OK(due);
    return NamesOf(*due);
  }
  Topic Get(std::string_view name) {
    auto found = topics().Find(Tagged(name));
    EXPECT_OK(found);
    EXPECT_TRUE(found->has_value());
    return **found;
  }
  static std::vector<std::string> NamesOf(const std::vector<Topic>& topics) {
    std::vector<std::string> names;
    for (const Topic& topic : topics) names.push_back(topic.name.str());
    return names;
  }
};

TEST_F(TopicStoreTest, KnowsNothingOfATopicNeverTracked) {
  auto found = topics().Find(Tagged("kubernetes"));
  ASSERT_OK(found);
  EXPECT_FALSE(found->has_value());
  EXPECT_THAT(Tracked(), IsEmpty());
}

TEST_F(TopicStoreTest, TracksANewTopicDueAtOnce) {
  auto topic = topics().Track(Tagged("kubernetes"), clock_.Now());
  ASSERT_OK(topic);
  EXPECT_EQ(topic->name.str(), "kubernetes");
  EXPECT_TRUE(topic->tracked);
  EXPECT_EQ(topic->added_at, clock_.Now());
  EXPECT_EQ(topic->next_poll_at, clock_.Now());
  EXPECT_FALSE(topic->published_at);
  EXPECT_EQ(topic->repositories_count, 0);
  EXPECT_FALSE(topic->complete);
  EXPECT_FALSE(topic->last_error);
}

TEST_F(TopicStoreTest, TrackingAgainChangesNothing) {
  auto first = topics().Track(Tagged("kubernetes"), clock_.Now());
  ASSERT_OK(first);
  ASSERT_OK(topics().Reschedule(first->id, clock_.Now() + std::chrono::hours{1}, std::nullopt));
  clock_.Advance(std::chrono::minutes{1});
  auto again = topics().Track(Tagged("kubernetes"), clock_.Now());
  ASSERT_OK(again);
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(again->added_at, first->added_at);
  EXPECT_EQ(again->next_poll_at, first->added_at + std::chrono::hours{1});
}

TEST_F(TopicStoreTest, UntrackedTopicsAreNeitherListedNorDueButKept) {
  ASSERT_OK(topics().Track(Tagged("kubernetes"), clock_.Now()));
  auto untracked = topics().Untrack(Tagged("kubernetes"));
  ASSERT_OK(untracked);
  EXPECT_TRUE(*untracked);
  EXPECT_THAT(Tracked(), IsEmpty());
  EXPECT_THAT(DueNow(), IsEmpty());
  EXPECT_FALSE(Get("kubernetes").tracked);
}

TEST_F(TopicStoreTest, UntrackingWhatIsNotTrackedIsFalse) {
  EXPECT_FALSE(topics().Untrack(Tagged("kubernetes")).value());
  ASSERT_OK(topics().Track(Tagged("kubernetes"), clock_.Now()));
  EXPECT_TRUE(topics().Untrack(Tagged("kubernetes")).value());
  EXPECT_FALSE(topics().Untrack(Tagged("kubernetes")).value());
}

TEST_F(TopicStoreTest, ATopicTrackedAgainIsDueAtOnceUnderItsOldId) {
  auto first = topics().Track(Tagged("kubernetes"), clock_.Now());
  ASSERT_OK(first);
  ASSERT_OK(topics().Reschedule(first->id, clock_.Now() + std::chrono::hours{9}, std::nullopt));
  ASSERT_OK(topics().Untrack(Tagged("kubernetes")));
  clock_.Advance(std::chrono::hours{1});
  auto again = topics().Track(Tagged("kubernetes"), clock_.Now());
  ASSERT_OK(again);
  EXPECT_EQ(again->id, first->id);
  EXPECT_TRUE(again->tracked);
  EXPECT_EQ(again->next_poll_at, clock_.Now());
}

TEST_F(TopicStoreTest, ListsByName) {
  for (const char* name : {"zsh", "ansible", "kubernetes"}) ASSERT_OK(topics().Track(Tagged(name), clock_.Now()));
  EXPECT_THAT(Tracked(), ElementsAre("ansible", "kubernetes", "zsh"));
}

TEST_F(TopicStoreTest, AConfigurationReplacesTheEarlierOneButNotWhatPeopleTrack) {
  ASSERT_OK(topics().SyncConfigured({Tagged("kubernetes"), Tagged("ansible")}, clock_.Now()));
  ASSERT_OK(topics().Track(Tagged("zsh"), clock_.Now()));
  ASSERT_OK(topics().Track(Tagged("ansible"), clock_.Now()));  // configured and asked for
  ASSERT_OK(topics().SyncConfigured({Tagged("helm")}, clock_.Now()));
  EXPECT_THAT(Tracked(), ElementsAre("ansible", "helm", "zsh"));
}

TEST_F(TopicStoreTest, SyncingTheSameConfigurationAgainLeavesDueTimesAlone) {
  ASSERT_OK(topics().SyncConfigured({Tagged("kubernetes")}, clock_.Now()));
  const auto later = clock_.Now() + std::chrono::hours{1};
  ASSERT_OK(topics().Reschedule(Get("kubernetes").id, later, std::nullopt));
  ASSERT_OK(topics().SyncConfigured({Tagged("kubernetes")}, clock_.Now()));
  EXPECT_EQ(Get("kubernetes").next_poll_at, later);
}

TEST_F(TopicStoreTest, AnEmptyConfigurationUntracksAllConfiguredTopics) {
  ASSERT_OK(topics().SyncConfigured({Tagged("kubernetes")}, clock_.Now()));
  ASSERT_OK(topics().SyncConfigured({}, clock_.Now()));
  EXPECT_THAT(Tracked(), IsEmpty());
}

TEST_F(TopicStoreTest, NeverCollectedTopicsAreDueBeforeAllThenTheLongestOverdue) {
  std::map<std::string, TopicId> ids;
  for (const char* name : {"recent", "old", "fresh", "later"}) {
    ids[name] = topics().Track(Tagged(name), clock_.Now()).value().id;
  }
  for (const char* name : {"recent", "old"}) {
    auto sweep = topics().OpenSweep(ids[name], clock_.Now(), clock_.Now());
    ASSERT_OK(sweep);
    const auto minutes = std::chrono::minutes{name == std::string("old") ? 1 : 2};
    ASSERT_OK(topics().PublishSweep(*sweep, true, clock_.Now(), clock_.Now() + minutes));
  }
  ASSERT_OK(topics().Reschedule(ids["fresh"], clock_.Now() + std::chrono::minutes{3}, std::nullopt));
  ASSERT_OK(topics().Reschedule(ids["later"], clock_.Now() + std::chrono::hours{1}, std::nullopt));
  clock_.Advance(std::chrono::minutes{5});
  EXPECT_THAT(DueNow(), ElementsAre("fresh", "old", "recent"));
  EXPECT_EQ(topics().Due(clock_.Now(), 2).value().size(), 2u);
}

TEST_F(TopicStoreTest, ATopicIsDueFromItsVeryMoment) {
  const auto id = topics().Track(Tagged("kubernetes"), clock_.Now()).value().id;
  ASSERT_OK(topics().Reschedule(id, clock_.Now() + std::chrono::microseconds{1}, std::nullopt));
  EXPECT_THAT(DueNow(), IsEmpty());
  clock_.Advance(std::chrono::microseconds{1});
  EXPECT_THAT(DueNow(), ElementsAre("kubernetes"));
}

TEST_F(TopicStoreTest, KeepsWhyTheLastAttemptFailedUntilTheNextDoesNot) {
  const auto id = topics().Track(Tagged("kubernetes"), clock_.Now()).value().id;
  ASSERT_OK(topics().Reschedule(id, clock_.Now(), "GitHub said 🚀 no"));
  EXPECT_EQ(Get("kubernetes").last_error, "GitHub said 🚀 no");
  ASSERT_OK(topics().Reschedule(id, clock_.Now(), std::nullopt));
  EXPECT_FALSE(Get("kubernetes").last_error);
}

TEST_F(TopicStoreTest, CutsAnEndlessErrorBetweenTwoCharacters) {
  const auto id = topics().Track(Tagged("kubernetes"), clock_.Now()).value().id;
  std::string endless;
  for (int i = 0; i < 1000; ++i) endless += "é";
  ASSERT_OK(topics().Reschedule(id, clock_.Now(), endless));
  EXPECT_EQ(Get("kubernetes").last_error, endless.substr(0, 500));
}

TEST_F(TopicStoreTest, ReschedulingAnUnknownTopicIsNotFound) {
  EXPECT_EQ(CodeOf(topics().Reschedule(TopicId{99}, clock_.Now(), std::nullopt)), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace repopulse
