#include "app/command_line.h"

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/import_command.h"
#include "app/migrate.h"
#include "app/serve.h"
#include "base/strings.h"

namespace repopulse {
namespace {

constexpr std::string_view kUsage =
    R"(usage: repopulse COMMAND

  serve                     answer requests and run jobs until SIGTERM
  migrate [up]              bring the database's schema to this version
  migrate down N            take back the last N migrations (their data is lost)
  migrate status            which migrations are applied
  import [--only-tracked] [--json] FILE|FOLDER|HOUR|FIRST..LAST...
                            take events of GH Archive: files, a folder's *.json.gz and *.json, or hours
                            (2015-01-01-0, UTC, up to 31 days a range) from GHARCHIVE_URL; given again it goes
                            on where it was stopped, and adds nothing twice
  verify [--json]           recount the stored events and compare with what is answered from
  check-config [--env-file FILE]
                            check every setting; FILE holds NAME=value lines behind the environment
  --print-config            the settings as understood, secrets hidden
  --version

Settings are environment variables; .env.template describes each.
Exit codes: 0 done, 1 error, 64 wrong usage, 69 a server cannot be reached, 73 the port is taken,
75 the schema is not this version's, 78 wrong settings. Of import: 0 all was taken, 1 partly (broken lines),
65 a file is damaged or of another format, 66 no such file or hour, 75 stopped: give the command again to go
on. Of verify: 1 what is answered from differs, 75 stopped.
)";

int Usage() {
  std::cerr << kUsage;
  return kExitUsage;
}

int TellMistakes(const std::vector<ConfigMistake>& mistakes) {
  for (const ConfigMistake& mistake : mistakes) {
    std::cerr << mistake.variable << "=" << mistake.value << ": " << mistake.allowed << "\n";
  }
  return kExitConfig;
}

int CheckConfig(const std::vector<std::string>& args) {
  Environment environment = ProcessEnvironment();
  std::vector<ConfigMistake> mistakes;
  if (args.size() == 2 && args[0] == "--env-file") {
    EnvFile file = ReadEnvFile(environment, args[1]);
    environment = std::move(file.environment);
    mistakes = std::move(file.mistakes);
  } else if (!args.empty()) {
    return Usage();
  }
  if (const auto config = LoadConfig(environment, ConfigPurpose::kCheck); !config) {
    mistakes.insert(mistakes.end(), config.error().begin(), config.error().end());
  }
  return mistakes.empty() ? kExitOk : TellMistakes(mistakes);
}

int RunServe() {
  const auto config = LoadConfig(ProcessEnvironment(), ConfigPurpose::kServe);
  return config ? Serve(*config) : TellMistakes(config.error());
}

int RunMigrate(const std::vector<std::string>& args) {
  MigrateCommand command;
  if (args.empty() || args == std::vector<std::string>{"up"}) {
    command.action = MigrateCommand::Action::kUp;
  } else if (args == std::vector<std::string>{"status"}) {
    command.action = MigrateCommand::Action::kStatus;
  } else if (args.size() == 2 && args[0] == "down") {
    const auto count = ParseInteger<int>(args[1]);
    if (!count || *count < 1) return Usage();
    command = {MigrateCommand::Action::kDown, *count};
  } else {
    return Usage();
  }
  const auto config = LoadConfig(ProcessEnvironment(), ConfigPurpose::kMigrate);
  return config ? Migrate(*config, command) : TellMistakes(config.error());
}

int RunImport(const std::vector<std::string>& args) {
  const auto arguments = ParseImportArguments(args);
  if (!arguments) {
    std::cerr << "repopulse: " << arguments.error().message << "\n";
    return kExitUsage;
  }
  const auto config = LoadConfig(ProcessEnvironment(), ConfigPurpose::kMigrate);
  return config ? Import(*config, *arguments) : TellMistakes(config.error());
}

int RunVerify(const std::vector<std::string>& args) {
  const bool json = args == std::vector<std::string>{"--json"};
  if (!args.empty() && !json) return Usage();
  const auto config = LoadConfig(ProcessEnvironment(), ConfigPurpose::kMigrate);
  return config ? Verify(*config, json) : TellMistakes(config.error());
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.empty()) return Usage();
  const std::vector<std::string> rest(args.begin() + 1, args.end());
  if (args[0] == "serve" && rest.empty()) return RunServe();
  if (args[0] == "migrate") return RunMigrate(rest);
  if (args[0] == "import") return RunImport(rest);
  if (args[0] == "verify") return RunVerify(rest);
  if (args[0] == "check-config") return CheckConfig(rest);
  if (args[0] == "--print-config" && rest.empty()) {
    std::cout << PrintConfig(ProcessEnvironment());
    return kExitOk;
  }
  if (args[0] == "--version" && rest.empty()) {
    std::cout << "repopulse " << REPOPULSE_VERSION << "\n";
    return kExitOk;
  }
  return Usage();
}

}  // namespace repopulse
