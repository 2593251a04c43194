// Implements service/import_store.h.
#pragma once

#include "service/import_store.h"
#include "storage/pool.h"

namespace repopulse {

class SqlImportStore final : public ImportStore {
 public:
  explicit SqlImportStore(Pool& pool) : pool_(pool) {}

  Result<std::optional<ImportProgress>> Find(const std::string& name) override;
  Status Save(const ImportProgress& progress) override;
  Result<std::vector<ImportProgress>> Recent(size_t limit) override;

 private:
  Pool& pool_;
};

// Writes it as it is, within whatever transaction is under way.
Status WriteProgress(Connection& db, const ImportProgress& progress);

}  // namespace repopulse
