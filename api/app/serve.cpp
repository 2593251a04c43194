#include "app/serve.h"

#include <malloc.h>

#include <iostream>
#include <memory>
#include <thread>

#include "app/command_line.h"
#include "app/connections.h"
#include "app/importing.h"
#include "app/memory_trimmer.h"
#include "app/replay_clock.h"
#include "app/stop_signals.h"
#include "base/log.h"
#include "cache/cache.h"
#include "github/curl_transport.h"
#include "github/github_client.h"
#include "http/dispatcher.h"
#include "http/handlers.h"
#include "http/route_warmer.h"
#include "http/server.h"
#include "service/activity_scorer.h"
#include "service/event_collector.h"
#include "service/github_gate.h"
#include "service/github_tracker.h"
#include "service/import_job.h"
#include "service/jobs.h"
#include "service/near_cache.h"
#include "service/read_pipeline.h"
#include "service/topic_collector.h"

namespace repopulse {
namespace {

// Requests that wait for jobs: each holds one thread, so there are more of them than anybody needs at once.
constexpr int kControlThreads = 16;
// How long a stopping replica refuses reads before it closes its sockets, so that the proxy finds the other one first …
constexpr std::chrono::milliseconds kDrainTime{300};
// … and how long it waits for requests under way.
constexpr std::chrono::seconds kDrainDeadline{8};
// Of one request to GitHub: one that a collecting run sends at its end is over before the next run begins.
constexpr std::chrono::seconds kGitHubDeadline{9};
// What an answer needed is kept for the next one, in few arenas, instead of being given back and fetched again each
// time; what is kept in vain is given back in between.
constexpr int kArenas = 2;
constexpr int kKeptBytes = 4 << 20;
constexpr std::chrono::seconds kTrimInterval{1};

int Tell(int exit_code, const std::string& sentence) {
  LogError("cannot_start", {{"error", sentence}});
  FlushLogs();
  std::cerr << "repopulse: " << sentence << "\n";
  return exit_code;
}

std::unique_ptr<GitHub> ConnectToGitHub(const Config& config, const Clock& clock) {
  return MakeGitHubClient({.api_url = config.github_api_url,
                           .token = config.github_token,
                           .user_agent = "repopulse/" REPOPULSE_VERSION " (+self-hosted)",
                           .deadline = kGitHubDeadline},
                          MakeCurlTransport(), clock);
}

// The jobs' side: GitHub and what works with it. A job runs on one thread, so one transport serves it.
struct Collecting {
  // GitHub's limits are told in real time, whatever time a replay has.
  Collecting(const Config& config, const ServiceClock& time, Storage& storage, SharedCache& shared_cache,
             JobRunner& runner, Warmer& warmer)
      : github(ConnectToGitHub(config, time.real())),
        gate(*github, storage.rate_budgets(), time.real()),
        collector(storage.topics(), gate, time.clock(), {.topic_interval = config.topic_interval},
                  [&warmer](const TopicName& topic) {
                    if (const auto made = warmer.WarmTopic(topic); !made) {
                      LogWarn("warming_failed", {{"topic", topic.str()}, {"error", made.error().message}});
                    }
                  }),
        event_collector(storage.events(), storage.sources(), storage.repositories(), gate, time.clock(),
                        {.track = config.track,
                         .track_top = config.track_top,
                         .active_max = config.active_max,
                         .firehose = config.firehose}),
        scorer(storage.events(), time.clock()),
        importing(config, time, storage) {
    RegisterJobs(runner, {.clock = time.clock(),
                          .schema = storage.schema(),
                          .topics = storage.topics(),
                          .jobs = storage.jobs(),
                          .events = storage.events(),
                          .collector = collector,
                          .event_collector = event_collector,
                          .scorer = scorer,
                          .warmer = warmer,
                          .configured_topics = config.topics,
                          .retention = config.retention,
                          .on_events_changed =
                              [&shared_cache] {
                                // Where Redis is gone there is nothing shared to forget.
                                (void)shared_cache.Invalidate(http::kEventsScope);
                              },
                          .collect = config.collect,
                          .import_hour =
                              [this, &shared_cache](JobContext& job) {
                                return RunImportJob(importing.importer, job,
                                                    [&shared_cache] { InvalidateEvents(shared_cache); });
                              }});
  }

  std::unique_ptr<GitHub> github;
  GitHubGate gate;
  TopicCollector collector;
  EventCollector event_collector;
  ActivityScorer scorer;
  Importing importing;
};

// What a person tracks, GitHub may have to be asked about; that waits for no job.
struct Tracking {
  Tracking(const Config& config, const ServiceClock& time, Storage& storage)
      : github(ConnectToGitHub(config, time.real())),
        gate(*github, storage.rate_budgets(), time.real()),
        tracker(storage.repositories(), storage.sources(), storage.event_reader(), gate, time.clock(),
                {.active_max = config.active_max, .stop = stop.get_token()}) {}

