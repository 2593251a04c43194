// GitHub in memory: answers searches from a population for each topic, and fails as a test tells it to.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "service/github.h"
#include "support/samples.h"
#include "support/simulated_search.h"

namespace repopulse::test {

class FakeGitHub final : public GitHub {
 public:
  struct Fault {
    Error error;
    RateObservation rate;
  };

  void Serve(const std::string& topic, std::vector<Candidate> population) {
    by_topic_.insert_or_assign(topic, SimulatedSearch(std::move(population)));
  }
  // The next requests fail, one fault each.
  void FailNext(Error error, RateObservation rate = {}) { faults_.push_back({std::move(error), std::move(rate)}); }
  void FailNextTimes(int times, const Error& error) {
    for (int i = 0; i < times; ++i) FailNext(error);
  }
  // Every search for this topic fails.
  void FailTopic(const std::string& topic, Error error) { broken_.insert_or_assign(topic, std::move(error)); }
  // What answers say of the limits.
  void SayLimits(RateObservation rate) { rate_ = std::move(rate); }
  // Answers say that GitHub cut them short.
  void SayIncomplete() { incomplete_ = true; }
  // Runs at each request, before it is answered.
  void OnRequest(std::function<void()> hook) { hook_ = std::move(hook); }

  [[nodiscard]] const std::vector<std::string>& queries() const { return queries_; }

  Fetched<SearchPage> SearchRepositories(const std::string& query, int page, std::stop_token stop) override {
    queries_.push_back(query);
    if (hook_) hook_();
    if (stop.stop_requested()) return {Fail(ErrorCode::kCancelled, "stopped"), {}};
    if (!faults_.empty()) {
      Fault fault = std::move(faults_.front());
      faults_.pop_front();
      return {tl::make_unexpected(std::move(fault.error)), std::move(fault.rate)};
    }
    const std::string topic(SplitWords(query).front().substr(std::string_view("topic:").size()));
    if (const auto it = broken_.find(topic); it != broken_.end()) return {tl::make_unexpected(it->second), rate_};
    const auto it = by_topic_.find(topic);
    if (it == by_topic_.end()) return {SearchPage{}, rate_};
    const SearchResults results = it->second.Ask(query, page);
    if (results.refused) return {Fail(ErrorCode::kInvalidArgument, "only the first 1000 results"), rate_};
    SearchPage answer = PageOf(results);
    answer.incomplete_results = incomplete_;
    return {std::move(answer), rate_};
  }

  Fetched<Repository> FetchRepository(const RepositoryName& name, std::stop_token) override {
    queries_.push_back(name.full());
    return {SampleRepository(1, name.full(), 10), rate_};
  }

  Fetched<Repository> FetchRepositoryById(RepositoryId id, std::stop_token) override {
    queries_.push_back("#" + std::to_string(id.value));
    return {SampleRepository(id.value, "owner/repository-" + std::to_string(id.value), 10), rate_};
  }

  // No feed has anything.
  Fetched<EventFeedPage> FetchEvents(const EventFeed& feed, int, const std::string&, std::stop_token) override {
    queries_.push_back((feed.name ? feed.name->full() : std::to_string(feed.id.value)) + " events");
    return {EventFeedPage{}, rate_};
  }

  [[nodiscard]] std::string credential() const override { return "anonymous"; }

 private:
  static SearchPage PageOf(const SearchResults& results) {
    SearchPage page{.total_count = results.total_count, .has_next = results.has_next, .items = {}};
    for (const Candidate& candidate : results.items) {
      Repository repository =
          SampleRepository(candidate.id, "owner/repository-" + std::to_string(candidate.id), candidate.stars);
      repository.created_at = candidate.created_at;
      page.items.push_back(std::move(repository));
    }
    page.delivered = static_cast<int64_t>(page.items.size());
    return page;
  }

  std::map<std::string, SimulatedSearch> by_topic_;
  std::map<std::string, Error> broken_;
  std::deque<Fault> faults_;
  RateObservation rate_;
  bool incomplete_ = false;
  std::function<void()> hook_;
  std::vector<std::string> queries_;
};

}  // namespace repopulse::test
