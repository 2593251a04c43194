// The database as the rest of the service sees it: an owner of its connections that hands out the ports.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "service/event_reader.h"
#include "service/event_store.h"
#include "service/import_store.h"
#include "service/job_store.h"
#include "service/rate_budget_store.h"
#include "service/replay_store.h"
#include "service/repository_store.h"
#include "service/schema.h"
#include "service/source_store.h"
#include "service/topic_store.h"
#include "service/trend_reader.h"

namespace repopulse {

struct StorageOptions {
  std::string socket;  // unix socket; wins over host and port
  std::string host = "127.0.0.1";
  uint16_t port = 3306;
  std::string user;
  std::string password;
  std::string database;
  size_t pool_size = 8;  // for reads and small writes; four more for collecting, one for each job under way
  std::filesystem::path migrations_dir;
  std::chrono::seconds connect_timeout{1};
  std::chrono::seconds read_timeout{5};           // one statement of what a client waits for
  std::chrono::seconds job_read_timeout{60};      // one statement of a job, e.g. a publication
  std::chrono::milliseconds lease_timeout{1000};  // for a free connection of the pool
  bool bulk_arrays = true;                        // false: write to MariaDB the way MySQL needs it
};

struct MigrationState {
  int version = 0;
  std::string name;
  bool applied = false;
  bool half_applied = false;  // begun, and neither ended nor undone
  bool changed = false;       // the file is not what was applied
  bool unknown = false;       // applied, but this binary has no file for it
};

// The command line's view of the schema.
class Migrations {
 public:
  virtual ~Migrations() = default;
  // The versions applied, or undone, by this call, in the order of doing. kConflict: the schema is in a state that
  // only a person can decide about (half applied, changed files, a newer schema); the message says what to do.
  virtual Result<std::vector<int>> Up() = 0;
  virtual Result<std::vector<int>> Down(int count) = 0;
  virtual Result<std::vector<MigrationState>> List() = 0;
};

// Thread-safe. Connects when first used, so that it can be made before the database is there; Schema::Ping() asks.
class Storage {
 public:
  // `clock` must outlive it.
  Storage(const StorageOptions& options, const Clock& clock);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  [[nodiscard]] TopicStore& topics();
  [[nodiscard]] RepositoryStore& repositories();
  [[nodiscard]] EventReader& event_reader();
  [[nodiscard]] TrendReader& trends();
  [[nodiscard]] SourceStore& sources();
  [[nodiscard]] JobStore& jobs();
  [[nodiscard]] RateBudgetStore& rate_budgets();
  [[nodiscard]] EventStore& events();
  [[nodiscard]] ImportStore& imports();
  [[nodiscard]] ReplayStore& replay();
  [[nodiscard]] Schema& schema();
  [[nodiscard]] Migrations& migrations();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace repopulse
