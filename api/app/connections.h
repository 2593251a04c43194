// From the configuration to the servers it names.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "app/config.h"
#include "base/result.h"
#include "cache/cache.h"
#include "storage/storage.h"

namespace repopulse {

StorageOptions StorageOptionsOf(const Config& config);
RedisOptions RedisOptionsOf(const Config& config);

// Waits up to DB_WAIT_SECONDS for the database; the error is a sentence for people: what is wrong and what to do.
// `clock` must outlive the storage.
Result<std::unique_ptr<Storage>> OpenStorageWhenReady(const Config& config, const Clock& clock);

// Why a command cannot begin.
struct Refusal {
  int exit_code = 0;  // of command_line.h
  std::string sentence;
};
// The same, and its schema is the one this program needs.
tl::expected<std::unique_ptr<Storage>, Refusal> OpenCurrentStorage(const Config& config, const Clock& clock);

}  // namespace repopulse
