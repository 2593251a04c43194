// The days of the table `events`, each in a partition of its own.
//
// A day's partition "p20150101" lies between the boundaries 2015-01-01 and 2015-01-02. What is between two days that
// are not neighbours is in partitions that stay empty ("g20150101", up to that day; "before_max", the last), so that
// making a day moves no rows. Changes of the table are made under a named lock, by one connection at a time.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/connection.h"
#include "storage/locks.h"

namespace repopulse {

class EventPartitions {
 public:
  explicit EventPartitions(std::string_view database);

  // Makes the partitions of these days, but of those that were dropped; which were made now. Commits what is under way,
  // so it comes before a transaction.
  Result<std::vector<std::chrono::sys_days>> Ensure(Connection& db, const std::set<std::chrono::sys_days>& days);
  // Gives the days' files some room in advance.
  static Status Grow(Connection& db, const std::vector<std::chrono::sys_days>& days);
  // The days that have a partition, in order.
  static Result<std::vector<std::chrono::sys_days>> Days(Connection& db);
  // Drops their partitions with all that is in them.
  static Status Drop(Connection& db, const std::vector<std::chrono::sys_days>& days);
  [[nodiscard]] const NamedLock& lock() const { return lock_; }

 private:
  bool AllSettled(const std::set<std::chrono::sys_days>& days);
  struct Made {
    std::set<std::chrono::sys_days> settled;
    std::vector<std::chrono::sys_days> now;
  };
  static Result<Made> Make(Connection& db, const std::set<std::chrono::sys_days>& days);

  const NamedLock lock_;
  std::mutex mutex_;
  std::set<std::chrono::sys_days> settled_;  // they have a partition, or have been dropped for good
};

// What has to be done that `days`, in order, have partitions: the statements, given the present partitions' names.
std::vector<std::string> PartitionStatements(std::span<const std::string> present,
                                             const std::set<std::chrono::sys_days>& days);

// take(after, last) for one part of the repositories with events on the day after the other, until one fails: those
// with ids behind `after` up to `last`, who have so many events that a statement can read them.
Status EachPartOfDay(Connection& db, std::chrono::sys_days day,
                     const std::function<Status(int64_t after, int64_t last)>& take);

// Days whose events have been dropped, of those given.
Result<std::set<std::chrono::sys_days>> DroppedAmong(Connection& db, const std::set<std::chrono::sys_days>& days);

}  // namespace repopulse
