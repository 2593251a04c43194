// An importer over an archive and stores in memory.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "service/archive_importer.h"
#include "support/fake_clock.h"
#include "support/fake_imports.h"

namespace repopulse::test {

struct Import : ::testing::Test {
  FakeClock clock;
  FakeArchive archive;
  FakeImportStore imports;
  FakeImportedEvents events{imports};
  std::vector<int64_t> tracked;
  std::stop_source stop;
  int added_told = 0;
  std::vector<ImportProgressNow> told;
  std::optional<Status> rescored;
  Status rescoring;
  std::vector<RepositoryId> rescored_repositories;
  std::chrono::milliseconds patience{0};

  static constexpr const char* kFile = "2015-01-01-0.json.gz";

  void Have(const std::string& name, std::vector<ArchiveLine> lines) { archive.files[name].lines = std::move(lines); }
  // More than waits to be stored at once.
  void HaveMany(const std::string& name) {
    archive.batch_lines = 5'000;
    std::vector<ArchiveLine> lines;
    for (int64_t id = 100; id < 20'100; ++id) lines.push_back(EventLine(id));
    Have(name, std::move(lines));
  }

  ImportReport RunAll(const std::vector<std::string>& names, bool only_tracked = false) {
    ArchiveImporter importer({.archive = archive,
                              .events = events,
                              .imports = imports,
                              .tracked = [this] { return Tracked(); },
                              .clock = clock,
                              .rescore =
                                  [this](const std::vector<RepositoryId>& touched, const std::stop_token&) {
                                    rescored_repositories = touched;
                                    rescored = rescoring;
                                    return rescoring;
                                  },
                              .patience = patience,
                              .pause = std::chrono::milliseconds{1}});
    ImportRequest request;
    request.only_tracked = only_tracked;
    for (const std::string& name : names) request.locations.emplace_back(std::filesystem::path("/somewhere") / name);
    const auto report = importer.Run(request,
                                     {.on_progress = [this](const ImportProgressNow& now) { told.push_back(now); },
                                      .on_events_added = [this] { ++added_told; }},
                                     stop.get_token());
    EXPECT_TRUE(report);
    return report.value_or(ImportReport{});
  }
  [[nodiscard]] Result<std::vector<TrackedRepository>> Tracked() const {
    std::vector<TrackedRepository> all;
    for (const int64_t id : tracked) all.push_back({RepositoryId{id}, *RepositoryName::Parse("octo/cat"), true});
    return all;
  }
  FileReport RunOne(bool only_tracked = false) { return RunAll({kFile}, only_tracked).files.at(0); }
};

}  // namespace repopulse::test
