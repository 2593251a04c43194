#include "app/connections.h"

#include <thread>

#include "app/command_line.h"
#include "base/log.h"

namespace repopulse {
namespace {

constexpr std::chrono::milliseconds kFirstPause{20};
constexpr std::chrono::milliseconds kLongestPause{500};
constexpr std::chrono::milliseconds kPingDeadline{2000};

std::string WhereOf(const Config& config) {
  return config.db_socket.empty() ? config.db_host + ":" + std::to_string(config.db_port) : config.db_socket;
}

}  // namespace

StorageOptions StorageOptionsOf(const Config& config) {
  StorageOptions options;
  options.socket = config.db_socket;
  options.host = config.db_host;
  options.port = config.db_port;
  options.user = config.db_user;
  options.password = config.db_password;
  options.database = config.db_name;
  options.pool_size = config.db_pool_size;
  options.migrations_dir = config.migrations_dir;
  return options;
}

RedisOptions RedisOptionsOf(const Config& config) {
  RedisOptions options;
  options.socket = config.redis_socket;
  options.host = config.redis_host;
  options.port = config.redis_port;
  options.password = config.redis_password;
  return options;
}

Result<std::unique_ptr<Storage>> OpenStorageWhenReady(const Config& config, const Clock& clock) {
  auto storage = std::make_unique<Storage>(StorageOptionsOf(config), clock);
  const auto until = clock.SteadyNow() + config.db_wait;
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    const Status answer = storage->schema().Ping(kPingDeadline);
    if (answer) return storage;
    if (clock.SteadyNow() >= until) {
      return Fail(answer.error().code, "the database at " + WhereOf(config) + " cannot be used as " + config.db_user +
                                           ": " + answer.error().message +
                                           ". Is it running, and are DB_SOCKET or DB_HOST and DB_PORT, DB_USER, "
                                           "DB_PASSWORD and DB_NAME right?");
    }
    LogInfo("waiting_for_database", {{"at", WhereOf(config)}, {"error", answer.error().message}});
    std::this_thread::sleep_for(pause);
  }
}

tl::expected<std::unique_ptr<Storage>, Refusal> OpenCurrentStorage(const Config& config, const Clock& clock) {
  auto storage = OpenStorageWhenReady(config, clock);
  if (!storage) return tl::make_unexpected(Refusal{kExitUnavailable, storage.error().message});
  const auto state = (*storage)->schema().State();
  if (!state) {
    return tl::make_unexpected(
        Refusal{kExitUnavailable, "the database does not tell its schema: " + state.error().message});
  }
  if (state->applied == state->expected) return *std::move(storage);
  const std::string versions = "the database's schema is version " + std::to_string(state->applied) +
                               ", this program needs version " + std::to_string(state->expected);
  return tl::make_unexpected(Refusal{
      kExitSchema, state->applied < state->expected ? versions + ": run `repopulse migrate` first"
                                                    : versions + ": run the newer program, or `migrate down` with it"});
}

}  // namespace repopulse
