// GitHub in memory: answers searches from a population for each topic, serves repositories and feeds of events, and
// fails as a test tells it to.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/strings.h"
#include "service/github.h"
#include "support/fake_event_feed.h"
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
  // From the first one on, names and ids that are not known here are not found.
  void Serve(const Repository& repository) {
    repositories_.insert_or_assign(repository.id, repository);
    names_.insert_or_assign(ToLowerAscii(repository.name.full()), repository.id);
  }
  void Remove(RepositoryId id) {
    repositories_.erase(id);
    std::erase_if(names_, [id](const auto& entry) { return entry.second == id; });
    feeds_.erase(id);
  }
  // The repository's events, or all public ones (0); without, a feed is empty. Both must outlive this.
  void ServeEvents(RepositoryId repository, const FakeEventFeed& feed, const Clock& clock) {
    feeds_.insert_or_assign(repository, &feed);
    clock_ = &clock;
  }
  // Requests that it returns an error for fail with it.
  void RefuseWhere(std::function<std::optional<Error>(const std::string& query)> refuse) {
    refuse_ = std::move(refuse);
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
    if (auto fault = Enter(query, stop)) return {tl::make_unexpected(std::move(fault->error)), fault->rate};
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

  Fetched<Repository> FetchRepository(const RepositoryName& name, std::stop_token stop) override {
    if (auto fault = Enter(name.full(), stop)) return {tl::make_unexpected(std::move(fault->error)), fault->rate};
    if (repositories_.empty()) return {SampleRepository(1, name.full(), 10), rate_};
    const auto it = names_.find(ToLowerAscii(name.full()));
    if (it == names_.end()) return {Fail(ErrorCode::kNotFound, "404 for " + name.full()), rate_};
    return {repositories_.at(it->second), rate_};
  }

  Fetched<Repository> FetchRepositoryById(RepositoryId id, std::stop_token stop) override {
    const std::string query = "#" + std::to_string(id.value);
    if (auto fault = Enter(query, stop)) return {tl::make_unexpected(std::move(fault->error)), fault->rate};
    if (repositories_.empty()) {
      return {SampleRepository(id.value, "owner/repository-" + std::to_string(id.value), 10), rate_};
    }
    const auto it = repositories_.find(id);
    if (it == repositories_.end()) return {Fail(ErrorCode::kNotFound, "404 for " + query), rate_};
    return {it->second, rate_};
  }

  // Noted as "events", then the repository's name or #id, then the page if it is not the first.
  Fetched<EventFeedPage> FetchEvents(const EventFeed& feed, int page, const std::string& etag,
                                     std::stop_token stop) override {
    std::string query = "events";
    if (feed.name || feed.id.value != 0) {
      query += " " + (feed.name ? feed.name->full() : "#" + std::to_string(feed.id.value));
    }
    if (page > 1) query += " page " + std::to_string(page);
    if (auto fault = Enter(query, stop)) return {tl::make_unexpected(std::move(fault->error)), fault->rate};
    RepositoryId id = feed.id;
    if (feed.name) {
      const auto it = names_.find(ToLowerAscii(feed.name->full()));
      if (it != names_.end()) id = it->second;
      if (it == names_.end() && !repositories_.empty()) return {Fail(ErrorCode::kNotFound, "404 for " + query), rate_};
    }
    if (id.value != 0 && !repositories_.empty() && !repositories_.contains(id)) {
      return {Fail(ErrorCode::kNotFound, "404 for " + query), rate_};
    }
    const auto it = feeds_.find(id);
    if (it == feeds_.end()) return {EventFeedPage{}, rate_};
    return {it->second->Read(page, etag, clock_->Now()), rate_};
  }

  [[nodiscard]] std::string credential() const override { return "anonymous"; }

 private:
  // Notes the request; the fault it is to meet, if any.
  std::optional<Fault> Enter(const std::string& query, const std::stop_token& stop) {
    queries_.push_back(query);
    if (hook_) hook_();
    if (stop.stop_requested()) return Fault{{ErrorCode::kCancelled, "stopped"}, {}};
    if (!faults_.empty()) {
      Fault fault = std::move(faults_.front());
      faults_.pop_front();
      return fault;
    }
    if (auto error = refuse_ ? refuse_(query) : std::nullopt) return Fault{*std::move(error), rate_};
    return std::nullopt;
  }
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
  std::map<RepositoryId, Repository> repositories_;
  std::map<std::string, RepositoryId> names_;  // lower case
  std::map<RepositoryId, const FakeEventFeed*> feeds_;
  const Clock* clock_ = nullptr;
  std::function<std::optional<Error>(const std::string&)> refuse_;
  std::map<std::string, Error> broken_;
  std::deque<Fault> faults_;
  RateObservation rate_;
  bool incomplete_ = false;
  std::function<void()> hook_;
  std::vector<std::string> queries_;
};

}  // namespace repopulse::test
