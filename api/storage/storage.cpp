#include "storage/storage.h"

#include "storage/event_reader.h"
#include "storage/event_store.h"
#include "storage/import_store.h"
#include "storage/job_store.h"
#include "storage/migrator.h"
#include "storage/pool.h"
#include "storage/rate_budget_store.h"
#include "storage/replay_store.h"
#include "storage/repository_store.h"
#include "storage/source_store.h"
#include "storage/topic_store.h"
#include "storage/trend_reader.h"

namespace repopulse {
namespace {

// A collector, an import's two, a verification and one more; separate, so that slow work never takes the connections
// that clients wait for.
constexpr size_t kWorkPoolSize = 5;
// A job waits for a connection rather than fail.
constexpr std::chrono::milliseconds kWorkLeaseTimeout{10'000};

ConnectionOptions ForReading(const StorageOptions& options) {
  return {.socket = options.socket,
          .host = options.host,
          .port = options.port,
          .user = options.user,
          .password = options.password,
          .database = options.database,
          .connect_timeout = options.connect_timeout,
          .read_timeout = options.read_timeout,
          .write_timeout = options.read_timeout,
          .bulk_arrays = options.bulk_arrays};
}

ConnectionOptions ForJobs(const StorageOptions& options) {
  ConnectionOptions connection = ForReading(options);
  connection.read_timeout = options.job_read_timeout;
  return connection;
}

}  // namespace

struct Storage::Parts {
  Parts(const StorageOptions& options, const Clock& clock)
      : reads({.connection = ForReading(options), .size = options.pool_size, .lease_timeout = options.lease_timeout},
              clock),
        work({.connection = ForJobs(options), .size = kWorkPoolSize, .lease_timeout = kWorkLeaseTimeout}, clock),
        topics(reads, work, clock, trending_hours),
        repositories(reads),
        event_reader(reads),
        trends(reads, trending_hours),
        sources(reads, work),
        // Its statements are small ones; a lease that waits long for an answer had better count as lost.
        jobs(reads, ForReading(options)),
        rate_budgets(work),
        events(work, options.database, clock),
        imports(work),
        replay(reads),
        migrator(reads, ForReading(options), options.migrations_dir) {}

  Pool reads;
  Pool work;
  TrendingHours trending_hours;
  SqlTopicStore topics;
  SqlRepositoryStore repositories;
  SqlEventReader event_reader;
  SqlTrendReader trends;
  SqlSourceStore sources;
  SqlJobStore jobs;
  SqlRateBudgetStore rate_budgets;
  SqlEventStore events;
  SqlImportStore imports;
  SqlReplayStore replay;
  Migrator migrator;
};

Storage::Storage(const StorageOptions& options, const Clock& clock) : parts_(std::make_unique<Parts>(options, clock)) {}
Storage::~Storage() = default;

TopicStore& Storage::topics() { return parts_->topics; }
RepositoryStore& Storage::repositories() { return parts_->repositories; }
EventReader& Storage::event_reader() { return parts_->event_reader; }
TrendReader& Storage::trends() { return parts_->trends; }
SourceStore& Storage::sources() { return parts_->sources; }
JobStore& Storage::jobs() { return parts_->jobs; }
RateBudgetStore& Storage::rate_budgets() { return parts_->rate_budgets; }
EventStore& Storage::events() { return parts_->events; }
ImportStore& Storage::imports() { return parts_->imports; }
ReplayStore& Storage::replay() { return parts_->replay; }
Schema& Storage::schema() { return parts_->migrator; }
Migrations& Storage::migrations() { return parts_->migrator; }

}  // namespace repopulse
