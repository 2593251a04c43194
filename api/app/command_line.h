// The commands of the one binary. Exit codes follow sysexits.h where it has one.
#pragma once

namespace repopulse {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitDataError = 65;     // a file is damaged, or of another format
inline constexpr int kExitNoInput = 66;       // no such file
inline constexpr int kExitUnavailable = 69;   // a server this needs cannot be reached
inline constexpr int kExitCannotCreate = 73;  // the port is taken
inline constexpr int kExitSchema = 75;        // the database's schema is not this version's
inline constexpr int kExitInterrupted = 75;   // stopped before its end; giving the command again goes on
inline constexpr int kExitConfig = 78;

int RunCommandLine(int argc, char** argv);

}  // namespace repopulse
