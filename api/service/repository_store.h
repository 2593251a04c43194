// Port: repositories and their daily snapshots in the database. Thread-safe; every call has a deadline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/repository.h"

namespace repopulse {

struct RepositoryListQuery {
  std::optional<std::string> text;    // part of the full name or description, without regard to case; taken literally
  std::optional<bool> active;         // its events are collected
  std::optional<RepositoryId> after;  // keyset: ids above it
  size_t limit = 30;
};

struct RepositoryPage {
  std::vector<StoredRepository> items;  // by id
  int64_t total = 0;
  bool has_more = false;
};

class RepositoryStore {
 public:
  virtual ~RepositoryStore() = default;

  // Of each name, in this order: the repository that has it now; else the one that had it last (its present name
  // differs then).
  virtual Result<std::vector<std::optional<StoredRepository>>> FindByNames(
      const std::vector<RepositoryName>& names) = 0;
  Result<std::optional<StoredRepository>> FindByName(const RepositoryName& name) {
    return FirstOf(FindByNames({name}));
  }
  virtual Result<RepositoryPage> List(const RepositoryListQuery& query) = 0;
  // What GitHub told about one repository at `now`: its details, its present name and today's snapshot.
  virtual Status Save(const Repository& repository, TimePoint now) = 0;
  // It is deleted, private or blocked.
  virtual Status MarkGone(RepositoryId id, TimePoint now) = 0;
  // Of each repository, in this order: the days from..to (both inclusive) on which it was seen, oldest first. The days
  // are what bounds it: who asks for a client asks for no more than the client may.
  virtual Result<std::vector<std::vector<Snapshot>>> SnapshotsOfEach(const std::vector<RepositoryId>& repositories,
                                                                     std::chrono::sys_days from,
                                                                     std::chrono::sys_days to) = 0;
  Result<std::vector<Snapshot>> Snapshots(RepositoryId id, std::chrono::sys_days from, std::chrono::sys_days to) {
    return FirstOf(SnapshotsOfEach({id}, from, to));
  }
};

}  // namespace repopulse
