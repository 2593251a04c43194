#include <gtest/gtest.h>

#include "domain/job.h"
#include "domain/names.h"
#include "domain/ranking.h"

namespace repopulse {
namespace {

TEST(TopicName, FollowsGitHubsRuleAndFoldsCase) {
  for (const char* good : {"a", "kubernetes", "c", "3d-printing", "a-", "a--b", "0"}) {
    ASSERT_TRUE(TopicName::Parse(good)) << good;
    EXPECT_EQ(TopicName::Parse(good)->str(), good);
  }
  EXPECT_EQ(TopicName::Parse("KuberNetes")->str(), "kubernetes");
  EXPECT_TRUE(TopicName::Parse(std::string(50, 'a')));
}

TEST(TopicName, RefusesAllElse) {
  const std::string too_long(51, 'a');
  for (const std::string& bad : {std::string(), std::string("-a"), std::string("c++"), std::string("a b"),
                                 std::string("a_b"), std::string("a.b"), std::string("caf\xC3\xA9"), std::string("a/b"),
                                 std::string("a\0b", 3), std::string("a\n"), too_long}) {
    EXPECT_FALSE(TopicName::Parse(bad)) << bad;
  }
}

TEST(RepositoryName, TakesOwnerAndNameAsGitHubDoes) {
  const auto name = RepositoryName::Parse("Kubernetes/kube-state_metrics.io");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->owner(), "Kubernetes");
  EXPECT_EQ(name->name(), "kube-state_metrics.io");
  EXPECT_EQ(name->full(), "Kubernetes/kube-state_metrics.io");
  EXPECT_TRUE(RepositoryName::Parse("a/.github"));
  EXPECT_TRUE(RepositoryName::Parse("a/..."));
  EXPECT_TRUE(RepositoryName::Parse("some_enterprise/x"));
  EXPECT_TRUE(RepositoryName::Make(std::string(39, 'o'), std::string(100, 'n')));
}

TEST(RepositoryName, RefusesWhatCannotBeOne) {
  for (const char* bad :
       {"", "/", "a", "a/", "/b", "a/b/c", "a/.", "a/..", "a b/c", "a/b c", "a.b/c", "a/b%2f", "a/\xC3\xA9", "a/b\n"}) {
    EXPECT_FALSE(RepositoryName::Parse(bad)) << bad;
  }
  EXPECT_FALSE(RepositoryName::Make(std::string(40, 'o'), "n"));
  EXPECT_FALSE(RepositoryName::Make("o", std::string(101, 'n')));
}

TEST(RepositoryName, IsTheSameInAnyCase) {
  EXPECT_EQ(RepositoryName::Parse("Kubernetes/Kubernetes"), RepositoryName::Parse("kubernetes/kubernetes"));
  EXPECT_NE(RepositoryName::Parse("a/b"), RepositoryName::Parse("a/c"));
  EXPECT_NE(RepositoryName::Parse("a/b"), RepositoryName::Parse("c/b"));
}

TEST(RankingSort, OffersTheContractsWords) {
  for (const char* word : {"popularity", "activity", "trending", "newest", "updated"}) {
    ASSERT_TRUE(ParseRankingSort(word)) << word;
    EXPECT_EQ(ToString(*ParseRankingSort(word)), word);
  }
  for (const char* word : {"", "stored", "stars", "Popularity", "trend"}) EXPECT_FALSE(ParseRankingSort(word)) << word;
}

TEST(Job, KindsAndStatesKeepTheirWords) {
  for (const char* word : {"bootstrap", "collect", "refresh-cache", "prune"}) {
    ASSERT_TRUE(ParseJobKind(word)) << word;
    EXPECT_EQ(ToString(*ParseJobKind(word)), word);
  }
  for (const char* word : {"running", "succeeded", "failed", "abandoned"}) {
    ASSERT_TRUE(ParseJobState(word)) << word;
    EXPECT_EQ(ToString(*ParseJobState(word)), word);
  }
  EXPECT_FALSE(ParseJobKind("refresh_cache"));
  EXPECT_FALSE(ParseJobState("done"));
}

}  // namespace
}  // namespace repopulse
