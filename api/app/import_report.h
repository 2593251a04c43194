// How an import and a verification are told: lines for people, JSON for machines, an exit code for both.
#pragma once

#include <string>

#include "service/archive_importer.h"
#include "service/event_store.h"

namespace repopulse {

// "2 of 3 files, 2015-01-01-1.json.gz: 45 %, 120,000 events (104,321 new), 35,000 a second, 0:12 left"
std::string ProgressLine(const ImportProgressNow& now);

std::string ReportText(const ImportReport& report);
std::string ReportJson(const ImportReport& report);
// The worst of all files: interrupted before unreachable before damaged or of another format before not found before
// anything else that was not taken.
int ExitCodeOf(const ImportReport& report);

std::string VerificationText(const Verification& verification);
std::string VerificationJson(const Verification& verification);

}  // namespace repopulse
