// What the handlers work with; put together by app/. Everything outlives the server.
#pragma once

#include <atomic>
#include <string>

#include "base/clock.h"
#include "http/metrics.h"
#include "http/representation_builder.h"
#include "service/event_reader.h"
#include "service/import_store.h"
#include "service/job_runner.h"
#include "service/rate_budget_store.h"
#include "service/read_pipeline.h"
#include "service/repository_store.h"
#include "service/repository_tracker.h"
#include "service/schema.h"
#include "service/shared_cache.h"
#include "service/source_store.h"
#include "service/topic_store.h"
#include "service/trend_reader.h"

namespace repopulse::http {

struct Services {
  const Clock& clock;
  ReadPipeline& pipeline;
  SharedCache& shared_cache;
  Schema& schema;
  TopicStore& topics;
  RepositoryStore& repositories;
  JobRunner& jobs;
  RateBudgetStore& budgets;
  EventReader& events;
  TrendReader& trends;
  SourceStore& sources;
  ImportStore& imports;
  RepositoryTracker& tracker;
  Metrics& metrics;
  RepresentationBuilder builder;
  std::string admin_key;
  std::string github_credential;  // "token" or "anonymous"
  std::string github_url;
  std::string version;
  bool demo = false;            // GitHub is simulated: said wherever the data's origin matters
  std::string replay_now = {};  // when the replay's clock began, RFC 3339; empty: the clock is the real one
  const std::atomic<bool>& draining;
};

}  // namespace repopulse::http
