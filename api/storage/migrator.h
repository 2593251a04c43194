// Applies the migrations, one caller at a time across all replicas, and says where the schema stands.
//
// DDL commits by itself, so a migration that fails in its middle stays half done. Its row in schema_migrations is
// written before its first statement, counts the statements done, and gets applied_at after the last; a row without
// applied_at stops everything until a person has looked.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "service/schema.h"
#include "storage/connection.h"
#include "storage/migration_files.h"
#include "storage/pool.h"
#include "storage/storage.h"

namespace repopulse {

class Migrator final : public Schema, public Migrations {
 public:
  // `pool` for what must be quick; migrations open a connection of their own with longer timeouts.
  Migrator(Pool& pool, ConnectionOptions options, std::filesystem::path folder)
      : pool_(pool), options_(std::move(options)), folder_(std::move(folder)) {}

  Status Ping(std::chrono::milliseconds deadline) override;
  Result<SchemaState> State() override;
  Result<std::string> Installation() override;
  Result<std::vector<int>> MigrateUp() override { return Up(); }

  Result<std::vector<int>> Up() override;
  Result<std::vector<int>> Down(int count) override;
  Result<std::vector<MigrationState>> List() override;

 private:
  template <class Work>
  Result<std::vector<int>> UnderLock(Work work);

  Pool& pool_;
  const ConnectionOptions options_;
  const std::filesystem::path folder_;
};

}  // namespace repopulse
