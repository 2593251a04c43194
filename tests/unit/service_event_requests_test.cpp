// How much of GitHub's limits collecting uses: the table of the README, in virtual time. Run it with
// --gtest_filter='*RequestsAnHour*' to see the figures.
#include <cstdio>

#include "support/event_collecting.h"

namespace repopulse {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours kWarmUp{1};
constexpr std::chrono::hours kMeasured{3};

// GitHub with its hourly limit of the core bucket; a 304 to a request with a token costs nothing.
class LimitedGitHub final : public GitHub {
 public:
  LimitedGitHub(GitHub& github, const Clock& clock, bool token) : github_(github), clock_(clock), token_(token) {}

  int64_t requests = 0;
  int64_t unchanged = 0;
  int64_t counted = 0;  // against the limit
  int64_t refused = 0;

  Fetched<SearchPage> SearchRepositories(const std::string& query, int page, std::stop_token stop) override {
    return github_.SearchRepositories(query, page, std::move(stop));
  }
  Fetched<Repository> FetchRepository(const RepositoryName& name, std::stop_token stop) override {
    return Count(github_.FetchRepository(name, std::move(stop)), false);
  }
  Fetched<Repository> FetchRepositoryById(RepositoryId id, std::stop_token stop) override {
    return Count(github_.FetchRepositoryById(id, std::move(stop)), false);
  }
  Fetched<EventFeedPage> FetchEvents(const EventFeed& feed, int page, const std::string& etag,
                                     std::stop_token stop) override {
    auto fetched = github_.FetchEvents(feed, page, etag, std::move(stop));
    const bool not_modified = fetched.result && fetched.result->not_modified;
    unchanged += not_modified ? 1 : 0;
    return Count(std::move(fetched), not_modified);
  }
  [[nodiscard]] std::string credential() const override { return token_ ? "token" : "anonymous"; }

 private:
  template <class T>
  Fetched<T> Count(Fetched<T> fetched, bool not_modified) {
    const TimePoint now = clock_.Now();
    if (now >= reset_at_) {
      reset_at_ = now + 1h;
      remaining_ = Limit();
    }
    ++requests;
    const bool free = token_ && not_modified;
    if (!free) ++counted;
    if (!free && remaining_ == 0) {
      ++refused;
      fetched.result = Fail(ErrorCode::kRateLimited, "the limit is used up");
    } else if (!free) {
      --remaining_;
    }
    fetched.rate = {.limit = Limit(),
                    .remaining = remaining_,
                    .reset_at = reset_at_,
                    .limited = false,
                    .retry_after = {},
                    .free = free};
    return fetched;
  }
  [[nodiscard]] int64_t Limit() const { return token_ ? 5000 : 60; }

  GitHub& github_;
  const Clock& clock_;
  const bool token_;
  TimePoint reset_at_{};
  int64_t remaining_ = 0;
};

struct Usage {
  int64_t requests = 0;  // all of these an hour
  int64_t unchanged = 0;
  int64_t counted = 0;
  int64_t refused = 0;
};

struct RequestsAnHour : test::EventCollecting {
  // The busiest tracked repository has an event a minute, the n-th one each n minutes; the firehose 30 a second.
  void Populate(int64_t tracked) {
    options.firehose = true;
    std::vector<test::FakeEventFeed*> own;
    for (int64_t id = 1; id <= tracked; ++id) own.push_back(&Track(id));
    test::FakeEventFeed& firehose = ServeFeed({});
    const TimePoint begin = clock.Now() - 1h;
    const int64_t seconds = std::chrono::seconds{kWarmUp + kMeasured + 1h}.count();
    for (int64_t second = 0; second < seconds; ++second) {
      const TimePoint at = begin + std::chrono::seconds{second};
      for (int i = 0; i < 30; ++i) firehose.Publish(MakeEvent({1'000'000 + i}, at), at);
      for (int64_t id = 1; id <= tracked; ++id) {
        if (second % (60 * id) == id % 60) own[static_cast<size_t>(id - 1)]->Publish(MakeEvent({id}, at), at);
      }
    }
  }
  void CollectFor(EventCollector& collector, std::chrono::hours hours) {
    const TimePoint end = clock.Now() + hours;
    while (clock.Now() < end) {
      const TimePoint next_tick = clock.Now() + 60s;
      RunWith(collector);
      ASSERT_LE(clock.Now(), next_tick) << "a run took longer than a minute";
      clock.Advance(next_tick - clock.Now());
    }
  }
  Usage Measure(int64_t tracked, bool token) {
    Populate(tracked);
    LimitedGitHub limited(github, clock, token);
    GitHubGate limited_gate(limited, budgets, clock);
    EventCollector collector(events, sources, repositories, limited_gate, clock, options);
    CollectFor(collector, kWarmUp);
    limited.requests = limited.unchanged = limited.counted = limited.refused = 0;
    CollectFor(collector, kMeasured);
    const int64_t hours = kMeasured.count();
    const Usage usage{limited.requests / hours, limited.unchanged / hours, limited.counted / hours, limited.refused};
    std::printf("tracked %3ld, %s: %ld requests an hour, %ld of them unchanged, %ld count; firehose %ld polls\n",
                tracked, token ? "token" : "anonymous", usage.requests, usage.unchanged, usage.counted,
                Firehose().polls);
    return usage;
  }
};

TEST_F(RequestsAnHour, StayWithinTheAnonymousLimitWith5Repositories) {
  const Usage usage = Measure(5, false);
  EXPECT_LE(usage.counted, 61);
  EXPECT_EQ(usage.refused, 0) << "what is paced never runs into the limit";
}

TEST_F(RequestsAnHour, StayWithinTheAnonymousLimitWith25Repositories) {
  const Usage usage = Measure(25, false);
  EXPECT_LE(usage.counted, 61);
  EXPECT_EQ(usage.refused, 0);
}

TEST_F(RequestsAnHour, StayWithinTheAnonymousLimitWith200Repositories) {
  const Usage usage = Measure(200, false);
  EXPECT_LE(usage.counted, 61);
  EXPECT_EQ(usage.refused, 0);
}

TEST_F(RequestsAnHour, AreFewWithATokenAnd5Repositories) { EXPECT_LE(Measure(5, true).counted, 500); }
TEST_F(RequestsAnHour, AreFewWithATokenAnd25Repositories) { EXPECT_LE(Measure(25, true).counted, 1000); }
TEST_F(RequestsAnHour, StayWithinATokensLimitWith200Repositories) {
  const Usage usage = Measure(200, true);
  EXPECT_LE(usage.counted, 5000);
  EXPECT_EQ(usage.refused, 0);
}

}  // namespace
}  // namespace repopulse
