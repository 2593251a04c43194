#include "app/migrate.h"

#include <iostream>

#include "app/command_line.h"
#include "app/connections.h"
#include "base/log.h"

namespace repopulse {
namespace {

int TellError(const Error& error) {
  std::cerr << "repopulse: " << error.message << "\n";
  if (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout) return kExitUnavailable;
  return error.code == ErrorCode::kConflict ? kExitSchema : kExitError;
}

int TellVersions(const Result<std::vector<int>>& versions, std::string_view done, std::string_view nothing) {
  if (!versions) return TellError(versions.error());
  if (versions->empty()) std::cout << nothing << "\n";
  for (const int version : *versions) std::cout << done << " migration " << version << "\n";
  return kExitOk;
}

int ShowStates(Migrations& migrations) {
  const auto states = migrations.List();
  if (!states) return TellError(states.error());
  for (const MigrationState& state : *states) {
    std::cout << state.version << "  " << state.name << "  " << (state.applied ? "applied" : "not applied")
              << (state.half_applied ? ", HALF APPLIED" : "") << (state.changed ? ", FILE CHANGED SINCE" : "")
              << (state.unknown ? ", unknown to this program" : "") << "\n";
  }
  return kExitOk;
}

}  // namespace

int Migrate(const Config& config, const MigrateCommand& command) {
  InitLogging(LogLevel::kWarn, config.replica_name);
  const SystemClock clock;
  auto storage = OpenStorageWhenReady(config, clock);
  if (!storage) return TellError(storage.error());
  Migrations& migrations = (*storage)->migrations();
  switch (command.action) {
    case MigrateCommand::Action::kUp:
      return TellVersions(migrations.Up(), "applied", "the schema is up to date");
    case MigrateCommand::Action::kDown:
      return TellVersions(migrations.Down(command.down_count), "took back", "there is nothing to take back");
    case MigrateCommand::Action::kStatus:
      return ShowStates(migrations);
  }
  return kExitError;
}

}  // namespace repopulse
