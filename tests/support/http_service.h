// The HTTP layer over fakes: what a client of /api/v1 talks to, without sockets and servers.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/dispatcher.h"
#include "http/handlers.h"
#include "service/near_cache.h"
#include "service/read_pipeline.h"
#include "support/fake_clock.h"
#include "support/fake_event_reader.h"
#include "support/fake_job_store.h"
#include "support/fake_rate_budget_store.h"
#include "support/fake_shared_cache.h"
#include "support/fake_stores.h"
#include "support/fake_topic_store.h"
#include "support/fake_trend_reader.h"
#include "support/samples.h"
#include "support/stub_event_ports.h"

namespace repopulse::test {

// Keeps what rankings were asked for.
class RecordingTopicStore final : public TopicStore {
 public:
  FakeTopicStore fake;
  std::vector<RankingQuery> rankings;

  Result<std::vector<Topic>> List() override { return fake.List(); }
  Result<std::optional<Topic>> Find(const TopicName& name) override { return fake.Find(name); }
  Result<Topic> Track(const TopicName& name, TimePoint now) override { return fake.Track(name, now); }
  Result<bool> Untrack(const TopicName& name) override { return fake.Untrack(name); }
  Status SyncConfigured(const std::vector<TopicName>& names, TimePoint now) override {
    return fake.SyncConfigured(names, now);
  }
  Result<std::vector<Topic>> Due(TimePoint now, size_t limit) override { return fake.Due(now, limit); }
  Status Reschedule(TopicId topic, TimePoint next, const std::optional<std::string>& error) override {
    return fake.Reschedule(topic, next, error);
  }
  Result<Sweep> OpenSweep(TopicId topic, TimePoint now, TimePoint restart_before) override {
    return fake.OpenSweep(topic, now, restart_before);
  }
  Status StorePage(const Sweep& from, const SweepPlan& next, const std::vector<Repository>& items,
                   TimePoint now) override {
    return fake.StorePage(from, next, items, now);
  }
  Result<Publication> PublishSweep(const Sweep& sweep, bool whole, TimePoint now, TimePoint next) override {
    return fake.PublishSweep(sweep, whole, now, next);
  }
  Result<RankingPage> Rank(const RankingQuery& query) override {
    rankings.push_back(query);
    return fake.Rank(query);
  }
};

// Keeps what lists were asked for.
class RecordingRepositoryStore final : public RepositoryStore {
 public:
  FakeRepositoryStore fake;
  std::vector<RepositoryListQuery> lists;

  Status Save(const Repository& repository, TimePoint now) override { return fake.Save(repository, now); }
  Status MarkGone(RepositoryId id, TimePoint now) override { return fake.MarkGone(id, now); }
  Result<std::vector<std::optional<StoredRepository>>> FindByNames(const std::vector<RepositoryName>& names) override {
    return fake.FindByNames(names);
  }
  Result<RepositoryPage> List(const RepositoryListQuery& query) override {
    lists.push_back(query);
    return fake.List(query);
  }
  Result<std::vector<std::vector<Snapshot>>> SnapshotsOfEach(const std::vector<RepositoryId>& ids,
                                                             std::chrono::sys_days from,
                                                             std::chrono::sys_days to) override {
    return fake.SnapshotsOfEach(ids, from, to);
  }
};

// An answer as a client would see it, without the socket.
struct Seen {
  int status = 0;
  std::string headers;
  std::string body;
  bool cached_form = false;  // a Representation, which goes through the caches
  std::string route;
  int pieces = 0;  // of a Stream

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body); }
  // The first header of this name; empty where there is none.
  [[nodiscard]] std::string header(const std::string& name) const {
    const size_t at = headers.find(name + ": ");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 2;
    return headers.substr(begin, headers.find("\r\n", begin) - begin);
  }
  // The target that Link calls the next page; empty on the last one.
  [[nodiscard]] std::string next() const {
    const std::string link = header("Link");
    const size_t end = link.find(">; rel=\"next\"");
    return end == std::string::npos ? "" : link.substr(1, end - 1);
  }
  // The parameters a 400 complains of, in its order.
  [[nodiscard]] std::vector<std::string> wrong_parameters() const {
    std::vector<std::string> names;
    const nlohmann::json document = json();
    if (!document.contains("errors")) return names;
    for (const auto& error : document["errors"]) names.push_back(error["parameter"]);
    return names;
  }
};

inline Seen See(const http::Answer& answer) {
  if (const auto* response = std::get_if<http::Response>(&answer.content)) {
    return {response->status, "Content-Type: " + response->content_type + "\r\n" + response->headers, response->body,
            false, std::string(answer.route)};
  }
  if (const auto* stream = std::get_if<http::Stream>(&answer.content)) {
    Seen seen{200, "Content-Type: " + stream->content_type + "\r\n", {}, false, std::string(answer.route)};
    for (std::string piece = stream->first; !piece.empty();) {
      seen.body += piece;
      ++seen.pieces;
      auto next = stream->next();
      if (!next) throw std::runtime_error("cut: " + next.error().message);
      piece = *std::move(next);
    }
    return seen;
  }
  const Representation& r = *std::get<ReadAnswer>(answer.content).representation;
  return {r.status, r.headers, r.body.str(), true, std::string(answer.route)};
}

struct HttpService {
  static constexpr const char* kKey = "0123456789abcdef";

  FakeClock clock{At("2024-05-08T12:00:00Z")};
  FakeSharedCache shared_cache{clock};
  NearCache near{clock, 1 << 20};
  FakeSchema schema;
  RecordingTopicStore topics;
  RecordingRepositoryStore repositories;
  FakeJobStore job_store;
  FakeRateBudgetStore budgets;
  FakeEventReader events;
  FakeTrendReader trends;
  StubSourceStore sources;
  StubImportStore imports;
  StubRepositoryTracker tracker{sources};
  http::Metrics metrics{near};
  std::atomic<bool> draining{false};
  ReadPipeline pipeline{clock, near, shared_cache, {}};
  JobRunner jobs{job_store, clock, "replica-1"};
  http::Services services{.clock = clock,
                          .pipeline = pipeline,
                          .shared_cache = shared_cache,
                          .schema = schema,
                          .topics = topics,
                          .repositories = repositories,
                          .jobs = jobs,
                          .budgets = budgets,
                          .events = events,
                          .trends = trends,
                          .sources = sources,
                          .imports = imports,
                          .tracker = tracker,
                          .metrics = metrics,
                          .builder = http::RepresentationBuilder(clock, {}),
                          .admin_key = kKey,
                          .github_credential = "token",
                          .github_url = "https://api.github.com",
                          .version = "1.2.3",
                          .demo = false,
                          .draining = draining};
  http::Dispatcher dispatcher{services, http::AllRoutes(services)};

  HttpService() {
    shared_cache.SetListener(&near);
    near.OnWatching(true);
  }
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  Seen Ask(http::Method method, std::string_view target, std::string_view key = "", bool may_wait = false) {
    http::Request request;
    request.method = method;
    request.credential = key;
    request.request_id = "request-7";
    request.may_wait = may_wait;
    return See(dispatcher.Handle(request, target));
  }
  Seen Get(std::string_view target) { return Ask(http::Method::kGet, target); }
};

}  // namespace repopulse::test
