// Transactions: all or nothing, whatever fails inside.
#pragma once

#include <chrono>
#include <thread>
#include <utility>

#include "storage/connection.h"

namespace repopulse {

inline constexpr int kTransactionAttempts = 4;

// Runs `work(connection)`, which returns a Result, between begin and commit; any error rolls everything back. A
// deadlock or a wait for a lock starts it again, so `work` must set anew what it keeps outside.
template <class Work>
auto InTransaction(Connection& connection, Work work, std::string_view begin = "START TRANSACTION")
    -> decltype(work(connection)) {
  for (int attempt = 1;; ++attempt) {
    if (auto begun = connection.Run(begin); !begun) return WithContext("begin", begun.error());
    auto result = work(connection);
    bool retry = !result && connection.ShouldRetry();
    if (result) {
      auto committed = connection.Run("COMMIT");
      if (committed) return result;
      retry = connection.ShouldRetry();
      result = WithContext("commit", std::move(committed.error()));
    }
    if (connection.health() != ConnectionHealth::kUsable) return result;  // the server rolls back what it has lost
    if (auto undone = connection.Run("ROLLBACK"); !undone) return WithContext("roll back", undone.error());
    if (!retry || attempt == kTransactionAttempts) return result;
    // Different pauses let the other side through; the connection's id differs between the two.
    std::this_thread::sleep_for(std::chrono::milliseconds(attempt * (5 + connection.id() % 20)));
  }
}

// Several reads that see one state of the database.
template <class Work>
auto InSnapshot(Connection& connection, Work work) -> decltype(work(connection)) {
  constexpr std::string_view kBegin =
      "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
  return InTransaction(connection, std::move(work), kBegin);
}

}  // namespace repopulse