  std::stop_source stop;
  std::unique_ptr<GitHub> github;
  GitHubGate gate;
  GitHubTracker tracker;
};

// Everything a replica consists of, in the order of its making; destroyed in the reverse.
struct Replica {
  Replica(const Config& config, const ServiceClock& time, Storage& storage)
      : clock(time.clock()),
        near_cache(clock, config.near_cache_bytes),
        shared_cache(OpenSharedCache(RedisOptionsOf(config), clock)),
        watcher(WatchSharedCache(RedisOptionsOf(config), near_cache)),
        pipeline(clock, near_cache, *shared_cache, {.realm = time.realm()}),
        metrics(near_cache),
        runner(storage.jobs(), clock, config.replica_name),
        tracking(config, time, storage),
        services{.clock = clock,
                 .pipeline = pipeline,
                 .shared_cache = *shared_cache,
                 .schema = storage.schema(),
                 .topics = storage.topics(),
                 .repositories = storage.repositories(),
                 .jobs = runner,
                 .budgets = storage.rate_budgets(),
                 .events = storage.event_reader(),
                 .trends = storage.trends(),
                 .sources = storage.sources(),
                 .imports = storage.imports(),
                 .tracker = tracking.tracker,
                 .metrics = metrics,
                 .builder = http::RepresentationBuilder(clock, {config.fresh, config.stale}),
                 .admin_key = config.admin_key,
                 .github_credential = config.github_token.empty() ? "anonymous" : "token",
                 .github_url = config.github_api_url,
                 .version = REPOPULSE_VERSION,
                 .demo = config.demo,
                 .replay_now = time.replay_now(),
                 .draining = drain.draining},
        dispatcher(services, http::AllRoutes(services)),
        warmer(dispatcher),
        collecting(config, time, storage, *shared_cache, runner, warmer),
        api({.host = config.api_listen.host,
             .port = config.api_listen.port,
             .threads = config.api_threads,
             .name = "api",
             .replica = config.replica_name,
             .replay_now = time.replay_now()},
            dispatcher, metrics, drain),
        control({.host = config.control_listen.host,
                 .port = config.control_listen.port,
                 .threads = kControlThreads,
                 .name = "control",
                 .replica = config.replica_name,
                 .replay_now = time.replay_now(),
                 .may_wait = true},
                dispatcher, metrics, drain) {}

  // Jobs use what was made after the runner, so they end before anything else does.
  ~Replica() {
    control.Stop();
    api.Stop();
    runner.Join();
  }
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // Readiness fails and reads are refused, jobs are asked to stop, requests under way finish, sockets close.
  void Stop() {
    drain.draining = true;
    runner.Stop();
    tracking.stop.request_stop();
    const auto begin = clock.SteadyNow();
    while (clock.SteadyNow() - begin < kDrainTime ||
           (drain.in_flight > 0 && clock.SteadyNow() - begin < kDrainDeadline)) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    control.Stop();
    api.Stop();
  }

  const Clock& clock;
  http::Drain drain;
  NearCache near_cache;
  std::unique_ptr<SharedCache> shared_cache;
  std::unique_ptr<CacheWatcher> watcher;
  ReadPipeline pipeline;
  http::Metrics metrics;
  JobRunner runner;
  Tracking tracking;
  http::Services services;
  http::Dispatcher dispatcher;
  http::RouteWarmer warmer;
  Collecting collecting;
  http::Server api;
  http::Server control;
  const MemoryTrimmer trimmer{kTrimInterval};
};

}  // namespace

int Serve(const Config& config) {
  mallopt(M_ARENA_MAX, kArenas);
  mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  const StopSignals signals;
  InitLogging(config.log_level, config.replica_name);
  ServiceClock clock;
  auto storage = OpenCurrentStorage(config, clock.clock());
  if (!storage) return Tell(storage.error().exit_code, storage.error().sentence);
  const auto replay = clock.Start((*storage)->replay(), config.replay_now);
  if (!replay) return Tell(kExitUnavailable, replay.error().message);

  Replica replica(config, clock, **storage);
  for (http::Server* server : {&replica.control, &replica.api}) {
    if (const auto started = server->Start(); !started) {
      return Tell(kExitCannotCreate, started.error().message + "; is another program using the port?");
    }
  }
  LogInfo("serving", {{"api", config.api_listen.host + ":" + std::to_string(config.api_listen.port)},
                      {"version", REPOPULSE_VERSION},
                      {"github", config.github_api_url},
                      {"demo", config.demo}});
  if (config.demo) LogWarn("demo_data", {{"note", "GitHub is simulated: nothing served here is real"}});
  if (config.replay_now) {
    LogWarn("replay", {{"replay_now", clock.replay_now()}, {"note", "the clock is not the real one"}});
  }
  FlushLogs();
  const int signal = signals.Wait();
  LogInfo("stopping", {{"signal", signal}});
  replica.Stop();
  FlushLogs();
  return kExitOk;
}

}  // namespace repopulse
